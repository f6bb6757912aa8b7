--- Highlight groups. By default each is a link to a group that every colour scheme has; schemes and
--- users can override them.
local M = {}

--- The number of shades of cells and of attention. Step 1 is the weakest.
M.steps = 5

local links = {
  HoplensBest = 'DiagnosticUnderlineOk',
  HoplensCursor = 'Visual',
  HoplensAxis = 'LineNr',
  HoplensName = 'Title',
  HoplensNumber = 'Number',
  HoplensToken = 'String',
  HoplensNote = 'Comment',
  HoplensBar = 'DiagnosticInfo',
  HoplensValue = 'Identifier',
  HoplensUnset = 'DiagnosticWarn',
  HoplensOmitted = 'DiagnosticInfo',
  HoplensPreviewLine = 'CursorLine',
  HoplensPreviewCursor = 'Visual',
}
for step = 1, M.steps do
  -- The character of a cell shows its shade. A scheme can also vary the colour.
  links['HoplensMore' .. step] = 'DiagnosticInfo'
  links['HoplensLess' .. step] = 'DiagnosticWarn'
end
for step, group in ipairs({ 'CursorLine', 'Visual', 'Search', 'IncSearch', 'CurSearch' }) do
  links['HoplensAttention' .. step] = group
end

--- Defines the groups that neither the scheme nor the user has defined.
local function define_defaults()
  for name, target in pairs(links) do
    vim.api.nvim_set_hl(0, name, { link = target, default = true })
  end
end

local has_autocmd = false

--- Makes sure that the groups are defined, also after the colour scheme changes.
function M.ensure()
  define_defaults()
  if not has_autocmd then
    has_autocmd = true
    vim.api.nvim_create_autocmd('ColorScheme', {
      group = vim.api.nvim_create_augroup('hoplens.highlights', {}),
      callback = define_defaults,
    })
  end
end

--- Returns the names of all groups.
---@return string[]
function M.names()
  return vim.fn.sort(vim.tbl_keys(links))
end

return M
