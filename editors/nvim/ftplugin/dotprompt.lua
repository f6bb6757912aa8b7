-- A comment of the template; one of the front matter begins with `#`.
vim.bo.commentstring = '{{! %s }}'
vim.b.undo_ftplugin = 'setlocal commentstring<'
