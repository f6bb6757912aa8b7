--- Highlight groups. Each is a link to a group that every colour scheme has; a scheme or a user may
--- set them otherwise.
local M = {}

--- Steps of a cell's shade and of attention, weakest first.
M.steps = 5

local links = {
  HoplensBest = 'DiagnosticUnderlineOk',
  HoplensCursor = 'Visual',
  HoplensAxis = 'LineNr',
  HoplensName = 'Title',
  HoplensNumber = 'Number',
  HoplensToken = 'String',
  HoplensNote = 'Comment',
}
for step = 1, M.steps do
  -- The shade of a cell is in its character; a scheme may grade the colour as well.
  links['HoplensMore' .. step] = 'DiagnosticInfo'
  links['HoplensLess' .. step] = 'DiagnosticWarn'
end
for step, group in ipairs({ 'CursorLine', 'Visual', 'Search', 'IncSearch', 'CurSearch' }) do
  links['HoplensAttention' .. step] = group
end

--- Defines what nobody has defined.
local function define()
  for name, target in pairs(links) do
    vim.api.nvim_set_hl(0, name, { link = target, default = true })
  end
end

local is_watching = false

--- Sees to it that the groups are there, also after the colour scheme changes.
function M.ensure()
  define()
  if not is_watching then
    is_watching = true
    vim.api.nvim_create_autocmd('ColorScheme', {
      group = vim.api.nvim_create_augroup('hoplens.highlights', {}),
      callback = define,
    })
  end
end

--- The names of all groups.
---@return string[]
function M.names()
  return vim.fn.sort(vim.tbl_keys(links))
end

return M
