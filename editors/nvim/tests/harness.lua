--- A small test runner inside Neovim. Each spec is one process and ends with `t.finish()`.
local t = {}

local examples = vim.env.HOPLENS_EXAMPLES
io.stdout:setvbuf('no')
local failed, passed = {}, 0

--- All notifications of the current test, oldest first.
---@type string[]
t.messages = {}

local function record(text, level)
  table.insert(t.messages, text)
  return level
end
vim.notify = record
-- The real function shows a message once in a process; the specs need all of them.
vim.notify_once = record

-- Enough room for every float.
vim.o.columns, vim.o.lines = 100, 40
vim.o.swapfile = false
vim.o.hidden = true

---@param ok any
---@param what string
function t.ok(ok, what)
  if not ok then
    error(what, 2)
  end
end

---@param expected any
---@param got any
---@param what string?
function t.eq(expected, got, what)
  if not vim.deep_equal(expected, got) then
    local text = '%sexpected %s, got %s'
    error(text:format(what and what .. ': ' or '', vim.inspect(expected), vim.inspect(got)), 2)
  end
end

--- Asserts that a text contains another one.
---@param text string
---@param part string
function t.contains(text, part)
  if not text:find(part, 1, true) then
    error(('%q is not in:\n%s'):format(part, text), 2)
  end
end

--- Waits until `run` returns a true value, and returns it.
---@generic T
---@param what string
---@param run fun(): T
---@param ms integer?
---@return T
function t.wait(what, run, ms)
  local got
  local ok = vim.wait(ms or 120000, function()
    got = run()
    return got
  end, 20)
  if not ok then
    local messages = table.concat(t.messages, '\n  ')
    error(('timed out waiting for %s; messages so far:\n  %s'):format(what, messages), 2)
  end
  return got
end

--- Waits for a notification that contains `part`, and returns its text.
---@param part string
---@return string
function t.wait_for_message(part)
  return t.wait(('a message with %q'):format(part), function()
    return vim.iter(t.messages):find(function(text)
      return text:find(part, 1, true) ~= nil
    end)
  end)
end

-- All folders belong to one project, so that a spec needs only one server.
local root, folders = vim.fn.tempname(), 0
vim.fn.mkdir(root .. '/.git', 'p')

--- Creates a folder in the project.
---@return string
function t.folder()
  folders = folders + 1
  local folder = root .. '/' .. folders
  vim.fn.mkdir(folder, 'p')
  return folder
end

--- Writes a file and returns its path.
---@param folder string
---@param name string
---@param text string
---@return string
function t.write(folder, name, text)
  local path = folder .. '/' .. name
  vim.fn.mkdir(vim.fs.dirname(path), 'p')
  local file = assert(io.open(path, 'w'))
  file:write(text)
  file:close()
  return path
end

--- Copies an example and its sidecar into a new folder, and opens it.
---@param name string
---@return integer bufnr
function t.open_example(name)
  local folder = t.folder()
  for _, path in ipairs(vim.fn.glob(examples .. '/' .. name .. '*', true, true)) do
    assert(vim.uv.fs_copyfile(path, folder .. '/' .. vim.fs.basename(path)))
  end
  vim.cmd.edit(folder .. '/' .. name)
  return vim.api.nvim_get_current_buf()
end

--- Waits for the initialized client of a buffer.
---@param bufnr integer
---@return vim.lsp.Client
function t.client(bufnr)
  return t.wait('the client to attach', function()
    local client = vim.lsp.get_clients({ name = 'hoplens', bufnr = bufnr })[1]
    return client and client.initialized and client
  end)
end

--- Stops all servers and waits until their processes have exited. Until then Neovim would reuse them.
function t.stop_servers()
  -- A server for a buffer that was just opened may still be starting.
  vim.wait(100)
  local clients = vim.lsp.get_clients()
  for _, client in ipairs(clients) do
    client:stop(true)
  end
  t.wait('the servers to stop', function()
    return vim.iter(clients):all(function(client)
      return vim.lsp.get_client_by_id(client.id) == nil
    end)
  end)
end

--- Waits for the diagnostic with a code.
---@param bufnr integer
---@param code string
---@return vim.Diagnostic
function t.diagnostic(bufnr, code)
  return t.wait('the diagnostic ' .. code, function()
    return vim.iter(vim.diagnostic.get(bufnr)):find(function(one)
      return one.code == code
    end)
  end)
end

--- Waits for the hint at the end of the prompt that `accept` accepts, and returns its label.
---@param bufnr integer
---@param accept (fun(label: string): boolean)?
---@return string
function t.hint(bufnr, accept)
  return t.wait('the hint', function()
    local hint = vim.lsp.inlay_hint.get({ bufnr = bufnr })[1]
    local label = hint and hint.inlay_hint.label
    return label and (not accept or accept(label)) and label
  end)
end

--- Returns the first percentage in a text.
---@param text string
---@return number
function t.percentage(text)
  return assert(tonumber(text:match('([%d.e-]+) %%')), 'no percentage in: ' .. text)
end

--- Returns the text of a buffer.
---@param bufnr integer
---@return string
function t.text(bufnr)
  return table.concat(vim.api.nvim_buf_get_lines(bufnr, 0, -1, false), '\n')
end

--- Returns the open floats with their text.
---@return { win: integer, title: string, text: string }[]
function t.floats()
  local floats = {}
  for _, win in ipairs(vim.api.nvim_list_wins()) do
    local config = vim.api.nvim_win_get_config(win)
    if config.relative ~= '' then
      local title = vim
        .iter(config.title or {})
        :map(function(chunk)
          return chunk[1]
        end)
        :join('')
      table.insert(floats, {
        win = win,
        title = title,
        text = t.text(vim.api.nvim_win_get_buf(win)),
      })
    end
  end
  return floats
end

--- Types keys and processes the events that they cause.
---@param keys string
function t.type(keys)
  vim.api.nvim_feedkeys(vim.keycode(keys), 'mx', false)
  -- Neovim fires CursorMoved between typed keys, but not within one call of feedkeys().
  vim.api.nvim_exec_autocmds('CursorMoved', { buffer = 0, modeline = false })
  vim.wait(20)
end

---@param name string
---@param run fun()
function t.test(name, run)
  t.messages = {}
  local ok, err = xpcall(run, debug.traceback)
  if ok then
    passed = passed + 1
    io.stdout:write(('  ok   %s\n'):format(name))
  else
    table.insert(failed, name)
    io.stdout:write(('  FAIL %s\n%s\n'):format(name, err))
  end
  while #t.floats() > 0 do
    vim.api.nvim_win_close(t.floats()[1].win, true)
  end
  -- The server does not analyse closed buffers.
  vim.cmd('silent! %bwipeout!')
end

--- Exits with 1 if a test failed or none ran.
function t.finish()
  t.stop_servers()
  io.stdout:write(('  %d passed, %d failed\n'):format(passed, #failed))
  vim.cmd.cquit({ count = (#failed > 0 or passed == 0) and 1 or 0, bang = true })
end

return t
