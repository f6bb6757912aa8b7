//! Maps the text of a scalar to the file, byte by byte.

use crate::render::source_map::MappedText;
use crate::yaml::node::{Data, Node};

/// Returns the text of a scalar, with each span mapped to its bytes in `text`.
///
/// Verbatim text maps to its own bytes; an escaped character or a folded line break maps to the
/// bytes of the escape or break. If value and source do not correspond, the whole scalar is the
/// source. `None` if the node is not a text.
pub(crate) fn mapped(text: &str, node: &Node) -> Option<MappedText> {
    let value = node.text()?;
    let source = text.get(node.range.clone()).unwrap_or_default();
    let block = matches!(node.data, Data::Scalar { block: true, .. });
    let start = node.range.start;
    let found = if block {
        let before = text.get(..start).unwrap_or_default();
        let lead = before.rsplit('\n').next().unwrap_or_default();
        in_block(value, source, lead, start)
    } else {
        in_flow(value, source, start)
    };
    Some(found.unwrap_or_else(|| {
        let mut whole = MappedText::default();
        whole.push(value, Some(node.range.clone()), false, None);
        whole
    }))
}

/// Maps a `|` or `>` scalar: indented lines, which a folded scalar may join by a space.
///
/// `source` begins after `lead`, the first line's own indentation.
fn in_block(value: &str, source: &str, lead: &str, start: usize) -> Option<MappedText> {
    let indent = |line: &str| line.len() - line.trim_start_matches(' ').len();
    let lines: Vec<&str> = source.split_inclusive('\n').collect();
    let columns = if source.starts_with(['\n', '\r']) {
        indent(lines.iter().find(|line| !line.trim().is_empty())?)
    } else {
        indent(lead)
    };
    let mut mapped = MappedText::default();
    let mut rest = value;
    let mut at = start;
    for (number, line) in lines.iter().enumerate() {
        let skip = if number == 0 {
            0
        } else {
            indent(line).min(columns)
        };
        let ended = line.trim_end_matches(['\r', '\n']);
        let words = ended.get(skip..)?;
        let here = rest.strip_prefix(words);
        // Chomping removes trailing line breaks, and blank lines with them.
        let Some(after) = here else {
            return rest.is_empty().then_some(mapped);
        };
        mapped.push(words, Some(at + skip..at + ended.len()), true, None);
        let break_at = at + ended.len();
        at += line.len();
        rest = after;
        if let Some(joint) = rest.chars().next().filter(|c| [' ', '\n'].contains(c)) {
            let verbatim = joint == '\n' && line.len() == ended.len() + 1;
            if line.len() == ended.len() {
                return None;
            }
            mapped.push(&rest[..1], Some(break_at..at), verbatim, None);
            rest = rest.get(1..)?;
        } else if !rest.is_empty() && !words.is_empty() {
            return None;
        }
    }
    rest.is_empty().then_some(mapped)
}

/// Maps a plain or quoted scalar with its escapes and folded line breaks.
fn in_flow(value: &str, source: &str, start: usize) -> Option<MappedText> {
    let quote = source.chars().next().filter(|c| ['"', '\''].contains(c));
    let mut mapped = MappedText::default();
    let mut at = quote.map_or(0, char::len_utf8);
    let mut rest = value.char_indices().peekable();
    while let Some((offset, char)) = rest.next() {
        let tail = source.get(at..)?;
        let blank = tail.len() - tail.trim_start_matches([' ', '\t', '\r', '\n']).len();
        let here = &value[offset..offset + char.len_utf8()];
        if tail.get(..blank).is_some_and(|run| run.contains('\n')) {
            // A single break is a space; of several breaks, the first is dropped.
            let breaks = tail[..blank].matches('\n').count();
            let mut end = offset + char.len_utf8();
            let wanted = if breaks == 1 { ' ' } else { '\n' };
            for _ in 1..breaks.max(2) - 1 {
                let (next, _) = rest.next_if(|(_, next)| *next == '\n')?;
                end = next + 1;
            }
            if char != wanted {
                return None;
            }
            mapped.push(
                &value[offset..end],
                Some(start + at..start + at + blank),
                false,
                None,
            );
            at += blank;
            continue;
        }
        let length = match (quote, tail.as_bytes().first()?) {
            (Some('"'), b'\\') => escape(tail, char)?,
            (Some('\''), b'\'') if tail.starts_with("''") && char == '\'' => 2,
            _ if tail.starts_with(char) => {
                mapped.push(here, Some(start + at..start + at + here.len()), true, None);
                at += here.len();
                continue;
            }
            _ => return None,
        };
        mapped.push(here, Some(start + at..start + at + length), false, None);
        at += length;
    }
    Some(mapped)
}

/// Returns the length of the escape at the beginning of `tail`, if it encodes `char`.
fn escape(tail: &str, char: char) -> Option<usize> {
    let kind = *tail.as_bytes().get(1)?;
    let digits = match kind {
        b'x' => 2,
        b'u' => 4,
        b'U' => 8,
        _ => 0,
    };
    if digits > 0 {
        let number = u32::from_str_radix(tail.get(2..2 + digits)?, 16).ok()?;
        return (char::from_u32(number) == Some(char)).then_some(2 + digits);
    }
    let meant = match kind {
        b'n' => '\n',
        b't' | b'\t' => '\t',
        b'r' => '\r',
        b'0' => '\0',
        b'e' => '\u{1b}',
        b'_' => '\u{a0}',
        b'a' => '\u{7}',
        b'b' => '\u{8}',
        b'v' => '\u{b}',
        b'f' => '\u{c}',
        b'N' => '\u{85}',
        b'L' => '\u{2028}',
        b'P' => '\u{2029}',
        other @ (b' ' | b'"' | b'/' | b'\\') => other as char,
        _ => return None,
    };
    (meant == char).then_some(2)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Returns the spans of the scalar under `a`: text, source, whether verbatim.
    fn pieces(text: &str) -> Vec<(String, String, bool)> {
        let tree = crate::yaml::read::read(text, 0);
        let root = tree.root.unwrap();
        let mapped = mapped(text, root.entry("a").unwrap().1).unwrap();
        let shown = |piece: &crate::render::source_map::SourceSpan| {
            let source = text[piece.source.clone().unwrap()].to_owned();
            (
                mapped.text[piece.rendered.clone()].to_owned(),
                source,
                piece.verbatim,
            )
        };
        mapped.pieces.iter().map(shown).collect()
    }

    #[track_caller]
    fn check(text: &str, expected: &[(&str, &str, bool)]) {
        let got = pieces(text);
        let got: Vec<_> = got
            .iter()
            .map(|(a, b, c)| (a.as_str(), b.as_str(), *c))
            .collect();
        assert_eq!(got, expected, "{text}");
    }

    #[test]
    fn scalars_of_every_style_are_mapped() {
        check("a: the reef # no\n", &[("the reef", "the reef", true)]);
        check(
            "a: \"x\\n\\u00e9é\"\n",
            &[
                ("x", "x", true),
                ("\n", "\\n", false),
                ("é", "\\u00e9", false),
                ("é", "é", true),
            ],
        );
        check(
            "a: 'it''s'\n",
            &[("it", "it", true), ("'", "''", false), ("s", "s", true)],
        );
        check(
            "a: one\n  two\n",
            &[
                ("one", "one", true),
                (" ", "\n  ", false),
                ("two", "two", true),
            ],
        );
        check(
            "a: |\n  one\n    two\n\n  é\nb: 1\n",
            &[
                ("one\n", "one\n", true),
                ("  two\n\n", "  two\n\n", true),
                ("é\n", "é\n", true),
            ],
        );
        check(
            "a: >-\n  one\n  two\n",
            &[
                ("one", "one", true),
                (" ", "\n", false),
                ("two", "two", true),
            ],
        );
        check(
            "a: |-\r\n  one\r\n  two\r\n",
            &[
                ("one", "one", true),
                ("\n", "\r\n", false),
                ("two", "two", true),
            ],
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1000))]
        #[test]
        fn verbatim_spans_equal_their_source(
            text in "a: ?([|>][-+]?[12]?\n)?(  |\n|\r\n| |x|é|'|\"|\\\\n|\\\\x41|\\\\|\t|#|one){0,30}"
        ) {
            let tree = crate::yaml::read::read(&text, 0);
            let Some(root) = tree.root else { return Ok(()) };
            let Some((_, node)) = root.entry("a") else { return Ok(()) };
            let Some(mapped) = mapped(&text, node) else { return Ok(()) };
            prop_assert_eq!(Some(mapped.text.as_str()), node.text());
            for piece in &mapped.pieces {
                let source = text.get(piece.source.clone().unwrap()).unwrap();
                if piece.verbatim {
                    prop_assert_eq!(&mapped.text[piece.rendered.clone()], source);
                }
            }
        }
    }
}
