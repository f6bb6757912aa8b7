//! A prompt file at one moment.

use hoplens_analysis::{FileFindings, FileInfluence};
use hoplens_prompt::{CompanionTexts, PromptFile, parse_with};

/// A prompt file at one moment, with the findings about exactly this text once there are any.
#[derive(Debug, Clone, PartialEq)]
pub struct Snapshot {
    /// The file's name, for its format and for messages.
    pub name: String,
    /// Its text.
    pub text: String,
    /// Its declarations.
    pub file: PromptFile,
    /// The findings of a model.
    pub findings: Option<FileFindings>,
    /// The influence of its sentences; `None` until it is measured.
    pub influence: Option<FileInfluence>,
}

impl Snapshot {
    /// Parses a text with no other companions than a sidecar.
    pub fn new(name: impl Into<String>, text: impl Into<String>, sidecar: Option<&str>) -> Self {
        let beside = CompanionTexts {
            sidecar,
            ..CompanionTexts::default()
        };
        Self::read(name, text, beside)
    }

    /// Parses a text with its companion files.
    pub fn read(
        name: impl Into<String>,
        text: impl Into<String>,
        beside: CompanionTexts<'_>,
    ) -> Self {
        let (name, text) = (name.into(), text.into());
        let file = parse_with(&name, &text, beside);
        Self {
            name,
            text,
            file,
            findings: None,
            influence: None,
        }
    }
}
