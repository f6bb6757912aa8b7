--- The running server: its client, its commands, its status and its restart.
local M = {}

---@class hoplens.ServerStatus parameters of `experimental/serverStatus`
---@field health 'ok'|'warning'|'error'
---@field quiescent boolean
---@field message string

--- The last status of each client.
---@type table<integer, hoplens.ServerStatus>
local statuses = {}
--- The ids of unanswered requests, by client.
---@type table<integer, table<integer, boolean>>
local pending = {}

---@param text string
---@param level integer?
function M.notify(text, level)
  vim.notify('hoplens: ' .. text, level or vim.log.levels.INFO)
end

---@param text string
local function notify_error(text)
  M.notify(text, vim.log.levels.ERROR)
end

--- Returns the client of a buffer, else any running client.
---@param bufnr integer
---@return vim.lsp.Client?
function M.client(bufnr)
  return vim.lsp.get_clients({ name = 'hoplens', bufnr = bufnr })[1]
    or vim.lsp.get_clients({ name = 'hoplens' })[1]
end

--- Says why a buffer has no client, and what to do.
---@param bufnr integer
---@return string
local function missing_client_message(bufnr)
  local err = require('hoplens.attach').command_error()
  if err then
    return err
  elseif vim.lsp.is_enabled and not vim.lsp.is_enabled('hoplens') then
    return "the server is not enabled. Add vim.lsp.enable('hoplens') to your configuration"
  elseif not require('hoplens.attach').should_attach(bufnr) then
    return 'this buffer is not a prompt file. See :help hoplens-files'
  end
  return 'the server is not running. Start it with :Hoplens restart'
end

--- Returns the client that is attached to a buffer; without one, says why.
---@param bufnr integer
---@return vim.lsp.Client?
function M.require_attached(bufnr)
  local client = vim.lsp.get_clients({ name = 'hoplens', bufnr = bufnr })[1]
  if not client then
    notify_error(missing_client_message(bufnr))
  end
  return client
end

--- Runs a command of the server. `on_result` gets only results. Errors of the server are shown to the
--- user, unless `on_error` takes them.
---@param bufnr integer
---@param command string without `hoplens.server.`
---@param argument table?
---@param on_result fun(result: any)?
---@param on_error fun(err: lsp.ResponseError)?
function M.execute(bufnr, command, argument, on_result, on_error)
  local client = M.client(bufnr)
  if not client then
    return notify_error(missing_client_message(bufnr))
  end
  local name = 'hoplens.server.' .. command
  local provider = client.server_capabilities.executeCommandProvider or {}
  if not vim.list_contains(provider.commands or {}, name) then
    local text = 'the server has no command `%s`. Install version %s of it, like this plugin'
    return notify_error(text:format(name, require('hoplens').version))
  end
  local id
  local params = { command = name, arguments = argument and { argument } or {} }
  local sent
  sent, id = client:request('workspace/executeCommand', params, function(err, result)
    if id then
      pending[client.id][id] = nil
    end
    if err then
      -- The user cancelled the request, so there is nothing to report.
      if err.code ~= vim.lsp.protocol.ErrorCodes.RequestCancelled then
        (on_error or function()
          notify_error(err.message)
        end)(err)
      end
    elseif on_result then
      on_result(result)
    end
  end, bufnr)
  if not sent then
    return notify_error(missing_client_message(bufnr))
  end
  pending[client.id] = pending[client.id] or {}
  pending[client.id][id] = true
end

--- Cancels all unanswered requests, and returns their number.
---@param bufnr integer
---@return integer
function M.cancel_requests(bufnr)
  local client = M.client(bufnr)
  local ids = client and vim.tbl_keys(pending[client.id] or {}) or {}
  for _, id in ipairs(ids) do
    client:cancel_request(id)
  end
  return #ids
end

--- Handles `experimental/serverStatus`.
---@param status hoplens.ServerStatus
---@param client_id integer
function M.on_status(status, client_id)
  local previous = statuses[client_id]
  statuses[client_id] = status
  -- For errors the server sends a message of its own.
  if status.health == 'warning' and not (previous and previous.message == status.message) then
    M.notify(status.message, vim.log.levels.WARN)
  end
  vim.cmd.redrawstatus()
end

---@param bufnr integer
---@return string
function M.statusline(bufnr)
  local client = vim.lsp.get_clients({ name = 'hoplens', bufnr = bufnr })[1]
  local status = client and statuses[client.id]
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

--- Handles the exit of a server's process.
---@param code integer
---@param signal integer
---@param client_id integer
function M.on_exit(code, signal, client_id)
  statuses[client_id], pending[client_id] = nil, nil
  if code == 0 and signal == 0 or vim.v.exiting ~= vim.NIL then
    return
  end
  local how = signal ~= 0 and ('was killed by signal %d'):format(signal)
    or ('exited with code %d'):format(code)
  vim.schedule(function()
    notify_error(
      ('the server %s. :Hoplens log shows why, :Hoplens restart starts it again'):format(how)
    )
  end)
end

--- Starts the server for all loaded prompt buffers.
local function start_all()
  for _, bufnr in ipairs(vim.api.nvim_list_bufs()) do
    if vim.api.nvim_buf_is_loaded(bufnr) and require('hoplens.attach').should_attach(bufnr) then
      local config = vim.deepcopy(vim.lsp.config.hoplens)
      local start_in = function(root)
        config.root_dir = root
        vim.lsp.start(config, { bufnr = bufnr, reuse_client = config.reuse_client })
      end
      if type(config.root_dir) == 'function' then
        config.root_dir(bufnr, start_in)
      else
        start_in(config.root_dir)
      end
    end
  end
end

--- Stops the server if it runs, and starts it again.
function M.restart()
  local err = require('hoplens.attach').command_error()
  if err then
    return notify_error(err)
  end
  local clients = vim.lsp.get_clients({ name = 'hoplens' })
  for _, client in ipairs(clients) do
    -- Otherwise Neovim keeps sending requests to the stopping server and shows their errors.
    for bufnr in pairs(client.attached_buffers) do
      vim.lsp.buf_detach_client(bufnr, client.id)
    end
    client:stop()
  end
  local timeout, step = 3000, 50
  local function wait(waited)
    -- `is_stopped()` is true as soon as the stop was requested. The process has exited when the client
    -- can no longer be found.
    local alive = vim.tbl_filter(function(client)
      return vim.lsp.get_client_by_id(client.id) ~= nil
    end, clients)
    if #alive == 0 then
      return start_all()
    elseif waited == timeout then
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
