local t = dofile(vim.env.HOPLENS_HARNESS)

--- What `:checkhealth hoplens` shows.
---@return string
local function health()
  vim.cmd.checkhealth('hoplens')
  local text = t.text(0)
  vim.cmd.bwipeout()
  return text
end

t.test('before anything is enabled, health says what to do', function()
  local text = health()
  t.has(text, 'Neovim 0.1')
  t.has(text, 'the server is not enabled')
  t.has(text, "vim.lsp.enable('hoplens')")
  t.has(text, 'version ' .. require('hoplens').version .. ', like this plugin')
  t.has(text, 'default model smollm2-135m is on this disk')
  t.ok(not text:find('ERROR'), text)
end)

t.test('with a prompt open, health names model, digest, client and hints', function()
  vim.lsp.enable('hoplens')
  t.hint(t.open_example('reef.prompt'))
  local text = health()
  t.has(
    text,
    'model smollm2-135m, sha256:b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53'
  )
  t.has(text, 'is attached to 1 buffer, below ')
  t.has(text, 'inlay hints are on in ')
  t.ok(not text:find('ERROR') and not text:find('WARNING'), text)
  vim.lsp.inlay_hint.enable(false, { bufnr = vim.fn.bufnr('reef.prompt') })
  t.has(health(), 'inlay hints are off in ')
end)

t.test('wrong options are named', function()
  vim.g.hoplens = { files = 'prompts/*.md', hint = true, lenses = 1 }
  local text = health()
  t.has(text, 'vim.g.hoplens.files must be a list of globs')
  t.has(text, 'vim.g.hoplens.hint is unknown; known are: files, hints, lenses')
  t.has(text, 'vim.g.hoplens.lenses must be a boolean')
  t.eq({ files = {}, hints = true, lenses = true }, require('hoplens.options').get())
  vim.g.hoplens = nil
end)

t.test('another version than the plugin’s is warned of', function()
  local version = require('hoplens').version
  require('hoplens').version = '9.9.9'
  local text = health()
  require('hoplens').version = version
  t.has(text, ('is of version %s and this plugin of 9.9.9'):format(version))
end)

t.test('the help has tags, every file is named in it, and none is twice', function()
  local doc = vim.fn.fnamemodify(vim.api.nvim_get_runtime_file('doc/hoplens.txt', false)[1], ':h')
  local copy = t.folder()
  assert(vim.uv.fs_copyfile(doc .. '/hoplens.txt', copy .. '/hoplens.txt'))
  vim.cmd.helptags(copy)
  local tags = table.concat(vim.fn.readfile(copy .. '/tags'), '\n')
  local help = table.concat(vim.fn.readfile(copy .. '/hoplens.txt'), '\n')
  for _, name in ipairs(require('hoplens.commands').names()) do
    t.has(tags, ':Hoplens-' .. name)
  end
  for _, name in ipairs(require('hoplens.highlights').names()) do
    -- Groups that differ by a step are told together.
    t.has(help, (name:gsub('%d$', '')))
  end
  for link in help:gmatch('|([%w:.-]+)|') do
    if link:find('hoplens', 1, true) or link:find('Hoplens', 1, true) then
      t.has(tags, link .. '\t')
    end
  end
end)

t.finish()
