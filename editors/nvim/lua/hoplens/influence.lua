--- `:Hoplens influence`: a bar at the end of each line, for how much the answer depends on it.
local server = require('hoplens.server')

local M = {}

---@class hoplens.InfluenceLine
---@field line integer from 0
---@field share number 0 to 1
---@field bar string empty if nothing measurable changes
---@field text string

---@class hoplens.InfluenceResult the result of `hoplens.server.influence`
---@field uri string
---@field lines hoplens.InfluenceLine[]

local namespace = vim.api.nvim_create_namespace('hoplens.influence')
local group = vim.api.nvim_create_augroup('hoplens.influence', {})

--- Removes the bars of a buffer.
---@param bufnr integer
function M.clear(bufnr)
  vim.api.nvim_buf_clear_namespace(bufnr, namespace, 0, -1)
  vim.api.nvim_clear_autocmds({ group = group, buffer = bufnr })
end

--- Whether a buffer shows bars.
---@param bufnr integer
---@return boolean
local function is_shown(bufnr)
  return #vim.api.nvim_buf_get_extmarks(bufnr, namespace, 0, -1, { limit = 1 }) > 0
end

---@param line hoplens.InfluenceLine
---@return [string, string][]
local function virtual_text(line)
  if line.bar == '' then
    return { { '· ' .. line.text, 'HoplensNote' } }
  end
  return { { line.bar, 'HoplensBar' }, { ' ' .. line.text, 'HoplensNote' } }
end

---@param bufnr integer
---@param lines hoplens.InfluenceLine[]
local function show(bufnr, lines)
  require('hoplens.highlights').ensure()
  M.clear(bufnr)
  local count = vim.api.nvim_buf_line_count(bufnr)
  for _, line in ipairs(lines) do
    if line.line < count then
      vim.api.nvim_buf_set_extmark(bufnr, namespace, line.line, 0, {
        virt_text = virtual_text(line),
        virt_text_pos = 'eol',
        hl_mode = 'combine',
      })
    end
  end
  -- After an edit, the bars would belong to another text.
  vim.api.nvim_create_autocmd({ 'TextChanged', 'TextChangedI' }, {
    group = group,
    buffer = bufnr,
    callback = function()
      M.clear(bufnr)
    end,
  })
end

--- Measures which lines matter and shows it; removes the bars if they are shown.
---@param bufnr integer
---@param argument { uri: string, case: string? } of `hoplens.server.influence`
function M.toggle(bufnr, argument)
  if is_shown(bufnr) then
    return M.clear(bufnr)
  end
  local tick = vim.b[bufnr].changedtick
  server.execute(bufnr, 'influence', argument, function(result)
    if not vim.api.nvim_buf_is_loaded(bufnr) then
      return
    end
    if vim.b[bufnr].changedtick ~= tick then
      local text = 'the prompt changed meanwhile. Run :Hoplens influence again'
      return server.notify(text, vim.log.levels.WARN)
    end
    if not result or result == vim.NIL or #result.lines == 0 then
      local text = 'this prompt has no sentence that can be left out'
      return server.notify(text, vim.log.levels.WARN)
    end
    show(bufnr, result.lines)
  end)
end

return M
