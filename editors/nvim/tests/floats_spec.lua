local t = dofile(vim.env.HOPLENS_HARNESS)

-- With `run = manual` the model is free for the tables.
vim.lsp.config('hoplens', { settings = { hoplens = { run = 'manual' } } })
vim.lsp.enable('hoplens')

---@type string[]
local opened = {}
---@diagnostic disable-next-line: duplicate-set-field
vim.ui.open = function(path)
  table.insert(opened, path)
  return nil, nil
end

--- Waits for the table and returns it with the details below it.
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

--- Opens an example with a failing hop, and moves the cursor to its last word.
---@return integer bufnr
local function open_reef()
  local bufnr = t.open_example('reef.prompt')
  t.client(bufnr)
  t.wait('the model', function()
    return require('hoplens').status(bufnr):find('(sha256:', 1, true)
  end)
  vim.api.nvim_win_set_cursor(0, { vim.api.nvim_buf_line_count(bufnr), 69 })
  return bufnr
end

--- Returns layer and number of the head in the details.
---@param text string
---@return integer layer
---@return integer head
local function parse_head(text)
  local layer, head = text:match('layer (%d+), head (%d+)')
  t.ok(layer, 'no head in: ' .. text)
  return tonumber(layer), tonumber(head)
end

t.test('every head has a cell, and the strongest is selected', function()
  open_reef()
  vim.cmd('Hoplens heads')
  local cells, details = floats()
  t.contains(cells.title, '" of" → " Australia" 23.5 %')
  local lines = vim.split(cells.text, '\n')
  t.eq(10, #lines, 'one line for each of 9 heads, and one for the layers')
  for row = 2, 10 do
    t.eq(8 + 30 * 2, vim.fn.strdisplaywidth(lines[row]), 'row ' .. row)
  end
  t.contains(details.text, 'Δlog p -')
  t.contains(details.text, 'looks at  "')
  t.contains(details.text, 'retrieves "')
  -- Every group is a link into the colour scheme.
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

t.test('keys move between cells, and the details follow', function()
  open_reef()
  vim.cmd('Hoplens heads')
  local _, details = floats()
  local layer, head = parse_head(details.text)
  local function now()
    return parse_head(t.text(vim.api.nvim_win_get_buf(details.win)))
  end
  t.type('h')
  t.eq({ layer - 1, head }, { now() })
  t.type('2l')
  t.eq({ layer + 1, head }, { now() })
  t.type('gg')
  t.eq(0, select(2, now()), 'gg goes to the first row')
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

t.test('<CR> shows the attention of a head as numbers and in the prompt', function()
  local bufnr = open_reef()
  vim.cmd('Hoplens heads')
  local _, details = floats()
  local layer, head = parse_head(details.text)
  local share = t.percentage(details.text:match('looks at[^\n]+'))
  t.type('<CR>')
  local float = t.wait('the attention', function()
    local open = t.floats()
    return #open == 1 and open[1]
  end)
  t.contains(float.title, ('what head %d.%d looks at'):format(layer, head))
  t.contains(float.text, 'The largest coral reef system in the world is')
  t.contains(float.text, 'retrieves "')
  t.eq(
    share,
    t.percentage(float.text:match('\n%s*([%d.]+ %%  ")')),
    'the strongest token comes first'
  )
  local space = vim.api.nvim_get_namespaces()['hoplens.attention']
  local marks = vim.api.nvim_buf_get_extmarks(bufnr, space, 0, -1, { details = true })
  t.ok(#marks > 0, 'the prompt has no highlights')
  for _, mark in ipairs(marks) do
    local line = vim.api.nvim_buf_get_lines(bufnr, mark[2], mark[2] + 1, false)[1]
    local token = line:sub(mark[3] + 1, mark[4].end_col)
    t.contains(float.text, '"' .. token .. '"')
  end
  t.type('<BS>')
  floats()
  t.eq({}, vim.api.nvim_buf_get_extmarks(bufnr, space, 0, -1, {}), 'the highlights stayed')
end)

t.test('<Tab> switches the map and keeps the selected cell', function()
  open_reef()
  vim.cmd('Hoplens heads')
  local first, details = floats()
  local cell = { parse_head(details.text) }
  local titles = { [first.title] = true }
  for _ = 1, 2 do
    t.type('<Tab>')
    local cells, below = floats()
    titles[cells.title] = true
    t.eq(cell, { parse_head(below.text) })
  end
  t.eq(3, vim.tbl_count(titles), vim.inspect(titles))
  t.type('<Tab>')
  t.eq(first.title, (floats()).title)
end)

t.test('without ablations the first map is the direct logit', function()
  open_reef()
  vim.cmd('Hoplens heads none')
  local cells, details = floats()
  t.contains(cells.title, 'logit')
  t.contains(details.text, 'Δlog p ?')
end)

t.test('the heads are read at the token under the cursor', function()
  local bufnr = open_reef()
  local line = vim.api.nvim_buf_line_count(bufnr)
  local text = vim.api.nvim_buf_get_lines(bufnr, line - 1, line, false)[1]
  vim.api.nvim_win_set_cursor(0, { line, (text:find(' reef', 1, true)) })
  vim.cmd('Hoplens heads none')
  t.contains((floats()).title, '" reef" →')
end)

t.test('x saves a picture and opens it', function()
  open_reef()
  vim.cmd('Hoplens heads none')
  floats()
  opened = {}
  t.type('x')
  local path = t.wait('the picture', function()
    return opened[1]
  end, 120000)
  t.contains(path, '.svg')
  local svg = table.concat(vim.fn.readfile(path), '\n')
  t.contains(svg, '<svg')
  t.contains(svg, 'layer')
  vim.uv.fs_unlink(path)
end)

t.test('a sweep selects its best cell, and <CR> inserts that injection', function()
  local bufnr = open_reef()
  vim.cmd('Hoplens sweep')
  local cells, details = floats()
  t.contains(cells.title, 'embed "Great Barrier Reef", all tokens')
  t.eq(16, #vim.split(cells.text, '\n'), 'one line for each of 15 τ, and one for the layers')
  local layer, tau = details.text:match('layer (%d+), τ (%d+)')
  local before, after = details.text:match('([%d.]+) %% → ([%d.]+) %%')
  t.ok(tonumber(after) > tonumber(before), details.text)
  t.type('<CR>')
  t.contains(
    t.wait_for_message('inserting "Great Barrier Reef"'),
    ('%s %% → %s %%'):format(before, after)
  )
  t.wait('the injection', function()
    return t.text(bufnr):find('hoplens.inject:', 1, true)
  end)
  t.contains(t.text(bufnr), 'layer: ' .. layer)
  t.contains(t.text(bufnr), 'tau: ' .. tau)
  local recorded = tonumber(t.text(bufnr):match('after: ([%d.]+)'))
  t.ok(math.abs(recorded * 100 - tonumber(after)) < 0.11, t.text(bufnr))
  t.eq(0, #t.floats())
end)

t.test('keys change the scope, the encoding and the memory of a sweep', function()
  open_reef()
  vim.cmd('Hoplens sweep New Zealand')
  t.contains((floats()).title, 'embed "New Zealand", all tokens')
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

t.test('no injection is inserted into a prompt that changed after the sweep', function()
  local bufnr = open_reef()
  vim.cmd('Hoplens sweep')
  floats()
  vim.api.nvim_buf_set_lines(bufnr, 0, 0, false, { '' })
  local text = t.text(bufnr)
  t.type('<CR>')
  t.wait_for_message('the prompt changed after the sweep')
  vim.wait(300)
  t.eq(text, t.text(bufnr))
end)

t.test('floats fit into a small terminal', function()
  vim.o.columns, vim.o.lines = 40, 12
  open_reef()
  vim.cmd('Hoplens heads none')
  local cells, details = floats()
  for _, float in ipairs({ cells, details }) do
    local config = vim.api.nvim_win_get_config(float.win)
    t.ok(config.row + config.height + 2 <= vim.o.lines, vim.inspect(config))
    t.ok(config.col + config.width + 2 <= vim.o.columns, vim.inspect(config))
  end
  t.type('G')
  t.contains(t.text(vim.api.nvim_win_get_buf(details.win)), 'head 8')
  vim.o.columns, vim.o.lines = 100, 40
end)

t.test('code lenses are updated as results arrive, and open floats', function()
  local bufnr = open_reef()
  local client = t.client(bufnr)
  --- Returns the code lens for the heads of the case.
  local function lens()
    return vim.iter(vim.lsp.codelens.get(bufnr)):find(function(one)
      local command = one.command or {}
      return command.command == 'hoplens.server.showHeads' and command.arguments[1].case == 'reef'
    end)
  end
  t.eq(nil, lens(), 'the prompt was analysed in spite of `run`')
  vim.cmd('Hoplens heads none')
  floats()
  t.type('q')
  local found = t.wait('the lens of heads', lens)
  client:exec_cmd(found.command, { bufnr = bufnr })
  t.contains((floats()).title, '→ " Australia"')
end)

t.finish()
