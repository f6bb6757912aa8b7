//! Where a rendered prompt lacks something: variables without a value, pictures, texts of the
//! application.

use std::ops::Range;

use serde_json::{Map, Value};

use crate::preview::segments::{Insert, SegmentPreview, SegmentPreviewKind, short};
use hoplens_prompt::{
    Case, Code, MappedText, Origin, Problem, PromptFile, PromptFormat, Rendered, Turn, render,
};

/// The first of the characters that stand for variables, from a private use area.
const FIRST_MARK: u32 = 0xF_1000;
/// Most variables that get a mark.
const MAX_MARKS: usize = 1_000;

/// What a prompt lacks.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Holes {
    /// The index of a message, and the segment in it; in order.
    pub inserts: Vec<(usize, Insert)>,
    /// Messages that are not sent because nothing else is in them; in order.
    pub unsent: Vec<UnsentMessage>,
}

/// A message that is empty because its variables have no value.
#[derive(Debug, PartialEq)]
pub(super) struct UnsentMessage {
    /// The index of the message behind it.
    pub before: usize,
    /// The role.
    pub role: Option<String>,
    /// The variables.
    pub segments: Vec<SegmentPreview>,
}

/// Returns what the messages of a case lack. `rendered` may have more text at its end than the file
/// renders.
pub(super) fn find_holes(
    file: &PromptFile,
    text: &str,
    case: Option<&Case>,
    rendered: &Rendered,
) -> Holes {
    let turns = &rendered.turns;
    let mut holes = Holes::default();
    let kept = if file.format == PromptFormat::Github {
        kept_tags(rendered, text)
    } else {
        Vec::new()
    };
    if kept.is_empty() {
        holes = marked(file, text, case).unwrap_or_default();
        add_unmarked(&mut holes, file, text, case, rendered);
    }
    holes.inserts.extend(kept);
    let is_omitted =
        |one: &&Problem| one.code == Code::UnsupportedContent && one.origin == Origin::FrontMatter;
    for problem in rendered.problems.iter().filter(is_omitted) {
        let segment = SegmentPreview {
            note: Some(problem.message.clone()),
            ..hole(SegmentPreviewKind::Omitted, text, &problem.range)
        };
        holes
            .inserts
            .extend(beside(turns, &problem.range, &segment));
    }
    holes
        .inserts
        .sort_by_key(|(turn, insert)| (*turn, insert.range.start));
    holes
}

/// Adds the variables that have no mark: those of a loop, whose values belong to its items, and all
/// if the marks change the prompt.
fn add_unmarked(
    holes: &mut Holes,
    file: &PromptFile,
    text: &str,
    case: Option<&Case>,
    rendered: &Rendered,
) {
    let fence = case.and_then(|case| case.fence).unwrap_or(0);
    let body = file
        .fences
        .get(fence)
        .map_or(&file.body, |fence| &fence.body);
    let inserted = holes.inserts.iter().map(|(_, insert)| &insert.segment);
    let unsent = holes.unsent.iter().flat_map(|unsent| &unsent.segments);
    let marked: Vec<Range<usize>> = inserted
        .chain(unsent)
        .filter_map(|segment| segment.source.clone())
        .collect();
    let mut added = Vec::new();
    for problem in &rendered.problems {
        // A variable that is required and not used has no place in the prompt.
        let is_used = body.start <= problem.range.start && problem.range.end <= body.end;
        if problem.code == Code::UnsetVariable && is_used && !marked.contains(&problem.range) {
            let segment = hole(SegmentPreviewKind::Unset, text, &problem.range);
            added.extend(beside(&rendered.turns, &problem.range, &segment));
        }
    }
    holes.inserts.extend(added);
}

/// Returns the tags that stay in the text because their variables have no value.
fn kept_tags(rendered: &Rendered, text: &str) -> Vec<(usize, Insert)> {
    let mut kept = Vec::new();
    for name in &rendered.unset {
        let tag = format!("{{{{{name}}}}}");
        for (index, turn) in rendered.turns.iter().enumerate() {
            for (start, _) in turn.text.text.match_indices(&tag) {
                let range = start..start + tag.len();
                let source = turn.text.to_source(range.clone());
                let segment = SegmentPreview {
                    text: tag.clone(),
                    tag: Some(tag.clone()),
                    ..hole(SegmentPreviewKind::Unset, text, &source.unwrap_or(0..0))
                };
                kept.push((index, Insert { range, segment }));
            }
        }
    }
    kept
}

/// Renders the prompt with a mark as the value of each variable that has none, to see where the
/// values would be. `None` if the prompt then has another text, because the values matter for more
/// than their own places.
fn marked(file: &PromptFile, text: &str, case: Option<&Case>) -> Option<Holes> {
    let plain = render(file, text, case);
    let names: Vec<&String> = plain
        .unset
        .iter()
        .filter(|name| !name.starts_with('@'))
        .collect();
    if names.is_empty() || MAX_MARKS < names.len() || text.chars().any(is_mark) {
        return plain.unset.is_empty().then(Holes::default);
    }
    let mut with_marks = case
        .cloned()
        .unwrap_or_else(|| Case::new(0..0, Origin::FrontMatter));
    let mut defaults = file.defaults.clone();
    defaults.extend(with_marks.input.clone());
    for (number, name) in (FIRST_MARK..).zip(&names) {
        let mark = Value::String(char::from_u32(number)?.to_string());
        insert(&mut defaults, name, mark)?;
    }
    with_marks.input = defaults;
    let filled = render(file, text, Some(&with_marks));
    let mut holes = Holes::default();
    let mut index = 0;
    for turn in &filled.turns {
        let (stripped, marks) = without_marks(&turn.text);
        let segments = marks.into_iter().map(|(at, source)| {
            let source = source.unwrap_or(0..0);
            (at, hole(SegmentPreviewKind::Unset, text, &source))
        });
        let segments: Vec<(usize, SegmentPreview)> = segments.collect();
        let same =
            |plain: &&Turn| plain.role == turn.role && plain.text.text.trim() == stripped.trim();
        if let Some(plain) = plain.turns.get(index).filter(same) {
            // The formats trim messages, and an empty line may be gone.
            let lead = |text: &str| text.len() - text.trim_start().len();
            let (own, other) = (lead(&plain.text.text), lead(&stripped));
            let length = plain.text.text.len();
            for (at, segment) in segments {
                let at = (at + own).saturating_sub(other).min(length);
                let insert = Insert {
                    range: at..at,
                    segment,
                };
                holes.inserts.push((index, insert));
            }
            index += 1;
        } else if stripped.trim().is_empty() && !segments.is_empty() {
            holes.unsent.push(UnsentMessage {
                before: index,
                role: turn.role.clone(),
                segments: segments.into_iter().map(|(_, segment)| segment).collect(),
            });
        } else {
            return None;
        }
    }
    (index == plain.turns.len()).then_some(holes)
}

/// Sets the value at a path such as `user.name`; `None` if there is a value that is no map on it.
fn insert(data: &mut Map<String, Value>, path: &str, value: Value) -> Option<()> {
    let Some((first, rest)) = path.split_once('.') else {
        data.insert(path.to_owned(), value);
        return Some(());
    };
    let inner = data
        .entry(first)
        .or_insert_with(|| Value::Object(Map::new()));
    insert(inner.as_object_mut()?, rest, value)
}

fn is_mark(char: char) -> bool {
    let number = u32::from(char);
    (FIRST_MARK..FIRST_MARK + MAX_MARKS as u32).contains(&number)
}

/// The place of a mark in the text without marks, and its tag.
type MarkPlace = (usize, Option<Range<usize>>);

fn without_marks(text: &MappedText) -> (String, Vec<MarkPlace>) {
    let mut stripped = String::with_capacity(text.text.len());
    let mut marks = Vec::new();
    for (at, char) in text.text.char_indices() {
        if is_mark(char) {
            marks.push((stripped.len(), text.to_source(at..at + char.len_utf8())));
        } else {
            stripped.push(char);
        }
    }
    (stripped, marks)
}

/// Returns the places next to which a tag at `source` would write: behind the text that ends where
/// it begins, in each turn of a loop; otherwise behind the last text before it.
fn beside(turns: &[Turn], source: &Range<usize>, segment: &SegmentPreview) -> Vec<(usize, Insert)> {
    let mut exact = Vec::new();
    let mut before = None;
    let mut after = None;
    for (turn, message) in turns.iter().enumerate() {
        let pieces = &message.text.pieces;
        for (at, piece) in pieces.iter().enumerate() {
            let Some(own) = &piece.source else { continue };
            let next = pieces.get(at + 1).and_then(|next| next.source.as_ref());
            // In a loop, the tag may write something elsewhere.
            if own.end == source.start && next != Some(source) {
                exact.push((turn, piece.rendered.end));
            }
            if own.end <= source.start {
                before = Some((turn, piece.rendered.end));
            } else if source.end <= own.start && after.is_none() {
                after = Some((turn, piece.rendered.start));
            }
        }
    }
    if exact.is_empty() {
        // A message without text has only what it lacks.
        let next = before.map_or(0, |(turn, _)| turn + 1);
        let empty = turns.get(next).filter(|turn| turn.text.text.is_empty());
        exact.extend(empty.map(|_| (next, 0)).or(before).or(after));
    }
    let at = |(turn, at): (usize, usize)| {
        let segment = segment.clone();
        (
            turn,
            Insert {
                range: at..at,
                segment,
            },
        )
    };
    exact.into_iter().map(at).collect()
}

fn hole(kind: SegmentPreviewKind, text: &str, source: &Range<usize>) -> SegmentPreview {
    SegmentPreview {
        kind,
        text: String::new(),
        source: (!source.is_empty()).then(|| source.clone()),
        tag: text
            .get(source.clone())
            .filter(|tag| !tag.is_empty())
            .map(short),
        value: None,
        note: None,
    }
}
