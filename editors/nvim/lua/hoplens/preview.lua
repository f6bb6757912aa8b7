--- `:Hoplens preview`: the rendered prompt beside the prompt, following the cursor.
local highlights = require('hoplens.highlights')
local layouts = require('hoplens.preview_layout')
local server = require('hoplens.server')

local M = {}

local namespace = vim.api.nvim_create_namespace('hoplens.preview')
local near_namespace = vim.api.nvim_create_namespace('hoplens.preview.cursor')
local group = vim.api.nvim_create_augroup('hoplens.preview', {})
--- How long the author must pause before the prompt is rendered again, in milliseconds.
local DELAY = 100

---@class hoplens.Preview
---@field win integer
---@field buf integer
---@field source integer the buffer of the prompt or its sidecar that the cursor is in
---@field case string? the case that was shown last
---@field exact boolean
---@field cursor { uri: string, position: lsp.Position }
---@field layout hoplens.PreviewLayout?
---@field result hoplens.PreviewResult? the newest
---@field last_good hoplens.PreviewResult? the last one without an error
---@field shown hoplens.PreviewResult?
---@field request integer
---@field timer uv.uv_timer_t

---@type hoplens.Preview?
local preview

--- Closes the preview.
function M.close()
  local closed = preview
  if not closed then
    return
  end
  preview = nil
  vim.api.nvim_clear_autocmds({ group = group })
  closed.timer:stop()
  closed.timer:close()
  if vim.api.nvim_win_is_valid(closed.win) then
    -- Neovim refuses to close its last window.
    if not pcall(vim.api.nvim_win_close, closed.win, true) then
      vim.cmd.enew()
    end
  end
  if vim.api.nvim_buf_is_valid(closed.buf) then
    vim.api.nvim_buf_delete(closed.buf, { force = true })
  end
end

---@param self hoplens.Preview
local function draw_winbar(self)
  if not self.result then
    return
  end
  local text = table.concat(layouts.summary(self.shown or self.result, self.exact), '  ')
  text = text:gsub('%%', '%%%%'):gsub('%c', ' ')
  vim.wo[self.win].winbar = '%#HoplensName# Preview %#HoplensNote# ' .. text .. '%<'
end

--- Marks what comes from the cursor's line, and scrolls to it.
---@param self hoplens.Preview
local function draw_cursor(self)
  vim.api.nvim_buf_clear_namespace(self.buf, near_namespace, 0, -1)
  if not self.layout or not self.shown then
    return
  end
  local first, exact
  for _, part in ipairs(self.layout.parts) do
    local near = layouts.nearness(part.segment, self.cursor, self.shown.uri)
    if near then
      first = first or part
      exact = exact or (near == 'here' and part) or nil
      vim.api.nvim_buf_set_extmark(self.buf, near_namespace, part.row, part.col, {
        end_row = part.end_row,
        end_col = part.end_col,
        hl_group = near == 'here' and 'HoplensPreviewCursor' or 'HoplensPreviewLine',
        priority = near == 'here' and 120 or 110,
      })
    end
  end
  local target = exact or first
  -- The author may be reading in the preview itself.
  if target and vim.api.nvim_get_current_win() ~= self.win then
    pcall(vim.api.nvim_win_set_cursor, self.win, { target.row + 1, target.col })
  end
end

---@param self hoplens.Preview
local function draw(self)
  local result = assert(self.result)
  local failed = layouts.present(result.error)
  local good = self.last_good
  local is_older = failed ~= nil
    and good ~= nil
    and good.uri == result.uri
    and layouts.present(good.case) == layouts.present(result.case)
  self.shown = is_older and good or result
  self.layout = layouts.layout(self.shown, {
    exact = self.exact,
    problem = failed and failed.message or nil,
    is_older = is_older,
  })
  local lines = self.layout.lines
  vim.bo[self.buf].modifiable = true
  if not vim.deep_equal(lines, vim.api.nvim_buf_get_lines(self.buf, 0, -1, false)) then
    vim.api.nvim_buf_set_lines(self.buf, 0, -1, false, lines)
  end
  vim.bo[self.buf].modifiable = false
  vim.api.nvim_buf_clear_namespace(self.buf, namespace, 0, -1)
  for row = 0, self.layout.problems - 1 do
    vim.api.nvim_buf_set_extmark(self.buf, namespace, row, 0, {
      end_col = #lines[row + 1],
      hl_group = failed and 'DiagnosticError' or 'DiagnosticWarn',
    })
  end
  for _, heading in ipairs(self.layout.headings) do
    vim.api.nvim_buf_set_extmark(self.buf, namespace, heading.row, 0, {
      end_col = #lines[heading.row + 1],
      hl_group = 'HoplensName',
      virt_text = heading.note ~= '' and { { heading.note, 'HoplensNote' } } or nil,
    })
  end
  for _, part in ipairs(self.layout.parts) do
    local name = layouts.group(part.segment.kind)
    if name then
      vim.api.nvim_buf_set_extmark(self.buf, namespace, part.row, part.col, {
        end_row = part.end_row,
        end_col = part.end_col,
        hl_group = name,
      })
    end
  end
  draw_winbar(self)
  draw_cursor(self)
end

--- Shows in the preview why there is none.
---@param self hoplens.Preview
---@param message string
local function draw_failure(self, message)
  self.layout, self.shown = nil, nil
  vim.bo[self.buf].modifiable = true
  vim.api.nvim_buf_set_lines(self.buf, 0, -1, false, vim.split(message, '\n', { plain = true }))
  vim.bo[self.buf].modifiable = false
  vim.api.nvim_buf_clear_namespace(self.buf, namespace, 0, -1)
end

--- Renders the prompt again. With `case`, that case is shown, otherwise the one at the cursor or, if
--- the cursor is in no case, the one that was shown last.
---@param self hoplens.Preview
---@param case string?
local function read(self, case)
  self.request = self.request + 1
  local request = self.request
  local argument = {
    uri = self.cursor.uri,
    position = not case and self.cursor.position or nil,
    case = case or self.case,
  }
  local function is_newest()
    return preview == self and self.request == request
  end
  server.execute(self.source, 'preview', argument, function(result)
    if not is_newest() or not layouts.present(result) then
      return
    end
    self.result, self.case = result, layouts.present(result.case)
    if not layouts.present(result.error) then
      self.last_good = result
    end
    draw(self)
  end, function(err)
    -- The text changed meanwhile, so it is rendered again.
    if is_newest() and err.code ~= vim.lsp.protocol.ErrorCodes.ContentModified then
      draw_failure(self, err.message)
    end
  end)
end

---@param self hoplens.Preview
local function read_soon(self)
  self.timer:stop()
  self.timer:start(
    DELAY,
    0,
    vim.schedule_wrap(function()
      if preview == self and vim.api.nvim_buf_is_loaded(self.source) then
        read(self)
      end
    end)
  )
end

--- Takes over the cursor of the current window if it is in a prompt or a sidecar. Returns whether it
--- is.
---@param self hoplens.Preview
---@return boolean
local function take_cursor(self)
  local bufnr = vim.api.nvim_get_current_buf()
  local client = vim.lsp.get_clients({ name = 'hoplens', bufnr = bufnr })[1]
  if not client or vim.fs.basename(vim.api.nvim_buf_get_name(bufnr)) == 'hoplens.toml' then
    return false
  end
  local params = vim.lsp.util.make_position_params(0, client.offset_encoding)
  local uri = params.textDocument.uri
  local function prompt_of(name)
    return (name:gsub('%.hoplens%.yaml$', ''))
  end
  if prompt_of(uri) ~= prompt_of(self.cursor.uri) then
    self.case, self.last_good = nil, nil
  end
  self.source, self.cursor = bufnr, { uri = uri, position = params.position }
  return true
end

--- Shows the source of the part under the cursor in the window of its file.
local function reveal()
  local self = preview
  if not self or not self.layout or not self.shown then
    return
  end
  local row, col = unpack(vim.api.nvim_win_get_cursor(self.win))
  row = row - 1
  local found = vim.iter(self.layout.parts):find(function(part)
    local behind = row > part.row or (row == part.row and col >= part.col)
    local before = row < part.end_row or (row == part.end_row and col < part.end_col)
    return behind and before and (part.segment.source or part.segment.value)
  end)
  if not found then
    return
  end
  local segment = found.segment
  local location = segment.source and { uri = self.shown.uri, range = segment.source }
    or { uri = segment.value.uri, range = segment.value.range }
  local client = server.client(self.source)
  local target = vim.fn.bufwinid(vim.uri_to_bufnr(location.uri))
  if target == -1 then
    target = vim.fn.win_getid(vim.fn.winnr('#'))
  end
  if target ~= 0 and target ~= self.win then
    vim.api.nvim_set_current_win(target)
  end
  vim.lsp.util.show_document(
    location,
    client and client.offset_encoding or 'utf-16',
    { focus = true }
  )
end

local function choose_case()
  local self = preview
  local cases = self and self.result and self.result.cases or {}
  if not self or #cases < 2 then
    return server.notify('this prompt has no other case', vim.log.levels.WARN)
  end
  vim.ui.select(cases, { prompt = 'Case to preview' }, function(case)
    if case and preview == self then
      read(self, case)
    end
  end)
end

local function toggle_exact()
  local self = preview
  if not self or not self.result then
    return
  end
  if not layouts.present(self.result.model) then
    return server.notify('without a model, there is no exact text', vim.log.levels.WARN)
  end
  self.exact = not self.exact
  draw(self)
end

---@type { [1]: string, [2]: fun(), [3]: string }[]
local keys = {
  { 'q', M.close, 'close' },
  { '<CR>', reveal, 'go to the source of the text under the cursor' },
  { 'e', toggle_exact, 'messages, or the exact text for the model' },
  { 'c', choose_case, 'choose a case' },
}

---@param buf integer
local function map_keys(buf)
  local help = {}
  for _, key in ipairs(keys) do
    vim.keymap.set('n', key[1], key[2], { buffer = buf, nowait = true, desc = key[3] })
    table.insert(help, ('%-5s %s'):format(key[1], key[3]))
  end
  vim.keymap.set('n', 'g?', function()
    vim.api.nvim_echo({ { table.concat(help, '\n') } }, false, {})
  end, { buffer = buf, nowait = true, desc = 'list the keys' })
end

---@return integer buf
local function create_buffer()
  local buf = vim.api.nvim_create_buf(false, true)
  vim.bo[buf].bufhidden = 'wipe'
  pcall(vim.api.nvim_buf_set_name, buf, 'hoplens://preview')
  vim.bo[buf].filetype = 'hoplens-preview'
  vim.bo[buf].modifiable = false
  map_keys(buf)
  return buf
end

---@param buf integer
---@return integer win
local function create_window(buf)
  local win = vim.api.nvim_open_win(buf, false, { split = 'right', win = 0 })
  local options = {
    number = false,
    relativenumber = false,
    signcolumn = 'no',
    foldcolumn = '0',
    wrap = true,
    linebreak = true,
    spell = false,
    list = false,
    cursorline = false,
    winfixbuf = true,
  }
  for name, value in pairs(options) do
    vim.api.nvim_set_option_value(name, value, { win = win, scope = 'local' })
  end
  return win
end

---@param self hoplens.Preview
local function follow(self)
  local function on(events, run)
    vim.api.nvim_create_autocmd(events, { group = group, callback = run })
  end
  on({ 'CursorMoved', 'CursorMovedI' }, function()
    local before = self.cursor
    if vim.api.nvim_get_current_win() == self.win or not take_cursor(self) then
      return
    end
    draw_cursor(self)
    local is_other = before.uri ~= self.cursor.uri
    local has_cases = self.result and #self.result.cases > 1
    if is_other or has_cases and before.position.line ~= self.cursor.position.line then
      read_soon(self)
    end
  end)
  on({ 'TextChanged', 'TextChangedI', 'TextChangedP', 'BufEnter' }, function()
    if vim.api.nvim_get_current_win() ~= self.win and take_cursor(self) then
      read_soon(self)
    end
  end)
  vim.api.nvim_create_autocmd('User', {
    group = group,
    pattern = 'HoplensAnalyzed',
    callback = function(event)
      if event.data.buf == self.source then
        read_soon(self)
      end
    end,
  })
  vim.api.nvim_create_autocmd('WinClosed', {
    group = group,
    pattern = tostring(self.win),
    -- The window still exists while this event is handled.
    callback = vim.schedule_wrap(function()
      if preview == self then
        M.close()
      end
    end),
  })
end

--- Opens the preview of the current buffer's prompt, or closes it. The cursor stays where it is.
---@param bufnr integer
function M.toggle(bufnr)
  if preview then
    local is_here = vim.api.nvim_win_is_valid(preview.win)
      and vim.api.nvim_win_get_tabpage(preview.win) == vim.api.nvim_get_current_tabpage()
    M.close()
    if is_here then
      return
    end
  end
  if not server.require_attached(bufnr) then
    return
  end
  highlights.ensure()
  local buf = create_buffer()
  preview = {
    buf = buf,
    win = create_window(buf),
    source = bufnr,
    exact = false,
    cursor = { uri = vim.uri_from_bufnr(bufnr), position = { line = 0, character = 0 } },
    request = 0,
    timer = assert(vim.uv.new_timer()),
  }
  take_cursor(preview)
  follow(preview)
  read(preview)
end

return M
