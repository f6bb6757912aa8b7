--- The command `:Hoplens` and its subcommands.
local format = require('hoplens.format')
local server = require('hoplens.server')

local M = {}

---@class hoplens.Subcommand
---@field run fun(bufnr: integer, args: string[])
---@field complete (fun(bufnr: integer): string[])?

---@param bufnr integer
---@return { uri: string, position: lsp.Position }
local function cursor_argument(bufnr)
  local client = server.client(bufnr)
  local params = vim.lsp.util.make_position_params(0, client and client.offset_encoding or 'utf-16')
  return { uri = params.textDocument.uri, position = params.position }
end

---@param bufnr integer
---@return { uri: string }
local function document_argument(bufnr)
  return { uri = vim.uri_from_bufnr(bufnr) }
end

--- Whether a JSON value is neither absent nor `null`.
---@param value any
local function is_present(value)
  return value ~= nil and value ~= vim.NIL
end

--- Shows the cases of a prompt in the location list.
---@param bufnr integer
---@param cases table[]
local function list_cases(bufnr, cases)
  local client = server.client(bufnr)
  local items = {}
  for _, case in ipairs(cases) do
    local text = case.id
    if is_present(case.expect) and case.expect[1] then
      text = text .. ': ' .. format.quoted(case.expect[1])
    end
    if is_present(case.p) and is_present(case.rank) then
      text = ('%s %s (#%d)'):format(text, format.percent(case.p), case.rank + 1)
    end
    if is_present(case.verdict) then
      text = text .. ' ' .. case.verdict
    end
    if is_present(case.best) then
      text = text .. ' | ' .. case.best
    end
    local item = { bufnr = bufnr, text = text, type = is_present(case.verdict) and 'W' or 'I' }
    if is_present(case.range) then
      local location = { uri = vim.uri_from_bufnr(bufnr), range = case.range }
      local list_item = vim.lsp.util.locations_to_items(
        { location },
        client and client.offset_encoding or 'utf-16'
      )[1]
      item = vim.tbl_extend('keep', item, list_item or {})
    end
    table.insert(items, item)
  end
  if #items == 0 then
    return server.notify('this prompt has no cases', vim.log.levels.WARN)
  end
  vim.fn.setloclist(0, {}, ' ', { title = 'hoplens cases', items = items })
  vim.cmd.lopen()
end

---@param model { name: string, size: integer, licence: string, here: boolean, current: boolean }
---@return string
local function model_line(model)
  local where = model.current and 'in use' or model.here and 'on this disk' or 'to be downloaded'
  local size = is_present(model.size) and format.size(model.size) or '?'
  local licence = is_present(model.licence) and model.licence or '?'
  return ('%s  %s  %s  (%s)'):format(model.name, size, licence, where)
end

---@param bufnr integer
---@param name string
local function use_model(bufnr, name)
  server.execute(bufnr, 'useModel', { model = name }, function()
    server.notify('the model is now ' .. name .. ', until the server stops')
  end)
end

--- Formats the result of `hoplens.server.status` as lines.
---@param status table
---@return string[]
function M.status_lines(status)
  local model = is_present(status.model) and status.model or nil
  local lines = { 'server ' .. status.version }
  if model then
    local shape = '%s, %d layers of %d heads, width %d'
    table.insert(
      lines,
      'model  ' .. shape:format(model.name, model.layers, model.heads, model.width)
    )
    table.insert(lines, 'digest sha256:' .. model.sha256)
  end
  local state = status.state .. (status.busy and ', busy' or '')
  if is_present(status.message) and status.message ~= '' then
    state = state .. ': ' .. status.message
  end
  table.insert(lines, 'state  ' .. state)
  table.insert(
    lines,
    ('open   %d prompt%s'):format(status.prompts, status.prompts == 1 and '' or 's')
  )
  return lines
end

---@type table<string, hoplens.Subcommand>
local subcommands = {
  heads = {
    complete = function()
      return { 'zero', 'estimate', 'none' }
    end,
    run = function(bufnr, args)
      local argument = cursor_argument(bufnr)
      argument.ablate = args[1]
      require('hoplens.heads').open(bufnr, argument)
    end,
  },
  sweep = {
    run = function(bufnr, args)
      local argument = cursor_argument(bufnr)
      argument.memory = #args > 0 and table.concat(args, ' ') or nil
      require('hoplens.sweep').open(bufnr, argument)
    end,
  },
  influence = {
    run = function(bufnr)
      require('hoplens.influence').toggle(bufnr, document_argument(bufnr))
    end,
  },
  preview = {
    run = function(bufnr)
      require('hoplens.preview').toggle(bufnr)
    end,
  },
  measure = {
    complete = function()
      return { 'all' }
    end,
    run = function(bufnr, args)
      server.execute(bufnr, 'measure', args[1] ~= 'all' and document_argument(bufnr) or nil)
    end,
  },
  cases = {
    run = function(bufnr)
      server.execute(bufnr, 'cases', document_argument(bufnr), function(cases)
        list_cases(bufnr, is_present(cases) and cases or {})
      end)
    end,
  },
  models = {
    complete = function(bufnr)
      local client = server.client(bufnr)
      local params = { command = 'hoplens.server.models' }
      local answer = client and client:request_sync('workspace/executeCommand', params, 500, bufnr)
      return vim
        .iter(answer and is_present(answer.result) and answer.result or {})
        :map(function(model)
          return model.name
        end)
        :totable()
    end,
    run = function(bufnr, args)
      if args[1] then
        return use_model(bufnr, args[1])
      end
      server.execute(bufnr, 'models', nil, function(models)
        vim.ui.select(
          models,
          { prompt = 'Model to analyse prompts with', format_item = model_line },
          function(model)
            if model and not model.current then
              use_model(bufnr, model.name)
            end
          end
        )
      end)
    end,
  },
  status = {
    run = function(bufnr)
      server.execute(bufnr, 'status', nil, function(status)
        vim.api.nvim_echo({ { table.concat(M.status_lines(status), '\n') } }, true, {})
      end)
    end,
  },
  log = {
    run = function()
      vim.cmd.split(vim.fn.fnameescape(vim.lsp.log.get_filename()))
      vim.cmd.normal({ 'G', bang = true })
    end,
  },
  restart = {
    run = function()
      server.restart()
    end,
  },
  cancel = {
    complete = function()
      return { 'all' }
    end,
    run = function(bufnr, args)
      local cancelled = server.cancel_requests(bufnr)
      server.execute(
        bufnr,
        'cancel',
        args[1] ~= 'all' and document_argument(bufnr) or nil,
        function(count)
          local total = cancelled + (tonumber(count) or 0)
          local text = total == 0 and 'there was nothing to cancel' or 'cancelled the work'
          server.notify(text)
        end
      )
    end,
  },
}

--- Returns the names of the subcommands.
---@return string[]
function M.names()
  return vim.fn.sort(vim.tbl_keys(subcommands))
end

--- Runs `:Hoplens`.
---@param command { fargs: string[] }
function M.run(command)
  local args = vim.list_slice(command.fargs, 2)
  local name = command.fargs[1]
  local subcommand = subcommands[name]
  if subcommand then
    return subcommand.run(vim.api.nvim_get_current_buf(), args)
  end
  local known = table.concat(M.names(), ', ')
  local text = name and ('there is no subcommand `%s`. The subcommands are: %s'):format(name, known)
    or 'the subcommands are: ' .. known
  server.notify(text, vim.log.levels.ERROR)
end

--- Completes subcommands and their arguments.
---@param lead string
---@param line string
---@return string[]
function M.complete(lead, line)
  local name = line:match('Hoplens!?%s+(%S+)%s')
  local choices = M.names()
  if name then
    local subcommand = subcommands[name]
    local complete = subcommand and subcommand.complete
    choices = complete and complete(vim.api.nvim_get_current_buf()) or {}
  end
  return vim.tbl_filter(function(choice)
    return vim.startswith(choice, lead)
  end, choices)
end

return M
