//! Finds the verdicts of a file's cases.

use crate::case::findings::{CaseFindings, CaseOutcome, FileFindings};
use crate::case::prompt_source::PromptSource;
use crate::case::rendered_case::{RenderedCase, case_id, render_case};
use crate::context::AnalysisContext;
use crate::error::AnalysisError;
use crate::hop::invalid_injections::drop_invalid_injections;
use crate::hop::run_probes::run_probes;
use crate::hop::verdict::verdict;
use crate::reply::reference_score::reference_score;
use hoplens_prompt::Problem;

/// Runs the probes of every case of a file and derives the verdicts.
///
/// A case that cannot be run, for example because its prompt is too long, has the reason as its
/// outcome. An injection that the model cannot apply, for example because its layer does not exist,
/// becomes a problem, and the case runs without it. Cases whose prompt is empty or whose template
/// cannot be rendered have no findings.
///
/// # Errors
/// Only that the work was cancelled.
pub fn find_verdicts(
    context: &AnalysisContext<'_>,
    source: PromptSource<'_>,
) -> Result<FileFindings, AnalysisError> {
    let mut findings = FileFindings {
        model: context.model.info.clone(),
        thresholds: context.settings.thresholds,
        cases: Vec::new(),
        problems: Vec::new(),
    };
    for index in source.case_indices() {
        let RenderedCase {
            rendered,
            query,
            reading,
            has_holes,
            error,
            ..
        } = render_case(context.model, source, index);
        // If the template is broken, the prompt is unknown; the file's problems report it.
        if rendered.text.is_empty() || matches!(error, Some(AnalysisError::Template { .. })) {
            continue;
        }
        let mut case = CaseFindings {
            case: index,
            id: case_id(source.file, index),
            rendered,
            query,
            reading,
            tokens: Vec::new(),
            has_holes,
            outcome: Err(String::new()),
        };
        let outcome = match error {
            Some(error) => Err(error),
            None => run_case(context, &mut case, &mut findings.problems),
        };
        match outcome {
            Ok(outcome) => case.outcome = Ok(outcome),
            Err(error) if error.is_cancelled() => return Err(error),
            Err(error) => case.outcome = Err(error.to_string()),
        }
        findings.cases.push(case);
    }
    Ok(findings)
}

/// Runs the probes of a case. If that fails and the case has invalid injections, runs them again
/// without those.
fn run_case(
    context: &AnalysisContext<'_>,
    case: &mut CaseFindings,
    problems: &mut Vec<Problem>,
) -> Result<CaseOutcome, AnalysisError> {
    let error = match probe_case(context, case) {
        Ok(outcome) => return Ok(outcome),
        Err(error) => error,
    };
    let dropped = drop_invalid_injections(context, &case.id, &mut case.query)?;
    if dropped.is_empty() {
        return Err(error);
    }
    for problem in dropped {
        if !problems.contains(&problem) {
            problems.push(problem);
        }
    }
    probe_case(context, case)
}

fn probe_case(
    context: &AnalysisContext<'_>,
    case: &mut CaseFindings,
) -> Result<CaseOutcome, AnalysisError> {
    context.model.check_text(&case.query.prompt)?;
    let (probes, tokens) = run_probes(context, &case.query)?;
    case.tokens = tokens;
    let reference = match &case.query.reference {
        Some(reference) => reference_score(context, &case.query, reference)?,
        None => None,
    };
    let expects = !case.query.expect.is_empty();
    let verdict = expects.then(|| verdict(&probes, &context.settings.thresholds));
    Ok(CaseOutcome {
        probes,
        verdict,
        repairs: None,
        has_evidence: false,
        undeclared: None,
        reference,
        replies: None,
        answer: None,
    })
}
