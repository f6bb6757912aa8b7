--- The lines of the preview: what is shown for each part of a rendered prompt, and where.
local M = {}

---@class hoplens.PreviewSegment
---@field kind 'text'|'value'|'unset'|'omitted'|'template'
---@field text string
---@field source lsp.Range?
---@field tag string?
---@field value { name: string, uri: string, range: lsp.Range }?
---@field note string?

---@class hoplens.PreviewMessage
---@field role string
---@field continued boolean
---@field sent boolean
---@field tokens integer?
---@field segments hoplens.PreviewSegment[]

---@class hoplens.PreviewResult the result of `hoplens.server.preview`
---@field uri string
---@field case string?
---@field cases string[]
---@field reading 'continuation'|'user-message'|'chat'
---@field messages hoplens.PreviewMessage[]
---@field model { name: string, context: integer, tokens: integer?, template_tokens: integer?, segments: hoplens.PreviewSegment[], refusal: string? }?
---@field without_model string?
---@field unset string[]
---@field error { message: string, range: lsp.Range? }?

---@class hoplens.PreviewPart a segment in the buffer, from 0
---@field segment hoplens.PreviewSegment
---@field row integer
---@field col integer
---@field end_row integer
---@field end_col integer

---@class hoplens.PreviewLayout
---@field lines string[]
---@field parts hoplens.PreviewPart[]
---@field headings { row: integer, note: string }[]
---@field problems integer the number of lines at the top that say what is wrong

local groups = {
  value = 'HoplensValue',
  unset = 'HoplensUnset',
  omitted = 'HoplensOmitted',
  template = 'HoplensNote',
}

--- Returns the highlight group of a part, if it has one.
---@param kind string
---@return string?
function M.group(kind)
  return groups[kind]
end

--- Returns a JSON value, or nil for `null`.
---@param value any
function M.present(value)
  if value == vim.NIL then
    return nil
  end
  return value
end

--- Returns what is shown for a part: its text, or its tag where it has none.
---@param segment hoplens.PreviewSegment
---@return string
local function shown_text(segment)
  if segment.kind == 'unset' or segment.kind == 'omitted' then
    return segment.tag or (segment.kind == 'unset' and '[no value]' or '[left out]')
  end
  return (segment.text:gsub('\r\n?', '\n'))
end

--- Formats a number of tokens; "" if it is unknown.
---@param tokens integer?
---@return string
local function token_count(tokens)
  tokens = M.present(tokens)
  return tokens and ('%d token%s'):format(tokens, tokens == 1 and '' or 's') or ''
end

---@param layout hoplens.PreviewLayout
---@param segments hoplens.PreviewSegment[]
local function append(layout, segments)
  local lines = layout.lines
  table.insert(lines, '')
  for _, segment in ipairs(segments) do
    local row, col = #lines - 1, #lines[#lines]
    for index, line in ipairs(vim.split(shown_text(segment), '\n', { plain = true })) do
      if index > 1 then
        table.insert(lines, '')
      end
      lines[#lines] = lines[#lines] .. line
    end
    table.insert(layout.parts, {
      segment = segment,
      row = row,
      col = col,
      end_row = #lines - 1,
      end_col = #lines[#lines],
    })
  end
end

---@param message hoplens.PreviewMessage
---@return string
local function heading_note(message)
  if not message.sent then
    return 'empty, so it is not sent'
  end
  local notes = { token_count(message.tokens) }
  if message.continued then
    table.insert(notes, 'the model continues it')
  end
  return table.concat(
    vim.tbl_filter(function(note)
      return note ~= ''
    end, notes),
    ', '
  )
end

--- Returns what is wrong, a sentence a line.
---@param result hoplens.PreviewResult
---@param problem string?
---@param is_older boolean
---@return string[]
local function problem_lines(result, problem, is_older)
  local lines = problem and vim.split(problem, '\n', { plain = true }) or {}
  if is_older then
    table.insert(lines, 'Shown is the last version without an error.')
  end
  local refusal = M.present(result.model) and M.present(result.model.refusal)
  if refusal then
    local text = 'The chat template of %s refuses these messages: %s'
    table.insert(lines, (text:format(result.model.name, refusal):gsub('%s*\n%s*', ' ')))
  end
  return lines
end

--- Returns the lines of a preview with the places of their parts.
---@param result hoplens.PreviewResult
---@param options { exact: boolean, problem: string?, is_older: boolean }
---@return hoplens.PreviewLayout
function M.layout(result, options)
  local lines = problem_lines(result, options.problem, options.is_older)
  ---@type hoplens.PreviewLayout
  local layout = { lines = lines, parts = {}, headings = {}, problems = #lines }
  if #lines > 0 then
    table.insert(lines, '')
  end
  local model = M.present(result.model)
  if options.exact and model then
    append(layout, model.segments)
    return layout
  end
  for index, message in ipairs(result.messages) do
    if index > 1 then
      table.insert(lines, '')
    end
    local name = message.role == 'text' and 'text to continue' or message.role
    table.insert(layout.headings, { row = #lines, note = heading_note(message) })
    table.insert(lines, '▌ ' .. name)
    append(layout, message.segments)
  end
  if #result.messages == 0 then
    table.insert(lines, 'There is no prompt yet.')
  end
  return layout
end

--- Returns the size of the prompt and what it is measured with, in the order of their importance.
---@param result hoplens.PreviewResult
---@param exact boolean
---@return string[]
function M.summary(result, exact)
  local parts = {}
  local case, model = M.present(result.case), M.present(result.model)
  if case and #result.cases > 1 then
    table.insert(parts, case)
  end
  if not model then
    local reason = M.present(result.without_model) or 'no model'
    table.insert(parts, 'no token counts: ' .. reason)
    return parts
  end
  local tokens = M.present(model.tokens)
  if tokens then
    local over = tokens > model.context and ', too long' or ''
    table.insert(parts, ('%d of %d tokens%s'):format(tokens, model.context, over))
  else
    table.insert(parts, ('much longer than %d tokens'):format(model.context))
  end
  table.insert(parts, model.name)
  if exact then
    table.insert(parts, 'exact text')
  elseif result.reading == 'user-message' and #result.messages > 0 then
    table.insert(parts, 'no roles: one user message')
  end
  return parts
end

---@param range lsp.Range
---@param position lsp.Position
---@return 'here'|'line'|nil
local function nearness_of(range, position)
  local first, last = range.start, range['end']
  -- A line's own break ends at the beginning of the next line.
  local last_line = last.character == 0 and last.line > first.line and last.line - 1 or last.line
  if position.line < first.line or position.line > last_line then
    return nil
  end
  local is_behind_start = position.line > first.line or position.character >= first.character
  local is_before_end = position.line < last.line or position.character < last.character
  return is_behind_start and is_before_end and 'here' or 'line'
end

--- Returns how near a part is to the cursor: `here` if its text, tag or declared value contains the
--- cursor, `line` if it is on the cursor's line.
---@param segment hoplens.PreviewSegment
---@param cursor { uri: string, position: lsp.Position }
---@param uri string of the prompt
---@return 'here'|'line'|nil
function M.nearness(segment, cursor, uri)
  local near = segment.source and cursor.uri == uri and nearness_of(segment.source, cursor.position)
    or nil
  local value = segment.value
  if near ~= 'here' and value and cursor.uri == value.uri then
    near = nearness_of(value.range, cursor.position) or near
  end
  return near
end

return M
