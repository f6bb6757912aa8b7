//! Which names a template language accepts for a variable.

use crate::file::prompt_file::PromptFile;
use crate::format::prompt_format::PromptFormat;
use crate::lint::jinja_uses::GLOBALS;
use crate::symbols::jinja_scopes::KEYWORDS;
use crate::symbols::template_symbol::TemplateSyntax;
use crate::template::handlebars::helpers::HELPERS;

/// Words of Handlebars that are no variables.
const HANDLEBARS_WORDS: [&str; 8] = [
    "as",
    "else",
    "false",
    "null",
    "outlet",
    "this",
    "true",
    "undefined",
];

/// Keys of GitHub's test data that `gh models` itself reads.
const GITHUB_KEYS: [&str; 3] = ["name", "input", "expected"];

/// Returns why a variable of a prompt cannot have a name; `None` if it can.
pub(crate) fn name_problem(
    prompt: &PromptFile,
    syntax: TemplateSyntax,
    name: &str,
) -> Option<String> {
    let (signs, words) = match syntax {
        TemplateSyntax::Handlebars | TemplateSyntax::Mustache | TemplateSyntax::Inputs => {
            ("_-", "letters, digits, `_` and `-`")
        }
        TemplateSyntax::Placeholders => ("_-.", "letters, digits, `_`, `-` and `.`"),
        TemplateSyntax::Jinja
        | TemplateSyntax::Nunjucks
        | TemplateSyntax::SemanticKernel
        | TemplateSyntax::Plain => ("_", "letters, digits and `_`"),
    };
    let mut chars = name.chars();
    let begins = chars
        .next()
        .is_some_and(|first| first.is_alphabetic() || first == '_');
    if !begins || !chars.all(|char| char.is_alphanumeric() || signs.contains(char)) {
        return Some(format!(
            "`{name}` cannot be the name of a variable in this template. Use {words}, and begin with \
             a letter."
        ));
    }
    let is_helper = HELPERS.contains(&name) || prompt.registered.helpers.contains(name);
    let is_reserved = match syntax {
        TemplateSyntax::Handlebars if is_helper => {
            return Some(format!(
                "`{name}` is a helper, so `{{{{{name}}}}}` would call it. Choose another name."
            ));
        }
        TemplateSyntax::Handlebars => HANDLEBARS_WORDS.contains(&name),
        TemplateSyntax::Jinja | TemplateSyntax::Nunjucks => {
            KEYWORDS.contains(&name) || GLOBALS.contains(&name)
        }
        _ => false,
    };
    if is_reserved {
        return Some(format!(
            "`{name}` has a meaning of its own in this template language. Choose another name."
        ));
    }
    is_key_of_github(prompt, name).then(|| {
        format!(
            "`{name}` has a meaning of its own in the test data of GitHub Models. Choose another \
             name."
        )
    })
}

/// Whether a name is a key of test data that `gh models` itself reads.
pub(crate) fn is_key_of_github(prompt: &PromptFile, name: &str) -> bool {
    prompt.format == PromptFormat::Github && GITHUB_KEYS.contains(&name)
}
