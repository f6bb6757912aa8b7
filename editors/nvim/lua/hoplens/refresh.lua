--- Hints and lenses, shown anew as results arrive.
local M = {}

local group = vim.api.nvim_create_augroup('hoplens.refresh', {})

---@param bufnr integer
local function ask_for_lenses(bufnr)
  local client = vim.lsp.get_clients({ name = 'hoplens', bufnr = bufnr })[1]
  local is_alive = client and not client:is_stopped()
  if is_alive and client:supports_method('textDocument/codeLens', bufnr) then
    vim.lsp.codelens.refresh({ bufnr = bufnr })
  end
end

--- Asks for the hints of a buffer, as for one that comes into view: what arrived while it was
--- hidden, Neovim did not ask for.
---@param bufnr integer
local function ask_for_hints(bufnr)
  if vim.lsp.inlay_hint.is_enabled({ bufnr = bufnr }) then
    vim.lsp.inlay_hint.enable(true, { bufnr = bufnr })
  end
end

---@param bufnr integer
---@param events string[]
---@param run fun(bufnr: integer)
local function on(bufnr, events, run)
  vim.api.nvim_create_autocmd(events, {
    group = group,
    buffer = bufnr,
    callback = function()
      run(bufnr)
    end,
  })
end

--- A client got a buffer.
---@param client vim.lsp.Client
---@param bufnr integer
function M.attach(client, bufnr)
  local options = require('hoplens.options').get()
  vim.api.nvim_clear_autocmds({ group = group, buffer = bufnr })
  if options.hints and client:supports_method('textDocument/inlayHint', bufnr) then
    vim.lsp.inlay_hint.enable(true, { bufnr = bufnr })
    on(bufnr, { 'BufWinEnter' }, ask_for_hints)
  end
  if options.lenses and client:supports_method('textDocument/codeLens', bufnr) then
    if vim.lsp.codelens.enable then
      vim.lsp.codelens.enable(true, { bufnr = bufnr })
    else
      -- Up to 0.11 nobody asks for lenses by himself.
      on(bufnr, { 'BufWinEnter', 'BufEnter', 'InsertLeave' }, ask_for_lenses)
      ask_for_lenses(bufnr)
    end
  end
  vim.api.nvim_create_autocmd('LspDetach', {
    group = group,
    buffer = bufnr,
    callback = function(event)
      if event.data.client_id == client.id then
        if not vim.lsp.codelens.enable then
          vim.lsp.codelens.clear(client.id, bufnr)
        end
        vim.api.nvim_clear_autocmds({ group = group, buffer = bufnr })
      end
    end,
  })
end

--- The hints of a server changed. Neovim 0.11 itself would count lines as drawn that it draws
--- before the new hints are there, and then never draw them; asking from the start does not.
---@param client_id integer
function M.hints(client_id)
  for _, bufnr in ipairs(vim.lsp.get_buffers_by_client_id(client_id)) do
    if #vim.fn.win_findbuf(bufnr) > 0 then
      ask_for_hints(bufnr)
    end
  end
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
