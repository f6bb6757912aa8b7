--- Floating windows: a table of cells to move over, with what is known of the cell beneath it.
local grids = require('hoplens.grid')

local M = {}

local marks = vim.api.nvim_create_namespace('hoplens.float')
local cursor = vim.api.nvim_create_namespace('hoplens.cursor')

---@alias hoplens.Chunk { [1]: string, [2]: string? } text and its highlight group
---@alias hoplens.Line hoplens.Chunk[]

---@class hoplens.Key
---@field keys string[]
---@field desc string
---@field run fun(row: integer, column: integer)

---@class hoplens.Table what a float shows
---@field title string
---@field grid hoplens.Grid
---@field start { [1]: integer, [2]: integer } the cell to begin at
---@field best { [1]: integer, [2]: integer }?
---@field details fun(row: integer, column: integer): hoplens.Line[]
---@field height integer lines of details
---@field keys hoplens.Key[]
---@field on_close fun()?

---@param buf integer
---@param line integer from 0
---@param chunks hoplens.Line
local function write(buf, line, chunks)
  local text, spans = '', {}
  for _, chunk in ipairs(chunks) do
    local piece = chunk[1]:gsub('\n', ' ')
    if chunk[2] then
      table.insert(spans, { #text, #text + #piece, chunk[2] })
    end
    text = text .. piece
  end
  vim.api.nvim_buf_set_lines(buf, line, line + 1, false, { text })
  for _, span in ipairs(spans) do
    local options = { end_col = span[2], hl_group = span[3] }
    vim.api.nvim_buf_set_extmark(buf, marks, line, span[1], options)
  end
end

--- Puts lines into a buffer that nobody else writes to.
---@param buf integer
---@param lines hoplens.Line[]
function M.fill(buf, lines)
  vim.bo[buf].modifiable = true
  vim.api.nvim_buf_clear_namespace(buf, marks, 0, -1)
  vim.api.nvim_buf_set_lines(buf, 0, -1, false, {})
  for index, chunks in ipairs(lines) do
    write(buf, index - 1, chunks)
  end
  vim.bo[buf].modifiable = false
end

---@param title string
---@param width integer
---@return string
local function fitting(title, width)
  return ' ' .. require('hoplens.format').short(title, width - 4) .. ' '
end

---@return integer
local function scratch()
  local buf = vim.api.nvim_create_buf(false, true)
  vim.bo[buf].bufhidden = 'wipe'
  vim.bo[buf].filetype = 'hoplens'
  return buf
end

---@param buf integer
---@param enter boolean
---@param config vim.api.keyset.win_config
---@return integer
local function window(buf, enter, config)
  local win = vim.api.nvim_open_win(buf, enter, config)
  vim.wo[win].wrap = false
  vim.wo[win].number = false
  vim.wo[win].list = false
  vim.wo[win].winfixbuf = true
  return win
end

--- Closes windows that are still there.
---@param wins integer[]
local function close(wins)
  for _, win in ipairs(wins) do
    if vim.api.nvim_win_is_valid(win) then
      vim.api.nvim_win_close(win, true)
    end
  end
end

--- Maps keys of a buffer; `g?` lists them.
---@param buf integer
---@param keys { keys: string[], desc: string, run: fun() }[]
local function map(buf, keys)
  local listed = {}
  for _, key in ipairs(keys) do
    table.insert(listed, ('%-12s %s'):format(table.concat(key.keys, ' '), key.desc))
    for _, lhs in ipairs(key.keys) do
      vim.keymap.set('n', lhs, key.run, { buffer = buf, nowait = true, desc = key.desc })
    end
  end
  vim.keymap.set('n', 'g?', function()
    vim.api.nvim_echo({ { table.concat(listed, '\n') } }, false, {})
  end, { buffer = buf, nowait = true, desc = 'list these keys' })
end

--- The width that a float of lines needs, within the screen.
---@param lines string[]
---@param least integer
---@return integer
local function width_of(lines, least)
  local width = least
  for _, line in ipairs(lines) do
    width = math.max(width, vim.fn.strdisplaywidth(line) + 1)
  end
  return math.max(1, math.min(width, vim.o.columns - 2))
end

--- Opens a table of cells.
---@param shown hoplens.Table
---@return integer window
function M.open_table(shown)
  require('hoplens.highlights').ensure()
  local layout = grids.layout(shown.grid, vim.o.columns - 3)
  local width = width_of(layout.lines, math.min(78, vim.o.columns - 2))
  local room = vim.o.lines - vim.o.cmdheight - 1
  -- Two borders and, beneath, the details' own lower border.
  local height = math.max(1, math.min(#layout.lines, room - shown.height - 3))
  local top = math.max(0, math.floor((room - height - shown.height - 3) / 2))
  local buf, below = scratch(), scratch()
  vim.api.nvim_buf_set_lines(buf, 0, -1, false, layout.lines)
  for _, mark in ipairs(layout.marks) do
    local options = { end_col = mark.last, hl_group = mark.group }
    vim.api.nvim_buf_set_extmark(buf, marks, mark.line, mark.first, options)
  end
  vim.bo[buf].modifiable = false
  local left = math.max(0, math.floor((vim.o.columns - width - 2) / 2))
  local win = window(buf, true, {
    relative = 'editor',
    row = top,
    col = left,
    width = width,
    height = height,
    border = { '╭', '─', '╮', '│', '┤', '─', '├', '│' },
    title = fitting(shown.title, width),
  })
  local lower = window(below, false, {
    relative = 'editor',
    row = top + height + 2,
    col = left,
    width = width,
    height = shown.height,
    border = { '', '', '', '│', '╯', '─', '╰', '│' },
    footer = ' g? keys  q close ',
    focusable = false,
  })
  local row, column
  local function move(to_row, to_column)
    to_row = math.max(1, math.min(#shown.grid.rows, to_row))
    to_column = math.max(1, math.min(#shown.grid.columns, to_column))
    local starts = layout.starts[to_row]
    local line = layout.first_row + to_row - 1
    vim.api.nvim_win_set_cursor(win, { line + 1, starts[to_column] })
    if row == to_row and column == to_column then
      return
    end
    row, column = to_row, to_column
    vim.api.nvim_buf_clear_namespace(buf, cursor, 0, -1)
    vim.api.nvim_buf_set_extmark(buf, cursor, line, starts[column], {
      end_col = starts[column + 1],
      hl_group = 'HoplensCursor',
      priority = 5000,
    })
    M.fill(below, shown.details(row, column))
  end
  if shown.best then
    local starts = layout.starts[shown.best[1]]
    local at = layout.first_row + shown.best[1] - 1
    vim.api.nvim_buf_set_extmark(buf, marks, at, starts[shown.best[2]], {
      end_col = starts[shown.best[2] + 1],
      hl_group = 'HoplensBest',
    })
  end
  -- Whatever moves the cursor, it rests on a cell.
  vim.api.nvim_create_autocmd('CursorMoved', {
    buffer = buf,
    callback = function()
      local at = vim.api.nvim_win_get_cursor(win)
      move(grids.cell_at(layout, at[1] - 1, at[2]))
    end,
  })
  vim.api.nvim_create_autocmd({ 'WinClosed', 'BufLeave' }, {
    buffer = buf,
    once = true,
    callback = function()
      vim.schedule(function()
        close({ win, lower })
      end)
      if shown.on_close then
        shown.on_close()
      end
    end,
  })
  local function step(rows, columns)
    return function()
      local count = vim.v.count1
      move(row + rows * count, column + columns * count)
    end
  end
  local keys = {
    { keys = { 'h', '<Left>' }, desc = 'a layer less', run = step(0, -1) },
    { keys = { 'l', '<Right>' }, desc = 'a layer more', run = step(0, 1) },
    { keys = { 'k', '<Up>' }, desc = 'a row up', run = step(-1, 0) },
    { keys = { 'j', '<Down>' }, desc = 'a row down', run = step(1, 0) },
  }
  for _, key in ipairs(shown.keys) do
    local run = function()
      key.run(row, column)
    end
    table.insert(keys, { keys = key.keys, desc = key.desc, run = run })
  end
  local function quit()
    close({ win, lower })
  end
  table.insert(keys, { keys = { 'q', '<Esc>' }, desc = 'close', run = quit })
  map(buf, keys)
  move(shown.start[1], shown.start[2])
  return win
end

--- Opens lines to read.
---@param title string
---@param lines hoplens.Line[]
---@param on_close fun()?
---@return integer window
function M.open_text(title, lines, on_close)
  require('hoplens.highlights').ensure()
  local buf = scratch()
  M.fill(buf, lines)
  local texts = vim.api.nvim_buf_get_lines(buf, 0, -1, false)
  local width = width_of(texts, math.min(48, vim.o.columns - 2))
  local room = vim.o.lines - vim.o.cmdheight - 3
  local height = math.max(1, math.min(#lines, room))
  local win = window(buf, true, {
    relative = 'editor',
    row = math.max(0, math.floor((room - height) / 2)),
    col = math.max(0, math.floor((vim.o.columns - width - 2) / 2)),
    width = width,
    height = height,
    border = 'rounded',
    title = fitting(title, width),
    footer = ' q close ',
  })
  local function quit()
    close({ win })
  end
  map(buf, { { keys = { 'q', '<Esc>' }, desc = 'close', run = quit } })
  vim.api.nvim_create_autocmd({ 'WinClosed', 'BufLeave' }, {
    buffer = buf,
    once = true,
    callback = function()
      vim.schedule(quit)
      if on_close then
        on_close()
      end
    end,
  })
  return win
end

return M
