//! The keys that `gh models` reads.

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
    let mut seen = Vec::new();
    for (key, _) in entries {
        let name = key.text().unwrap_or_default();
        if seen.contains(&name) {
            let message =
                format!("{what} has `{name}` twice; hoplens uses the first one. Remove the other.");
            problems.warn(Code::DuplicateKey, key.here(), message);
        } else if !known.contains(&name) {
            let near = did_you_mean(name, known);
            // The format has no published schema, so other keys may be correct.
            let severity = if near.is_empty() {
                Severity::Hint
            } else {
                Severity::Warning
            };
            let message = format!(
                "{what} has no key `{name}` that `gh models` reads; it is ignored.{near} Known \
                 keys: {}.",
                known.join(", ")
            );
            problems.add(Code::UnknownKey, severity, key.here(), message);
        }
        seen.push(name);
    }
}
