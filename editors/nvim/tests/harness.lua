--- A small test runner for real Neovim. A spec is one process; it ends with `t.finish()`.
local t = {}

local examples = vim.env.HOPLENS_EXAMPLES
io.stdout:setvbuf('no')
local failed, passed = {}, 0

--- Everything that was said to the user, oldest first.
---@type string[]
t.said = {}

local notify = function(text, level)
  table.insert(t.said, text)
  -- Once is per process for Neovim; the specs must hear each of them.
  return level
end
vim.notify = notify
vim.notify_once = notify

-- Enough room for every float, as a terminal window has it.
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

--- Holds that a text has another in it, to the letter.
---@param text string
---@param part string
function t.has(text, part)
  if not text:find(part, 1, true) then
    error(('%q is not in:\n%s'):format(part, text), 2)
  end
end

--- Waits until `run` gives something, and gives it back.
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
    local said = table.concat(t.said, '\n  ')
    error(('waited in vain for %s; said so far:\n  %s'):format(what, said), 2)
  end
  return got
end

--- Waits until somebody said a text with `part` in it.
---@param part string
---@return string
function t.hear(part)
  return t.wait(('a message with %q'):format(part), function()
    return vim.iter(t.said):find(function(text)
      return text:find(part, 1, true) ~= nil
    end)
  end)
end

-- One project, so that one server is enough for a spec.
local root, folders = vim.fn.tempname(), 0
vim.fn.mkdir(root .. '/.git', 'p')

--- A new folder of the project.
---@return string
function t.folder()
  folders = folders + 1
  local folder = root .. '/' .. folders
  vim.fn.mkdir(folder, 'p')
  return folder
end

--- Writes a file and gives its path.
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

--- Copies one of the examples into a folder of its own, and opens it.
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

--- The client of a buffer, once it is there and the handshake is over.
---@param bufnr integer
---@return vim.lsp.Client
function t.client(bufnr)
  return t.wait('the client to attach', function()
    local client = vim.lsp.get_clients({ name = 'hoplens', bufnr = bufnr })[1]
    return client and client.initialized and client
  end)
end

--- Ends every server, and waits until their processes are gone: until then Neovim uses them again.
function t.end_servers()
  -- One may just be about to start, for a buffer that was opened a moment ago.
  vim.wait(100)
  local clients = vim.lsp.get_clients()
  for _, client in ipairs(clients) do
    client:stop(true)
  end
  t.wait('the end of the servers', function()
    return vim.iter(clients):all(function(client)
      return vim.lsp.get_client_by_id(client.id) == nil
    end)
  end)
end

--- The diagnostic with a code, once it is there.
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

--- The hint at the end of the prompt, once it is there and `accept` takes it.
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

--- The first percentage of a text.
---@param text string
---@return number
function t.percentage(text)
  return assert(tonumber(text:match('([%d.e-]+) %%')), 'no percentage in: ' .. text)
end

---@param bufnr integer
---@return string
function t.text(bufnr)
  return table.concat(vim.api.nvim_buf_get_lines(bufnr, 0, -1, false), '\n')
end

--- The floats that are open, as text.
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

--- Types keys, as a person does, and lets what they started happen.
---@param keys string
function t.type(keys)
  vim.api.nvim_feedkeys(vim.keycode(keys), 'mx', false)
  -- Neovim reports cursor movements between keys that a person types, and not in one run of them.
  vim.api.nvim_exec_autocmds('CursorMoved', { buffer = 0, modeline = false })
  vim.wait(20)
end

---@param name string
---@param run fun()
function t.test(name, run)
  t.said = {}
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
  -- What is closed, the model no longer looks at.
  vim.cmd('silent! %bwipeout!')
end

--- Ends the process: 1 if a test failed, or if there was none.
function t.finish()
  t.end_servers()
  io.stdout:write(('  %d passed, %d failed\n'):format(passed, #failed))
  vim.cmd.cquit({ count = (#failed > 0 or passed == 0) and 1 or 0, bang = true })
end

return t
