//! The keys that `gh models` reads.

use crate::declarations::fields::for_each_key;
use crate::diagnostics::code::Code;
use crate::diagnostics::problem::{Problems, did_you_mean};
use crate::diagnostics::severity::Severity;
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
        let near = did_you_mean(name, known);
        // The format has no published schema, so other keys may be correct.
        let severity = if near.is_empty() {
            Severity::Hint
        } else {
            Severity::Warning
        };
        let message = format!(
            "{what} has no key `{name}` that `gh models` reads; it is ignored.{near} Known keys: \
             {}.",
            known.join(", ")
        );
        problems.add(Code::UnknownKey, severity, key.here(), message);
    });
}
