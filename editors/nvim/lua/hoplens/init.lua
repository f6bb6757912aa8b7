--- The public functions of the plugin, for status lines and mappings. All other modules are private.
local M = {}

--- The version of this plugin. Plugin and server of the same version work together.
M.version = '0.1.0'

--- Returns the state of a buffer's server for a status line, or an empty string without a server.
---@param bufnr integer? default: the current buffer
---@return string
function M.status(bufnr)
  return require('hoplens.server').statusline(bufnr or vim.api.nvim_get_current_buf())
end

return M
