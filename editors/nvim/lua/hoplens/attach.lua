--- Which buffers the server is for.
local M = {}

local SIDECAR = '.hoplens.yaml'
--- How the names of prompts end; whatever stands before must not be empty.
local ENDINGS = { '%.prompt', '%.prompty', '%.prompt%.md', '%.prompt%.ya?ml' }

---@param path string
---@return boolean
local function is_named_so(path)
  local name = vim.fs.basename(path):lower()
  if name == 'hoplens.toml' or name:find('.' .. vim.pesc(SIDECAR) .. '$') then
    return true
  end
  return vim.iter(ENDINGS):any(function(ending)
    return name:find('.' .. ending .. '$') ~= nil
  end)
end

---@param path string
---@return boolean
local function has_sidecar(path)
  local found = vim.uv.fs_stat(path .. SIDECAR)
  return found ~= nil and found.type == 'file'
end

--- Whether a glob of `vim.g.hoplens.files` fits. One that does not begin at the root fits anywhere.
---@param path string
---@return boolean
local function is_listed(path)
  path = vim.fs.normalize(path)
  return vim.iter(require('hoplens.options').get().files):any(function(glob)
    local whole = vim.fs.normalize(glob, { expand_env = false })
    if not whole:find('^/') and not whole:find('^%a:') then
      whole = '**/' .. whole
    end
    local ok, pattern = pcall(vim.glob.to_lpeg, whole)
    return ok and (pattern:match(path) or pattern:match((path:gsub('^/', '')))) ~= nil
  end)
end

--- Whether a buffer is a file that the server is for.
---@param bufnr integer
---@return boolean
function M.wants(bufnr)
  if vim.bo[bufnr].buftype ~= '' then
    return false
  end
  local path = vim.api.nvim_buf_get_name(bufnr)
  if path == '' or path:find('^%a[%w+.-]+://') then
    return false
  end
  return is_named_so(path) or has_sidecar(path) or is_listed(path)
end

--- The folder of the project that a buffer belongs to.
---@param bufnr integer
---@return string
function M.root(bufnr)
  return vim.fs.root(bufnr, { 'hoplens.toml', '.git' })
    or vim.fs.dirname(vim.api.nvim_buf_get_name(bufnr))
end

--- Sees to it that edits for an older text are refused. Neovim gives a buffer that nobody typed into
--- version 0, and applies edits that were made for version 0 to whatever is there by then.
---@param bufnr integer
function M.version(bufnr)
  local versions = vim.lsp.util.buf_versions
  if versions and versions[bufnr] == 0 and #vim.lsp.get_clients({ bufnr = bufnr }) == 0 then
    versions[bufnr] = vim.api.nvim_buf_get_changedtick(bufnr)
  end
end

--- What the server is told a buffer is. It cannot know of globs, and takes what they name for
--- Markdown that is a prompt.
---@param bufnr integer
---@param filetype string
---@return string
function M.language(bufnr, filetype)
  local path = vim.api.nvim_buf_get_name(bufnr)
  if not is_named_so(path) and not has_sidecar(path) and is_listed(path) then
    return 'prompt'
  end
  return filetype
end

--- The type of a file that has no other: only files with a type are offered to servers.
---@param path string
---@return string?
function M.filetype(path)
  local ending = path:lower():match('.%.(%a+)$')
  if ending == 'prompt' then
    return 'dotprompt'
  elseif ending == 'prompty' then
    return 'prompty'
  elseif has_sidecar(path) or is_listed(path) then
    return 'text'
  end
end

--- What is wrong with the command that starts the server.
---@return string?
function M.command_problem()
  local config = vim.lsp.config.hoplens
  local cmd = config and config.cmd
  if type(cmd) == 'table' and vim.fn.executable(cmd[1]) == 0 then
    local remedy = 'install it (cargo install --locked hoplens), or say where it is: '
      .. "vim.lsp.config('hoplens', { cmd = { '/path/to/hoplens', 'lsp' } })"
    return ('the server `%s` cannot be run; %s'):format(cmd[1], remedy)
  end
end

--- Says once that the server cannot be run, where it should.
---@param bufnr integer
function M.complain(bufnr)
  -- 0.11.0 cannot be asked whether a server is enabled.
  local is_enabled = vim.lsp.is_enabled
  if is_enabled and not is_enabled('hoplens') or not M.wants(bufnr) then
    return
  end
  local problem = M.command_problem()
  if problem then
    vim.notify_once('hoplens: ' .. problem, vim.log.levels.ERROR)
  end
end

return M
