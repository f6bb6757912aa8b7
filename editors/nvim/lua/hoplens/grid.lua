--- A table of numbers as text: shades for sizes, colours for signs.
local M = {}

local STEPS = { ' ', '·', '░', '▒', '▓', '█' }

---@class hoplens.Grid
---@field corner string what stands above the rows' names
---@field columns integer[] the numbers of the columns
---@field rows string[]
---@field values (number?)[][] by row and column; nil where nothing is known
---@field apart boolean? whether more and less have a scale each, for where one dwarfs the other

---@class hoplens.Layout where the cells are
---@field lines string[]
---@field marks { line: integer, first: integer, last: integer, group: string }[] bytes, from 0
---@field left integer byte at which the first cell begins; those of a row are equally long
---@field first_row integer line of the first row, from 0
---@field width integer columns of the screen that a cell takes
---@field starts integer[][] by row and column: the first byte of each cell, and one past the last

--- The size of the full shade: what 99 of 100 cells stay under, so that one does not blank the rest.
---@param grid hoplens.Grid
---@param counts fun(value: number): boolean
---@return number
local function limit_of(grid, counts)
  local sizes = {}
  for _, row in ipairs(grid.values) do
    for column = 1, #grid.columns do
      local value = row[column]
      if value and value == value and math.abs(value) < math.huge and counts(value) then
        table.insert(sizes, math.abs(value))
      end
    end
  end
  table.sort(sizes)
  local limit = sizes[math.ceil(#sizes * 0.99)]
  return limit and limit > 0 and limit or 1
end

--- The sizes of the full shades of more and of less.
---@param grid hoplens.Grid
---@return number more
---@return number less
function M.limits(grid)
  if not grid.apart then
    local limit = limit_of(grid, function()
      return true
    end)
    return limit, limit
  end
  return limit_of(grid, function(value)
    return value >= 0
  end),
    limit_of(grid, function(value)
      return value < 0
    end)
end

---@param value number?
---@param more number
---@param less number
---@return string character
---@return string? highlight group
local function shade(value, more, less)
  if not value or value ~= value then
    return '?', 'HoplensNote'
  end
  local highest = #STEPS - 1
  local limit = value < 0 and less or more
  local step = math.min(highest, math.floor(math.abs(value) / limit * highest + 0.5))
  if step == 0 then
    return STEPS[1], nil
  end
  return STEPS[step + 1], (value < 0 and 'HoplensLess' or 'HoplensMore') .. step
end

--- Every fifth column has its number above it.
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

--- Lays a table out on at most `room` columns of the screen, if it fits at all.
---@param grid hoplens.Grid
---@param room integer
---@return hoplens.Layout
function M.layout(grid, room)
  local margin = vim.fn.strdisplaywidth(grid.corner)
  for _, name in ipairs(grid.rows) do
    margin = math.max(margin, vim.fn.strdisplaywidth(name))
  end
  local glyph = vim.fn.strdisplaywidth(STEPS[#STEPS])
  local twice = margin + 2 + #grid.columns * 2 * glyph <= room
  local width = (twice and 2 or 1) * glyph
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
  local more, less = M.limits(grid)
  for row, name in ipairs(grid.rows) do
    local text = pad(name)
    table.insert(layout.marks, { line = row, first = 0, last = #text, group = 'HoplensAxis' })
    local starts = {}
    for column = 1, #grid.columns do
      local char, group = shade(grid.values[row][column], more, less)
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

--- The cell at a byte of a line; the nearest one where there is none.
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
