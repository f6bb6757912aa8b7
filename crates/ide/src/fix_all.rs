//! The best repair of every failing case at once.

use crate::repair_actions::repair_edit;
use crate::diagnostics;
use crate::snapshot::Snapshot;
use hoplens_analysis::{Repair, RepairChange};
use hoplens_prompt::{FileEdit, Origin, TextEdit, edited};

/// One edit of one file, and how many cases it mends; `None` where it mends none.
///
/// Of each failing case the best repair is taken that changes this case alone: an injection, or
/// words where the file has no other case. An injection that only fakes knowledge is left to be
/// chosen by hand, and so is what would have to be written into another file.
pub fn fix_all(snapshot: &Snapshot) -> Option<(FileEdit, usize)> {
    let findings = snapshot.findings.as_ref()?;
    let found = diagnostics(snapshot);
    let mut now = snapshot.clone();
    let (mut target, mut count) = (None, 0);
    for (index, case) in findings.cases.iter().enumerate() {
        // What is suppressed is not to be mended either.
        let is_told = found.iter().any(|one| one.case == Some(index));
        let outcome = case.outcome.as_ref().ok();
        let repairs = outcome.and_then(|outcome| outcome.repairs.as_ref());
        let is_alone = findings.cases.len() == 1;
        let suits = |repair: &&Repair| {
            !repair.fakes && (is_alone || matches!(repair.change, RepairChange::Inject(_)))
        };
        let best = repairs.and_then(|repairs| repairs.iter().find(suits));
        let Some(best) = best.filter(|_| is_told) else {
            continue;
        };
        let Some(edit) = repair_edit(&now, case, best) else {
            continue;
        };
        if *target.get_or_insert(edit.target) != edit.target {
            continue;
        }
        let (file, text) = edited(&now.file, &now.text, &edit);
        (now.file, now.text) = (file, text);
        count += 1;
    }
    let target = target?;
    let (before, after) = match target {
        Origin::FrontMatter => (snapshot.text.as_str(), now.text.as_str()),
        Origin::Sidecar => (
            snapshot.file.sidecar.as_deref().unwrap_or_default(),
            now.file.sidecar.as_deref().unwrap_or_default(),
        ),
    };
    let edit = FileEdit {
        target,
        edits: vec![TextEdit::between(before, after)],
        creates: target == Origin::Sidecar && snapshot.file.sidecar.is_none(),
    };
    Some((edit, count))
}
