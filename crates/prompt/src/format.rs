//! The formats of prompt files, and what each keeps where.

pub(crate) mod dotprompt;
pub(crate) mod github;
pub(crate) mod markdown;
mod plain;
pub(crate) mod prompt_format;
pub(crate) mod prompt_md;
pub(crate) mod promptfoo;
pub(crate) mod prompty;
pub(crate) mod split;

use crate::format::prompt_format::Format;
use crate::format::split::Split;

/// The front matter and the body of a file.
pub(crate) fn split(format: Format, text: &str) -> Split {
    match format {
        Format::Dotprompt => dotprompt::split(text),
        Format::Github => Split {
            body: 0..text.len(),
            front_matter: None,
            problems: Vec::new(),
        },
        Format::Promptfoo => Split {
            body: 0..0,
            front_matter: None,
            problems: Vec::new(),
        },
        Format::Prompty => prompty::split(text),
        Format::PromptMd => prompt_md::split(text),
        Format::Plain | Format::Markdown => plain::split(text),
    }
}
