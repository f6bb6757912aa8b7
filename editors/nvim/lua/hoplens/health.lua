--- `:checkhealth hoplens`.
local M = {}

---@param text string
---@return string?
local function version_in(text)
  return text:match('(%d+%.%d+%.%d+[%w.+-]*)')
end

---@param health table
---@return boolean
local function check_neovim(health)
  local version = vim.version()
  local text = ('Neovim %d.%d.%d'):format(version.major, version.minor, version.patch)
  if vim.fn.has('nvim-0.11') == 0 then
    health.error(text .. ', but hoplens needs 0.11 or newer', { 'Update Neovim' })
    return false
  end
  health.ok(text)
  for _, problem in ipairs(require('hoplens.options').problems()) do
    health.warn(problem, { 'See :help hoplens-options' })
  end
  return true
end

---@param health table
---@return string[]? command
local function check_server(health)
  local err = require('hoplens.attach').command_error()
  if err then
    health.error(err)
    return nil
  end
  local cmd = vim.lsp.config.hoplens.cmd
  if type(cmd) ~= 'table' then
    health.info('the server is started by a function in your configuration')
    return nil
  end
  local path = vim.fn.exepath(cmd[1])
  local answer = vim.system({ cmd[1], '--version' }, { text = true }):wait(10000)
  local version = version_in(answer.stdout or '')
  local expected = require('hoplens').version
  if answer.code ~= 0 or not version then
    local output = vim.trim((answer.stderr or '') .. (answer.stdout or ''))
    health.error(('`%s --version` failed: %s'):format(path, output), { 'Install hoplens again' })
    return nil
  elseif version ~= expected then
    local text = 'the server %s has version %s, but this plugin has %s'
    health.warn(text:format(path, version, expected), { 'Update the older of the two' })
  else
    health.ok(('server %s has version %s, like this plugin'):format(path, version))
  end
  return cmd
end

--- Checks a running client, and the model that its server uses.
---@param health table
---@param client vim.lsp.Client
local function check_client(health, client)
  local buffers = vim.tbl_count(client.attached_buffers)
  local text = 'client %d is attached to %d buffer%s in %s'
  health.ok(
    text:format(client.id, buffers, buffers == 1 and '' or 's', client.root_dir or '(no folder)')
  )
  local params = { command = 'hoplens.server.status' }
  local answer, err = client:request_sync('workspace/executeCommand', params, 5000)
  local status = answer and answer.result
  if type(status) ~= 'table' then
    local reason = err or answer and answer.err and answer.err.message or 'no answer'
    health.error('the server does not report its status: ' .. reason, { ':Hoplens restart' })
    return
  end
  local model = type(status.model) == 'table' and status.model or nil
  if model then
    health.ok(('model %s, sha256:%s'):format(model.name, model.sha256))
  elseif status.state == 'loading' then
    health.info('the server is loading the model')
  else
    health.error(('no model (%s): %s'):format(status.state, status.message or ''), {
      'Download one with :Hoplens models, or in a terminal: hoplens models pull',
    })
  end
end

--- Checks the default model on disk, for when no server runs.
---@param health table
---@param cmd string[]
local function check_store(health, cmd)
  local answer = vim.system({ cmd[1], 'models', 'show', '--json' }, { text = true }):wait(10000)
  local ok, shown = pcall(vim.json.decode, answer.stdout or '')
  local model = ok and type(shown) == 'table' and shown.model
  if type(model) ~= 'table' then
    health.warn('the model store cannot be read: ' .. vim.trim(answer.stderr or ''))
  elseif model.path and model.path ~= vim.NIL then
    health.ok(('default model %s is on this disk: %s'):format(model.name, model.path))
  else
    health.warn(
      ('default model %s is not on this disk'):format(model.name),
      { 'Run: hoplens models pull' }
    )
  end
end

---@param health table
---@param client vim.lsp.Client
local function check_hints(health, client)
  if not require('hoplens.options').get().hints then
    health.info('hints are switched off by vim.g.hoplens.hints')
    return
  end
  for bufnr in pairs(client.attached_buffers) do
    local name = vim.fn.fnamemodify(vim.api.nvim_buf_get_name(bufnr), ':~:.')
    if vim.lsp.inlay_hint.is_enabled({ bufnr = bufnr }) then
      health.ok('inlay hints are on in ' .. name)
    else
      health.warn('inlay hints are off in ' .. name, { ':lua vim.lsp.inlay_hint.enable()' })
    end
  end
end

--- Runs all checks.
function M.check()
  -- An old Neovim has other names for these functions. There the check only reports that it is old.
  local api = vim.health or require('health')
  local health = {
    start = api.start or api.report_start,
    ok = api.ok or api.report_ok,
    info = api.info or api.report_info,
    warn = api.warn or api.report_warn,
    error = api.error or api.report_error,
  }
  health.start('hoplens')
  if not check_neovim(health) then
    return
  end
  local cmd = check_server(health)
  local enabled = vim.lsp.is_enabled
  if enabled and not enabled('hoplens') then
    health.warn('the server is not enabled', { "vim.lsp.enable('hoplens')" })
  end
  local clients = vim.lsp.get_clients({ name = 'hoplens' })
  for _, client in ipairs(clients) do
    check_client(health, client)
    check_hints(health, client)
  end
  if #clients == 0 then
    health.info('no client is running. Open a prompt, such as a file that ends with .prompt')
    if cmd then
      check_store(health, cmd)
    end
  end
end

return M
