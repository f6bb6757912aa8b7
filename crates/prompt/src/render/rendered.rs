//! A prompt as the model reads it.

use std::collections::BTreeSet;

use crate::diagnostics::code::Code;
use crate::diagnostics::problem::Problem;
use crate::render::source_map::MappedText;

/// One message of a prompt; a prompt without roles is a single one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn {
    /// The role of `{{role "…"}}` or of a role line. `None` before the first, which dotprompt
    /// assigns to the user, and in a Prompty file without role lines.
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
    /// The variables that `problems` reports as having no value.
    pub unset: BTreeSet<String>,
}

impl Rendered {
    /// Returns why the template could not be rendered, if it could not. The turns then contain its
    /// source.
    pub fn broken(&self) -> Option<&Problem> {
        let is_broken =
            |one: &&Problem| matches!(one.code, Code::TemplateError | Code::UnknownPartial);
        self.problems.iter().find(is_broken)
    }

    /// Whether a variable without a value left a gap in the text.
    pub fn has_holes(&self) -> bool {
        !self.unset.is_empty()
    }

    /// Whether the last message is the beginning of the model's own reply.
    pub fn ends_with_reply(&self) -> bool {
        let role = self.turns.last().and_then(|turn| turn.role.as_deref());
        matches!(role, Some("model" | "assistant"))
    }

    /// Returns all messages as one text, with an empty line between two.
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
