//! What `check` warns of, so that `repair` does not say that nothing fails where it does.

use hoplens_ide::{Snapshot, diagnostics};
use hoplens_prompt::Severity;

/// The id of a case, if it is of one, and what `check` warns of.
pub(super) type Warned<'a> = (Option<&'a str>, String);

/// What `check` warns of, but for the cases that are not `wanted`.
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
