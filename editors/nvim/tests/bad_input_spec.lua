local t = dofile(vim.env.HOPLENS_HARNESS)

--- Stops all servers and configures another command.
---@param cmd string[]
---@param env table<string, string>?
local function use_server(cmd, env)
  vim.lsp.enable('hoplens', false)
  t.stop_servers()
  vim.cmd('silent! %bwipeout!')
  vim.lsp.config('hoplens', { cmd = cmd, cmd_env = env or {} })
  vim.lsp.enable('hoplens')
  t.messages = {}
end

local function health()
  vim.cmd.checkhealth('hoplens')
  local text = t.text(0)
  vim.cmd.bwipeout()
  return text
end

t.test('a missing server is reported with a remedy', function()
  use_server({ 'no-such-hoplens', 'lsp' })
  local bufnr = t.open_example('reef.prompt')
  local text = t.wait_for_message('the server `no-such-hoplens` cannot be run')
  t.contains(text, 'cargo install')
  t.eq(0, #vim.lsp.get_clients({ bufnr = bufnr }))
  for _, command in ipairs({ 'heads', 'status', 'restart' }) do
    t.messages = {}
    vim.cmd('Hoplens ' .. command)
    t.wait_for_message('cannot be run')
  end
  t.contains(health(), 'the server `no-such-hoplens` cannot be run')
  -- Files that are not prompts cause no message.
  t.messages = {}
  vim.cmd.edit(t.write(t.folder(), 'README.md', 'hello'))
  vim.wait(100)
  t.eq({}, t.messages)
end)

t.test('health reports a program that is not the server', function()
  use_server({ 'false', 'lsp' })
  t.contains(health(), '--version` failed')
end)

t.test('a killed server is reported, and restart starts a new one', function()
  use_server({ 'hoplens', 'lsp' })
  local bufnr = t.open_example('reef.prompt')
  t.hint(bufnr)
  local client = t.client(bufnr)
  local pids = vim.api.nvim_get_proc_children(vim.fn.getpid())
  t.eq(1, #pids)
  vim.uv.kill(pids[1], 'sigkill')
  t.wait_for_message('the server was killed by signal 9')
  t.wait('the client to detach', function()
    return #vim.lsp.get_clients({ bufnr = bufnr }) == 0
  end)
  t.eq({}, vim.diagnostic.get(bufnr), 'diagnostics of the killed server stayed')
  t.messages = {}
  vim.cmd('Hoplens heads')
  t.wait_for_message('Start it with :Hoplens restart')
  vim.cmd('Hoplens restart')
  t.ok(t.client(bufnr).id > client.id)
  t.hint(bufnr)
end)

t.test('a server killed during a request leaves no float and no error', function()
  use_server({ 'hoplens', 'lsp' })
  local bufnr = t.open_example('reef.prompt')
  t.hint(bufnr)
  vim.cmd('Hoplens sweep')
  vim.uv.kill(vim.api.nvim_get_proc_children(vim.fn.getpid())[1], 'sigkill')
  t.wait_for_message('the server was killed by signal 9')
  vim.wait(300)
  t.eq(0, #t.floats())
  t.eq('', vim.v.errmsg)
end)

t.test('a response for a deleted buffer is ignored', function()
  use_server({ 'hoplens', 'lsp' })
  local bufnr = t.open_example('reef.prompt')
  t.hint(bufnr)
  vim.cmd('Hoplens heads none')
  vim.cmd.enew()
  vim.api.nvim_buf_delete(bufnr, { force = true })
  vim.wait(3000)
  t.eq('', vim.v.errmsg)
end)

t.test('a server without the command is reported as incompatible', function()
  use_server({ 'hoplens', 'lsp' })
  local bufnr = t.open_example('reef.prompt')
  t.client(bufnr).server_capabilities.executeCommandProvider.commands = { 'hoplens.server.analyse' }
  vim.cmd('Hoplens heads')
  t.wait_for_message('the server has no command `hoplens.server.heads`. Install version')
end)

t.test('control characters of a prompt are escaped', function()
  use_server({ 'hoplens', 'lsp' })
  local folder = t.folder()
  vim.cmd.edit(t.write(folder, 'odd.prompt', 'A\ttab, "quotes", 😀 %s {} \\ and\nlines'))
  t.hint(0)
  vim.api.nvim_win_set_cursor(0, { 2, 4 })
  vim.cmd('Hoplens heads none')
  t.wait('the table', function()
    return #t.floats() == 2
  end, 60000)
  t.type('<CR>')
  local float = t.wait('the attention', function()
    local open = t.floats()
    return #open == 1 and open[1]
  end)
  t.contains(float.text, '\\t')
  t.contains(float.text, '\\n')
end)

-- Last, because a configuration keeps the environment that it was given.
t.test('a missing model is reported, and everything else works', function()
  local store = t.folder()
  local env =
    { XDG_CACHE_HOME = store, HF_HOME = store, HF_HUB_CACHE = store, HOPLENS_CACHE = store }
  use_server({ 'hoplens', 'lsp', '--offline' }, env)
  local bufnr = t.open_example('reef.prompt')
  local text = t.wait_for_message('smollm2-135m')
  t.ok(text:find('not') ~= nil, text)
  t.contains(require('hoplens').status(bufnr), 'warning: ')
  t.contains(health(), 'no model (absent)')
  -- Diagnostics that need no model appear.
  vim.api.nvim_buf_set_lines(bufnr, 3, 4, false, { '    expect: [' })
  t.diagnostic(bufnr, 'invalid-yaml')
  t.messages = {}
  vim.cmd('Hoplens heads')
  t.wait('an error message', function()
    return t.messages[1]
  end)
  t.eq(0, #t.floats())
end)

t.finish()
