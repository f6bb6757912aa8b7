local t = dofile(vim.env.HOPLENS_HARNESS)

vim.lsp.enable('hoplens')

--- Requests code actions at a diagnostic and picks the one that `choose` accepts.
---@param bufnr integer
---@param diagnostic vim.Diagnostic
---@param choose fun(title: string): boolean
---@param before (fun())? runs while the list is open
---@return string title
local function choose_action(bufnr, diagnostic, choose, before)
  vim.api.nvim_win_set_cursor(0, { diagnostic.lnum + 1, diagnostic.col })
  local select, title = vim.ui.select, nil
  ---@diagnostic disable-next-line: duplicate-set-field
  vim.ui.select = function(items, options, on_choice)
    local item, index = nil, nil
    for at, one in ipairs(items) do
      if choose(one.action.title) then
        item, index = one, at
        break
      end
    end
    if not item then
      title = 'none of: ' .. vim.inspect(vim.tbl_map(options.format_item, items))
      return
    end
    if before then
      before()
    end
    on_choice(item, index)
    title = item.action.title
  end
  -- The server measures repairs after it has sent the diagnostic, so the first requests may find none.
  for _ = 1, 60 do
    title = nil
    vim.lsp.buf.code_action()
    vim.wait(1000, function()
      return title
    end)
    if title and not title:find('none of', 1, true) then
      break
    end
    vim.wait(500)
  end
  vim.ui.select = select
  t.ok(title and not title:find('none of', 1, true), 'no such action: ' .. tostring(title))
  return title
end

local function is_injection(title)
  return title:find('^Inject memory') ~= nil
end

t.test('a failing hop has a diagnostic, and the prompt ends with a hint', function()
  local bufnr = t.open_example('reef.prompt')
  local diagnostic = t.diagnostic(bufnr, 'hop-lost')
  t.eq('hoplens', diagnostic.source)
  local line = vim.api.nvim_buf_get_lines(bufnr, diagnostic.lnum, diagnostic.lnum + 1, false)[1]
  t.eq(
    'The largest coral reef system in the world',
    line:sub(diagnostic.col + 1, diagnostic.end_col)
  )
  t.contains(diagnostic.message, 'the Great Barrier Reef')
  t.contains(t.hint(bufnr), '" Australia"')
end)

t.test('a hover is plain text for a terminal', function()
  local bufnr = t.open_example('reef.prompt')
  t.hint(bufnr)
  local last = vim.api.nvim_buf_line_count(bufnr)
  vim.api.nvim_win_set_cursor(0, { last, 40 })
  local float
  -- The model may not have read the token yet.
  for _ = 1, 20 do
    vim.lsp.buf.hover()
    float = t.wait('the hover', function()
      return t.floats()[1]
    end)
    if not float.text:find('still computing', 1, true) then
      break
    end
    vim.api.nvim_win_close(float.win, true)
    vim.wait(500)
  end
  t.contains(float.text, 'Next:')
  t.contains(float.text, 'layer.head')
  local lines = vim.split(float.text, '\n')
  local from
  for _, line in ipairs(lines) do
    t.ok(not line:find('^|') and not line:find('|%s*%-%-'), 'a raw table: ' .. line)
    t.ok(not line:find('%]%('), 'a raw link: ' .. line)
    t.ok(not line:find('<[a-z]+>'), 'raw HTML: ' .. line)
    -- The heads are a table with aligned columns.
    local head, rest = line:match('^(%d+%.%d+%s+[+-]%S+%s+)(".*)$')
    if head then
      local column = vim.fn.strdisplaywidth(head)
      t.eq(from or column, column, 'columns are not aligned: ' .. rest)
      from = column
    end
  end
  t.ok(from, 'no row of a head in:\n' .. float.text)
end)

t.test('an injection by code action raises the probability', function()
  local bufnr = t.open_example('reef.prompt')
  local before = t.percentage(t.hint(bufnr))
  local title = choose_action(bufnr, t.diagnostic(bufnr, 'hop-lost'), is_injection)
  local promised = assert(tonumber(title:match('→ ([%d.]+) %%')), title)
  t.ok(promised > before, title)
  t.wait('the injection', function()
    return t.text(bufnr):find('hoplens.inject:', 1, true)
  end)
  t.contains(
    t.text(bufnr),
    'The largest coral reef system in the world is located off the coast of'
  )
  local after = t.percentage(t.hint(bufnr, function(label)
    return t.percentage(label) > before + 1
  end))
  t.ok(math.abs(after - promised) < 0.2, ('promised %s %%, got %s %%'):format(promised, after))
  vim.cmd.undo()
  t.hint(bufnr, function(label)
    return math.abs(t.percentage(label) - before) < 0.2
  end)
end)

t.test('an edit of a sidecar keeps the file', function()
  local bufnr = t.open_example('school.txt')
  t.client(bufnr)
  t.hint(bufnr)
  local path = vim.api.nvim_buf_get_name(bufnr)
  local actions = vim.lsp.buf_request_sync(bufnr, 'textDocument/codeAction', function(client)
    local params = vim.lsp.util.make_range_params(0, client.offset_encoding)
    params.context = { diagnostics = {} }
    return params
  end, 5000)
  local _, answer = next(actions or {})
  t.ok(answer and not answer.err, vim.inspect(answer))
  t.ok(vim.uv.fs_stat(path .. '.hoplens.yaml'), 'the sidecar is gone')
end)

t.test('an edit for an older text is refused', function()
  local bufnr = t.open_example('reef.prompt')
  local diagnostic = t.diagnostic(bufnr, 'hop-lost')
  local typed
  choose_action(bufnr, diagnostic, is_injection, function()
    vim.api.nvim_buf_set_lines(bufnr, 0, 0, false, { '' })
    typed = t.text(bufnr)
  end)
  vim.wait(500)
  t.eq(typed, t.text(bufnr), 'the stale edit was applied')
end)

t.test('the hint follows an edit', function()
  local bufnr = t.open_example('reef.prompt')
  local before = t.hint(bufnr)
  local last = vim.api.nvim_buf_line_count(bufnr)
  vim.api.nvim_buf_set_lines(bufnr, last - 1, last, false, {
    'The Great Barrier Reef is located off the coast of',
  })
  local after = t.hint(bufnr, function(label)
    return label ~= before
  end)
  t.ok(t.percentage(after) > t.percentage(before), after)
end)

t.test('multi-byte text before a mention does not shift its diagnostic', function()
  local folder = t.folder()
  local text = table.concat(vim.fn.readfile(vim.env.HOPLENS_EXAMPLES .. '/reef.prompt'), '\n')
  text = text:gsub('\nThe largest', '\n😀 é The largest')
  vim.cmd.edit(t.write(folder, 'reef.prompt', text))
  local diagnostic = t.wait('a diagnostic', function()
    return vim.diagnostic.get(0)[1]
  end)
  local line = vim.api.nvim_buf_get_lines(0, diagnostic.lnum, diagnostic.lnum + 1, false)[1]
  t.eq(
    'The largest coral reef system in the world',
    line:sub(diagnostic.col + 1, diagnostic.end_col)
  )
end)

t.test('loading reports progress, and the status line shows the model', function()
  local seen = {}
  vim.api.nvim_create_autocmd('LspProgress', {
    callback = function(event)
      local value = event.data.params.value
      table.insert(seen, value.title or value.message or '')
    end,
  })
  t.stop_servers()
  local bufnr = t.open_example('reef.prompt')
  t.wait('progress of loading', function()
    return vim.iter(seen):any(function(text)
      return text:find('smollm2', 1, true) ~= nil
    end)
  end)
  t.wait('the status line', function()
    return require('hoplens').status(bufnr):find('hoplens: smollm2-135m (sha256:', 1, true)
  end)
end)

t.finish()
