--- Reads and validates `vim.g.hoplens`.
local M = {}

---@class hoplens.Options
---@field files string[] globs of files that are prompts
---@field hints boolean whether inlay hints are switched on in prompts
---@field lenses boolean whether code lenses are shown above prompts

---@type hoplens.Options
local defaults = { files = {}, hints = true, lenses = true }

local function is_list_of_strings(value)
  return vim.islist(value)
    and vim.iter(value):all(function(one)
      return type(one) == 'string'
    end)
end

--- Returns the errors in `vim.g.hoplens`, as sentences.
---@return string[]
function M.problems()
  local given = vim.g.hoplens
  if given == nil then
    return {}
  end
  if type(given) ~= 'table' then
    return { ('vim.g.hoplens is a %s; it must be a table'):format(type(given)) }
  end
  local problems = {}
  for key, value in pairs(given) do
    local default = defaults[key]
    if default == nil then
      local known = table.concat(vim.fn.sort(vim.tbl_keys(defaults)), ', ')
      table.insert(
        problems,
        ('vim.g.hoplens.%s is not an option; the options are: %s'):format(key, known)
      )
    elseif type(default) == 'table' and not is_list_of_strings(value) then
      table.insert(problems, ('vim.g.hoplens.%s must be a list of globs'):format(key))
    elseif type(default) ~= type(value) and not vim.tbl_isempty({ default }) then
      local wanted = type(default) == 'table' and 'list of globs' or type(default)
      table.insert(problems, ('vim.g.hoplens.%s must be a %s'):format(key, wanted))
    end
  end
  return problems
end

--- Returns the options. An invalid option has its default value.
---@return hoplens.Options
function M.get()
  local given = vim.g.hoplens
  local options = vim.deepcopy(defaults)
  if type(given) ~= 'table' then
    return options
  end
  for key, default in pairs(defaults) do
    local value = given[key]
    local has_type = type(value) == type(default)
    if has_type and (type(default) ~= 'table' or is_list_of_strings(value)) then
      options[key] = value
    end
  end
  return options
end

return M
