--- Floating windows: a table of cells with details of the cell at the cursor, and plain text.
local grids = require('hoplens.grid')

local M = {}

local text_marks = vim.api.nvim_create_namespace('hoplens.float')
local cursor_mark = vim.api.nvim_create_namespace('hoplens.cursor')

---@alias hoplens.Chunk { [1]: string, [2]: string? } text and its highlight group
---@alias hoplens.Line hoplens.Chunk[]

---@class hoplens.Key
---@field keys string[]
---@field desc string
---@field run fun(row: integer, column: integer)

---@class hoplens.Table
---@field title string
---@field grid hoplens.Grid
---@field start { [1]: integer, [2]: integer } row and column of the first selected cell
---@field best { [1]: integer, [2]: integer }? row and column of the cell that is marked as the best
---@field details fun(row: integer, column: integer): hoplens.Line[]
---@field details_height integer lines
---@field keys hoplens.Key[]
---@field on_close fun()?

---@param buf integer
---@param line integer from 0
---@param chunks hoplens.Line
local function write_line(buf, line, chunks)
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
    vim.api.nvim_buf_set_extmark(buf, text_marks, line, span[1], options)
  end
end

--- Replaces the lines of a read-only buffer.
---@param buf integer
---@param lines hoplens.Line[]
function M.set_lines(buf, lines)
  vim.bo[buf].modifiable = true
  vim.api.nvim_buf_clear_namespace(buf, text_marks, 0, -1)
  vim.api.nvim_buf_set_lines(buf, 0, -1, false, {})
  for index, chunks in ipairs(lines) do
    write_line(buf, index - 1, chunks)
  end
  vim.bo[buf].modifiable = false
end

---@param title string
---@param width integer
---@return string
local function padded_title(title, width)
  return ' ' .. require('hoplens.format').shorten(title, width - 4) .. ' '
end

---@return integer
local function create_buffer()
  local buf = vim.api.nvim_create_buf(false, true)
  vim.bo[buf].bufhidden = 'wipe'
  vim.bo[buf].filetype = 'hoplens'
  return buf
end

---@param buf integer
---@param enter boolean
---@param config vim.api.keyset.win_config
---@return integer
local function open_window(buf, enter, config)
  local win = vim.api.nvim_open_win(buf, enter, config)
  vim.wo[win].wrap = false
  vim.wo[win].number = false
  vim.wo[win].list = false
  vim.wo[win].winfixbuf = true
  return win
end

--- Closes the windows that are still open.
---@param wins integer[]
local function close_windows(wins)
  for _, win in ipairs(wins) do
    if vim.api.nvim_win_is_valid(win) then
      vim.api.nvim_win_close(win, true)
    end
  end
end

--- Maps keys in a buffer, and `g?` to list them.
---@param buf integer
---@param keys { keys: string[], desc: string, run: fun() }[]
local function map_keys(buf, keys)
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

--- Returns the width that a float needs for its lines, limited by the screen.
---@param lines string[]
---@param minimum integer
---@return integer
local function float_width(lines, minimum)
  local width = minimum
  for _, line in ipairs(lines) do
    width = math.max(width, vim.fn.strdisplaywidth(line) + 1)
  end
  return math.max(1, math.min(width, vim.o.columns - 2))
end

--- Opens a table of cells above a window with details of the selected cell.
---@param shown hoplens.Table
---@return integer window
function M.open_table(shown)
  require('hoplens.highlights').ensure()
  local layout = grids.layout(shown.grid, vim.o.columns - 3)
  local width = float_width(layout.lines, math.min(78, vim.o.columns - 2))
  local room = vim.o.lines - vim.o.cmdheight - 1
  -- The table has two borders, the details below it only a lower one.
  local height = math.max(1, math.min(#layout.lines, room - shown.details_height - 3))
  local top = math.max(0, math.floor((room - height - shown.details_height - 3) / 2))
  local buf, details_buf = create_buffer(), create_buffer()
  vim.api.nvim_buf_set_lines(buf, 0, -1, false, layout.lines)
  for _, mark in ipairs(layout.marks) do
    local options = { end_col = mark.last, hl_group = mark.group }
    vim.api.nvim_buf_set_extmark(buf, text_marks, mark.line, mark.first, options)
  end
  vim.bo[buf].modifiable = false
  local left = math.max(0, math.floor((vim.o.columns - width - 2) / 2))
  local win = open_window(buf, true, {
    relative = 'editor',
    row = top,
    col = left,
    width = width,
    height = height,
    border = { '╭', '─', '╮', '│', '┤', '─', '├', '│' },
    title = padded_title(shown.title, width),
  })
  local details_win = open_window(details_buf, false, {
    relative = 'editor',
    row = top + height + 2,
    col = left,
    width = width,
    height = shown.details_height,
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
    vim.api.nvim_buf_clear_namespace(buf, cursor_mark, 0, -1)
    vim.api.nvim_buf_set_extmark(buf, cursor_mark, line, starts[column], {
      end_col = starts[column + 1],
      hl_group = 'HoplensCursor',
      priority = 5000,
    })
    M.set_lines(details_buf, shown.details(row, column))
  end
  if shown.best then
    local starts = layout.starts[shown.best[1]]
    local at = layout.first_row + shown.best[1] - 1
    vim.api.nvim_buf_set_extmark(buf, text_marks, at, starts[shown.best[2]], {
      end_col = starts[shown.best[2] + 1],
      hl_group = 'HoplensBest',
    })
  end
  -- Any motion, search or mouse click moves the cursor to a cell.
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
        close_windows({ win, details_win })
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
    { keys = { 'h', '<Left>' }, desc = 'previous layer', run = step(0, -1) },
    { keys = { 'l', '<Right>' }, desc = 'next layer', run = step(0, 1) },
    { keys = { 'k', '<Up>' }, desc = 'row above', run = step(-1, 0) },
    { keys = { 'j', '<Down>' }, desc = 'row below', run = step(1, 0) },
  }
  for _, key in ipairs(shown.keys) do
    local run = function()
      key.run(row, column)
    end
    table.insert(keys, { keys = key.keys, desc = key.desc, run = run })
  end
  local function quit()
    close_windows({ win, details_win })
  end
  table.insert(keys, { keys = { 'q', '<Esc>' }, desc = 'close', run = quit })
  map_keys(buf, keys)
  move(shown.start[1], shown.start[2])
  return win
end

--- Opens a float with text.
---@param title string
---@param lines hoplens.Line[]
---@param on_close fun()?
---@return integer window
function M.open_text(title, lines, on_close)
  require('hoplens.highlights').ensure()
  local buf = create_buffer()
  M.set_lines(buf, lines)
  local texts = vim.api.nvim_buf_get_lines(buf, 0, -1, false)
  local width = float_width(texts, math.min(48, vim.o.columns - 2))
  local room = vim.o.lines - vim.o.cmdheight - 3
  local height = math.max(1, math.min(#lines, room))
  local win = open_window(buf, true, {
    relative = 'editor',
    row = math.max(0, math.floor((room - height) / 2)),
    col = math.max(0, math.floor((vim.o.columns - width - 2) / 2)),
    width = width,
    height = height,
    border = 'rounded',
    title = padded_title(title, width),
    footer = ' q close ',
  })
  local function quit()
    close_windows({ win })
  end
  map_keys(buf, { { keys = { 'q', '<Esc>' }, desc = 'close', run = quit } })
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
