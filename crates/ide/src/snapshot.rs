//! A prompt file at one moment.

use hoplens_analysis::FileFindings;
use hoplens_prompt::{Beside, PromptFile, parse_beside};

/// A prompt file at one moment, with what was found in exactly this text, if anything yet.
#[derive(Debug, Clone, PartialEq)]
pub struct Snapshot {
    /// The file's name, for its format and for messages.
    pub name: String,
    /// Its text.
    pub text: String,
    /// Its declarations.
    pub file: PromptFile,
    /// What a model does with it.
    pub findings: Option<FileFindings>,
}

impl Snapshot {
    /// Reads a text that no model has seen yet and that has no partials.
    pub fn new(name: impl Into<String>, text: impl Into<String>, sidecar: Option<&str>) -> Self {
        let beside = Beside {
            sidecar,
            ..Beside::default()
        };
        Self::read(name, text, beside)
    }

    /// [`Self::new`] with all that may lie beside a prompt.
    pub fn read(name: impl Into<String>, text: impl Into<String>, beside: Beside<'_>) -> Self {
        let (name, text) = (name.into(), text.into());
        let file = parse_beside(&name, &text, beside);
        Self {
            name,
            text,
            file,
            findings: None,
        }
    }
}
