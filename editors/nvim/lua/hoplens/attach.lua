--- Decides which buffers the server is attached to, and what it is told about them.
local M = {}

local SIDECAR_SUFFIX = '.hoplens.yaml'
--- Lua patterns for the ends of prompt file names. A name must have something before them.
local PROMPT_SUFFIXES = {
  '%.prompt',
  '%.prompty',
  '%.prompt%.md',
  '%.agent%.md',
  '%.instructions%.md',
  '%.prompt%.ya?ml',
}

---@param path string
---@return boolean
local function has_prompt_name(path)
  local name = vim.fs.basename(path)
  -- Agents look for exactly this name.
  if name == 'SKILL.md' then
    return true
  end
  name = name:lower()
  if name == 'hoplens.toml' or name:find('.' .. vim.pesc(SIDECAR_SUFFIX) .. '$') then
    return true
  end
  return vim.iter(PROMPT_SUFFIXES):any(function(suffix)
    return name:find('.' .. suffix .. '$') ~= nil
  end)
end

---@param path string
---@return boolean
local function has_sidecar(path)
  local stat = vim.uv.fs_stat(path .. SIDECAR_SUFFIX)
  return stat ~= nil and stat.type == 'file'
end

--- Whether a glob of `vim.g.hoplens.files` matches. A relative glob matches in any folder.
---@param path string
---@return boolean
local function matches_glob(path)
  path = vim.fs.normalize(path)
  return vim.iter(require('hoplens.options').get().files):any(function(glob)
    local absolute = vim.fs.normalize(glob, { expand_env = false })
    if not absolute:find('^/') and not absolute:find('^%a:') then
      absolute = '**/' .. absolute
    end
    local ok, pattern = pcall(vim.glob.to_lpeg, absolute)
    return ok and (pattern:match(path) or pattern:match((path:gsub('^/', '')))) ~= nil
  end)
end

--- Whether the server is attached to a buffer: a prompt, a sidecar or `hoplens.toml` on disk.
---@param bufnr integer
---@return boolean
function M.should_attach(bufnr)
  if vim.bo[bufnr].buftype ~= '' then
    return false
  end
  local path = vim.api.nvim_buf_get_name(bufnr)
  if path == '' or path:find('^%a[%w+.-]+://') then
    return false
  end
  return has_prompt_name(path) or has_sidecar(path) or matches_glob(path)
end

--- Returns the root folder of the project that a buffer belongs to.
---@param bufnr integer
---@return string
function M.root_dir(bufnr)
  return vim.fs.root(bufnr, { 'hoplens.toml', '.git' })
    or vim.fs.dirname(vim.api.nvim_buf_get_name(bufnr))
end

--- Gives an unedited buffer a version other than 0. Neovim applies an edit for version 0 to any later
--- text; with another version it refuses edits that were made for an older text.
---@param bufnr integer
function M.ensure_nonzero_version(bufnr)
  local versions = vim.lsp.util.buf_versions
  if versions and versions[bufnr] == 0 and #vim.lsp.get_clients({ bufnr = bufnr }) == 0 then
    versions[bufnr] = vim.api.nvim_buf_get_changedtick(bufnr)
  end
end

--- Returns the language id that is sent to the server. Files that only a glob selects are sent as
--- `prompt`, because the server does not know the globs.
---@param bufnr integer
---@param filetype string
---@return string
function M.language_id(bufnr, filetype)
  local path = vim.api.nvim_buf_get_name(bufnr)
  if not has_prompt_name(path) and not has_sidecar(path) and matches_glob(path) then
    return 'prompt'
  end
  return filetype
end

--- Returns the file type for a file that has no other. Neovim attaches servers only to buffers with a
--- file type.
---@param path string
---@return string?
function M.filetype(path)
  local extension = path:lower():match('.%.(%a+)$')
  if extension == 'prompt' then
    return 'dotprompt'
  elseif extension == 'prompty' then
    return 'prompty'
  elseif has_sidecar(path) or matches_glob(path) then
    return 'text'
  end
end

--- Returns why the server's command cannot run, or nil if it can.
---@return string?
function M.command_error()
  local config = vim.lsp.config.hoplens
  local cmd = config and config.cmd
  if type(cmd) == 'table' and vim.fn.executable(cmd[1]) == 0 then
    local remedy = 'Install it (cargo install --locked hoplens), or set its path: '
      .. "vim.lsp.config('hoplens', { cmd = { '/path/to/hoplens', 'lsp' } })"
    return ('the server `%s` cannot be run. %s'):format(cmd[1], remedy)
  end
end

--- Notifies once that the server of a prompt buffer cannot run.
---@param bufnr integer
function M.notify_command_error(bufnr)
  -- Neovim 0.11.0 has no `vim.lsp.is_enabled`.
  local is_enabled = vim.lsp.is_enabled
  if is_enabled and not is_enabled('hoplens') or not M.should_attach(bufnr) then
    return
  end
  local err = M.command_error()
  if err then
    vim.notify_once('hoplens: ' .. err, vim.log.levels.ERROR)
  end
end

return M
