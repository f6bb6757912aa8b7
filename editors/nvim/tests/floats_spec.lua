local t = dofile(vim.env.HOPLENS_HARNESS)

-- The tables are computed when they are asked for; nothing else is to keep the model busy.
vim.lsp.config('hoplens', { settings = { hoplens = { run = 'manual' } } })
vim.lsp.enable('hoplens')

---@type string[]
local opened = {}
---@diagnostic disable-next-line: duplicate-set-field
vim.ui.open = function(path)
  table.insert(opened, path)
  return nil, nil
end

--- The table and the details beneath it.
---@return { win: integer, title: string, text: string } cells
---@return { win: integer, title: string, text: string } details
local function floats()
  local found = t.wait('the table', function()
    local floats = t.floats()
    return #floats == 2 and floats
  end, 120000)
  table.sort(found, function(a, b)
    return #a.title > #b.title
  end)
  return found[1], found[2]
end

--- Opens an example whose hop fails, the cursor behind its last word.
---@return integer bufnr
local function reef()
  local bufnr = t.open_example('reef.prompt')
  t.client(bufnr)
  t.wait('the model', function()
    return require('hoplens').status(bufnr):find('(sha256:', 1, true)
  end)
  vim.api.nvim_win_set_cursor(0, { vim.api.nvim_buf_line_count(bufnr), 69 })
  return bufnr
end

--- Layer and number of a head that the details are of.
---@param text string
---@return integer layer
---@return integer head
local function head_of(text)
  local layer, head = text:match('layer (%d+), head (%d+)')
  t.ok(layer, 'no head in: ' .. text)
  return tonumber(layer), tonumber(head)
end

t.test('every head has a cell, and the strongest is shown first', function()
  reef()
  vim.cmd('Hoplens heads')
  local cells, details = floats()
  t.has(cells.title, '" of" → " Australia" 23.5 %')
  local lines = vim.split(cells.text, '\n')
  t.eq(10, #lines, 'one line for each of 9 heads, and one for the layers')
  for row = 2, 10 do
    t.eq(8 + 30 * 2, vim.fn.strdisplaywidth(lines[row]), 'row ' .. row)
  end
  t.has(details.text, 'Δlog p -')
  t.has(details.text, 'looks at  "')
  t.has(details.text, 'retrieves "')
  -- Each head's colour is a link into the colour scheme.
  for _, name in ipairs(require('hoplens.highlights').names()) do
    t.ok(vim.api.nvim_get_hl(0, { name = name }).link, name .. ' is no link')
  end
  local groups = {}
  local buf = vim.api.nvim_win_get_buf(cells.win)
  for _, mark in ipairs(vim.api.nvim_buf_get_extmarks(buf, -1, 0, -1, { details = true })) do
    groups[mark[4].hl_group] = true
  end
  t.ok(
    groups.HoplensMore5 and groups.HoplensLess1,
    'cells without colours: ' .. vim.inspect(groups)
  )
end)

t.test('keys move from cell to cell, and the details follow', function()
  reef()
  vim.cmd('Hoplens heads')
  local _, details = floats()
  local layer, head = head_of(details.text)
  local function now()
    return head_of(t.text(vim.api.nvim_win_get_buf(details.win)))
  end
  t.type('h')
  t.eq({ layer - 1, head }, { now() })
  t.type('2l')
  t.eq({ layer + 1, head }, { now() })
  t.type('gg')
  t.eq(0, select(2, now()), 'above the first row is the first row')
  t.type('j')
  t.eq(1, select(2, now()))
  t.type('0')
  t.eq({ 0, 1 }, { now() })
  t.type('h')
  t.eq({ 0, 1 }, { now() })
  t.type('$')
  t.eq({ 29, 1 }, { now() })
  t.type('G')
  t.eq({ 29, 8 }, { (now()), select(2, now()) })
  t.type('q')
  t.eq(0, #t.floats())
end)

t.test('<CR> shows what a head looks at, over the prompt and in numbers', function()
  local bufnr = reef()
  vim.cmd('Hoplens heads')
  local _, details = floats()
  local layer, head = head_of(details.text)
  local share = t.percentage(details.text:match('looks at[^\n]+'))
  t.type('<CR>')
  local float = t.wait('the attention', function()
    local open = t.floats()
    return #open == 1 and open[1]
  end)
  t.has(float.title, ('what head %d.%d looks at'):format(layer, head))
  t.has(float.text, 'The largest coral reef system in the world is')
  t.has(float.text, 'retrieves "')
  t.eq(
    share,
    t.percentage(float.text:match('\n%s*([%d.]+ %%  ")')),
    'the strongest token comes first'
  )
  local space = vim.api.nvim_get_namespaces()['hoplens.attention']
  local marks = vim.api.nvim_buf_get_extmarks(bufnr, space, 0, -1, { details = true })
  t.ok(#marks > 0, 'the prompt itself is not shaded')
  for _, mark in ipairs(marks) do
    local line = vim.api.nvim_buf_get_lines(bufnr, mark[2], mark[2] + 1, false)[1]
    local token = line:sub(mark[3] + 1, mark[4].end_col)
    t.has(float.text, '"' .. token .. '"')
  end
  t.type('<BS>')
  floats()
  t.eq({}, vim.api.nvim_buf_get_extmarks(bufnr, space, 0, -1, {}), 'the shades stayed')
end)

t.test('<Tab> goes through the maps, and stays on the cell', function()
  reef()
  vim.cmd('Hoplens heads')
  local first, details = floats()
  local cell = { head_of(details.text) }
  local titles = { [first.title] = true }
  for _ = 1, 2 do
    t.type('<Tab>')
    local cells, below = floats()
    titles[cells.title] = true
    t.eq(cell, { head_of(below.text) })
  end
  t.eq(3, vim.tbl_count(titles), vim.inspect(titles))
  t.type('<Tab>')
  t.eq(first.title, (floats()).title)
end)

t.test('without ablations there are the other maps', function()
  reef()
  vim.cmd('Hoplens heads none')
  local cells, details = floats()
  t.has(cells.title, 'logit')
  t.has(details.text, 'Δlog p ?')
end)

t.test('the cursor says which token is read', function()
  local bufnr = reef()
  local line = vim.api.nvim_buf_line_count(bufnr)
  local text = vim.api.nvim_buf_get_lines(bufnr, line - 1, line, false)[1]
  vim.api.nvim_win_set_cursor(0, { line, (text:find(' reef', 1, true)) })
  vim.cmd('Hoplens heads none')
  t.has((floats()).title, '" reef" →')
end)

t.test('a picture is written and opened', function()
  reef()
  vim.cmd('Hoplens heads none')
  floats()
  opened = {}
  t.type('x')
  local path = t.wait('the picture', function()
    return opened[1]
  end, 120000)
  t.has(path, '.svg')
  local svg = table.concat(vim.fn.readfile(path), '\n')
  t.has(svg, '<svg')
  t.has(svg, 'layer')
  vim.uv.fs_unlink(path)
end)

t.test('a sweep begins at its best cell, and <CR> inserts that injection', function()
  local bufnr = reef()
  vim.cmd('Hoplens sweep')
  local cells, details = floats()
  t.has(cells.title, 'embed "Great Barrier Reef", all tokens')
  t.eq(16, #vim.split(cells.text, '\n'), 'one line for each of 15 τ, and one for the layers')
  local layer, tau = details.text:match('layer (%d+), τ (%d+)')
  local before, after = details.text:match('([%d.]+) %% → ([%d.]+) %%')
  t.ok(tonumber(after) > tonumber(before), details.text)
  t.type('<CR>')
  t.has(t.hear('inserting "Great Barrier Reef"'), ('%s %% → %s %%'):format(before, after))
  t.wait('the injection', function()
    return t.text(bufnr):find('hoplens.inject:', 1, true)
  end)
  t.has(t.text(bufnr), 'layer: ' .. layer)
  t.has(t.text(bufnr), 'tau: ' .. tau)
  local recorded = tonumber(t.text(bufnr):match('after: ([%d.]+)'))
  t.ok(math.abs(recorded * 100 - tonumber(after)) < 0.11, t.text(bufnr))
  t.eq(0, #t.floats())
end)

t.test('a sweep of another memory, scope and encoding', function()
  reef()
  vim.cmd('Hoplens sweep New Zealand')
  t.has((floats()).title, 'embed "New Zealand", all tokens')
  t.type('s')
  t.wait('the other scope', function()
    return #t.floats() == 2 and (floats()).title:find('last token', 1, true)
  end, 120000)
  t.type('e')
  t.wait('the other encoding', function()
    return #t.floats() == 2 and (floats()).title:find('unembed "New Zealand", last', 1, true)
  end, 120000)
  local offered
  ---@diagnostic disable-next-line: duplicate-set-field
  vim.ui.select = function(items, _, on_choice)
    offered = items
    on_choice(items[1], 1)
  end
  t.type('m')
  t.wait('the case’s own memory', function()
    return #t.floats() == 2 and (floats()).title:find('unembed "Great Barrier Reef", last', 1, true)
  end, 120000)
  t.eq({ 'Great Barrier Reef', 'another…' }, offered)
end)

t.test('a cell of a prompt that changed since is refused', function()
  local bufnr = reef()
  vim.cmd('Hoplens sweep')
  floats()
  vim.api.nvim_buf_set_lines(bufnr, 0, 0, false, { '' })
  local text = t.text(bufnr)
  t.type('<CR>')
  t.hear('the prompt changed since it was swept')
  vim.wait(300)
  t.eq(text, t.text(bufnr))
end)

t.test('floats fit a small terminal', function()
  vim.o.columns, vim.o.lines = 40, 12
  reef()
  vim.cmd('Hoplens heads none')
  local cells, details = floats()
  for _, float in ipairs({ cells, details }) do
    local config = vim.api.nvim_win_get_config(float.win)
    t.ok(config.row + config.height + 2 <= vim.o.lines, vim.inspect(config))
    t.ok(config.col + config.width + 2 <= vim.o.columns, vim.inspect(config))
  end
  t.type('G')
  t.has(t.text(vim.api.nvim_win_get_buf(details.win)), 'head 8')
  vim.o.columns, vim.o.lines = 100, 40
end)

t.test('lenses are shown anew as results arrive, and open floats', function()
  local bufnr = reef()
  local client = t.client(bufnr)
  --- The lens of the case's heads, once it names the case.
  local function lens()
    return vim.iter(vim.lsp.codelens.get(bufnr)):find(function(one)
      local command = one.command or {}
      return command.command == 'hoplens.server.showHeads' and command.arguments[1].case == 'reef'
    end)
  end
  t.eq(nil, lens(), 'the model looked before it was asked to')
  vim.cmd('Hoplens heads none')
  floats()
  t.type('q')
  local found = t.wait('the lens of heads', lens)
  client:exec_cmd(found.command, { bufnr = bufnr })
  t.has((floats()).title, '→ " Australia"')
end)

t.finish()
