//! Prints findings as SARIF 2.1.0 (OASIS), for code scanning.

use std::io::Write;
use std::ops::Range;

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::cli::check::github::is_known;
use crate::cli::check::lock::Comparison;
use crate::cli::error::CliError;
use crate::cli::report::{FilePositions, RangeReport, display_path, origin_text, severity_name};
use hoplens_analysis::CaseFindings;
use hoplens_ide::{Diagnostic, Snapshot, is_fixed_by, page_text, repair_edit, repair_title};
use hoplens_prompt::text::PositionEncoding;
use hoplens_prompt::{Code, FileEdit, Origin, Severity};
use hoplens_store::hex;

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// The rule for answers that are less probable than in the baseline. No diagnostic has this code.
const WORSE: &str = "worse-than-baseline";

/// The characters that a path segment of a URI must escape.
const SEGMENT: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// Prints one log with one run.
pub(super) fn print(
    out: &mut dyn Write,
    snapshots: &[Snapshot],
    found: &[Vec<Diagnostic>],
    compared: Option<&Comparison>,
) -> Result<(), CliError> {
    let files = snapshots.iter().zip(found);
    let mut results: Vec<Value> = files
        .flat_map(|(snapshot, found)| {
            let places = FilePositions::of(snapshot);
            found.iter().map(move |one| {
                let mut result = result(&places, one);
                if compared.is_some() {
                    let known = is_known(snapshot, one, compared);
                    result["baselineState"] = if known { "unchanged" } else { "new" }.into();
                }
                result
            })
        })
        .collect();
    for worse in compared.into_iter().flat_map(|compared| &compared.worse) {
        results.push(json!({
            "ruleId": WORSE,
            "ruleIndex": Code::ALL.len(),
            "level": "error",
            "message": {"text": worse.message()},
            "locations": [{"physicalLocation": {"artifactLocation": artifact(&worse.path)}}],
            "partialFingerprints": {"hoplens/v1": hash(&[WORSE, &worse.path, &worse.case])},
            "baselineState": "updated",
        }));
    }
    let log = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "hoplens",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": rules(),
            }},
            "columnKind": "utf16CodeUnits",
            "results": results,
        }],
    });
    serde_json::to_writer_pretty(&mut *out, &log).map_err(std::io::Error::from)?;
    writeln!(out)?;
    Ok(())
}

/// Returns one rule for each code, with its page as help.
fn rules() -> Vec<Value> {
    let of_code = Code::ALL.iter().map(|code| {
        let page = page_text(*code);
        // The heading and the severity come before the description.
        let says = page.split("\n\n").nth(2).unwrap_or_default();
        json!({
            "id": code,
            "shortDescription": {"text": says.lines().next().unwrap_or_default()},
            "help": {"text": page, "markdown": page},
        })
    });
    let worse = json!({
        "id": WORSE,
        "shortDescription": {"text": "An answer is less probable than the lock file has it."},
    });
    of_code.chain([worse]).collect()
}

fn result(places: &FilePositions<'_>, found: &Diagnostic) -> Value {
    let snapshot = places.snapshot;
    let case = found.case.and_then(|at| {
        let findings = snapshot.findings.as_ref()?;
        findings.cases.get(at)
    });
    let text = origin_text(snapshot, found.origin);
    let words = text.get(found.range.clone()).unwrap_or_default();
    let path = display_path(snapshot, found.origin);
    let id = case.map_or("", |case| case.id.as_str());
    let mut result = json!({
        "ruleId": found.code,
        "ruleIndex": Code::ALL.iter().position(|code| *code == found.code),
        "level": match found.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Information | Severity::Hint => "note",
        },
        "message": {"text": found.message},
        "locations": [location(places, found.origin, &found.range)],
        // Without line numbers, a finding stays the same when lines before it change.
        "partialFingerprints": {"hoplens/v1": hash(&[found.code.as_str(), &path, id, words])},
        "properties": {"severity": severity_name(found.severity)},
    });
    let related: Vec<Value> = found
        .related
        .iter()
        .map(|related| {
            let mut place = location(places, related.origin, &related.range);
            place["message"] = json!({"text": related.message});
            place
        })
        .collect();
    if !related.is_empty() {
        result["relatedLocations"] = related.into();
    }
    let fixes = case.map_or_else(Vec::new, |case| fixes(places, case, found));
    if !fixes.is_empty() {
        result["fixes"] = fixes.into();
    }
    result
}

/// Returns the measured repairs of a finding that edit a file.
fn fixes(places: &FilePositions<'_>, case: &CaseFindings, found: &Diagnostic) -> Vec<Value> {
    let snapshot = places.snapshot;
    let repairs = case.outcome.as_ref().ok();
    let repairs = repairs.and_then(|outcome| outcome.repairs.as_deref());
    repairs
        .unwrap_or_default()
        .iter()
        .filter(|repair| is_fixed_by(case, found, repair))
        .filter_map(|repair| {
            let edit = repair_edit(snapshot, case, repair)?;
            Some(json!({
                "description": {"text": repair_title(snapshot, case, repair)},
                "artifactChanges": [change(places, &edit)],
            }))
        })
        .collect()
}

fn change(places: &FilePositions<'_>, edit: &FileEdit) -> Value {
    let replacements: Vec<Value> = edit
        .edits
        .iter()
        .map(|one| {
            json!({
                "deletedRegion": region(places, edit.target, &one.range),
                "insertedContent": {"text": one.new_text},
            })
        })
        .collect();
    json!({
        "artifactLocation": artifact(&display_path(places.snapshot, edit.target)),
        "replacements": replacements,
    })
}

fn location(places: &FilePositions<'_>, origin: Origin, range: &Range<usize>) -> Value {
    json!({"physicalLocation": {
        "artifactLocation": artifact(&display_path(places.snapshot, origin)),
        "region": region(places, origin, range),
    }})
}

fn artifact(path: &str) -> Value {
    let segments = path
        .split('/')
        .map(|segment| utf8_percent_encode(segment, SEGMENT).to_string());
    let mut uri = segments.collect::<Vec<_>>().join("/");
    // `a:b/c` would be a URI with the scheme `a`.
    if path
        .split('/')
        .next()
        .is_some_and(|first| first.contains(':'))
    {
        uri = format!("./{uri}");
    }
    json!({"uri": uri})
}

/// Returns a region with lines and columns from 1, columns in UTF-16 units.
fn region(places: &FilePositions<'_>, origin: Origin, range: &Range<usize>) -> Value {
    let RangeReport { start, end } = places.range_in(origin, range, PositionEncoding::Utf16);
    json!({
        "startLine": start.line,
        "startColumn": start.column,
        "endLine": end.line,
        "endColumn": end.column,
    })
}

fn hash(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    let digest = hash.finalize();
    hex(&digest[..16])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_become_uris() {
        assert_eq!(artifact("a b/ü.prompt")["uri"], "a%20b/%C3%BC.prompt");
        assert_eq!(artifact("c:x/y")["uri"], "./c:x/y");
        assert_eq!(artifact("100%.prompt")["uri"], "100%25.prompt");
    }

    #[test]
    fn columns_are_utf_16() {
        let snapshot = Snapshot::new("a.prompt", "a\n😀b", None);
        let found = region(&FilePositions::of(&snapshot), Origin::FrontMatter, &(6..7));
        assert_eq!(
            (&found["startLine"], &found["startColumn"]),
            (&2.into(), &3.into())
        );
    }

    #[test]
    fn every_rule_has_a_description() {
        for rule in rules() {
            let text = rule["shortDescription"]["text"].as_str().unwrap();
            assert!(text.len() > 20, "{rule}");
        }
    }
}
