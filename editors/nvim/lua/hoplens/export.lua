--- Pictures of tables, opened outside the editor.
local server = require('hoplens.server')

local M = {}

--- Has the server draw a picture, and opens it with what the system has for it.
---@param bufnr integer
---@param argument table as of `hoplens.server.export`, without the format
function M.open(bufnr, argument)
  argument = vim.tbl_extend('keep', argument, { format = 'svg' })
  server.execute(bufnr, 'export', argument, function(written)
    local _, err = vim.ui.open(written.path)
    local text = err and ('%s was written; it could not be opened: %s'):format(written.path, err)
      or written.path .. ' was written and opened'
    server.say(text, err and vim.log.levels.WARN or nil)
  end)
end

return M
