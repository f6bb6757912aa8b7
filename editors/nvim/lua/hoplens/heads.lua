--- `:Hoplens heads`: a table of layers × heads at a token, and the attention of one head.
local float = require('hoplens.float')
local format = require('hoplens.format')
local server = require('hoplens.server')

local M = {}

local attention_marks = vim.api.nvim_create_namespace('hoplens.attention')

---@class hoplens.Head
---@field layer integer
---@field head integer
---@field norm number
---@field direct_logit number
---@field ablation_dlogp number?
---@field ablation string?
---@field attention number[] by token
---@field top { token: string, score: number }[]

---@class hoplens.HeadsResult the result of `hoplens.server.heads`
---@field uri string
---@field case string?
---@field tokens { id: integer, text: string }[]
---@field ranges (lsp.Range|vim.NIL)[] by token
---@field position integer from 0
---@field target string
---@field logp number
---@field residual_norm number?
---@field heads hoplens.Head[]

--- Returns a JSON number, or nil for `null`.
local function number_or_nil(value)
  return type(value) == 'number' and value or nil
end

---@class hoplens.Measure a figure of each head
---@field name string
---@field value fun(head: hoplens.Head): number?

--- In the order of `<Tab>`. Positive values help the answer.
---@type hoplens.Measure[]
local measures = {
  {
    name = 'loss without each head',
    value = function(head)
      local change = number_or_nil(head.ablation_dlogp)
      return change and -change
    end,
  },
  {
    name = 'direct logit of each head',
    value = function(head)
      return number_or_nil(head.direct_logit)
    end,
  },
  {
    name = 'length of what each head writes',
    value = function(head)
      return number_or_nil(head.norm)
    end,
  },
}

--- Returns the measures that the result has figures for.
---@param result hoplens.HeadsResult
---@return hoplens.Measure[]
local function available_measures(result)
  return vim
    .iter(measures)
    :filter(function(measure)
      return vim.iter(result.heads):any(function(head)
        return measure.value(head) ~= nil
      end)
    end)
    :totable()
end

--- Returns the tokens that a head attends to, the largest share first.
---@param head hoplens.Head
---@return { token: integer, share: number }[]
local function sorted_attention(head)
  local list = {}
  for token, share in ipairs(head.attention) do
    table.insert(list, { token = token, share = share })
  end
  table.sort(list, function(a, b)
    return a.share > b.share or a.share == b.share and a.token < b.token
  end)
  return list
end

---@param top { token: string }[]
---@return hoplens.Line
local function token_chunks(top)
  local line = {}
  for _, word in ipairs(top) do
    table.insert(line, { format.quoted(word.token) .. ' ', 'HoplensToken' })
  end
  return line
end

---@param result hoplens.HeadsResult
---@param head hoplens.Head
---@return hoplens.Line
local function figures_line(result, head)
  local line = {
    { ('layer %d, head %d'):format(head.layer, head.head), 'HoplensName' },
    { '   Δlog p ', 'HoplensNote' },
  }
  local change = number_or_nil(head.ablation_dlogp)
  local shown = change and ('%+.3f'):format(change) or '?'
  if head.ablation == 'estimate' then
    shown = shown .. ' (estimate)'
  end
  table.insert(line, { shown, 'HoplensNumber' })
  table.insert(line, { '   logit ', 'HoplensNote' })
  table.insert(line, { ('%+.2f'):format(head.direct_logit), 'HoplensNumber' })
  table.insert(line, { '   length ', 'HoplensNote' })
  local residual = number_or_nil(result.residual_norm)
  local length = residual and residual > 0 and format.percent(head.norm / residual)
    or ('%.2f'):format(head.norm)
  table.insert(line, { length, 'HoplensNumber' })
  return line
end

---@param result hoplens.HeadsResult
---@param head hoplens.Head
---@return hoplens.Line[]
local function details(result, head)
  local looks = { { 'looks at  ', 'HoplensNote' } }
  for index, at in ipairs(sorted_attention(head)) do
    if index > 4 or at.share < 0.01 then
      break
    end
    local token = result.tokens[at.token]
    table.insert(looks, { format.quoted(token and token.text or '') .. ' ', 'HoplensToken' })
    table.insert(looks, { format.percent(at.share) .. '  ', 'HoplensNumber' })
  end
  local retrieves = vim.list_extend(
    { { 'retrieves ', 'HoplensNote' } },
    token_chunks(vim.list_slice(head.top, 1, 5))
  )
  return { figures_line(result, head), looks, retrieves }
end

--- Returns the step of `HoplensAttention1` to `5` for a share; 0 for no highlight.
---@param share number
---@return integer
local function attention_step(share)
  local bounds = { 0.02, 0.08, 0.2, 0.4, 0.7 }
  for step = #bounds, 1, -1 do
    if share >= bounds[step] then
      return step
    end
  end
  return 0
end

--- Highlights the attended tokens in the prompt's buffer. Tokens of the chat template have no place
--- there.
---@param bufnr integer
---@param result hoplens.HeadsResult
---@param head hoplens.Head
local function highlight_prompt(bufnr, result, head)
  local client = server.client(bufnr)
  local encoding = client and client.offset_encoding or 'utf-16'
  for token, share in ipairs(head.attention) do
    local range, step = (result.ranges or {})[token], attention_step(share)
    if type(range) == 'table' and step > 0 then
      local function at(position)
        local line = vim.api.nvim_buf_get_lines(bufnr, position.line, position.line + 1, false)[1]
        return position.line, vim.str_byteindex(line or '', encoding, position.character, false)
      end
      local line, first = at(range.start)
      local end_row, end_col = at(range['end'])
      pcall(vim.api.nvim_buf_set_extmark, bufnr, attention_marks, line, first, {
        end_row = end_row,
        end_col = end_col,
        hl_group = 'HoplensAttention' .. step,
        priority = 5000,
      })
    end
  end
end

--- Returns the prompt with highlighted tokens, in lines of at most `width` columns.
---@param result hoplens.HeadsResult
---@param head hoplens.Head
---@param width integer
---@return hoplens.Line[]
local function attention_lines(result, head, width)
  local lines, line, used = {}, {}, 0
  for index, share in ipairs(head.attention) do
    local text = result.tokens[index] and result.tokens[index].text or ''
    text = format.quoted(text):sub(2, -2)
    local columns = vim.fn.strdisplaywidth(text)
    if used + columns > width and used > 0 then
      table.insert(lines, line)
      line, used = {}, 0
    end
    local step = attention_step(share)
    table.insert(line, { text, step > 0 and 'HoplensAttention' .. step or nil })
    used = used + columns
  end
  table.insert(lines, line)
  return lines
end

--- Opens the attention of one head, with the words that it retrieves, and highlights the prompt.
---@param bufnr integer
---@param tick integer `changedtick` of the buffer at the time of the request
---@param result hoplens.HeadsResult
---@param head hoplens.Head
---@param back fun() reopens the table
local function open_attention(bufnr, tick, result, head, back)
  local lines = attention_lines(result, head, math.min(68, vim.o.columns - 6))
  table.insert(lines, {})
  table.insert(lines, figures_line(result, head))
  table.insert(lines, {})
  for index, at in ipairs(sorted_attention(head)) do
    if index > 8 or at.share < 0.005 then
      break
    end
    local token = result.tokens[at.token]
    local bar = ('█'):rep(math.floor(at.share * 24 + 0.5))
    table.insert(lines, {
      { ('%8s  '):format(format.percent(at.share)), 'HoplensNumber' },
      { format.quoted(token and token.text or '') .. '  ', 'HoplensToken' },
      { bar, 'HoplensMore5' },
    })
  end
  table.insert(lines, {})
  table.insert(lines, { { 'retrieves ', 'HoplensNote' }, unpack(token_chunks(head.top)) })
  local is_unchanged = vim.api.nvim_buf_is_valid(bufnr) and vim.b[bufnr].changedtick == tick
  if is_unchanged then
    highlight_prompt(bufnr, result, head)
  end
  local title = ('what head %d.%d looks at'):format(head.layer, head.head)
  local win = float.open_text(title, lines, function()
    if vim.api.nvim_buf_is_valid(bufnr) then
      vim.api.nvim_buf_clear_namespace(bufnr, attention_marks, 0, -1)
    end
  end)
  vim.keymap.set('n', '<BS>', function()
    vim.api.nvim_win_close(win, true)
    vim.schedule(back)
  end, { buffer = vim.api.nvim_win_get_buf(win), nowait = true, desc = 'back to all heads' })
end

---@param result hoplens.HeadsResult
---@return hoplens.Head[][] by head and layer, both from 1
---@return integer[] layers
local function heads_by_row(result)
  local by_head, layers, seen = {}, {}, {}
  for _, head in ipairs(result.heads) do
    if not seen[head.layer] then
      seen[head.layer] = true
      table.insert(layers, head.layer)
    end
  end
  table.sort(layers)
  local column = {}
  for index, layer in ipairs(layers) do
    column[layer] = index
  end
  for _, head in ipairs(result.heads) do
    by_head[head.head + 1] = by_head[head.head + 1] or {}
    by_head[head.head + 1][column[head.layer]] = head
  end
  return by_head, layers
end

---@class hoplens.HeadsView
---@field bufnr integer
---@field tick integer
---@field argument table
---@field result hoplens.HeadsResult
---@field measure integer index in the available measures
---@field selected { [1]: integer, [2]: integer }? row and column

---@param view hoplens.HeadsView
local function show(view)
  local result, choices = view.result, available_measures(view.result)
  local by_head, layers = heads_by_row(result)
  local measure = choices[(view.measure - 1) % #choices + 1]
  local grid = { corner = 'layer', columns = layers, rows = {}, values = {} }
  local largest, strongest = -1, { 1, 1 }
  for row, heads in ipairs(by_head) do
    grid.rows[row] = ('head %2d'):format(row - 1)
    grid.values[row] = {}
    for column, head in pairs(heads) do
      local value = measure.value(head)
      grid.values[row][column] = value
      if value and math.abs(value) > largest then
        largest, strongest = math.abs(value), { row, column }
      end
    end
  end
  local token = result.tokens[result.position + 1]
  local where = format.quoted(token and token.text or '')
  local target, p = format.quoted(result.target), format.percent(math.exp(result.logp))
  local answer = ('%s → %s %s'):format(where, target, p)
  local function reopen(changes, row, column)
    local next_view = vim.tbl_extend('force', view, changes, { selected = { row, column } })
    vim.schedule(function()
      show(next_view)
    end)
  end
  float.open_table({
    title = ('%s: %s'):format(answer, measure.name),
    grid = grid,
    start = view.selected or strongest,
    details_height = 3,
    details = function(row, column)
      local head = by_head[row][column]
      return head and details(result, head) or {}
    end,
    keys = {
      {
        keys = { '<CR>' },
        desc = 'what this head looks at',
        run = function(row, column)
          local head = by_head[row][column]
          if head then
            vim.cmd.close()
            vim.schedule(function()
              open_attention(view.bufnr, view.tick, result, head, function()
                reopen({}, row, column)
              end)
            end)
          end
        end,
      },
      {
        keys = { '<Tab>' },
        desc = 'the next map: loss, logit, length',
        run = function(row, column)
          vim.cmd.close()
          reopen({ measure = view.measure % #choices + 1 }, row, column)
        end,
      },
      {
        keys = { 'x' },
        desc = 'export as a picture and open it',
        run = function()
          local argument = vim.tbl_extend('force', view.argument, { kind = 'heads' })
          require('hoplens.export').open(view.bufnr, argument)
        end,
      },
    },
  })
end

--- Requests the heads and opens their table.
---@param bufnr integer
---@param argument table? of `hoplens.server.heads`; without one the server takes the prompt's end
function M.open(bufnr, argument)
  local tick = vim.b[bufnr].changedtick
  server.execute(bufnr, 'heads', argument, function(result)
    if not result or result == vim.NIL or #result.heads == 0 then
      return server.notify(
        'there are no heads to show here. Move the cursor to the prompt',
        vim.log.levels.WARN
      )
    end
    show({ bufnr = bufnr, tick = tick, argument = argument, result = result, measure = 1 })
  end)
end

return M
