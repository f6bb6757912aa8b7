//! How a model that was trained on chats reads a prompt without roles.

use crate::declarations::case::Case;
use crate::file::prompt_file::PromptFile;
use crate::format::prompt_format::PromptFormat;

/// How a chat model reads a prompt that sets no roles. A model without a chat template always
/// continues the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyReading {
    /// As one user message, as the format's own runtimes send it.
    UserMessage,
    /// As a text to continue.
    Continuation,
}

/// Returns how a chat model reads the prompt if it sets no roles.
///
/// dotprompt, Prompty, VS Code and promptfoo send such a body as one user message. It is continued
/// as a text where the case declares `raw: true`, and where the file declares hops or injections:
/// those are about the words that the model reads next to each other. Plain text belongs to no
/// runtime and is continued.
pub fn body_reading(file: &PromptFile, case: Option<&Case>) -> BodyReading {
    let fence = case.and_then(|case| case.fence).unwrap_or(0);
    let format = match file.fences.get(fence) {
        // The prompts in a configuration of promptfoo are plain texts.
        Some(fence) if file.format != PromptFormat::Promptfoo => fence.format,
        _ if file.promptfoo.is_some() => PromptFormat::Promptfoo,
        _ => file.format,
    };
    // The cases of a fence are listed in the file.
    reading(format, file, case)
}

fn reading(format: PromptFormat, file: &PromptFile, case: Option<&Case>) -> BodyReading {
    let sends_message = match format {
        PromptFormat::Dotprompt
        | PromptFormat::Prompty
        | PromptFormat::PromptMd
        | PromptFormat::AgentMd
        | PromptFormat::Github
        | PromptFormat::Promptfoo => true,
        PromptFormat::Markdown | PromptFormat::Plain => false,
    };
    let is_raw = case.is_some_and(|case| case.raw);
    let has_hops = file.cases.iter().any(|case| !case.hops.is_empty());
    if sends_message && !is_raw && !has_hops && file.injections.is_empty() {
        BodyReading::UserMessage
    } else {
        BodyReading::Continuation
    }
}
