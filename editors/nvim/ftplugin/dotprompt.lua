-- The comment syntax of the template. In the front matter, comments begin with `#`.
vim.bo.commentstring = '{{! %s }}'
vim.b.undo_ftplugin = 'setlocal commentstring<'
