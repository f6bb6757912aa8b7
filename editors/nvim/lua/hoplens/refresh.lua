--- Keeps inlay hints and code lenses up to date as results arrive.
local M = {}

local group = vim.api.nvim_create_augroup('hoplens.refresh', {})

---@param bufnr integer
local function request_code_lenses(bufnr)
  local client = vim.lsp.get_clients({ name = 'hoplens', bufnr = bufnr })[1]
  local is_running = client and not client:is_stopped()
  if is_running and client:supports_method('textDocument/codeLens', bufnr) then
    vim.lsp.codelens.refresh({ bufnr = bufnr })
  end
end

--- Requests the hints of a buffer again. Neovim does not request hints for hidden buffers, so those
--- that arrived meanwhile are missing.
---@param bufnr integer
local function request_inlay_hints(bufnr)
  if vim.lsp.inlay_hint.is_enabled({ bufnr = bufnr }) then
    vim.lsp.inlay_hint.enable(true, { bufnr = bufnr })
  end
end

---@param bufnr integer
---@param events string[]
---@param run fun(bufnr: integer)
local function create_autocmd(bufnr, events, run)
  vim.api.nvim_create_autocmd(events, {
    group = group,
    buffer = bufnr,
    callback = function()
      run(bufnr)
    end,
  })
end

--- Switches on inlay hints and code lenses in a buffer that a client was attached to.
---@param client vim.lsp.Client
---@param bufnr integer
function M.attach(client, bufnr)
  local options = require('hoplens.options').get()
  vim.api.nvim_clear_autocmds({ group = group, buffer = bufnr })
  if options.hints and client:supports_method('textDocument/inlayHint', bufnr) then
    vim.lsp.inlay_hint.enable(true, { bufnr = bufnr })
    create_autocmd(bufnr, { 'BufWinEnter' }, request_inlay_hints)
  end
  if options.lenses and client:supports_method('textDocument/codeLens', bufnr) then
    if vim.lsp.codelens.enable then
      vim.lsp.codelens.enable(true, { bufnr = bufnr })
    else
      -- Neovim 0.11 requests code lenses only when a plugin asks for them.
      create_autocmd(bufnr, { 'BufWinEnter', 'BufEnter', 'InsertLeave' }, request_code_lenses)
      request_code_lenses(bufnr)
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

--- Handles `workspace/inlayHint/refresh`. Neovim 0.11's own handler marks lines as drawn that it draws
--- before the new hints arrive, and then never draws those hints. Enabling hints again avoids that.
---@param client_id integer
function M.on_hints_refresh(client_id)
  for _, bufnr in ipairs(vim.lsp.get_buffers_by_client_id(client_id)) do
    if #vim.fn.win_findbuf(bufnr) > 0 then
      request_inlay_hints(bufnr)
    end
  end
end

--- Handles `hoplens/didAnalyze`: the server has new findings of a prompt.
---@param params { uri: string, version: integer? }
function M.on_did_analyze(params)
  local bufnr = vim.uri_to_bufnr(params.uri)
  if not vim.api.nvim_buf_is_loaded(bufnr) then
    return
  end
  if require('hoplens.options').get().lenses and not vim.lsp.codelens.enable then
    request_code_lenses(bufnr)
  end
  vim.api.nvim_exec_autocmds('User', {
    pattern = 'HoplensAnalyzed',
    modeline = false,
    data = { buf = bufnr, version = params.version },
  })
end

return M
