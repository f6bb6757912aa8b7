//! A prompt as the model reads it.

use std::collections::BTreeSet;
use std::ops::Range;

use crate::diagnostics::code::Code;
use crate::diagnostics::problem::Problem;
use crate::render::findings;
use crate::render::findings::MANY;
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
    /// The bytes of pictures, texts of the application, and other parts that the turns lack.
    pub media: Vec<Range<usize>>,
    /// Why something that hoplens cannot run answers the prompt, and no model is asked.
    pub answered_elsewhere: Option<String>,
}

impl Rendered {
    /// Returns why a model must not be asked: a problem of the prompt, or something that hoplens
    /// cannot run answers it.
    pub fn refusal(&self) -> Option<&str> {
        let problem = self.broken().map(|problem| problem.message.as_str());
        problem.or(self.answered_elsewhere.as_deref())
    }

    /// Returns the problem that keeps a model from being asked: the template could not be rendered,
    /// and the turns contain its source, or the prompt has a part that is not text.
    pub fn broken(&self) -> Option<&Problem> {
        let is_broken = |one: &&Problem| match one.code {
            Code::TemplateError
            | Code::UnknownPartial
            | Code::UnknownHelper
            | Code::CircularPartial => true,
            Code::UnsupportedContent => self.media.contains(&one.range),
            _ => false,
        };
        self.problems.iter().find(is_broken)
    }

    /// Records a text that only the application knows, which the turns lack.
    pub(crate) fn add_unknown_text(&mut self, range: Range<usize>) {
        if self.media.len() < MANY && !self.media.contains(&range) {
            self.problems.push(findings::unknown_text(range.clone()));
            self.media.push(range);
        }
    }

    /// Records a part that is not text, which the turns lack.
    pub(crate) fn add_media(&mut self, range: Range<usize>) {
        if self.media.len() < MANY && !self.media.contains(&range) {
            self.problems.push(findings::missing_part(range.clone()));
            self.media.push(range);
        }
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

    /// Moves every range from a template that is a text of its own to the file that contains it.
    pub(crate) fn moved_to_file(mut self, template: &MappedText) -> Self {
        let whole = template.to_source(0..template.text.len());
        let moved = |range: &Range<usize>| {
            let source = template.to_source(range.clone());
            source.or_else(|| whole.clone()).unwrap_or(0..0)
        };
        for turn in &mut self.turns {
            let mut text = MappedText::default();
            for piece in std::mem::take(&mut turn.text.pieces) {
                let written = turn.text.text.get(piece.rendered).unwrap_or_default();
                match piece.source {
                    Some(source) if piece.verbatim => {
                        text.append("", &template.part(source));
                    }
                    source => text.push(
                        written,
                        source.map(|source| moved(&source)),
                        false,
                        piece.value,
                    ),
                }
            }
            turn.text = text;
        }
        for problem in &mut self.problems {
            problem.range = moved(&problem.range);
        }
        for range in &mut self.media {
            *range = moved(range);
        }
        self
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
