//! One edit that applies the best repair of every failing case.

use crate::diagnostics::diagnostics;
use crate::repair_edits::repair_edit;
use crate::snapshot::Snapshot;
use hoplens_analysis::{Repair, RepairChange};
use hoplens_prompt::{FileEdit, Origin, TextEdit, edited};

/// Returns one edit of one file and the number of cases that it repairs; `None` if it repairs none.
///
/// For each failing case it applies the best repair that changes only this case: an injection, or a
/// change of words if the file has no other case. It leaves out injections that only fake knowledge
/// and repairs that need an edit of another file.
pub fn fix_all(snapshot: &Snapshot) -> Option<(FileEdit, usize)> {
    let findings = snapshot.findings.as_ref()?;
    let found = diagnostics(snapshot);
    let mut now = snapshot.clone();
    let (mut target, mut count) = (None, 0);
    for (index, case) in findings.cases.iter().enumerate() {
        // An ignored finding is not repaired.
        let is_shown = found.iter().any(|one| one.case == Some(index));
        let outcome = case.outcome.as_ref().ok();
        let repairs = outcome.and_then(|outcome| outcome.repairs.as_ref());
        let is_alone = findings.cases.len() == 1;
        let is_safe = |repair: &&Repair| {
            !repair.fakes && (is_alone || matches!(repair.change, RepairChange::Inject(_)))
        };
        let best = repairs.and_then(|repairs| repairs.iter().find(is_safe));
        let Some(best) = best.filter(|_| is_shown) else {
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
