//! Code lenses: lines above a case or a prompt that run a command when clicked.

use std::ops::Range;

use crate::numbers::{factor, percent};
use crate::snapshot::Snapshot;
use hoplens_analysis::{CaseFindings, CaseOutcome, case_id};
use hoplens_prompt::Origin;

/// The title of the code lens that measures the influence of sentences.
const INFLUENCE_TITLE: &str = "which instruction matters";

/// The command of a code lens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodeLensCommand {
    /// Analyses the file and measures repairs.
    Measure,
    /// Shows the heads.
    Heads,
    /// Shows a sweep of the bridge over layers and magnitudes.
    Sweep,
    /// Measures which sentences matter.
    Influence,
}

/// A line above a range of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeLens {
    /// The file.
    pub origin: Origin,
    /// The bytes of the case or prompt.
    pub range: Range<usize>,
    /// The text.
    pub title: String,
    /// The command.
    pub command: CodeLensCommand,
    /// The case's id; `None` if the file declares no case.
    pub case: Option<String>,
}

/// Returns the code lenses of a prompt and its sidecar: for each case its repairs, its heads, with
/// a bridge a sweep, and the influence of the sentences; for a prompt without cases its heads and
/// that influence.
pub fn code_lenses(snapshot: &Snapshot) -> Vec<CodeLens> {
    let file = &snapshot.file;
    let cases = snapshot.findings.iter().flat_map(|found| &found.cases);
    let mut shown = Vec::new();
    for (index, declared) in file.cases.iter().enumerate() {
        let of_case = |case: &&CaseFindings| case.case == Some(index);
        let found = cases.clone().find(of_case);
        // The rows of a matrix share one range; only the first gets code lenses.
        let above =
            |other: &CodeLens| other.origin == declared.origin && other.range == declared.range;
        if shown.iter().any(above) {
            continue;
        }
        let code_lens = |title: String, command| CodeLens {
            origin: declared.origin,
            range: declared.range.clone(),
            title,
            command,
            case: Some(case_id(file, Some(index))),
        };
        shown.push(code_lens(repairs_title(found), CodeLensCommand::Measure));
        shown.push(code_lens("show heads".into(), CodeLensCommand::Heads));
        if found.is_some_and(|case| case.query.bridged().is_some()) {
            shown.push(code_lens("show sweep".into(), CodeLensCommand::Sweep));
        }
        shown.push(code_lens(
            INFLUENCE_TITLE.into(),
            CodeLensCommand::Influence,
        ));
    }
    if file.cases.is_empty()
        && !snapshot
            .text
            .get(file.body.clone())
            .unwrap_or_default()
            .trim()
            .is_empty()
    {
        let code_lens = |title: &str, command| CodeLens {
            origin: Origin::FrontMatter,
            range: file.body.clone(),
            title: title.into(),
            command,
            case: None,
        };
        shown.push(code_lens("show heads", CodeLensCommand::Heads));
        shown.push(code_lens(INFLUENCE_TITLE, CodeLensCommand::Influence));
    }
    shown
}

/// Returns what is known of a case's repairs.
fn repairs_title(case: Option<&CaseFindings>) -> String {
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
