--- What a statusline or a user's own mapping may call; everything else is in the other files.
local M = {}

--- The version of this plugin, which is the server's too.
M.version = '0.1.0'

--- How the server of a buffer is, for a statusline; empty where there is none.
---@param bufnr integer? the current buffer without one
---@return string
function M.status(bufnr)
  return require('hoplens.server').line(bufnr or vim.api.nvim_get_current_buf())
end

return M
