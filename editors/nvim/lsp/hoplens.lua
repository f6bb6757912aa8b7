-- Read by `vim.lsp.enable('hoplens')`; `vim.lsp.config('hoplens', {…})` adds to it.

---@type vim.lsp.Config
return {
  cmd = { 'hoplens', 'lsp' },
  -- No `filetypes`: a sidecar makes a prompt of a file of any type. Names and sidecars decide.
  root_dir = function(bufnr, on_dir)
    local attach = require('hoplens.attach')
    if attach.wants(bufnr) then
      attach.version(bufnr)
      on_dir(attach.root(bufnr))
    end
  end,
  get_language_id = function(bufnr, filetype)
    return require('hoplens.attach').language(bufnr, filetype)
  end,
  settings = { hoplens = vim.empty_dict() },
  capabilities = {
    experimental = { serverStatusNotification = true, hoplensDidAnalyze = true },
  },
  -- The model is loaded before settings are pushed, so it must be named earlier.
  before_init = function(params, config)
    params.initializationOptions = { hoplens = (config.settings or {}).hoplens }
  end,
  on_exit = function(code, signal, client_id)
    require('hoplens.server').ended(code, signal, client_id)
  end,
  handlers = {
    ['hoplens/didAnalyze'] = function(_, params)
      require('hoplens.refresh').analyzed(params)
    end,
    ['workspace/inlayHint/refresh'] = function(_, _, context)
      require('hoplens.refresh').hints(context.client_id)
      return vim.NIL
    end,
    ['experimental/serverStatus'] = function(_, params, context)
      require('hoplens.server').told(params, context.client_id)
    end,
  },
  -- Lenses and actions name these; here they open in the editor instead of a browser.
  commands = {
    ['hoplens.server.showHeads'] = function(command, context)
      require('hoplens.heads').open(context.bufnr, (command.arguments or {})[1])
    end,
    ['hoplens.server.showSweep'] = function(command, context)
      require('hoplens.sweep').open(context.bufnr, (command.arguments or {})[1])
    end,
  },
}
