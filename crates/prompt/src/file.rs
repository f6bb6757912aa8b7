//! Parses a prompt file and its sidecar.

pub(crate) mod parse_part;
pub(crate) mod prompt_file;

use crate::file::parse_part::parse_within;
use crate::file::prompt_file::PromptFile;

use crate::companion_files::CompanionTexts;
use crate::format::markdown;
use crate::format::prompt_format::PromptFormat;

/// Parses a prompt file that has at most a sidecar as its companion. Never fails: the result
/// contains the problems that were found.
///
/// `file_name` determines the format and may contain folders. `sidecar` is the text of the file
/// that [`sidecar_name`](super::sidecar_name) names, if there is one. A case of the sidecar
/// replaces the case with the same id in the file.
pub fn parse(file_name: &str, text: &str, sidecar: Option<&str>) -> PromptFile {
    let companions = CompanionTexts {
        sidecar,
        ..CompanionTexts::default()
    };
    parse_with(file_name, text, companions)
}

/// Parses a prompt file like [`parse`], with all its companion files.
pub fn parse_with(file_name: &str, text: &str, companions: CompanionTexts<'_>) -> PromptFile {
    parse_as(PromptFormat::of(file_name), text, companions)
}

/// Parses a prompt file like [`parse_with`], in a given format.
pub(crate) fn parse_as(
    format: PromptFormat,
    text: &str,
    companions: CompanionTexts<'_>,
) -> PromptFile {
    match format {
        // Markdown without a fence tagged `prompt` is plain text.
        PromptFormat::Markdown => markdown::parse(text, companions)
            .unwrap_or_else(|| parse_within(PromptFormat::Plain, text, 0..text.len(), companions)),
        _ => parse_within(format, text, 0..text.len(), companions),
    }
}

#[cfg(test)]
mod tests;
