-- The configuration for `vim.lsp.enable('hoplens')`. `vim.lsp.config('hoplens', {…})` extends it.

---@type vim.lsp.Config
return {
  cmd = { 'hoplens', 'lsp' },
  -- No `filetypes`: a file of any type with a sidecar is a prompt, so `root_dir` decides.
  root_dir = function(bufnr, on_dir)
    local attach = require('hoplens.attach')
    if attach.should_attach(bufnr) then
      attach.ensure_nonzero_version(bufnr)
      on_dir(attach.root_dir(bufnr))
    end
  end,
  get_language_id = function(bufnr, filetype)
    return require('hoplens.attach').language_id(bufnr, filetype)
  end,
  settings = { hoplens = vim.empty_dict() },
  capabilities = {
    experimental = { serverStatusNotification = true, hoplensDidAnalyze = true },
  },
  -- The server loads the model before Neovim sends the settings, so they are sent here too.
  before_init = function(params, config)
    params.initializationOptions = { hoplens = (config.settings or {}).hoplens }
  end,
  on_exit = function(code, signal, client_id)
    require('hoplens.server').on_exit(code, signal, client_id)
  end,
  handlers = {
    ['hoplens/didAnalyze'] = function(_, params)
      require('hoplens.refresh').on_did_analyze(params)
    end,
    ['workspace/inlayHint/refresh'] = function(_, _, context)
      require('hoplens.refresh').on_hints_refresh(context.client_id)
      return vim.NIL
    end,
    ['experimental/serverStatus'] = function(_, params, context)
      require('hoplens.server').on_status(params, context.client_id)
    end,
  },
  -- Commands of code lenses and code actions. In other clients they open pages in the browser.
  commands = {
    ['hoplens.server.showHeads'] = function(command, context)
      require('hoplens.heads').open(context.bufnr, (command.arguments or {})[1])
    end,
    ['hoplens.server.showSweep'] = function(command, context)
      require('hoplens.sweep').open(context.bufnr, (command.arguments or {})[1])
    end,
    ['hoplens.server.influence'] = function(command, context)
      require('hoplens.influence').toggle(context.bufnr, (command.arguments or {})[1])
    end,
  },
}
