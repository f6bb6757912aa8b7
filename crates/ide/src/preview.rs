//! A preview of the rendered prompt: its messages, each cut into segments with their places in the
//! file, and the text that the model reads.

mod case_choice;
mod holes;
mod segments;
#[cfg(test)]
mod tests;

use std::ops::Range;

use crate::preview::holes::{Holes, find_holes};
use crate::preview::segments::{Insert, cut};
use crate::snapshot::Snapshot;
use hoplens_analysis::{ModelText, PromptReading, PromptText, case_id};
use hoplens_prompt::{Case, Code, Origin, Problem, Severity, Turn};

pub use case_choice::{case_at, case_named};
pub use segments::{DeclaredValue, SegmentPreview, SegmentPreviewKind};

/// A rendered prompt for a reader. Every range is in bytes of the prompt file, except where a
/// [`DeclaredValue`] names another file.
#[derive(Debug, Clone, PartialEq)]
pub struct PromptPreview {
    /// The case's id; `None` if the file declares no case.
    pub case: Option<String>,
    /// The ids of all cases.
    pub cases: Vec<String>,
    /// How a chat model reads the prompt.
    pub reading: PromptReading,
    /// The messages; none if nothing is rendered.
    pub messages: Vec<MessagePreview>,
    /// The text that the model reads, with what its chat template adds; `None` without a model.
    pub exact: Option<Vec<SegmentPreview>>,
    /// The tokens of the text that the model reads; `None` without a model, and for a text that is
    /// much longer than its context.
    pub tokens: Option<usize>,
    /// Those of `tokens` that belong to no message.
    pub template_tokens: Option<usize>,
    /// The most tokens that the model reads.
    pub context: Option<usize>,
    /// The variables without a value.
    pub unset: Vec<String>,
    /// Why the model's chat template refuses the messages.
    pub refusal: Option<String>,
    /// Why the prompt is not rendered as the file means it.
    pub error: Option<PreviewError>,
}

/// A message of a rendered prompt.
#[derive(Debug, Clone, PartialEq)]
pub struct MessagePreview {
    /// The role as the file names it; `user` or `text` if the file names none.
    pub role: String,
    /// Whether the model continues this message.
    pub is_continued: bool,
    /// Whether the message is sent: not if it is empty because its variables have no value.
    pub is_sent: bool,
    /// The text.
    pub text: String,
    /// The tokens that begin in the text; `None` without a model, and where its chat template
    /// changes the text.
    pub tokens: Option<usize>,
    /// The parts of the message, in order.
    pub segments: Vec<SegmentPreview>,
}

/// What is wrong with a file whose prompt is not rendered as the file means it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PreviewError {
    /// What is wrong, and what to do.
    pub message: String,
    /// The bytes of the prompt file, if the error is there.
    pub range: Option<Range<usize>>,
}

/// Returns the preview of the case `index`, whose prompt is `prompt`; `None` is the prompt of a file
/// without cases.
pub fn preview(snapshot: &Snapshot, index: Option<usize>, prompt: &PromptText) -> PromptPreview {
    let (file, text) = (&snapshot.file, snapshot.text.as_str());
    let case = index.and_then(|index| file.cases.get(index));
    let holes = find_holes(file, text, case, &prompt.messages);
    let model_text = prompt.model_text.as_ref();
    let messages = messages(text, prompt, &holes);
    let tokens = model_text.and_then(|model| model.tokens.as_ref());
    let counted: usize = messages.iter().filter_map(|message| message.tokens).sum();
    let exact = model_text.map(|model| {
        let inserts = exact_inserts(&holes, model);
        cut(&model.text, &inserts, text, SegmentPreviewKind::Template)
    });
    PromptPreview {
        case: case.map(|_| case_id(file, index)),
        cases: (0..file.cases.len())
            .map(|index| case_id(file, Some(index)))
            .collect(),
        reading: prompt.reading,
        messages,
        exact,
        tokens: tokens.map(Vec::len),
        template_tokens: tokens.map(|tokens| tokens.len() - counted),
        context: model_text.map(|model| model.context),
        unset: prompt.messages.unset.iter().cloned().collect(),
        refusal: model_text.and_then(|model| model.refusal.clone()),
        error: error(snapshot, case, prompt),
    }
}

/// Returns the messages, with those that are not sent in their places.
fn messages(text: &str, prompt: &PromptText, holes: &Holes) -> Vec<MessagePreview> {
    let turns = &prompt.messages.turns;
    let mut messages = Vec::with_capacity(turns.len());
    let mut unsent = holes.unsent.iter().peekable();
    for index in 0..=turns.len() {
        while let Some(lost) = unsent.next_if(|lost| lost.before <= index) {
            let segments: Vec<SegmentPreview> = lost.segments.clone();
            messages.push(MessagePreview {
                role: role(lost.role.as_deref(), prompt.reading),
                is_continued: false,
                is_sent: false,
                text: String::new(),
                tokens: prompt.model_text.as_ref().map(|_| 0),
                segments,
            });
        }
        let Some(turn) = turns.get(index) else { break };
        let own = holes.inserts.iter().filter(|(turn, _)| *turn == index);
        let inserts: Vec<Insert> = own.map(|(_, insert)| insert.clone()).collect();
        let is_last = index + 1 == turns.len();
        messages.push(MessagePreview {
            role: role(turn.role.as_deref(), prompt.reading),
            is_continued: is_last && prompt.messages.ends_with_reply(),
            is_sent: true,
            text: turn.text.text.clone(),
            tokens: prompt
                .model_text
                .as_ref()
                .and_then(|model| message_tokens(model, index, turn)),
            segments: cut(&turn.text, &inserts, text, SegmentPreviewKind::Text),
        });
    }
    messages
}

fn role(role: Option<&str>, reading: PromptReading) -> String {
    let unnamed = match reading {
        PromptReading::Continuation => "text",
        PromptReading::UserMessage | PromptReading::Chat => "user",
    };
    role.unwrap_or(unnamed).to_owned()
}

/// Returns the number of tokens that begin in a message.
fn message_tokens(model: &ModelText, message: usize, turn: &Turn) -> Option<usize> {
    let tokens = model.tokens.as_ref()?;
    let Some(place) = model.places.get(message)? else {
        return turn.text.text.trim().is_empty().then_some(0);
    };
    let begins_there = |range: &Range<usize>| {
        // The begin-of-text token has no bytes.
        !range.is_empty() && place.text.contains(&range.start)
    };
    let own = tokens.iter().filter(|token| begins_there(&token.range));
    Some(own.count())
}

/// Returns the holes of the messages at their places in the text that the model reads.
fn exact_inserts(holes: &Holes, model: &ModelText) -> Vec<Insert> {
    let moved = holes.inserts.iter().filter_map(|(message, insert)| {
        let place = model.places.get(*message)?.as_ref()?;
        let start = place.to_text(insert.range.start);
        Some(Insert {
            range: start..start + insert.range.len(),
            segment: insert.segment.clone(),
        })
    });
    let mut moved: Vec<Insert> = moved.collect();
    moved.sort_by_key(|insert| insert.range.start);
    moved
}

/// Returns the error that keeps the prompt from being rendered as the file means it.
fn error(snapshot: &Snapshot, case: Option<&Case>, prompt: &PromptText) -> Option<PreviewError> {
    let of_yaml = |one: &&Problem| one.code == Code::InvalidYaml && one.severity == Severity::Error;
    let of_template = |one: &&Problem| one.severity == Severity::Error;
    let fence = case.and_then(|case| case.fence);
    let yaml = match fence.and_then(|fence| snapshot.file.fences.get(fence)) {
        Some(fence) => fence.problems.iter().find(of_yaml),
        None => snapshot.file.problems.iter().find(of_yaml),
    };
    let found = yaml.or_else(|| prompt.messages.problems.iter().find(of_template))?;
    Some(PreviewError {
        message: found.message.clone(),
        range: (found.origin == Origin::FrontMatter).then(|| found.range.clone()),
    })
}
