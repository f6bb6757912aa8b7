if vim.g.loaded_hoplens then
  return
end
vim.g.loaded_hoplens = true

if vim.fn.has('nvim-0.11') == 0 then
  local version = vim.version()
  local text =
    'hoplens needs Neovim 0.11 or newer, and this is %d.%d.%d. The plugin is switched off'
  text = text:format(version.major, version.minor, version.patch)
  -- The start-up screen would cover a message that is not scheduled.
  vim.schedule(function()
    vim.notify(text, vim.log.levels.ERROR)
  end)
  return
end

vim.filetype.add({
  extension = { prompt = 'dotprompt', prompty = 'prompty' },
  pattern = {
    ['.*'] = {
      function(path, bufnr)
        return require('hoplens.attach').filetype(path, bufnr)
      end,
      -- The lowest priority: only for files without another file type.
      { priority = -math.huge },
    },
  },
})

vim.api.nvim_create_user_command('Hoplens', function(command)
  require('hoplens.commands').run(command)
end, {
  nargs = '*',
  desc = 'Show what the model does with this prompt',
  complete = function(lead, line)
    return require('hoplens.commands').complete(lead, line)
  end,
})

for _, name in ipairs({ 'preview', 'heads', 'sweep', 'influence', 'measure', 'cases' }) do
  vim.keymap.set('n', ('<Plug>(hoplens-%s)'):format(name), ('<Cmd>Hoplens %s<CR>'):format(name))
end

local group = vim.api.nvim_create_augroup('hoplens', {})

vim.api.nvim_create_autocmd('LspAttach', {
  group = group,
  callback = function(event)
    local client = vim.lsp.get_client_by_id(event.data.client_id)
    if client and client.name == 'hoplens' then
      require('hoplens.refresh').attach(client, event.buf)
    end
  end,
})

-- Neovim only logs it when the program of a server is missing.
vim.api.nvim_create_autocmd('FileType', {
  group = group,
  callback = function(event)
    require('hoplens.attach').notify_command_error(event.buf)
  end,
})
