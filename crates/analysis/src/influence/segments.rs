//! The segments of a prompt that are measured.

use hoplens_prompt::{PromptSegment, Rendered, SegmentKind, Turn, prompt_segments};

use crate::chat::MessagePlace;

/// Returns the segments whose absence is measured.
///
/// Left out are: lines that only structure the text; a message that is only the case's input; and
/// the text that the answer continues, without which there is no question: the assistant's first
/// words, or the last sentence of a prompt without roles. `length` is the length of the rendered
/// prompt.
pub(crate) fn measured_segments(
    rendered: &Rendered,
    places: &[MessagePlace],
    length: usize,
) -> Vec<PromptSegment> {
    let turns = &rendered.turns;
    let mut segments = prompt_segments(turns);
    let continues = places.last().is_some_and(|place| place.to.end == length);
    if let (true, Some(last)) = (continues, turns.last()) {
        let is_last = |segment: &PromptSegment| {
            let part = segment.parts.last();
            part.is_some_and(|part| part.turn + 1 == turns.len())
        };
        if is_assistant(last) {
            segments.retain(|segment| !is_last(segment));
        } else if segments.last().is_some_and(is_last) {
            segments.pop();
        }
    }
    segments.retain(|segment| {
        let is_written = |turn: usize| turns.get(turn).is_some_and(is_written);
        segment.kind != SegmentKind::Markup
            && segment.parts.iter().any(|part| is_written(part.turn))
    });
    segments
}

fn is_assistant(turn: &Turn) -> bool {
    let role = turn.role.as_deref();
    role.is_some_and(|role| role == "assistant" || role == "model")
}

/// Returns whether the file itself has words of a message, beside those of its tags.
fn is_written(turn: &Turn) -> bool {
    let text = &turn.text;
    let mut own = text.pieces.iter().filter(|piece| piece.verbatim);
    own.any(|piece| {
        let words = text.text.get(piece.rendered.clone()).unwrap_or_default();
        words.chars().any(char::is_alphanumeric)
    })
}
