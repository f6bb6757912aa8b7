" dotprompt: YAML front matter between `---` lines, then a Handlebars template.
if exists('b:current_syntax')
  finish
endif

syntax include @hoplensYaml syntax/yaml.vim
unlet! b:current_syntax
syntax region dotpromptMatter matchgroup=Delimiter start=/\%^---\s*$/ end=/^---\s*$/ keepend contains=@hoplensYaml
syntax region dotpromptTag matchgroup=Delimiter start=/{{{\=/ end=/}}}\=/ contains=dotpromptString,dotpromptKeyword oneline
syntax region dotpromptComment start=/{{!--/ end=/--}}/
syntax region dotpromptComment start=/{{!\%(--\)\@!/ end=/}}/
syntax region dotpromptString start=/"/ skip=/\\"/ end=/"/ contained oneline
syntax match dotpromptKeyword /[#\/>]\s*\k\+/ contained

highlight default link dotpromptTag Identifier
highlight default link dotpromptComment Comment
highlight default link dotpromptString String
highlight default link dotpromptKeyword Keyword

syntax sync fromstart

let b:current_syntax = 'dotprompt'
