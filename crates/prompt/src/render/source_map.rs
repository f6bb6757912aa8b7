//! A rendered text with the origin of each of its bytes.

use std::ops::Range;

use crate::declarations::input_value::InputValue;

/// A run of rendered bytes with one origin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceSpan {
    /// Bytes of [`MappedText::text`].
    pub rendered: Range<usize>,
    /// Bytes of the prompt file: the same text, or the tag (`{{expression}}`) that produced it.
    pub source: Option<Range<usize>>,
    /// Whether `source` contains exactly these bytes, so that offsets inside can be translated.
    pub verbatim: bool,
    /// The scalar that contains the text, if a variable produced it and the file contains it.
    pub value: Option<InputValue>,
}

/// A rendered text and its spans, in order and without gaps.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MappedText {
    /// What the model reads.
    pub text: String,
    /// The origin of every byte of `text`.
    pub pieces: Vec<SourceSpan>,
}

impl MappedText {
    /// Returns a text that the file contains verbatim at `source`.
    pub(crate) fn verbatim(text: &str, source: Range<usize>) -> Self {
        let mut mapped = Self::default();
        mapped.push(text, Some(source), true, None);
        mapped
    }

    /// Returns a text that a scalar of the declarations contains, so that edits change it there.
    pub fn of_scalar(scalar: InputValue) -> Self {
        let mut mapped = Self::default();
        let text = scalar.value.clone();
        mapped.push(&text, None, false, Some(scalar));
        mapped
    }

    pub(crate) fn push(
        &mut self,
        text: &str,
        source: Option<Range<usize>>,
        verbatim: bool,
        value: Option<InputValue>,
    ) {
        if text.is_empty() {
            return;
        }
        let start = self.text.len();
        self.text.push_str(text);
        let end = self.text.len();
        if let (Some(last), Some(next), true) = (self.pieces.last_mut(), &source, verbatim)
            && let Some(before) = last.source.as_mut()
            && last.verbatim
            && before.end == next.start
        {
            last.rendered.end = end;
            before.end = next.end;
            return;
        }
        self.pieces.push(SourceSpan {
            rendered: start..end,
            source,
            verbatim,
            value,
        });
    }

    /// Returns a part of this text with the origin of its bytes; empty if the range is outside the
    /// text or inside a character.
    pub fn part(&self, rendered: Range<usize>) -> Self {
        let mut part = Self::default();
        if self.text.get(rendered.clone()).is_none() {
            return part;
        }
        for piece in self.touched(&rendered) {
            let start = piece.rendered.start.max(rendered.start);
            let end = piece.rendered.end.min(rendered.end);
            let whole = piece.rendered == (start..end);
            let source = piece.source.clone().map(|source| {
                if piece.verbatim {
                    let into = |at: usize| source.start + (at - piece.rendered.start);
                    into(start)..into(end)
                } else {
                    source
                }
            });
            let value = piece.value.clone().filter(|_| whole);
            part.push(&self.text[start..end], source, piece.verbatim, value);
        }
        part
    }

    /// Appends `next` to this text, separated by `between`, which has no origin.
    pub fn append(&mut self, between: &str, next: &Self) {
        self.push(between, None, false, None);
        let shift = self.text.len();
        self.text.push_str(&next.text);
        self.pieces
            .extend(next.pieces.iter().map(|piece| SourceSpan {
                rendered: piece.rendered.start + shift..piece.rendered.end + shift,
                ..piece.clone()
            }));
    }

    /// Returns the text up to the last byte that has an origin. This excludes what a chat template
    /// appends.
    pub fn written(&self) -> &str {
        let last = self.pieces.iter().rfind(|piece| piece.source.is_some());
        last.and_then(|piece| self.text.get(..piece.rendered.end))
            .unwrap_or(&self.text)
    }

    /// Returns the spans that a range of the rendered text touches.
    pub(crate) fn touched(&self, rendered: &Range<usize>) -> &[SourceSpan] {
        let from = self
            .pieces
            .partition_point(|piece| piece.rendered.end <= rendered.start);
        let to = self
            .pieces
            .partition_point(|piece| piece.rendered.start < rendered.end);
        self.pieces.get(from..to.max(from)).unwrap_or_default()
    }

    /// Returns the bytes of the prompt file that produced a range of the rendered text.
    ///
    /// A range that overlaps a tag's output maps to the whole tag. An empty range maps to an empty
    /// range; if the text at it has no origin, that is the end of the last text before it that has
    /// one. `None` if no part of the range has an origin.
    pub fn to_source(&self, rendered: Range<usize>) -> Option<Range<usize>> {
        if rendered.end <= rendered.start {
            let point = rendered.start.min(self.text.len());
            let piece = self
                .pieces
                .iter()
                .find(|piece| piece.rendered.start <= point && point < piece.rendered.end)
                .filter(|piece| piece.source.is_some())
                .or_else(|| {
                    let before =
                        |piece: &&SourceSpan| piece.source.is_some() && piece.rendered.end <= point;
                    self.pieces.iter().rev().find(before)
                })?;
            let source = piece.source.clone()?;
            let at = if piece.verbatim {
                source.start + (point.min(piece.rendered.end) - piece.rendered.start)
            } else if point < piece.rendered.end {
                source.start
            } else {
                source.end
            };
            return Some(at..at);
        }
        let mut out: Option<Range<usize>> = None;
        for piece in self.touched(&rendered) {
            let Some(source) = &piece.source else {
                continue;
            };
            let part = if piece.verbatim {
                let start = rendered.start.max(piece.rendered.start);
                let end = rendered.end.min(piece.rendered.end);
                source.start + (start - piece.rendered.start)
                    ..source.start + (end - piece.rendered.start)
            } else {
                source.clone()
            };
            out = Some(match out {
                Some(out) => out.start.min(part.start)..out.end.max(part.end),
                None => part,
            });
        }
        out
    }

    /// Returns the first position in the rendered text that a byte of the prompt file produced.
    /// Inside a tag, this is the beginning of the tag's output.
    pub fn to_rendered(&self, source_offset: usize) -> Option<usize> {
        let holds = |range: &Range<usize>| range.contains(&source_offset);
        let piece = self
            .pieces
            .iter()
            .find(|piece| piece.source.as_ref().is_some_and(holds));
        if let Some(piece) = piece {
            let into = source_offset - piece.source.as_ref()?.start;
            return Some(piece.rendered.start + if piece.verbatim { into } else { 0 });
        }
        // The position after the last byte counts as its end, so that a cursor there is found.
        let ends = |range: &Range<usize>| range.end == source_offset;
        let last = self
            .pieces
            .iter()
            .rev()
            .find(|piece| piece.source.as_ref().is_some_and(ends))?;
        Some(last.rendered.end)
    }
}

/// Finds a mention in a rendered text.
///
/// An exact match comes first. Otherwise, the first letter may differ in case, and any whitespace
/// matches any other, as after re-wrapping a prompt. The first occurrence counts.
pub fn find_mention(rendered: &MappedText, mention: &str) -> Option<Range<usize>> {
    find_phrase(&rendered.text, mention)
}

/// Finds a mention in any text, as [`find_mention`] does.
pub fn find_phrase(text: &str, mention: &str) -> Option<Range<usize>> {
    if mention.trim().is_empty() {
        return None;
    }
    if let Some(start) = text.find(mention) {
        return Some(start..start + mention.len());
    }
    let mention = mention.trim();
    text.char_indices().find_map(|(start, _)| {
        let length = match_loosely(text.get(start..)?, mention)?;
        Some(start..start + length)
    })
}

/// Returns how many bytes at the beginning of `text` match `mention`, ignoring the kind of spacing
/// and the case of the first letter.
pub(crate) fn match_loosely(text: &str, mention: &str) -> Option<usize> {
    let mut left = text;
    let mut wanted = mention.chars().peekable();
    let mut first = true;
    while let Some(want) = wanted.next() {
        let got = left.chars().next()?;
        if want.is_whitespace() {
            if !got.is_whitespace() {
                return None;
            }
            left = left.trim_start();
            while wanted.next_if(|next| next.is_whitespace()).is_some() {}
            continue;
        }
        let same = got == want || (first && got.to_lowercase().eq(want.to_lowercase()));
        if !same {
            return None;
        }
        first = false;
        left = left.get(got.len_utf8()..)?;
    }
    Some(text.len() - left.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> MappedText {
        // Source: `ab{{x}}cd`, x = "XYZ".
        let mut mapped = MappedText::default();
        mapped.push("ab", Some(0..2), true, None);
        mapped.push("XYZ", Some(2..7), false, None);
        mapped.push("c", Some(7..8), true, None);
        mapped.push("d", Some(8..9), true, None);
        mapped
    }

    #[test]
    fn ranges_map_in_both_directions() {
        let mapped = sample();
        assert_eq!(mapped.pieces.len(), 3);
        assert_eq!(mapped.to_source(1..2), Some(1..2));
        assert_eq!(mapped.to_source(1..4), Some(1..7));
        assert_eq!(mapped.to_source(3..6), Some(2..8));
        assert_eq!(mapped.to_source(7..7), Some(9..9));
        assert_eq!(mapped.to_rendered(1), Some(1));
        assert_eq!(mapped.to_rendered(4), Some(2));
        assert_eq!(mapped.to_rendered(8), Some(6));
        assert_eq!(mapped.to_rendered(9), Some(7));
        assert_eq!(mapped.to_rendered(10), None);
    }

    #[test]
    fn mentions_are_found_exactly_then_loosely() {
        let mapped = MappedText::verbatim("The largest\n reef, the largest reef", 0..35);
        assert_eq!(find_mention(&mapped, "the largest reef"), Some(19..35));
        assert_eq!(find_mention(&mapped, "The largest reef"), Some(0..17));
        assert_eq!(find_mention(&mapped, "the LARGEST reef"), None);
        assert_eq!(find_mention(&mapped, " "), None);
    }
}
