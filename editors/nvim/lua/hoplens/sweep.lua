--- `:Hoplens sweep`: a table of layers × magnitudes τ of one memory, whose cells can be injected.
local float = require('hoplens.float')
local format = require('hoplens.format')
local server = require('hoplens.server')

local M = {}

---@class hoplens.SweepCell
---@field encoding string
---@field layer integer
---@field tau number
---@field scope string
---@field logp_first number|vim.NIL null where the logits overflowed
---@field rank integer from 0

---@class hoplens.SweepResult the result of `hoplens.server.sweep`
---@field uri string
---@field case string?
---@field memory string
---@field memories string[]
---@field expect string[]
---@field baseline { logp_first: number, rank: integer }
---@field cells hoplens.SweepCell[]
---@field best hoplens.SweepCell?

local ENCODINGS = { 'embed', 'unembed', 'layerwise' }
local OTHER_SCOPE = { all = 'last', last = 'all' }
local SCOPE_NAMES = { all = 'all tokens', last = 'last token' }

---@class hoplens.SweepView
---@field bufnr integer
---@field tick integer `changedtick` of the buffer at the time of the request
---@field argument table
---@field result hoplens.SweepResult
---@field encoding string
---@field scope string

--- Returns the cells of one encoding and scope, by τ (largest first) and layer.
---@param view hoplens.SweepView
---@return hoplens.SweepCell[][] cells
---@return number[] taus
---@return integer[] layers
local function cells_by_row(view)
  local rows, taus, layers, seen = {}, {}, {}, { tau = {}, layer = {} }
  local chosen = vim.tbl_filter(function(cell)
    return cell.encoding == view.encoding and cell.scope == view.scope
  end, view.result.cells)
  local function add_distinct(kind, list, value)
    if not seen[kind][value] then
      seen[kind][value] = true
      table.insert(list, value)
    end
  end
  for _, cell in ipairs(chosen) do
    add_distinct('tau', taus, cell.tau)
    add_distinct('layer', layers, cell.layer)
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

---@param result hoplens.SweepResult
---@param cell hoplens.SweepCell
---@return hoplens.Line[]
local function details(result, cell)
  if type(cell.logp_first) ~= 'number' then
    local text = ('layer %d, τ %g   too strong: the logits overflow'):format(cell.layer, cell.tau)
    return { { { text, 'HoplensNote' } } }
  end
  local before, after = math.exp(result.baseline.logp_first), math.exp(cell.logp_first)
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
      { ('#%d → #%d'):format(result.baseline.rank + 1, cell.rank + 1), 'HoplensNumber' },
    },
  }
end

--- Inserts the injection of a cell into the prompt, unless the prompt changed after the sweep.
---@param view hoplens.SweepView
---@param cell hoplens.SweepCell
local function inject(view, cell)
  if not vim.api.nvim_buf_is_loaded(view.bufnr) or vim.b[view.bufnr].changedtick ~= view.tick then
    local text =
      'the prompt changed after the sweep, so nothing was inserted. Run :Hoplens sweep again'
    return server.notify(text, vim.log.levels.WARN)
  end
  local argument = {
    uri = view.result.uri,
    case = view.result.case,
    memory = view.result.memory,
    encoding = cell.encoding,
    layer = cell.layer,
    tau = cell.tau,
    scope = cell.scope,
  }
  server.execute(view.bufnr, 'inject', argument, function(result)
    local what = ('%s, layer %d, τ %g'):format(
      format.quoted(view.result.memory),
      cell.layer,
      cell.tau
    )
    local change = ('%s → %s'):format(format.percent(result.before), format.percent(result.after))
    server.notify(('inserting %s: %s'):format(what, change))
  end)
end

--- Runs the sweep again with other options.
---@param view hoplens.SweepView
---@param changes table
local function sweep_again(view, changes)
  local current = { memory = view.result.memory, encoding = view.encoding, scope = view.scope }
  M.open(view.bufnr, vim.tbl_extend('force', view.argument, current, changes))
end

---@param view hoplens.SweepView
local function choose_memory(view)
  local other = 'another…'
  local choices = vim.list_extend(vim.deepcopy(view.result.memories or {}), { other })
  vim.ui.select(choices, { prompt = 'Memory to inject' }, function(choice)
    if choice == other then
      vim.ui.input({ prompt = 'Memory: ' }, function(text)
        if text and text ~= '' then
          sweep_again(view, { memory = text })
        end
      end)
    elseif choice then
      sweep_again(view, { memory = choice })
    end
  end)
end

---@param view hoplens.SweepView
local function show(view)
  local result = view.result
  local rows, taus, layers = cells_by_row(view)
  local grid =
    { corner = 'layer', columns = layers, rows = {}, values = {}, has_separate_scales = true }
  local best, highest = nil, -math.huge
  for row, cells in ipairs(rows) do
    grid.rows[row] = ('τ %3g'):format(taus[row])
    grid.values[row] = {}
    for column, cell in pairs(cells) do
      if type(cell.logp_first) == 'number' then
        grid.values[row][column] = cell.logp_first - result.baseline.logp_first
        if cell.logp_first > highest then
          highest, best = cell.logp_first, { row, column }
        end
      end
    end
  end
  local expect = format.quoted(result.expect[1] or '')
  local title = '%s %s, %s: change of log P(%s)'
  --- Closes the table before the action of a key runs.
  local function after_closing(run)
    return function(...)
      vim.cmd.close()
      local arguments = { ... }
      vim.schedule(function()
        run(unpack(arguments))
      end)
    end
  end
  float.open_table({
    title = title:format(
      view.encoding,
      format.quoted(result.memory),
      SCOPE_NAMES[view.scope] or view.scope,
      expect
    ),
    grid = grid,
    start = best or { 1, 1 },
    best = best,
    details_height = 1,
    details = function(row, column)
      local cell = rows[row][column]
      return cell and details(result, cell) or {}
    end,
    keys = {
      {
        keys = { '<CR>' },
        desc = 'insert this injection into the prompt',
        run = after_closing(function(row, column)
          local cell = rows[row][column]
          if cell then
            inject(view, cell)
          end
        end),
      },
      {
        keys = { 'e' },
        desc = 'the next encoding: embed, unembed, layerwise',
        run = after_closing(function()
          local index = vim.fn.index(ENCODINGS, view.encoding)
          sweep_again(view, { encoding = ENCODINGS[(index + 1) % #ENCODINGS + 1] })
        end),
      },
      {
        keys = { 's' },
        desc = 'the other scope: all tokens or the last one',
        run = after_closing(function()
          sweep_again(view, { scope = OTHER_SCOPE[view.scope] or 'all' })
        end),
      },
      {
        keys = { 'm' },
        desc = 'another memory',
        run = after_closing(function()
          choose_memory(view)
        end),
      },
      {
        keys = { 'x' },
        desc = 'export as a picture and open it',
        run = function()
          local argument =
            { kind = 'sweep', memory = result.memory, encoding = view.encoding, scope = view.scope }
          argument = vim.tbl_extend('force', view.argument, argument)
          require('hoplens.export').open(view.bufnr, argument)
        end,
      },
    },
  })
end

--- Requests a sweep and opens its table.
---@param bufnr integer
---@param argument table of `hoplens.server.sweep`
function M.open(bufnr, argument)
  local tick = vim.b[bufnr].changedtick
  server.execute(bufnr, 'sweep', argument, function(result)
    if not result or result == vim.NIL or #result.cells == 0 then
      local text = 'there is no memory to sweep. Give one, as in :Hoplens sweep Great Barrier Reef'
      return server.notify(text, vim.log.levels.WARN)
    end
    local first = type(result.best) == 'table' and result.best or result.cells[1]
    show({
      bufnr = bufnr,
      tick = tick,
      argument = argument,
      result = result,
      encoding = argument.encoding or first.encoding,
      scope = argument.scope or first.scope,
    })
  end)
end

return M
