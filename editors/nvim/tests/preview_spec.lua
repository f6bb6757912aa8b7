local t = dofile(vim.env.HOPLENS_HARNESS)

vim.lsp.enable('hoplens')

local CHAT = table.concat({
  '---',
  'hoplens.cases:',
  '  - {id: rome, input: {city: "Rome ä"}, expect: x}',
  '  - {id: oslo, input: {city: Oslo}, expect: y}',
  '---',
  '{{role "system"}}',
  'You are a guide.',
  'You know {{country}}.',
  '{{role "user"}}',
  'What is in {{city}}?',
  '',
}, '\n')

--- Opens a new file with the preview and waits for its first rendering.
---@param name string
---@param text string
---@return integer bufnr, integer win, integer buf of the preview
local function open_preview(name, text)
  vim.cmd.edit(t.write(t.folder(), name, text))
  local bufnr = vim.api.nvim_get_current_buf()
  t.client(bufnr)
  vim.cmd('Hoplens preview')
  local win = t.wait('the window', function()
    return vim.iter(vim.api.nvim_tabpage_list_wins(0)):find(function(win)
      return vim.bo[vim.api.nvim_win_get_buf(win)].filetype == 'hoplens-preview'
    end)
  end)
  local buf = vim.api.nvim_win_get_buf(win)
  t.wait('the rendering', function()
    return t.text(buf) ~= ''
  end)
  return bufnr, win, buf
end

---@param buf integer
---@param part string
local function wait_for_text(buf, part)
  t.wait(('%q in the preview'):format(part), function()
    return t.text(buf):find(part, 1, true) ~= nil
  end)
end

---@param win integer
---@param part string
local function wait_for_winbar(win, part)
  t.wait(('%q in the winbar'):format(part), function()
    return vim.wo[win].winbar:find(part, 1, true) ~= nil
  end)
end

--- Moves the cursor of the current window, as a person does.
---@param line integer
---@param column integer
local function move(line, column)
  vim.api.nvim_win_set_cursor(0, { line, column })
  vim.api.nvim_exec_autocmds('CursorMoved', { buffer = 0, modeline = false })
end

--- Returns the highlighted parts of the preview: the group and the text.
---@param buf integer
---@param name string of the namespace
---@return string[]
local function marked(buf, name)
  local namespace = vim.api.nvim_get_namespaces()[name]
  local marks = vim.api.nvim_buf_get_extmarks(buf, namespace, 0, -1, { details = true })
  return vim.tbl_map(function(mark)
    local row, col, details = mark[2], mark[3], mark[4]
    local lines = vim.api.nvim_buf_get_text(buf, row, col, details.end_row, details.end_col, {})
    return ('%s: %s'):format(details.hl_group, table.concat(lines, '\\n'))
  end, marks)
end

t.test('the preview shows messages with roles and tokens beside the prompt', function()
  local bufnr, win, buf = open_preview('a.prompt', CHAT)
  t.eq(bufnr, vim.api.nvim_get_current_buf(), 'the preview took the focus')
  wait_for_winbar(win, 'tokens')
  t.eq(
    table.concat({
      '▌ system',
      '',
      'You are a guide.',
      'You know {{country}}.',
      '',
      '',
      '▌ user',
      '',
      'What is in Rome ä?',
    }, '\n'),
    t.text(buf)
  )
  t.contains(vim.wo[win].winbar, 'rome')
  t.contains(vim.wo[win].winbar, 'of 8192 tokens')
  local groups = marked(buf, 'hoplens.preview')
  t.ok(vim.list_contains(groups, 'HoplensUnset: {{country}}'), vim.inspect(groups))
  t.ok(vim.list_contains(groups, 'HoplensValue: Rome ä'), vim.inspect(groups))
  t.ok(not vim.bo[buf].modifiable, 'the preview can be edited')
end)

t.test('what comes from the line of the cursor is marked, and the case at it is shown', function()
  local _, win, buf = open_preview('a.prompt', CHAT)
  wait_for_text(buf, 'Rome')
  move(10, 13)
  t.eq(
    { 'HoplensPreviewLine: What is in ', 'HoplensPreviewCursor: Rome ä', 'HoplensPreviewLine: ?' },
    marked(buf, 'hoplens.preview.cursor')
  )
  t.eq(9, vim.api.nvim_win_get_cursor(win)[1])
  move(4, 10)
  wait_for_text(buf, 'Oslo')
  wait_for_winbar(win, 'oslo')
  -- Outside the cases, the case stays.
  move(10, 0)
  vim.wait(400)
  wait_for_text(buf, 'Oslo')
end)

t.test('the preview follows the text and keeps the last rendering without an error', function()
  local bufnr, win, buf = open_preview('a.prompt', CHAT)
  wait_for_text(buf, 'You are a guide.')
  local function set(line, text)
    vim.api.nvim_buf_set_lines(bufnr, line - 1, line, false, { text })
    vim.api.nvim_exec_autocmds('TextChanged', { buffer = bufnr, modeline = false })
  end
  set(7, 'You are a poet.')
  wait_for_text(buf, 'You are a poet.')
  set(7, 'You are {{#if x}} a clown.')
  wait_for_text(buf, 'Shown is the last version without an error.')
  t.contains(t.text(buf), 'The template cannot be rendered')
  t.contains(t.text(buf), 'You are a poet.')
  set(7, 'You are a sailor.')
  wait_for_text(buf, 'You are a sailor.')
  t.ok(not t.text(buf):find('without an error', 1, true), 'the error stays')
  t.eq(win, vim.fn.bufwinid(buf))
  t.eq({}, t.messages)
end)

t.test('the keys of the preview choose a case, show the exact text, go to the source', function()
  local bufnr, win, buf = open_preview('a.prompt', CHAT)
  wait_for_winbar(win, 'tokens')
  local source = vim.api.nvim_get_current_win()
  vim.api.nvim_set_current_win(win)
  t.type('e')
  wait_for_text(buf, '<|im_start|>system')
  t.contains(vim.wo[win].winbar, 'exact text')
  t.type('e')
  wait_for_text(buf, '▌ system')
  ---@diagnostic disable-next-line: duplicate-set-field
  vim.ui.select = function(items, _, on_choice)
    t.eq({ 'rome', 'oslo' }, items)
    on_choice('oslo', 2)
  end
  t.type('c')
  wait_for_text(buf, 'Oslo')
  vim.api.nvim_win_set_cursor(win, { 9, 12 })
  t.type('<CR>')
  t.eq(source, vim.api.nvim_get_current_win())
  t.eq({ 10, 11 }, vim.api.nvim_win_get_cursor(0))
  vim.api.nvim_set_current_win(win)
  t.type('q')
  t.ok(not vim.api.nvim_win_is_valid(win), 'q does not close')
  t.eq(bufnr, vim.api.nvim_get_current_buf())
end)

t.test('a second call closes the preview', function()
  local _, win = open_preview('a.prompt', CHAT)
  vim.cmd('Hoplens preview')
  t.ok(not vim.api.nvim_win_is_valid(win), 'the window is still open')
  t.eq(1, #vim.api.nvim_tabpage_list_wins(0))
end)

t.test('every kind of prompt file has a preview', function()
  local texts = {
    ['a.prompty'] = 'system:\nSay it.\n\nuser:\nNow!\n',
    ['a.prompt.yml'] = 'messages:\n  - role: user\n    content: Say it.\n',
    ['a.agent.md'] = '---\nname: a\n---\nSay it.\n',
    ['SKILL.md'] = '---\nname: a\ndescription: b\n---\nSay it.\n',
  }
  for name, text in pairs(texts) do
    local _, _, buf = open_preview(name, text)
    wait_for_text(buf, 'Say it.')
    vim.cmd('Hoplens preview')
  end
end)

t.test('a file that is no prompt has none', function()
  vim.cmd.enew()
  vim.cmd('Hoplens preview')
  t.eq(1, #vim.api.nvim_tabpage_list_wins(0))
  t.wait_for_message('this buffer is not a prompt file')
end)

t.finish()
