--- Lays out a table of numbers as text: characters show the size, colours the sign.
local M = {}

--- Characters of a cell, from weak to strong.
local SHADES = { ' ', '·', '░', '▒', '▓', '█' }

---@class hoplens.Grid
---@field corner string title of the column of row names
---@field columns integer[] numbers of the columns
---@field rows string[]
---@field values (number?)[][] by row and column; nil where nothing was measured
---@field has_separate_scales boolean? whether gains and losses have a scale each, because one is
---  much larger than the other

---@class hoplens.Layout the text of a grid and the places of its cells
---@field lines string[]
---@field marks { line: integer, first: integer, last: integer, group: string }[] bytes, from 0
---@field first_row integer line of the first row of cells, from 0
---@field width integer screen columns of a cell
---@field starts integer[][] first byte of each cell, by row and column, and the end of each row

--- Returns the absolute value of the full shade. 99 of 100 cells are at most this large, so that one
--- outlier does not blank the others.
---@param grid hoplens.Grid
---@param accept fun(value: number): boolean which values count
---@return number
local function shade_limit(grid, accept)
  local sizes = {}
  for _, row in ipairs(grid.values) do
    for column = 1, #grid.columns do
      local value = row[column]
      if value and value == value and math.abs(value) < math.huge and accept(value) then
        table.insert(sizes, math.abs(value))
      end
    end
  end
  table.sort(sizes)
  local limit = sizes[math.ceil(#sizes * 0.99)]
  return limit and limit > 0 and limit or 1
end

--- Returns the absolute values of the full shades of gains and of losses.
---@param grid hoplens.Grid
---@return number gain
---@return number loss
function M.limits(grid)
  if not grid.has_separate_scales then
    local limit = shade_limit(grid, function()
      return true
    end)
    return limit, limit
  end
  return shade_limit(grid, function(value)
    return value >= 0
  end),
    shade_limit(grid, function(value)
      return value < 0
    end)
end

---@param value number?
---@param gain_limit number
---@param loss_limit number
---@return string character
---@return string? highlight group
local function shade(value, gain_limit, loss_limit)
  if not value or value ~= value then
    return '?', 'HoplensNote'
  end
  local highest = #SHADES - 1
  local limit = value < 0 and loss_limit or gain_limit
  local step = math.min(highest, math.floor(math.abs(value) / limit * highest + 0.5))
  if step == 0 then
    return SHADES[1], nil
  end
  return SHADES[step + 1], (value < 0 and 'HoplensLess' or 'HoplensMore') .. step
end

--- Returns the line above the cells, with the number of every fifth column.
---@param columns integer[]
---@param width integer
---@return string
local function axis(columns, width)
  local line = ''
  for index, number in ipairs(columns) do
    local at = (index - 1) * width
    if number % 5 == 0 and #line <= at then
      line = line .. (' '):rep(at - #line) .. number
    end
  end
  return line
end

--- Lays out a table in at most `room` screen columns, or in more if it cannot be that narrow.
---@param grid hoplens.Grid
---@param room integer
---@return hoplens.Layout
function M.layout(grid, room)
  local margin = vim.fn.strdisplaywidth(grid.corner)
  for _, name in ipairs(grid.rows) do
    margin = math.max(margin, vim.fn.strdisplaywidth(name))
  end
  local glyph = vim.fn.strdisplaywidth(SHADES[#SHADES])
  local has_double_width = margin + 2 + #grid.columns * 2 * glyph <= room
  local width = (has_double_width and 2 or 1) * glyph
  local function pad(text)
    return (' '):rep(margin - vim.fn.strdisplaywidth(text)) .. text .. ' '
  end
  local head = pad(grid.corner) .. axis(grid.columns, width)
  local layout = {
    lines = { head },
    marks = { { line = 0, first = 0, last = #head, group = 'HoplensAxis' } },
    first_row = 1,
    width = width,
    starts = {},
  }
  local gain_limit, loss_limit = M.limits(grid)
  for row, name in ipairs(grid.rows) do
    local text = pad(name)
    table.insert(layout.marks, { line = row, first = 0, last = #text, group = 'HoplensAxis' })
    local starts = {}
    for column = 1, #grid.columns do
      local char, group = shade(grid.values[row][column], gain_limit, loss_limit)
      local cell = char:rep(width / vim.fn.strdisplaywidth(char))
      starts[column] = #text
      if group then
        local last = #text + #cell
        table.insert(layout.marks, { line = row, first = #text, last = last, group = group })
      end
      text = text .. cell
    end
    starts[#grid.columns + 1] = #text
    layout.starts[row] = starts
    table.insert(layout.lines, text)
  end
  return layout
end

--- Returns the cell at a byte of a line, or the nearest cell.
---@param layout hoplens.Layout
---@param line integer from 0
---@param byte integer from 0
---@return integer row
---@return integer column
function M.cell_at(layout, line, byte)
  local row = math.max(1, math.min(#layout.starts, line - layout.first_row + 1))
  local starts = layout.starts[row]
  for column = #starts - 1, 1, -1 do
    if starts[column] <= byte then
      return row, column
    end
  end
  return row, 1
end

return M
