--- `:Hoplens heads`: layers × heads at a token, and what one head looks at.
local float = require('hoplens.float')
local format = require('hoplens.format')
local server = require('hoplens.server')

local M = {}

local attention = vim.api.nvim_create_namespace('hoplens.attention')

---@class hoplens.Head
---@field layer integer
---@field head integer
---@field norm number
---@field direct_logit number
---@field ablation_dlogp number?
---@field ablation string?
---@field attention number[] by token
---@field top { token: string, score: number }[]

---@class hoplens.Heads what `hoplens.server.heads` answers
---@field uri string
---@field case string?
---@field tokens { id: integer, text: string }[]
---@field ranges (lsp.Range|vim.NIL)[] by token
---@field position integer from 0
---@field target string
---@field logp number
---@field residual_norm number?
---@field heads hoplens.Head[]

--- A JSON number, or nil for `null`.
local function number(value)
  return type(value) == 'number' and value or nil
end

---@class hoplens.Map
---@field name string
---@field value fun(head: hoplens.Head): number?

--- In the order of `<Tab>`. Of what a head does for the answer, more is better.
---@type hoplens.Map[]
local maps = {
  {
    name = 'owed to each head',
    value = function(head)
      local change = number(head.ablation_dlogp)
      return change and -change
    end,
  },
  {
    name = 'logit added by each',
    value = function(head)
      return number(head.direct_logit)
    end,
  },
  {
    name = 'length of what each writes',
    value = function(head)
      return number(head.norm)
    end,
  },
}

--- The maps of which something is known.
---@param found hoplens.Heads
---@return hoplens.Map[]
local function maps_of(found)
  return vim
    .iter(maps)
    :filter(function(map)
      return vim.iter(found.heads):any(function(head)
        return map.value(head) ~= nil
      end)
    end)
    :totable()
end

--- The tokens that a head looks at, most first.
---@param head hoplens.Head
---@return { token: integer, share: number }[]
local function looked_at(head)
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
local function words(top)
  local line = {}
  for _, word in ipairs(top) do
    table.insert(line, { format.quoted(word.token) .. ' ', 'HoplensToken' })
  end
  return line
end

---@param found hoplens.Heads
---@param head hoplens.Head
---@return hoplens.Line
local function measured(found, head)
  local line = {
    { ('layer %d, head %d'):format(head.layer, head.head), 'HoplensName' },
    { '   Δlog p ', 'HoplensNote' },
  }
  local change = number(head.ablation_dlogp)
  local shown = change and ('%+.3f'):format(change) or '?'
  if head.ablation == 'estimate' then
    shown = shown .. ' (estimate)'
  end
  table.insert(line, { shown, 'HoplensNumber' })
  table.insert(line, { '   logit ', 'HoplensNote' })
  table.insert(line, { ('%+.2f'):format(head.direct_logit), 'HoplensNumber' })
  table.insert(line, { '   length ', 'HoplensNote' })
  local whole = number(found.residual_norm)
  local length = whole and whole > 0 and format.percent(head.norm / whole)
    or ('%.2f'):format(head.norm)
  table.insert(line, { length, 'HoplensNumber' })
  return line
end

---@param found hoplens.Heads
---@param head hoplens.Head
---@return hoplens.Line[]
local function details(found, head)
  local looks = { { 'looks at  ', 'HoplensNote' } }
  for index, at in ipairs(looked_at(head)) do
    if index > 4 or at.share < 0.01 then
      break
    end
    local token = found.tokens[at.token]
    table.insert(looks, { format.quoted(token and token.text or '') .. ' ', 'HoplensToken' })
    table.insert(looks, { format.percent(at.share) .. '  ', 'HoplensNumber' })
  end
  local retrieves =
    vim.list_extend({ { 'retrieves ', 'HoplensNote' } }, words(vim.list_slice(head.top, 1, 5)))
  return { measured(found, head), looks, retrieves }
end

--- Which of the steps of attention a share is; 0 is none.
---@param share number
---@return integer
local function step_of(share)
  local bounds = { 0.02, 0.08, 0.2, 0.4, 0.7 }
  for step = #bounds, 1, -1 do
    if share >= bounds[step] then
      return step
    end
  end
  return 0
end

--- Shades the tokens of the prompt itself; those that it has not itself are left out.
---@param bufnr integer
---@param found hoplens.Heads
---@param head hoplens.Head
local function shade_prompt(bufnr, found, head)
  local client = server.client(bufnr)
  local encoding = client and client.offset_encoding or 'utf-16'
  for token, share in ipairs(head.attention) do
    local range, step = (found.ranges or {})[token], step_of(share)
    if type(range) == 'table' and step > 0 then
      local function at(position)
        local line = vim.api.nvim_buf_get_lines(bufnr, position.line, position.line + 1, false)[1]
        return position.line, vim.str_byteindex(line or '', encoding, position.character, false)
      end
      local line, first = at(range.start)
      local end_row, end_col = at(range['end'])
      pcall(vim.api.nvim_buf_set_extmark, bufnr, attention, line, first, {
        end_row = end_row,
        end_col = end_col,
        hl_group = 'HoplensAttention' .. step,
        priority = 5000,
      })
    end
  end
end

--- The prompt with every token shaded, in lines of at most `width` columns.
---@param found hoplens.Heads
---@param head hoplens.Head
---@param width integer
---@return hoplens.Line[]
local function shaded(found, head, width)
  local lines, line, used = {}, {}, 0
  for index, share in ipairs(head.attention) do
    local text = found.tokens[index] and found.tokens[index].text or ''
    text = format.quoted(text):sub(2, -2)
    local columns = vim.fn.strdisplaywidth(text)
    if used + columns > width and used > 0 then
      table.insert(lines, line)
      line, used = {}, 0
    end
    local step = step_of(share)
    table.insert(line, { text, step > 0 and 'HoplensAttention' .. step or nil })
    used = used + columns
  end
  table.insert(lines, line)
  return lines
end

--- Shows what a head looks at: over the prompt, in numbers, and the words that it retrieves.
---@param bufnr integer
---@param tick integer the prompt's state that was looked at
---@param found hoplens.Heads
---@param head hoplens.Head
---@param back fun() goes back to the table
local function open_head(bufnr, tick, found, head, back)
  local lines = shaded(found, head, math.min(68, vim.o.columns - 6))
  table.insert(lines, {})
  table.insert(lines, measured(found, head))
  table.insert(lines, {})
  for index, at in ipairs(looked_at(head)) do
    if index > 8 or at.share < 0.005 then
      break
    end
    local token = found.tokens[at.token]
    local bar = ('█'):rep(math.floor(at.share * 24 + 0.5))
    table.insert(lines, {
      { ('%8s  '):format(format.percent(at.share)), 'HoplensNumber' },
      { format.quoted(token and token.text or '') .. '  ', 'HoplensToken' },
      { bar, 'HoplensMore5' },
    })
  end
  table.insert(lines, {})
  table.insert(lines, { { 'retrieves ', 'HoplensNote' }, unpack(words(head.top)) })
  local is_current = vim.api.nvim_buf_is_valid(bufnr) and vim.b[bufnr].changedtick == tick
  if is_current then
    shade_prompt(bufnr, found, head)
  end
  local title = ('what head %d.%d looks at'):format(head.layer, head.head)
  local win = float.open_text(title, lines, function()
    if vim.api.nvim_buf_is_valid(bufnr) then
      vim.api.nvim_buf_clear_namespace(bufnr, attention, 0, -1)
    end
  end)
  vim.keymap.set('n', '<BS>', function()
    vim.api.nvim_win_close(win, true)
    vim.schedule(back)
  end, { buffer = vim.api.nvim_win_get_buf(win), nowait = true, desc = 'back to all heads' })
end

---@param found hoplens.Heads
---@return hoplens.Head[][] by head and layer, from 1
---@return integer[] layers
local function arranged(found)
  local by_head, layers, seen = {}, {}, {}
  for _, head in ipairs(found.heads) do
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
  for _, head in ipairs(found.heads) do
    by_head[head.head + 1] = by_head[head.head + 1] or {}
    by_head[head.head + 1][column[head.layer]] = head
  end
  return by_head, layers
end

---@class hoplens.HeadsView
---@field bufnr integer
---@field tick integer
---@field argument table
---@field found hoplens.Heads
---@field map integer
---@field at { [1]: integer, [2]: integer }?

---@param view hoplens.HeadsView
local function show(view)
  local found, choices = view.found, maps_of(view.found)
  local by_head, layers = arranged(found)
  local map = choices[(view.map - 1) % #choices + 1]
  local grid = { corner = 'layer', columns = layers, rows = {}, values = {} }
  local most, at = -1, { 1, 1 }
  for row, heads in ipairs(by_head) do
    grid.rows[row] = ('head %2d'):format(row - 1)
    grid.values[row] = {}
    for column, head in pairs(heads) do
      local value = map.value(head)
      grid.values[row][column] = value
      if value and math.abs(value) > most then
        most, at = math.abs(value), { row, column }
      end
    end
  end
  local token = found.tokens[found.position + 1]
  local where = format.quoted(token and token.text or '')
  local target, p = format.quoted(found.target), format.percent(math.exp(found.logp))
  local answer = ('%s → %s %s'):format(where, target, p)
  local function again(changes, row, column)
    local next_view = vim.tbl_extend('force', view, changes, { at = { row, column } })
    vim.schedule(function()
      show(next_view)
    end)
  end
  local function argument(more)
    return vim.tbl_extend('force', view.argument, more)
  end
  float.open_table({
    title = ('%s: %s'):format(answer, map.name),
    grid = grid,
    start = view.at or at,
    height = 3,
    details = function(row, column)
      local head = by_head[row][column]
      return head and details(found, head) or {}
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
              open_head(view.bufnr, view.tick, found, head, function()
                again({}, row, column)
              end)
            end)
          end
        end,
      },
      {
        keys = { '<Tab>' },
        desc = 'the next map: owed, logit, length',
        run = function(row, column)
          vim.cmd.close()
          again({ map = view.map % #choices + 1 }, row, column)
        end,
      },
      {
        keys = { 'x' },
        desc = 'export as a picture and open it',
        run = function()
          require('hoplens.export').open(view.bufnr, argument({ kind = 'heads' }))
        end,
      },
    },
  })
end

--- Asks for the heads and shows them.
---@param bufnr integer
---@param argument table? as of `hoplens.server.heads`; the cursor's token without one
function M.open(bufnr, argument)
  local tick = vim.b[bufnr].changedtick
  server.execute(bufnr, 'heads', argument, function(found)
    if not found or found == vim.NIL or #found.heads == 0 then
      return server.say(
        'no heads are known here: put the cursor on the prompt',
        vim.log.levels.WARN
      )
    end
    show({ bufnr = bufnr, tick = tick, argument = argument, found = found, map = 1 })
  end)
end

return M
