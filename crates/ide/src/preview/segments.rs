//! The parts of a rendered text, each with its place in the file.

use std::ops::Range;

use hoplens_prompt::{MappedText, Origin, SourceSpan};

/// Most characters of a tag that is quoted.
const MAX_TAG: usize = 60;
/// Most lines of a text that become segments of their own; the rest of a longer text stays whole.
const MAX_LINES: usize = 5_000;

/// Where a segment's text comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SegmentPreviewKind {
    /// The file contains it as it is.
    Text,
    /// A tag writes it: a variable, a helper, a partial.
    Value,
    /// A variable without a value. The text is what the model reads there, mostly nothing.
    Unset,
    /// A picture, or another part that the text lacks.
    Omitted,
    /// The model's chat template adds it.
    Template,
}

/// A part of a rendered text with one origin. A text of several lines has a segment for each line.
#[derive(Debug, Clone, PartialEq)]
pub struct SegmentPreview {
    /// Where the text comes from.
    pub kind: SegmentPreviewKind,
    /// What the model reads.
    pub text: String,
    /// Bytes of the prompt file: the same text, or the tag that writes it.
    pub source: Option<Range<usize>>,
    /// The tag that writes the text.
    pub tag: Option<String>,
    /// The declared value that the text is.
    pub value: Option<DeclaredValue>,
    /// What to know about a part that the text lacks.
    pub note: Option<String>,
}

/// The place of a variable's value in the prompt file or its sidecar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeclaredValue {
    /// The variable.
    pub name: String,
    /// Whether the range belongs to the sidecar.
    pub in_sidecar: bool,
    /// Bytes of the value.
    pub range: Range<usize>,
}

impl DeclaredValue {
    /// Returns the file of the value.
    pub fn origin(&self) -> Origin {
        if self.in_sidecar {
            Origin::Sidecar
        } else {
            Origin::FrontMatter
        }
    }
}

/// A segment in place of a range of a text, which may be empty.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Insert {
    /// The replaced bytes.
    pub range: Range<usize>,
    /// The segment.
    pub segment: SegmentPreview,
}

/// Cuts a rendered text into segments. `inserts` are in order; what has no origin gets the kind
/// `unmapped`.
pub(super) fn cut(
    text: &MappedText,
    inserts: &[Insert],
    file: &str,
    unmapped: SegmentPreviewKind,
) -> Vec<SegmentPreview> {
    let mut segments = Vec::new();
    let mut at = 0;
    for insert in inserts {
        if insert.range.start < at {
            continue;
        }
        push(
            &mut segments,
            &text.part(at..insert.range.start),
            file,
            unmapped,
        );
        segments.push(insert.segment.clone());
        at = insert.range.end;
    }
    push(
        &mut segments,
        &text.part(at..text.text.len()),
        file,
        unmapped,
    );
    segments
}

fn push(
    segments: &mut Vec<SegmentPreview>,
    text: &MappedText,
    file: &str,
    unmapped: SegmentPreviewKind,
) {
    for piece in &text.pieces {
        let written = text.text.get(piece.rendered.clone()).unwrap_or_default();
        let source = piece.source.as_ref();
        let tag = source.and_then(|source| file.get(source.clone()));
        // Some formats write a line break in another way than the file; YAML has escapes.
        let is_blank = |tag: &str| tag.trim().is_empty();
        let is_escape = |tag: &str| tag.starts_with('\\') || tag == "''";
        match tag {
            Some(_) if piece.verbatim => push_lines(segments, written, piece),
            Some(tag) if is_blank(tag) && written == "\n" => {
                push_line_break(segments, written, piece);
            }
            Some(tag) if is_blank(tag) || is_escape(tag) => {
                segments.push(segment(SegmentPreviewKind::Text, written, piece));
            }
            Some(tag) => segments.push(SegmentPreview {
                tag: Some(short(tag)),
                ..segment(SegmentPreviewKind::Value, written, piece)
            }),
            None if piece.value.is_some() => {
                segments.push(segment(SegmentPreviewKind::Value, written, piece));
            }
            None => segments.push(segment(unmapped, written, piece)),
        }
    }
}

fn push_lines(segments: &mut Vec<SegmentPreview>, written: &str, piece: &SourceSpan) {
    let start = piece.source.as_ref().map_or(0, |source| source.start);
    let mut at = 0;
    let mut push = |line: &str, at: usize| {
        segments.push(SegmentPreview {
            source: Some(start + at..start + at + line.len()),
            value: None,
            ..segment(SegmentPreviewKind::Text, line, piece)
        });
    };
    for (count, line) in written.split_inclusive('\n').enumerate() {
        if count == MAX_LINES {
            push(&written[at..], at);
            return;
        }
        push(line, at);
        at += line.len();
    }
}

/// Appends a line break to the line that it ends.
fn push_line_break(segments: &mut Vec<SegmentPreview>, written: &str, piece: &SourceSpan) {
    let next = piece.source.as_ref().map_or(0, |source| source.start);
    let ends_here = |last: &&mut SegmentPreview| {
        let end = last.source.as_ref().map(|source| source.end);
        last.kind == SegmentPreviewKind::Text && end == Some(next) && !last.text.ends_with('\n')
    };
    match segments.last_mut().filter(ends_here) {
        Some(last) => {
            last.text.push_str(written);
            if let (Some(source), Some(piece)) = (&mut last.source, &piece.source) {
                source.end = piece.end;
            }
        }
        None => segments.push(segment(SegmentPreviewKind::Text, written, piece)),
    }
}

fn segment(kind: SegmentPreviewKind, text: &str, piece: &SourceSpan) -> SegmentPreview {
    let value = piece.value.as_ref().map(|value| DeclaredValue {
        name: value.name.clone(),
        in_sidecar: value.origin == Origin::Sidecar,
        range: value.range.clone(),
    });
    SegmentPreview {
        kind,
        text: text.to_owned(),
        source: piece.source.clone(),
        tag: None,
        value,
        note: None,
    }
}

/// Returns a tag on one line, shortened.
pub(super) fn short(tag: &str) -> String {
    let line = tag.trim().lines().next().unwrap_or_default();
    let mut short: String = line.chars().take(MAX_TAG).collect();
    if short.len() < tag.trim().len() {
        short.push('…');
    }
    short
}
