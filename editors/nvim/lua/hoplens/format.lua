--- Formats numbers and tokens as the command line does.
local M = {}

--- Formats a probability: `23.5 %`, `0.05 %`, `1.2e-6 %`.
---@param p number
---@return string
function M.percent(p)
  local percent = 100 * p
  if percent >= 9.95 then
    return ('%.1f %%'):format(percent)
  elseif percent >= 0.095 then
    return ('%.2f %%'):format(percent)
  elseif percent >= 1e-5 then
    local digits = math.max(0, 1 - math.floor(math.log10(percent)))
    return ('%.' .. digits .. 'f %%'):format(percent)
  elseif percent > 0 then
    return ('%.1e %%'):format(percent)
  end
  return '0 %'
end

--- Formats a ratio: `×1.7`, `×12`, `×0.13`.
---@param factor number
---@return string
function M.factor(factor)
  if factor > 1000 then
    return '×>1000'
  elseif factor >= 9.95 then
    return ('×%.0f'):format(factor)
  elseif factor < 0.005 then
    return '×<0.01'
  elseif factor < 0.95 then
    return ('×%.2f'):format(factor)
  end
  return ('×%.1f'):format(factor)
end

--- Quotes a token and escapes it, so that it stays on one line.
---@param text string
---@return string
function M.quoted(text)
  local escapes = { ['"'] = '\\"', ['\\'] = '\\\\', ['\n'] = '\\n', ['\r'] = '\\r', ['\t'] = '\\t' }
  local shown = text:gsub('["\\%c]', function(char)
    return escapes[char] or ('\\u{%x}'):format(char:byte())
  end)
  return '"' .. shown .. '"'
end

--- Shortens a text to at most `width` screen columns.
---@param text string
---@param width integer
---@return string
function M.shorten(text, width)
  if vim.fn.strdisplaywidth(text) <= width then
    return text
  end
  return vim.fn.strcharpart(text, 0, math.max(0, width - 1)) .. '…'
end

--- Formats a number of bytes in megabytes.
---@param bytes integer
---@return string
function M.size(bytes)
  return ('%.0f MB'):format(bytes / 1e6)
end

return M
