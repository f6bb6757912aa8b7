//! Parses a prompt file and its sidecar.

pub(crate) mod parse_part;
pub(crate) mod prompt_file;

use crate::file::parse_part::parse_within;
use crate::file::prompt_file::PromptFile;

use crate::companion_files::CompanionTexts;
use crate::format::markdown;
use crate::format::prompt_format::PromptFormat;

/// Parses a prompt file that has no companion files except perhaps a sidecar. Never fails.
///
/// `file_name` determines the format and may contain folders. `sidecar` is the text of the file
/// that [`sidecar_name`](super::sidecar_name) names, if there is one. Its cases replace those of
/// the same id in the file.
pub fn parse(file_name: &str, text: &str, sidecar: Option<&str>) -> PromptFile {
    let companions = CompanionTexts {
        sidecar,
        ..CompanionTexts::default()
    };
    parse_with(file_name, text, companions)
}

/// Parses a prompt file with its companion files, like [`parse`].
pub fn parse_with(file_name: &str, text: &str, companions: CompanionTexts<'_>) -> PromptFile {
    parse_as(PromptFormat::of(file_name), text, companions)
}

/// Parses a prompt file of a known format, like [`parse_with`].
pub(crate) fn parse_as(
    format: PromptFormat,
    text: &str,
    companions: CompanionTexts<'_>,
) -> PromptFile {
    match format {
        PromptFormat::Markdown => markdown::parse(text, companions)
            .unwrap_or_else(|| parse_within(PromptFormat::Plain, text, 0..text.len(), companions)),
        _ => parse_within(format, text, 0..text.len(), companions),
    }
}

#[cfg(test)]
mod tests;
