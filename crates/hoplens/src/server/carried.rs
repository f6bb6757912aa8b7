//! Findings of the text before the last edits, moved along until new ones replace them, so that
//! nothing flickers while somebody types.

use std::ops::Range;

use crate::server::documents::ByteEdit;
use hoplens_ide::{Diagnostic, InlayHint, Snapshot, diagnostics, inlay_hints, static_diagnostics};
use hoplens_prompt::Origin;

/// What the model said of an older text.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Carried {
    pub diagnostics: Vec<Diagnostic>,
    pub inlay_hints: Vec<InlayHint>,
}

impl Carried {
    /// What can be carried on from a snapshot with findings.
    pub(super) fn from(snapshot: &Snapshot) -> Self {
        let known = static_diagnostics(snapshot).len();
        let mut found = diagnostics(snapshot).split_off(known);
        // A sidecar changes on its own; its own ranges would have to be followed too.
        found.retain(|one| one.origin == Origin::FrontMatter);
        for one in &mut found {
            one.case = None;
            one.related.clear();
        }
        Self {
            diagnostics: found,
            inlay_hints: inlay_hints(snapshot),
        }
    }

    /// Moves everything along with an edit of the prompt; what the edit touches is dropped.
    pub(super) fn shift(&mut self, edit: &ByteEdit) {
        self.diagnostics.retain_mut(|one| {
            let moved = moved(&one.range, edit);
            one.range = moved.clone().unwrap_or_default();
            moved.is_some()
        });
        self.inlay_hints.retain_mut(|hint| {
            // A hint stands after its place: what is typed there comes before it.
            let inside = edit.range.start < hint.offset && hint.offset < edit.range.end;
            if edit.range.end <= hint.offset {
                hint.offset = hint.offset - edit.range.len() + edit.new_len;
            }
            !inside
        });
    }
}

fn moved(range: &Range<usize>, edit: &ByteEdit) -> Option<Range<usize>> {
    if edit.range.end <= range.start {
        let by = |offset: usize| offset - edit.range.len() + edit.new_len;
        return Some(by(range.start)..by(range.end));
    }
    (range.end <= edit.range.start).then(|| range.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edit(range: Range<usize>, new_len: usize) -> ByteEdit {
        ByteEdit { range, new_len }
    }

    #[test]
    fn ranges_follow_edits_before_them_and_end_with_edits_inside() {
        let range = 10..20;
        assert_eq!(moved(&range, &edit(0..0, 3)), Some(13..23));
        assert_eq!(moved(&range, &edit(4..8, 1)), Some(7..17));
        assert_eq!(moved(&range, &edit(20..25, 0)), Some(10..20));
        assert_eq!(moved(&range, &edit(12..13, 1)), None);
        assert_eq!(moved(&range, &edit(0..99, 0)), None);
    }

    #[test]
    fn a_hint_stays_behind_what_is_typed_at_its_place() {
        let hint = InlayHint {
            offset: 5,
            label: "→".into(),
        };
        let mut carried = Carried {
            inlay_hints: vec![hint],
            ..Carried::default()
        };
        carried.shift(&edit(5..5, 2));
        assert_eq!(carried.inlay_hints[0].offset, 7);
        carried.shift(&edit(6..7, 0));
        assert_eq!(carried.inlay_hints[0].offset, 6);
        carried.shift(&edit(0..99, 0));
        assert!(carried.inlay_hints.is_empty());
    }
}
