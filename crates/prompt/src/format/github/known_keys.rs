//! The keys that `gh models` reads.

use crate::declarations::fields::for_each_key;
use crate::diagnostics::code::Code;
use crate::diagnostics::problem::Problems;
use crate::diagnostics::severity::Severity;
use crate::diagnostics::suggestion::{closest, did_you_mean};
use crate::yaml::node::Node;

/// Reports keys that `gh models` does not read: a hint, or a warning if the key looks mistyped.
pub(crate) fn unknown(
    entries: &[(Node, Node)],
    known: &[&str],
    what: &str,
    problems: &mut Problems,
) {
    for_each_key(entries, what, problems, |key, name, problems| {
        if known.contains(&name) {
            return;
        }
        let near = closest(name, known);
        // The format has no published schema, so other keys may be correct.
        let severity = if near.is_none() {
            Severity::Hint
        } else {
            Severity::Warning
        };
        let message = format!(
            "{what} has no key `{name}` that `gh models` reads; it is ignored.{} Known keys: {}.",
            did_you_mean(near),
            known.join(", ")
        );
        let problem = problems.add(Code::UnknownKey, severity, key.here(), message);
        problem.suggest(near);
    });
}
