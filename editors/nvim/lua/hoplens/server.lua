--- The running server: finding it, asking it, and how it says it is.
local M = {}

---@class hoplens.Health as the server tells it in `experimental/serverStatus`
---@field health 'ok'|'warning'|'error'
---@field quiescent boolean
---@field message string

--- By client.
---@type table<integer, hoplens.Health>
local healths = {}
--- Requests that are not answered yet, by client.
---@type table<integer, table<integer, boolean>>
local pending = {}

---@param text string
---@param level integer?
function M.say(text, level)
  vim.notify('hoplens: ' .. text, level or vim.log.levels.INFO)
end

---@param text string
local function fail(text)
  M.say(text, vim.log.levels.ERROR)
end

--- The client of a buffer, else any that runs.
---@param bufnr integer
---@return vim.lsp.Client?
function M.client(bufnr)
  return vim.lsp.get_clients({ name = 'hoplens', bufnr = bufnr })[1]
    or vim.lsp.get_clients({ name = 'hoplens' })[1]
end

--- Why there is no client, and what to do.
---@param bufnr integer
---@return string
local function absence(bufnr)
  local problem = require('hoplens.attach').command_problem()
  if problem then
    return problem
  elseif vim.lsp.is_enabled and not vim.lsp.is_enabled('hoplens') then
    return "the server is not enabled; add vim.lsp.enable('hoplens') to your configuration"
  elseif not require('hoplens.attach').wants(bufnr) then
    return 'this buffer is no prompt; see :help hoplens-files'
  end
  return 'the server does not run; start it with :Hoplens restart'
end

--- Has the server carry out a command. Failures are said here and reach nobody else.
---@param bufnr integer
---@param command string without `hoplens.server.`
---@param argument table? none without one
---@param on_result fun(result: any)?
function M.execute(bufnr, command, argument, on_result)
  local client = M.client(bufnr)
  if not client then
    return fail(absence(bufnr))
  end
  local name = 'hoplens.server.' .. command
  local provider = client.server_capabilities.executeCommandProvider or {}
  if not vim.list_contains(provider.commands or {}, name) then
    local text = 'the server does not know `%s`; it must be of version %s, like this plugin'
    return fail(text:format(name, require('hoplens').version))
  end
  local id
  local params = { command = name, arguments = argument and { argument } or {} }
  local sent
  sent, id = client:request('workspace/executeCommand', params, function(err, result)
    if id then
      pending[client.id][id] = nil
    end
    if err then
      -- What somebody cancelled is no news.
      if err.code ~= vim.lsp.protocol.ErrorCodes.RequestCancelled then
        fail(err.message)
      end
    elseif on_result then
      on_result(result)
    end
  end, bufnr)
  if not sent then
    return fail(absence(bufnr))
  end
  pending[client.id] = pending[client.id] or {}
  pending[client.id][id] = true
end

--- Withdraws what was asked for and is not answered yet.
---@param bufnr integer
---@return integer
function M.withdraw(bufnr)
  local client = M.client(bufnr)
  local ids = client and vim.tbl_keys(pending[client.id] or {}) or {}
  for _, id in ipairs(ids) do
    client:cancel_request(id)
  end
  return #ids
end

--- The server said how it is.
---@param status hoplens.Health
---@param client_id integer
function M.told(status, client_id)
  local before = healths[client_id]
  healths[client_id] = status
  -- Of errors the server sends a message itself.
  if status.health == 'warning' and not (before and before.message == status.message) then
    M.say(status.message, vim.log.levels.WARN)
  end
  vim.cmd.redrawstatus()
end

---@param bufnr integer
---@return string
function M.line(bufnr)
  local client = vim.lsp.get_clients({ name = 'hoplens', bufnr = bufnr })[1]
  local status = client and healths[client.id]
  if not client then
    return ''
  elseif not status then
    return 'hoplens'
  end
  return ('hoplens: %s%s'):format(
    status.health == 'ok' and '' or status.health .. ': ',
    status.message
  )
end

--- The server's process ended.
---@param code integer
---@param signal integer
---@param client_id integer
function M.ended(code, signal, client_id)
  healths[client_id], pending[client_id] = nil, nil
  if code == 0 and signal == 0 or vim.v.exiting ~= vim.NIL then
    return
  end
  local how = signal ~= 0 and ('was killed by signal %d'):format(signal)
    or ('ended with exit code %d'):format(code)
  vim.schedule(function()
    fail(('the server %s; :Hoplens log shows why, :Hoplens restart starts it again'):format(how))
  end)
end

--- Starts the server for every buffer that wants it.
local function start()
  for _, bufnr in ipairs(vim.api.nvim_list_bufs()) do
    if vim.api.nvim_buf_is_loaded(bufnr) and require('hoplens.attach').wants(bufnr) then
      local config = vim.deepcopy(vim.lsp.config.hoplens)
      local begin = function(root)
        config.root_dir = root
        vim.lsp.start(config, { bufnr = bufnr, reuse_client = config.reuse_client })
      end
      if type(config.root_dir) == 'function' then
        config.root_dir(bufnr, begin)
      else
        begin(config.root_dir)
      end
    end
  end
end

--- Ends the server, if it runs, and starts it again.
function M.restart()
  local problem = require('hoplens.attach').command_problem()
  if problem then
    return fail(problem)
  end
  local clients = vim.lsp.get_clients({ name = 'hoplens' })
  for _, client in ipairs(clients) do
    -- Otherwise Neovim goes on asking a server that is about to end, and shows its refusals.
    for bufnr in pairs(client.attached_buffers) do
      vim.lsp.buf_detach_client(bufnr, client.id)
    end
    client:stop()
  end
  local patience, step = 3000, 50
  local function wait(waited)
    -- A client counts as stopped as soon as it was asked to; it is gone when its process ended.
    local alive = vim.tbl_filter(function(client)
      return vim.lsp.get_client_by_id(client.id) ~= nil
    end, clients)
    if #alive == 0 then
      return start()
    elseif waited == patience then
      for _, client in ipairs(alive) do
        client.rpc.terminate()
      end
    end
    vim.defer_fn(function()
      wait(waited + step)
    end, step)
  end
  wait(0)
end

return M
