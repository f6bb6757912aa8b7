//! A whole reply that the model could write, of which a part may be marked.

use std::ops::Range;

use crate::declarations::fields;
use crate::declarations::spanned::Spanned;
use crate::diagnostics::code::Code;
use crate::diagnostics::problem::Problems;
use crate::yaml::node::Node;

/// A reply that is scored as a whole, or by its marked part alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReferenceReply {
    /// The reply without the signs that mark its part.
    pub text: String,
    /// Bytes of `text`: the part between `[[` and `]]`.
    pub part: Option<Range<usize>>,
    /// Bytes of the file that contain it, including quotes.
    pub range: Range<usize>,
}

const OPEN: &str = "[[";
const CLOSE: &str = "]]";

impl ReferenceReply {
    /// Returns a reply without a marked part, from a tool that knows no marks.
    pub(crate) fn unmarked(text: &Spanned<String>) -> Self {
        Self {
            text: text.value.clone(),
            part: None,
            range: text.range.clone(),
        }
    }

    /// Reads `reference`. At most one part may be marked; `\[[` stands for the signs themselves.
    pub(crate) fn read(node: &Node, problems: &mut Problems) -> Option<Self> {
        let written = fields::text(node, "The case's `reference`", problems)?;
        let mut warn = |message: &str| {
            problems.warn(Code::InvalidValue, &written.range, message);
        };
        let mut text = String::new();
        let mut part = None;
        let mut rest = written.value.as_str();
        while let Some((before, after)) = rest.split_once(OPEN) {
            if let Some(before) = before.strip_suffix('\\') {
                text.push_str(before);
                text.push_str(OPEN);
                rest = after;
                continue;
            }
            text.push_str(before);
            let Some((inside, behind)) = after.split_once(CLOSE) else {
                warn(
                    "The `reference` opens a part with `[[` and does not close it, so the signs \
                     are read as text. Write `]]` behind the part, or `\\[[` for the signs \
                     themselves.",
                );
                text.push_str(OPEN);
                rest = after;
                continue;
            };
            if inside.trim().is_empty() {
                warn(
                    "The `reference` marks an empty part, so the whole reply counts. Put the words \
                     that matter between `[[` and `]]`.",
                );
            } else if part.is_some() {
                warn(
                    "The `reference` marks several parts; hoplens uses the first one. Remove the other \
                     signs, or write `\\[[` for the signs themselves.",
                );
            } else {
                part = Some(text.len()..text.len() + inside.len());
            }
            text.push_str(inside);
            rest = behind;
        }
        text.push_str(rest);
        Some(Self {
            text,
            part,
            range: written.range,
        })
    }

    /// Changes the text before, in and behind the marked part.
    pub(crate) fn map_text(&mut self, change: &mut dyn FnMut(&str) -> String) {
        let Some(part) = self.part.clone() else {
            self.text = change(&self.text);
            return;
        };
        let piece = |range: Range<usize>| self.text.get(range).unwrap_or_default();
        let (before, inside) = (change(piece(0..part.start)), change(piece(part.clone())));
        let behind = change(piece(part.end..self.text.len()));
        self.part = Some(before.len()..before.len() + inside.len());
        self.text = before + &inside + &behind;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::declarations::spanned::Origin;
    use crate::yaml;

    fn read(yaml: &str) -> (ReferenceReply, Vec<String>) {
        let mut problems = Problems::new(Origin::Sidecar);
        let root = yaml::read::read(yaml, 0).root.unwrap();
        let reply = ReferenceReply::read(&root, &mut problems).unwrap();
        let messages = problems.list.into_iter().map(|one| one.message);
        (reply, messages.collect())
    }

    fn marked(reply: &ReferenceReply) -> Option<&str> {
        reply.part.clone().map(|part| &reply.text[part])
    }

    #[test]
    fn one_part_is_marked() {
        let (mut reply, messages) = read("'You have [[100 days]] for it.'");
        assert_eq!(reply.text, "You have 100 days for it.");
        assert_eq!(marked(&reply), Some("100 days"));
        assert_eq!(messages, [""; 0]);
        reply.map_text(&mut |text| text.replace('a', "aa"));
        assert_eq!(reply.text, "You haave 100 daays for it.");
        assert_eq!(marked(&reply), Some("100 daays"));
        let (reply, messages) = read("'if \\[[ -f x ]]; then'");
        assert_eq!(reply.text, "if [[ -f x ]]; then");
        assert_eq!((marked(&reply), messages.len()), (None, 0));
    }

    #[test]
    fn wrong_marks_are_reported_and_read_as_far_as_possible() {
        for (yaml, text, part, message) in [
            ("'a [[b'", "a [[b", None, "does not close it"),
            ("'a [[ ]] b'", "a   b", None, "marks an empty part"),
            ("'[[a]] b [[c]]'", "a b c", Some("a"), "several parts"),
        ] {
            let (reply, messages) = read(yaml);
            assert_eq!(reply.text, text);
            assert_eq!(marked(&reply), part);
            assert_eq!(messages.len(), 1, "{yaml}: {messages:?}");
            assert!(messages[0].contains(message), "{messages:?}");
        }
    }
}
