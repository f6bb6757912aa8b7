//! Reading a prompt file and its sidecar.

pub(crate) mod parse_part;
pub(crate) mod prompt_file;

use crate::file::parse_part::parse_within;
use crate::file::prompt_file::PromptFile;

use crate::companion_files::CompanionTexts;
use crate::format::markdown;
use crate::format::prompt_format::PromptFormat;

/// Reads a prompt file that has nothing but perhaps a sidecar beside it; never fails.
///
/// `file_name` decides the format and may hold folders. `sidecar` is the text of the file that
/// [`sidecar_name`](super::sidecar_name) names, if there is one; its cases win over those of the
/// same id in the file.
pub fn parse(file_name: &str, text: &str, sidecar: Option<&str>) -> PromptFile {
    let beside = CompanionTexts {
        sidecar,
        ..CompanionTexts::default()
    };
    parse_with(file_name, text, beside)
}

/// [`parse`] with all that may lie beside a prompt.
pub fn parse_with(file_name: &str, text: &str, beside: CompanionTexts<'_>) -> PromptFile {
    parse_as(PromptFormat::of(file_name), text, beside)
}

/// [`parse_with`] for a format that is known already.
pub(crate) fn parse_as(format: PromptFormat, text: &str, beside: CompanionTexts<'_>) -> PromptFile {
    match format {
        PromptFormat::Markdown => markdown::parse(text, beside)
            .unwrap_or_else(|| parse_within(PromptFormat::Plain, text, 0..text.len(), beside)),
        _ => parse_within(format, text, 0..text.len(), beside),
    }
}

#[cfg(test)]
mod tests;
