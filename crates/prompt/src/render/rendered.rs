//! A prompt as the model reads it.

use std::collections::BTreeSet;

use crate::diagnostics::code::Code;
use crate::diagnostics::problem::Problem;
use crate::render::source_map::MappedText;

/// One message of a prompt; a prompt without roles is a single one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn {
    /// What `{{role "…"}}` or a role line said; `None` before the first, which dotprompt takes as
    /// the user's, and in a Prompty file without any.
    pub role: Option<String>,
    /// The message.
    pub text: MappedText,
}

/// A prompt as the model reads it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rendered {
    /// The messages in order; none if nothing was rendered.
    pub turns: Vec<Turn>,
    /// Template errors and missing variables, in the prompt file.
    pub problems: Vec<Problem>,
    /// The variables of which `problems` says that they have no value.
    pub unset: BTreeSet<String>,
}

impl Rendered {
    /// Why the template could not be rendered, if it could not: the turns are then its source.
    pub fn broken(&self) -> Option<&Problem> {
        let is_broken =
            |one: &&Problem| matches!(one.code, Code::TemplateError | Code::UnknownPartial);
        self.problems.iter().find(is_broken)
    }

    /// Whether a variable without a value left a hole in the text.
    pub fn has_holes(&self) -> bool {
        !self.unset.is_empty()
    }

    /// All messages as one text, an empty line between two.
    pub fn joined(&self) -> MappedText {
        let mut turns = self.turns.iter();
        let mut text = turns
            .next()
            .map(|turn| turn.text.clone())
            .unwrap_or_default();
        for turn in turns {
            text.append("\n\n", &turn.text);
        }
        text
    }
}
