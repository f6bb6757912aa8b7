local t = dofile(vim.env.HOPLENS_HARNESS)

vim.lsp.enable('hoplens')

local ALL = {
  'cancel',
  'cases',
  'heads',
  'influence',
  'log',
  'measure',
  'models',
  'preview',
  'restart',
  'status',
  'sweep',
}

local function complete(line)
  return vim.fn.getcompletion(line, 'cmdline')
end

t.test('subcommands and their arguments are completed', function()
  t.eq(ALL, complete('Hoplens '))
  t.eq({ 'measure', 'models' }, complete('Hoplens m'))
  t.eq({ 'estimate' }, complete('Hoplens heads e'))
  t.eq({}, complete('Hoplens nonsense '))
end)

t.test('an unknown subcommand lists the known ones', function()
  vim.cmd('Hoplens nonsense')
  t.contains(t.wait_for_message('no subcommand `nonsense`'), table.concat(ALL, ', '))
  vim.cmd('Hoplens')
  t.wait_for_message('the subcommands are: cancel')
end)

t.test('a command in another buffer explains that it needs a prompt', function()
  vim.cmd.enew()
  vim.cmd('Hoplens heads')
  t.wait_for_message('this buffer is not a prompt file')
end)

t.test('the location list has each case with its probability and place', function()
  local bufnr = t.open_example('capital.prompt')
  t.hint(bufnr)
  vim.cmd('Hoplens cases')
  local list = t.wait('the list', function()
    local items = vim.fn.getloclist(0)
    return #items > 0 and items
  end)
  t.eq(2, #list)
  t.contains(list[1].text, 'france: " Paris"')
  t.contains(list[2].text, 'italy: " Rome"')
  t.ok(t.percentage(list[1].text) > 0)
  t.eq(bufnr, list[2].bufnr)
  local declared = vim.api.nvim_buf_get_lines(bufnr, list[2].lnum - 1, list[2].lnum, false)[1]
  t.contains(declared, 'id: italy')
  vim.cmd.lclose()
end)

t.test('models are listed with size, licence and state', function()
  local bufnr = t.open_example('reef.prompt')
  t.hint(bufnr)
  local lines
  ---@diagnostic disable-next-line: duplicate-set-field
  vim.ui.select = function(items, options, on_choice)
    lines = vim.tbl_map(options.format_item, items)
    on_choice(nil, nil)
  end
  vim.cmd('Hoplens models')
  t.wait('the models', function()
    return lines
  end)
  local default = vim.iter(lines):find(function(line)
    return line:find('^smollm2%-135m ') ~= nil
  end)
  t.eq('smollm2-135m  98 MB  apache-2.0  (in use)', default)
  t.ok(vim.list_contains(complete('Hoplens models smol'), 'smollm2-135m'), 'not completed')
end)

t.test('the status shows server, model and digest', function()
  t.hint(t.open_example('reef.prompt'))
  vim.cmd('messages clear')
  vim.cmd('Hoplens status')
  local text = t.wait('the status', function()
    local said = vim.fn.execute('messages')
    return said:find('digest', 1, true) and said
  end)
  t.contains(text, 'server ' .. require('hoplens').version)
  t.contains(text, 'model  smollm2-135m, 30 layers of 9 heads, width 576')
  t.contains(text, 'digest sha256:b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53')
end)

t.test('measure runs in spite of run = manual, and cancel stops it', function()
  local client = t.client(t.open_example('reef.prompt'))
  client.settings = { hoplens = { run = 'manual' } }
  client:notify('workspace/didChangeConfiguration', { settings = client.settings })
  local bufnr = t.open_example('capital.prompt')
  t.client(bufnr)
  vim.wait(1500)
  t.eq({}, vim.diagnostic.get(bufnr))
  vim.cmd('Hoplens cancel')
  t.wait_for_message('there was nothing to cancel')
  local analyzed
  vim.api.nvim_create_autocmd('User', {
    pattern = 'HoplensAnalyzed',
    callback = function(event)
      analyzed = event.data.buf
    end,
  })
  vim.cmd('Hoplens measure')
  t.hint(bufnr)
  t.eq(bufnr, analyzed, 'HoplensAnalyzed did not fire')
  vim.cmd('Hoplens cancel')
  t.wait_for_message('cancelled the work')
  client:notify('workspace/didChangeConfiguration', { settings = { hoplens = {} } })
end)

t.test('restart attaches a new server to every prompt', function()
  local first = t.open_example('reef.prompt')
  local old = t.client(first)
  local second = t.open_example('several.prompt')
  t.client(second)
  vim.cmd('Hoplens restart')
  for _, bufnr in ipairs({ first, second }) do
    t.wait('the new server', function()
      local client = vim.lsp.get_clients({ name = 'hoplens', bufnr = bufnr })[1]
      return client and client.id > old.id and client.initialized
    end)
  end
  t.hint(second)
  vim.cmd.buffer(first)
  t.hint(first)
  t.eq({}, t.messages, 'the restart was reported as a crash')
end)

t.test('influence shows bars that an edit or a second call removes', function()
  local folder = t.folder()
  local text = '---\nhoplens.cases: [{expect: " Paris", raw: true}]\n---\n'
    .. 'Paper is made of wood. The answer is Paris.\n\nThe answer is'
  t.write(folder, 'a.prompt', text)
  vim.cmd.edit(vim.fs.joinpath(folder, 'a.prompt'))
  local bufnr = vim.api.nvim_get_current_buf()
  t.hint(bufnr)
  local namespace = vim.api.nvim_get_namespaces()['hoplens.influence']
  local function marks()
    namespace = namespace or vim.api.nvim_get_namespaces()['hoplens.influence']
    return namespace and vim.api.nvim_buf_get_extmarks(bufnr, namespace, 0, -1, { details = true })
      or {}
  end
  local function wait_for_bars()
    return t.wait('the bars', function()
      return #marks() > 0 and marks()
    end)
  end
  vim.cmd('Hoplens influence')
  local shown = wait_for_bars()
  t.eq(1, #shown)
  t.eq(3, shown[1][2])
  t.contains(shown[1][4].virt_text[1][1], '█')
  t.contains(shown[1][4].virt_text[2][1], 'without this, answer ×')
  vim.cmd('Hoplens influence')
  t.eq({}, marks())
  vim.cmd('Hoplens influence')
  wait_for_bars()
  vim.api.nvim_buf_set_lines(bufnr, -1, -1, false, { 'x' })
  vim.api.nvim_exec_autocmds('TextChanged', { buffer = bufnr })
  t.eq({}, marks())
  vim.cmd.bwipeout({ bang = true })
end)

t.test('log opens the end of the log file', function()
  local windows = #vim.api.nvim_list_wins()
  vim.cmd('Hoplens log')
  t.eq(windows + 1, #vim.api.nvim_list_wins())
  t.contains(vim.api.nvim_buf_get_name(0), 'lsp.log')
  t.eq(vim.api.nvim_buf_line_count(0), vim.api.nvim_win_get_cursor(0)[1])
  vim.cmd.close()
end)

t.test('<Plug> mappings run the subcommands', function()
  for _, name in ipairs({ 'preview', 'heads', 'sweep', 'influence', 'measure', 'cases' }) do
    t.eq('<Cmd>Hoplens ' .. name .. '<CR>', vim.fn.maparg(('<Plug>(hoplens-%s)'):format(name), 'n'))
  end
end)

t.finish()
