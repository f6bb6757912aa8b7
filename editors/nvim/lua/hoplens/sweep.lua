--- `:Hoplens sweep`: layers × τ of one memory, and the injection of a cell.
local float = require('hoplens.float')
local format = require('hoplens.format')
local server = require('hoplens.server')

local M = {}

---@class hoplens.Cell
---@field encoding string
---@field layer integer
---@field tau number
---@field scope string
---@field logp_first number
---@field rank integer from 0

---@class hoplens.Sweep what `hoplens.server.sweep` answers
---@field uri string
---@field case string?
---@field memory string
---@field memories string[]
---@field expect string[]
---@field baseline { logp_first: number, rank: integer }
---@field cells hoplens.Cell[]
---@field best hoplens.Cell?

local ENCODINGS = { 'embed', 'unembed', 'layerwise' }
local SCOPES = { all = 'last', last = 'all' }
local SCOPE_NAMES = { all = 'all tokens', last = 'last token' }

---@class hoplens.SweepView
---@field bufnr integer
---@field tick integer
---@field argument table
---@field found hoplens.Sweep
---@field encoding string
---@field scope string

--- The cells of one encoding and scope, by τ (falling) and layer.
---@param view hoplens.SweepView
---@return hoplens.Cell[][] cells
---@return number[] taus
---@return integer[] layers
local function arranged(view)
  local rows, taus, layers, seen = {}, {}, {}, { tau = {}, layer = {} }
  local chosen = vim.tbl_filter(function(cell)
    return cell.encoding == view.encoding and cell.scope == view.scope
  end, view.found.cells)
  local function note(kind, list, value)
    if not seen[kind][value] then
      seen[kind][value] = true
      table.insert(list, value)
    end
  end
  for _, cell in ipairs(chosen) do
    note('tau', taus, cell.tau)
    note('layer', layers, cell.layer)
  end
  table.sort(taus, function(a, b)
    return a > b
  end)
  table.sort(layers)
  local row, column = {}, {}
  for index, tau in ipairs(taus) do
    row[tau], rows[index] = index, {}
  end
  for index, layer in ipairs(layers) do
    column[layer] = index
  end
  for _, cell in ipairs(chosen) do
    rows[row[cell.tau]][column[cell.layer]] = cell
  end
  return rows, taus, layers
end

---@param found hoplens.Sweep
---@param cell hoplens.Cell
---@return hoplens.Line[]
local function details(found, cell)
  local before, after = math.exp(found.baseline.logp_first), math.exp(cell.logp_first)
  return {
    {
      { ('layer %d, τ %g'):format(cell.layer, cell.tau), 'HoplensName' },
      {
        ('   %s, %s   '):format(cell.encoding, SCOPE_NAMES[cell.scope] or cell.scope),
        'HoplensNote',
      },
      { ('%s → %s'):format(format.percent(before), format.percent(after)), 'HoplensNumber' },
      { (' (%s)'):format(format.factor(after / before)), 'HoplensNumber' },
      { '   rank ', 'HoplensNote' },
      { ('#%d → #%d'):format(found.baseline.rank + 1, cell.rank + 1), 'HoplensNumber' },
    },
  }
end

--- Has the server insert a cell's injection into the prompt that was swept.
---@param view hoplens.SweepView
---@param cell hoplens.Cell
local function inject(view, cell)
  if not vim.api.nvim_buf_is_loaded(view.bufnr) or vim.b[view.bufnr].changedtick ~= view.tick then
    local text = 'the prompt changed since it was swept, so nothing was inserted; sweep it again'
    return server.say(text, vim.log.levels.WARN)
  end
  local argument = {
    uri = view.found.uri,
    case = view.found.case,
    memory = view.found.memory,
    encoding = cell.encoding,
    layer = cell.layer,
    tau = cell.tau,
    scope = cell.scope,
  }
  server.execute(view.bufnr, 'inject', argument, function(told)
    local what = ('%s, layer %d, τ %g'):format(
      format.quoted(view.found.memory),
      cell.layer,
      cell.tau
    )
    local change = ('%s → %s'):format(format.percent(told.before), format.percent(told.after))
    server.say(('inserting %s: %s'):format(what, change))
  end)
end

--- Sweeps again with something else.
---@param view hoplens.SweepView
---@param changes table
local function again(view, changes)
  local asked = { memory = view.found.memory, encoding = view.encoding, scope = view.scope }
  M.open(view.bufnr, vim.tbl_extend('force', view.argument, asked, changes))
end

---@param view hoplens.SweepView
local function choose_memory(view)
  local other = 'another…'
  local choices = vim.list_extend(vim.deepcopy(view.found.memories or {}), { other })
  vim.ui.select(choices, { prompt = 'Memory to inject' }, function(choice)
    if choice == other then
      vim.ui.input({ prompt = 'Memory: ' }, function(text)
        if text and text ~= '' then
          again(view, { memory = text })
        end
      end)
    elseif choice then
      again(view, { memory = choice })
    end
  end)
end

---@param view hoplens.SweepView
local function show(view)
  local found = view.found
  local rows, taus, layers = arranged(view)
  local grid = { corner = 'layer', columns = layers, rows = {}, values = {}, apart = true }
  local best, most = nil, -math.huge
  for row, cells in ipairs(rows) do
    grid.rows[row] = ('τ %3g'):format(taus[row])
    grid.values[row] = {}
    for column, cell in pairs(cells) do
      if type(cell.logp_first) == 'number' then
        grid.values[row][column] = cell.logp_first - found.baseline.logp_first
        if cell.logp_first > most then
          most, best = cell.logp_first, { row, column }
        end
      end
    end
  end
  local expect = format.quoted(found.expect[1] or '')
  local title = '%s %s, %s: change of log P(%s)'
  local function leave(run)
    return function(...)
      vim.cmd.close()
      local given = { ... }
      vim.schedule(function()
        run(unpack(given))
      end)
    end
  end
  float.open_table({
    title = title:format(
      view.encoding,
      format.quoted(found.memory),
      SCOPE_NAMES[view.scope] or view.scope,
      expect
    ),
    grid = grid,
    start = best or { 1, 1 },
    best = best,
    height = 1,
    details = function(row, column)
      local cell = rows[row][column]
      return cell and details(found, cell) or {}
    end,
    keys = {
      {
        keys = { '<CR>' },
        desc = 'insert this injection into the prompt',
        run = leave(function(row, column)
          local cell = rows[row][column]
          if cell then
            inject(view, cell)
          end
        end),
      },
      {
        keys = { 'e' },
        desc = 'the next encoding: embed, unembed, layerwise',
        run = leave(function()
          local at = vim.fn.index(ENCODINGS, view.encoding)
          again(view, { encoding = ENCODINGS[(at + 1) % #ENCODINGS + 1] })
        end),
      },
      {
        keys = { 's' },
        desc = 'the other scope: all tokens or the last one',
        run = leave(function()
          again(view, { scope = SCOPES[view.scope] or 'all' })
        end),
      },
      {
        keys = { 'm' },
        desc = 'another memory',
        run = leave(function()
          choose_memory(view)
        end),
      },
      {
        keys = { 'x' },
        desc = 'export as a picture and open it',
        run = function()
          local argument =
            { kind = 'sweep', memory = found.memory, encoding = view.encoding, scope = view.scope }
          argument = vim.tbl_extend('force', view.argument, argument)
          require('hoplens.export').open(view.bufnr, argument)
        end,
      },
    },
  })
end

--- Asks for a sweep and shows it.
---@param bufnr integer
---@param argument table as of `hoplens.server.sweep`
function M.open(bufnr, argument)
  local tick = vim.b[bufnr].changedtick
  server.execute(bufnr, 'sweep', argument, function(found)
    if not found or found == vim.NIL or #found.cells == 0 then
      local text = 'nothing to sweep: name a memory, as in :Hoplens sweep Great Barrier Reef'
      return server.say(text, vim.log.levels.WARN)
    end
    local first = type(found.best) == 'table' and found.best or found.cells[1]
    show({
      bufnr = bufnr,
      tick = tick,
      argument = argument,
      found = found,
      encoding = argument.encoding or first.encoding,
      scope = argument.scope or first.scope,
    })
  end)
end

return M
