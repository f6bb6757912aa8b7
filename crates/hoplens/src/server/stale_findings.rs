//! Findings of an earlier revision of a text. They move with the text until new ones replace them,
//! so that diagnostics and inlay hints do not flicker while the user types.

use std::ops::Range;

use crate::server::document::ByteEdit;
use hoplens_ide::{Diagnostic, InlayHint, Snapshot, diagnostics, inlay_hints, static_diagnostics};
use hoplens_prompt::Origin;

/// The diagnostics and inlay hints of an earlier revision.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct StaleFindings {
    /// The diagnostics.
    pub diagnostics: Vec<Diagnostic>,
    /// The inlay hints.
    pub inlay_hints: Vec<InlayHint>,
}

impl StaleFindings {
    /// Returns the diagnostics and inlay hints of a snapshot that can be moved with the text.
    pub(super) fn from(snapshot: &Snapshot) -> Self {
        let static_count = static_diagnostics(snapshot).len();
        let mut found = diagnostics(snapshot).split_off(static_count);
        // The ranges of a sidecar would need the edits of the sidecar.
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

    /// Moves the diagnostics and hints that are behind an edit of the prompt, and drops those that
    /// the edit touches.
    pub(super) fn shift(&mut self, edit: &ByteEdit) {
        self.diagnostics.retain_mut(|one| {
            let moved = moved(&one.range, edit);
            one.range = moved.clone().unwrap_or_default();
            moved.is_some()
        });
        self.inlay_hints.retain_mut(|hint| {
            // A hint is shown behind its position: text typed there comes before it.
            let inside = edit.range.start < hint.offset && hint.offset < edit.range.end;
            if edit.range.end <= hint.offset {
                hint.offset = hint.offset - edit.range.len() + edit.new_len;
            }
            !inside
        });
    }
}

/// Returns where an edit moves a range; `None` if the edit touches it.
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
    fn a_hint_stays_behind_text_typed_at_its_position() {
        let hint = InlayHint {
            offset: 5,
            label: "→".into(),
        };
        let mut stale = StaleFindings {
            inlay_hints: vec![hint],
            ..StaleFindings::default()
        };
        stale.shift(&edit(5..5, 2));
        assert_eq!(stale.inlay_hints[0].offset, 7);
        stale.shift(&edit(6..7, 0));
        assert_eq!(stale.inlay_hints[0].offset, 6);
        stale.shift(&edit(0..99, 0));
        assert!(stale.inlay_hints.is_empty());
    }
}
