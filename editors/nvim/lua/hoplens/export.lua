--- Saves tables as pictures and opens them in the system's viewer.
local server = require('hoplens.server')

local M = {}

--- Has the server write a picture, and opens it with `vim.ui.open()`.
---@param bufnr integer
---@param argument table of `hoplens.server.export`, without the format
function M.open(bufnr, argument)
  argument = vim.tbl_extend('keep', argument, { format = 'svg' })
  server.execute(bufnr, 'export', argument, function(result)
    local _, err = vim.ui.open(result.path)
    local text = err and ('saved %s, but it could not be opened: %s'):format(result.path, err)
      or ('saved and opened ' .. result.path)
    server.notify(text, err and vim.log.levels.WARN or nil)
  end)
end

return M
