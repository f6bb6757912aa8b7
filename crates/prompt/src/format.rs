//! The formats of prompt files, and where each keeps its declarations and its template.

pub(crate) mod content_parts;
pub(crate) mod dotprompt;
pub(crate) mod github;
pub(crate) mod markdown;
pub(crate) mod own_keys;
mod plain;
pub(crate) mod prompt_format;
pub(crate) mod prompt_md;
pub(crate) mod promptfoo;
pub(crate) mod prompty;
pub(crate) mod semantic_kernel;
pub(crate) mod split;

use crate::format::prompt_format::PromptFormat;
use crate::format::split::Split;

/// Splits a file into front matter and body.
pub(crate) fn split(format: PromptFormat, text: &str) -> Split {
    match format {
        PromptFormat::Dotprompt => dotprompt::split(text),
        PromptFormat::Github => Split {
            body: 0..text.len(),
            front_matter: None,
            problems: Vec::new(),
        },
        PromptFormat::Promptfoo => Split {
            body: 0..0,
            front_matter: None,
            problems: Vec::new(),
        },
        PromptFormat::Prompty => prompty::split(text),
        PromptFormat::PromptMd | PromptFormat::AgentMd => prompt_md::split(text),
        PromptFormat::Plain | PromptFormat::Markdown => plain::split(text),
    }
}
