local t = dofile(vim.env.HOPLENS_HARNESS)

vim.g.hoplens = { files = { 'prompts/*.md', '*.tpl' } }
vim.lsp.enable('hoplens')

local PROMPT = 'The capital of France is'
local SIDECAR = 'version: 1\ncases:\n  - id: france\n    expect: " Paris"\n'

--- Opens a new file and returns whether the server attaches to it.
---@param folder string
---@param name string
---@param text string?
---@return boolean
local function attaches(folder, name, text)
  vim.cmd.edit(t.write(folder, name, text or PROMPT))
  local bufnr = vim.api.nvim_get_current_buf()
  return vim.wait(1000, function()
    return #vim.lsp.get_clients({ name = 'hoplens', bufnr = bufnr }) > 0
  end)
end

t.test('the server attaches to prompts by their names', function()
  local folder = t.folder()
  for _, name in ipairs({
    'a.prompt',
    'A.PROMPT',
    'a.prompty',
    'a.prompt.md',
    'a.agent.md',
    'a.instructions.md',
    'SKILL.md',
    'a.prompt.yml',
    'hoplens.toml',
  }) do
    t.ok(attaches(folder, name, name == 'hoplens.toml' and '' or nil), 'no server for ' .. name)
  end
end)

t.test('the server attaches to sidecars and to files of any type that have one', function()
  local folder = t.folder()
  for _, name in ipairs({
    'capital.txt',
    'capital.md',
    'capital.j2',
    'capital.unheard-of',
    'capital',
  }) do
    t.write(folder, name .. '.hoplens.yaml', SIDECAR)
    t.ok(attaches(folder, name), 'no server for ' .. name)
    t.ok(
      attaches(folder, name .. '.hoplens.yaml', SIDECAR),
      'no server for the sidecar of ' .. name
    )
  end
end)

t.test('a file with a sidecar is plain text, whatever its name', function()
  local folder = t.folder()
  t.write(folder, 'capital.unheard-of.hoplens.yaml', SIDECAR)
  vim.cmd.edit(t.write(folder, 'capital.unheard-of', PROMPT))
  t.contains(t.hint(0), '" Paris"')
end)

t.test('the server attaches to files that a glob matches', function()
  local folder = t.folder()
  t.ok(attaches(folder, 'prompts/capital.md'), 'no server for the Markdown in prompts/')
  t.ok(attaches(folder, 'deep/down/any.tpl'), 'no server for the template')
  t.eq('prompt', require('hoplens.attach').language_id(0, vim.bo.filetype))
  t.ok(t.hint(0), 'the server did not analyse the template')
end)

t.test('the server attaches to no other files', function()
  local folder = t.folder()
  for _, name in ipairs({
    'README.md',
    'notes.txt',
    'a.yaml',
    'prompt',
    'a.prompt.bak',
    'promptly.lua',
    'AGENTS.md',
    'skill.md',
    'copilot-instructions.md',
    '.agent.md',
    '.prompt',
  }) do
    t.ok(not attaches(folder, name), 'a server for ' .. name)
  end
  vim.cmd.enew()
  t.ok(not require('hoplens.attach').should_attach(0), 'a server for an empty buffer')
end)

t.test('the root folder contains hoplens.toml or .git, else the file', function()
  local attach = require('hoplens.attach')
  local folder = vim.fs.normalize(vim.uv.fs_realpath(t.folder()))
  vim.fn.mkdir(folder .. '/.git')
  vim.cmd.edit(t.write(folder, 'deep/down/a.prompt', PROMPT))
  t.eq(folder, attach.root_dir(0))
  t.write(folder, 'deep/hoplens.toml', '')
  t.eq(folder .. '/deep', attach.root_dir(0))
end)

t.test('the files of a project share one server', function()
  local folder = t.folder()
  local ids = {}
  for _, name in ipairs({ 'a.prompt', 'b.prompty', 'c.prompt.md' }) do
    vim.cmd.edit(t.write(folder, name, PROMPT))
    ids[t.client(0).id] = true
  end
  t.eq(1, vim.tbl_count(ids))
end)

t.test('prompts have file types, comment strings and syntax groups', function()
  local folder = t.folder()
  vim.cmd.edit(t.write(folder, 'a.prompt', '---\nmodel: x\n---\nHello {{name}}'))
  t.eq('dotprompt', vim.bo.filetype)
  t.eq('{{! %s }}', vim.bo.commentstring)
  vim.cmd.syntax('on')
  vim.cmd.edit({ bang = true })
  local function group(line, column)
    return vim.fn.synIDattr(vim.fn.synID(line, column, 1), 'name')
  end
  t.contains(group(2, 1), 'yaml')
  t.eq('dotpromptTag', group(4, 9))
  t.eq('', group(4, 1))
  vim.cmd.edit(t.write(folder, 'a.prompty', PROMPT))
  t.eq('prompty', vim.bo.filetype)
end)

t.test('the settings reach the server before it loads the model', function()
  t.stop_servers()
  vim.lsp.config('hoplens', { settings = { hoplens = { run = 'manual' } } })
  local bufnr = t.open_example('reef.prompt')
  local client = t.client(bufnr)
  t.eq('manual', client.config.settings.hoplens.run)
  t.wait('the model', function()
    return require('hoplens').status(bufnr):find('smollm2-135m (', 1, true)
  end)
  vim.wait(1500)
  t.eq({}, vim.diagnostic.get(bufnr), 'the server analysed the prompt in spite of `run`')
end)

t.finish()
