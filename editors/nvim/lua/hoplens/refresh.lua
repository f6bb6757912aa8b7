--- Hints and lenses, shown anew as results arrive.
local M = {}

local group = vim.api.nvim_create_augroup('hoplens.lenses', {})

---@param bufnr integer
local function ask_for_lenses(bufnr)
  local client = vim.lsp.get_clients({ name = 'hoplens', bufnr = bufnr })[1]
  if client and client:supports_method('textDocument/codeLens', bufnr) then
    vim.lsp.codelens.refresh({ bufnr = bufnr })
  end
end

--- A client got a buffer.
---@param client vim.lsp.Client
---@param bufnr integer
function M.attach(client, bufnr)
  local options = require('hoplens.options').get()
  if options.hints and client:supports_method('textDocument/inlayHint', bufnr) then
    vim.lsp.inlay_hint.enable(true, { bufnr = bufnr })
  end
  if not options.lenses or not client:supports_method('textDocument/codeLens', bufnr) then
    return
  end
  if vim.lsp.codelens.enable then
    return vim.lsp.codelens.enable(true, { bufnr = bufnr })
  end
  -- Up to 0.11 nobody asks for lenses by himself.
  vim.api.nvim_clear_autocmds({ group = group, buffer = bufnr })
  vim.api.nvim_create_autocmd({ 'BufEnter', 'InsertLeave' }, {
    group = group,
    buffer = bufnr,
    callback = function()
      ask_for_lenses(bufnr)
    end,
  })
  vim.api.nvim_create_autocmd('LspDetach', {
    group = group,
    buffer = bufnr,
    callback = function(event)
      if event.data.client_id == client.id then
        vim.lsp.codelens.clear(client.id, bufnr)
        vim.api.nvim_clear_autocmds({ group = group, buffer = bufnr })
      end
    end,
  })
  ask_for_lenses(bufnr)
end

--- The server knows more of a prompt.
---@param params { uri: string, version: integer? }
function M.analyzed(params)
  local bufnr = vim.uri_to_bufnr(params.uri)
  if not vim.api.nvim_buf_is_loaded(bufnr) then
    return
  end
  if require('hoplens.options').get().lenses and not vim.lsp.codelens.enable then
    ask_for_lenses(bufnr)
  end
  vim.api.nvim_exec_autocmds('User', {
    pattern = 'HoplensAnalyzed',
    modeline = false,
    data = { buf = bufnr, version = params.version },
  })
end

return M
