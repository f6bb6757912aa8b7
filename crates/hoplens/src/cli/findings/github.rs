//! Prints findings as GitHub's workflow commands, which become annotations of lines.

use std::io::Write;

use crate::cli::check::lock::compare::Comparison;
use crate::cli::findings::repository_path::repository_path;
use crate::cli::report::{FilePositions, origin_path, slashed};
use hoplens_ide::{Diagnostic, Snapshot, is_fixed_by, repair_title};
use hoplens_prompt::Severity;

/// Prints one command for each finding, with the best repair on a separate line of the message.
pub(in crate::cli) fn print(
    out: &mut dyn Write,
    snapshots: &[Snapshot],
    found: &[Vec<Diagnostic>],
    compared: Option<&Comparison>,
) -> std::io::Result<()> {
    for (snapshot, found) in snapshots.iter().zip(found) {
        let places = FilePositions::of(snapshot);
        for one in found {
            let level = match one.severity {
                _ if is_known(snapshot, one, compared) => "notice",
                Severity::Error => "error",
                Severity::Warning => "warning",
                Severity::Information | Severity::Hint => "notice",
            };
            let range = places.range(one.origin, &one.range);
            let mut message = one.message.clone();
            if let Some(best) = best(snapshot, one) {
                message = format!("{message}\n{best}");
            }
            writeln!(
                out,
                "::{level} file={},line={},col={},endLine={},endColumn={},title={}::{}",
                property(&repository_path(&origin_path(snapshot, one.origin))),
                range.start.line,
                range.start.column,
                range.end.line,
                range.end.column,
                property(&title(snapshot, one)),
                data(&message)
            )?;
        }
    }
    for worse in compared.into_iter().flat_map(|compared| &compared.worse) {
        writeln!(
            out,
            "::error file={},title=worse than the baseline::{}",
            property(&repository_path(&worse.path)),
            data(&worse.message())
        )?;
    }
    Ok(())
}

/// Returns the code, with the case if the file has several.
fn title(snapshot: &Snapshot, found: &Diagnostic) -> String {
    let cases = snapshot.findings.as_ref().map(|findings| &findings.cases);
    let case = cases.filter(|cases| cases.len() > 1);
    match case.and_then(|cases| cases.get(found.case?)) {
        Some(case) => format!("{} (case {})", found.code, case.id),
        None => found.code.to_string(),
    }
}

/// Returns whether the lock file already contains a finding.
pub(in crate::cli) fn is_known(
    snapshot: &Snapshot,
    found: &Diagnostic,
    compared: Option<&Comparison>,
) -> bool {
    let case = found
        .case
        .and_then(|at| snapshot.findings.as_ref()?.cases.get(at));
    let case = case.map(|case| case.id.as_str());
    compared
        .is_some_and(|compared| compared.knows(&slashed(&snapshot.name), case, found.code.as_str()))
}

/// Returns the title of the best repair of a finding.
fn best(snapshot: &Snapshot, found: &Diagnostic) -> Option<String> {
    let case = snapshot.findings.as_ref()?.cases.get(found.case?)?;
    let repairs = case.outcome.as_ref().ok()?.repairs.as_deref()?;
    let best = repairs
        .iter()
        .find(|repair| is_fixed_by(case, found, repair))?;
    Some(repair_title(snapshot, case, best))
}

/// Escapes the message of a command.
fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// Escapes a property of a command.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn command_syntax_is_escaped() {
        assert_eq!(data("50 %\r\na: b, c"), "50 %25%0D%0Aa: b, c");
        assert_eq!(property("a,b:c%"), "a%2Cb%3Ac%25");
    }
}
