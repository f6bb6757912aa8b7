//! Collects the warnings of `check`, so that `repair` does not report that nothing fails.

use hoplens_ide::{Snapshot, diagnostics};
use hoplens_prompt::Severity;

/// A warning of `check` with the id of its case, if it belongs to one.
pub(super) type Warned<'a> = (Option<&'a str>, String);

/// Returns the warnings of `check`, without those of cases that are not `wanted`.
pub(super) fn warnings<'a>(
    snapshot: &'a Snapshot,
    wanted: &dyn Fn(Option<usize>) -> bool,
) -> Vec<Warned<'a>> {
    let cases = snapshot.findings.as_ref().map(|found| &found.cases);
    let of_case = |index: usize| cases?.get(index);
    diagnostics(snapshot)
        .into_iter()
        .filter(|one| one.severity >= Severity::Warning)
        .map(|one| (one.case.and_then(of_case), one.message))
        .filter(|(case, _)| case.is_none_or(|case| wanted(case.case)))
        .map(|(case, message)| (case.map(|case| case.id.as_str()), message))
        .collect()
}
