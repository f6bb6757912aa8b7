local t = dofile(vim.env.HOPLENS_HARNESS)

--- Returns the report of `:checkhealth hoplens`.
---@return string
local function health()
  vim.cmd.checkhealth('hoplens')
  local text = t.text(0)
  vim.cmd.bwipeout()
  return text
end

t.test('health says how to enable the server', function()
  local text = health()
  t.contains(text, 'Neovim 0.1')
  t.contains(text, 'the server is not enabled')
  t.contains(text, "vim.lsp.enable('hoplens')")
  t.contains(text, 'has version ' .. require('hoplens').version .. ', like this plugin')
  t.contains(text, 'default model smollm2-135m is on this disk')
  t.ok(not text:find('ERROR'), text)
end)

t.test('with an open prompt, health shows model, digest, client and hints', function()
  vim.lsp.enable('hoplens')
  t.hint(t.open_example('reef.prompt'))
  local text = health()
  t.contains(
    text,
    'model smollm2-135m, sha256:b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53'
  )
  t.contains(text, 'is attached to 1 buffer in ')
  t.contains(text, 'inlay hints are on in ')
  t.ok(not text:find('ERROR') and not text:find('WARNING'), text)
  vim.lsp.inlay_hint.enable(false, { bufnr = vim.fn.bufnr('reef.prompt') })
  t.contains(health(), 'inlay hints are off in ')
end)

t.test('health names invalid options', function()
  vim.g.hoplens = { files = 'prompts/*.md', hint = true, lenses = 1 }
  local text = health()
  t.contains(text, 'vim.g.hoplens.files must be a list of globs')
  t.contains(text, 'vim.g.hoplens.hint is not an option; the options are: files, hints, lenses')
  t.contains(text, 'vim.g.hoplens.lenses must be a boolean')
  t.eq({ files = {}, hints = true, lenses = true }, require('hoplens.options').get())
  vim.g.hoplens = nil
end)

t.test('health warns about a server of another version', function()
  local version = require('hoplens').version
  require('hoplens').version = '9.9.9'
  local text = health()
  require('hoplens').version = version
  t.contains(text, ('has version %s, but this plugin has 9.9.9'):format(version))
end)

t.test('the help has a tag for every command and names every highlight group', function()
  local doc = vim.fn.fnamemodify(vim.api.nvim_get_runtime_file('doc/hoplens.txt', false)[1], ':h')
  local copy = t.folder()
  assert(vim.uv.fs_copyfile(doc .. '/hoplens.txt', copy .. '/hoplens.txt'))
  vim.cmd.helptags(copy)
  -- Plugin managers make tags only in the root of a repository, so this file is committed.
  t.eq(vim.fn.readfile(copy .. '/tags'), vim.fn.readfile(doc .. '/tags'), 'run :helptags on doc')
  local tags = table.concat(vim.fn.readfile(copy .. '/tags'), '\n')
  local help = table.concat(vim.fn.readfile(copy .. '/hoplens.txt'), '\n')
  for _, name in ipairs(require('hoplens.commands').names()) do
    t.contains(tags, ':Hoplens-' .. name)
  end
  for _, name in ipairs(require('hoplens.highlights').names()) do
    -- The help describes the steps of a group together.
    t.contains(help, (name:gsub('%d$', '')))
  end
  for link in help:gmatch('|([%w:.-]+)|') do
    if link:find('hoplens', 1, true) or link:find('Hoplens', 1, true) then
      t.contains(tags, link .. '\t')
    end
  end
end)

t.finish()
