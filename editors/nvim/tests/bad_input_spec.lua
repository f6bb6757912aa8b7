local t = dofile(vim.env.HOPLENS_HARNESS)

--- Configures the server anew; servers that run are ended.
---@param cmd string[]
---@param env table<string, string>?
local function with(cmd, env)
  vim.lsp.enable('hoplens', false)
  t.end_servers()
  vim.cmd('silent! %bwipeout!')
  vim.lsp.config('hoplens', { cmd = cmd, cmd_env = env or {} })
  vim.lsp.enable('hoplens')
  t.said = {}
end

local function health()
  vim.cmd.checkhealth('hoplens')
  local text = t.text(0)
  vim.cmd.bwipeout()
  return text
end

t.test('without the binary the user is told, with a remedy', function()
  with({ 'no-such-hoplens', 'lsp' })
  local bufnr = t.open_example('reef.prompt')
  local text = t.hear('the server `no-such-hoplens` cannot be run')
  t.has(text, 'cargo install')
  t.eq(0, #vim.lsp.get_clients({ bufnr = bufnr }))
  for _, command in ipairs({ 'heads', 'status', 'restart' }) do
    t.said = {}
    vim.cmd('Hoplens ' .. command)
    t.hear('cannot be run')
  end
  t.has(health(), 'the server `no-such-hoplens` cannot be run')
  -- Files that it is not for stay quiet.
  t.said = {}
  vim.cmd.edit(t.write(t.folder(), 'README.md', 'hello'))
  vim.wait(100)
  t.eq({}, t.said)
end)

t.test('a binary that is something else is told in health', function()
  with({ 'false', 'lsp' })
  t.has(health(), '--version` failed')
end)

t.test('a server that dies is told of, and restart brings it back', function()
  with({ 'hoplens', 'lsp' })
  local bufnr = t.open_example('reef.prompt')
  t.hint(bufnr)
  local client = t.client(bufnr)
  local pids = vim.api.nvim_get_proc_children(vim.fn.getpid())
  t.eq(1, #pids)
  vim.uv.kill(pids[1], 'sigkill')
  t.hear('the server was killed by signal 9')
  t.wait('the client to go', function()
    return #vim.lsp.get_clients({ bufnr = bufnr }) == 0
  end)
  t.eq({}, vim.diagnostic.get(bufnr), 'findings of a dead server stayed')
  t.said = {}
  vim.cmd('Hoplens heads')
  t.hear('start it with :Hoplens restart')
  vim.cmd('Hoplens restart')
  t.ok(t.client(bufnr).id > client.id)
  t.hint(bufnr)
end)

t.test('a server that dies while it is asked leaves no float and no error', function()
  with({ 'hoplens', 'lsp' })
  local bufnr = t.open_example('reef.prompt')
  t.hint(bufnr)
  vim.cmd('Hoplens sweep')
  vim.uv.kill(vim.api.nvim_get_proc_children(vim.fn.getpid())[1], 'sigkill')
  t.hear('the server was killed by signal 9')
  vim.wait(300)
  t.eq(0, #t.floats())
  t.eq('', vim.v.errmsg)
end)

t.test('an answer that comes after its buffer went away harms nothing', function()
  with({ 'hoplens', 'lsp' })
  local bufnr = t.open_example('reef.prompt')
  t.hint(bufnr)
  vim.cmd('Hoplens heads none')
  vim.cmd.enew()
  vim.api.nvim_buf_delete(bufnr, { force = true })
  vim.wait(3000)
  t.eq('', vim.v.errmsg)
end)

t.test('an old server is told apart', function()
  with({ 'hoplens', 'lsp' })
  local bufnr = t.open_example('reef.prompt')
  t.client(bufnr).server_capabilities.executeCommandProvider.commands = { 'hoplens.server.analyse' }
  vim.cmd('Hoplens heads')
  t.hear('the server does not know `hoplens.server.heads`; it must be of version')
end)

t.test('an odd prompt is shown as it is', function()
  with({ 'hoplens', 'lsp' })
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
  t.has(float.text, '\\t')
  t.has(float.text, '\\n')
end)

-- Last, for what a configuration was given it keeps.
t.test('without a model the rest works, and what is missing is said', function()
  local store = t.folder()
  local env =
    { XDG_CACHE_HOME = store, HF_HOME = store, HF_HUB_CACHE = store, HOPLENS_CACHE = store }
  with({ 'hoplens', 'lsp', '--offline' }, env)
  local bufnr = t.open_example('reef.prompt')
  local text = t.hear('smollm2-135m')
  t.ok(text:find('not') ~= nil, text)
  t.has(require('hoplens').status(bufnr), 'warning: ')
  t.has(health(), 'no model (absent)')
  -- What needs no model works.
  vim.api.nvim_buf_set_lines(bufnr, 3, 4, false, { '    expect: [' })
  t.diagnostic(bufnr, 'invalid-yaml')
  t.said = {}
  vim.cmd('Hoplens heads')
  t.wait('a refusal', function()
    return t.said[1]
  end)
  t.eq(0, #t.floats())
end)

t.finish()
