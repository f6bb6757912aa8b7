//! What stands above a case and above a prompt, to be clicked on.

use std::ops::Range;

use crate::numbers::{factor, percent};
use crate::snapshot::Snapshot;
use hoplens_analysis::{CaseFindings, CaseOutcome, case_id};
use hoplens_prompt::Origin;

/// What a lens has done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LensCommand {
    /// The model looks, and repairs are measured.
    Measure,
    /// The heads are shown.
    Heads,
    /// The bridge at every layer and magnitude is shown.
    Sweep,
}

/// A line above a place of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lens {
    /// The file.
    pub origin: Origin,
    /// The bytes that it is about.
    pub range: Range<usize>,
    /// What it says.
    pub title: String,
    /// What it does.
    pub command: LensCommand,
    /// The case's id; `None` where the file declares none.
    pub case: Option<String>,
}

/// The lenses of a prompt and its sidecar: above each case what is known of its repairs, above
/// the prompt its heads.
pub fn lenses(snapshot: &Snapshot) -> Vec<Lens> {
    let file = &snapshot.file;
    let cases = snapshot.findings.iter().flat_map(|found| &found.cases);
    let mut shown = Vec::new();
    for (index, declared) in file.cases.iter().enumerate() {
        let of_case = |case: &&CaseFindings| case.case == Some(index);
        let found = cases.clone().find(of_case);
        // The rows of a matrix stand in one place; the first speaks for all.
        let above = |other: &Lens| other.origin == declared.origin && other.range == declared.range;
        if shown.iter().any(above) {
            continue;
        }
        let lens = |title: String, command| Lens {
            origin: declared.origin,
            range: declared.range.clone(),
            title,
            command,
            case: Some(case_id(file, Some(index))),
        };
        shown.push(lens(measured(found), LensCommand::Measure));
        shown.push(lens("show heads".into(), LensCommand::Heads));
        if found.is_some_and(|case| case.query.bridged().is_some()) {
            shown.push(lens("show sweep".into(), LensCommand::Sweep));
        }
    }
    if file.cases.is_empty()
        && !snapshot
            .text
            .get(file.body.clone())
            .unwrap_or_default()
            .trim()
            .is_empty()
    {
        shown.push(Lens {
            origin: Origin::FrontMatter,
            range: file.body.clone(),
            title: "show heads".into(),
            command: LensCommand::Heads,
            case: None,
        });
    }
    shown
}

/// What is known of a case's repairs.
fn measured(case: Option<&CaseFindings>) -> String {
    let outcome = case.and_then(|case| case.outcome.as_ref().ok());
    let Some(outcome) = outcome.filter(|outcome| outcome.verdict.is_some()) else {
        return "measure repairs".into();
    };
    let p = percent(outcome.probes.composed.p);
    match &outcome.repairs {
        Some(repairs) => match repairs.first() {
            Some(best) => {
                let count = repairs.len();
                let plural = if count == 1 { "repair" } else { "repairs" };
                let gain = factor(best.gain().exp());
                format!("{p}, {count} {plural}, best {gain}: measure again")
            }
            None => format!("{p}, no repair helps: measure again"),
        },
        None if CaseOutcome::wants_repairs(outcome) => format!("{p}: measure repairs"),
        None => format!("{p}: measure again"),
    }
}
