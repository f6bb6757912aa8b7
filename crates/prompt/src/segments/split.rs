//! Cuts messages into segments.

use std::ops::Range;

use crate::render::rendered::Turn;
use crate::segments::blocks::{TextBlock, blocks};
use crate::segments::elements::elements;
use crate::segments::labels::labelled_examples;
use crate::segments::lines::trimmed;
use crate::segments::prompt_segment::{PromptSegment, SegmentKind, SegmentPart};
use crate::segments::sentences::sentences;

/// Returns the segments of a prompt, in order. They are disjoint and together cover everything that
/// is not white space and that the file wrote; no segment has text that a chat template adds.
///
/// A message of the user with the assistant's answer, before the last message of the user, is one
/// example.
pub fn prompt_segments(turns: &[Turn]) -> Vec<PromptSegment> {
    let last_user = turns.iter().rposition(is_user);
    let mut segments = Vec::new();
    let mut turn = 0;
    while turn < turns.len() {
        let answered = turns.get(turn + 1).is_some_and(is_assistant);
        let is_example = is_user(&turns[turn]) && answered && last_user > Some(turn + 1);
        let mut add = |kind, parts: Vec<SegmentPart>| {
            let source = source(turns, &parts);
            segments.extend(source.map(|source| PromptSegment {
                kind,
                parts,
                source,
            }));
        };
        if is_example {
            let parts = (turn..turn + 2)
                .map(|turn| SegmentPart {
                    turn,
                    range: trimmed(&turns[turn].text.text, 0..turns[turn].text.text.len()),
                })
                .filter(|part| !part.range.is_empty());
            add(SegmentKind::Example, parts.collect());
            turn += 2;
        } else {
            for (range, kind) in split_text(&turns[turn].text.text) {
                add(kind, vec![SegmentPart { turn, range }]);
            }
            turn += 1;
        }
    }
    segments
}

fn is_user(turn: &Turn) -> bool {
    turn.role.as_deref().is_none_or(|role| role == "user")
}

fn is_assistant(turn: &Turn) -> bool {
    let role = turn.role.as_deref();
    role.is_some_and(|role| role == "assistant" || role == "model")
}

/// Returns the bytes of the prompt file that wrote the parts, from the first to the last.
fn source(turns: &[Turn], parts: &[SegmentPart]) -> Option<Range<usize>> {
    parts
        .iter()
        .filter_map(|part| turns[part.turn].text.to_source(part.range.clone()))
        .reduce(|all, one| all.start.min(one.start)..all.end.max(one.end))
}

/// Returns the segments of one text, in order, each without the white space around it.
pub(crate) fn split_text(text: &str) -> Vec<(Range<usize>, SegmentKind)> {
    let mut segments = Vec::new();
    let mut done = 0;
    for (range, kind) in elements(text) {
        split_between(text, done..range.start, &mut segments);
        done = range.end;
        segments.push((range, kind));
    }
    split_between(text, done..text.len(), &mut segments);
    segments
}

/// Cuts text without elements.
fn split_between(text: &str, range: Range<usize>, segments: &mut Vec<(Range<usize>, SegmentKind)>) {
    let mut done = range.start;
    for example in labelled_examples(text, range.clone()) {
        split_blocks(text, done..example.start, segments);
        done = example.end;
        segments.push((example, SegmentKind::Example));
    }
    split_blocks(text, done..range.end, segments);
}

/// Cuts text without elements and examples.
fn split_blocks(text: &str, range: Range<usize>, segments: &mut Vec<(Range<usize>, SegmentKind)>) {
    for block in blocks(text, range) {
        match block {
            TextBlock::Whole(range, kind) => segments.push((range, kind)),
            TextBlock::Text(range) => segments.extend(
                sentences(text, range)
                    .into_iter()
                    .map(|range| (range, SegmentKind::Sentence)),
            ),
        }
    }
}
