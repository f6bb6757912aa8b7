//! Detects injections that a model cannot apply.

use std::ops::Range;

use crate::case::query::CaseQuery;
use crate::case::query::interventions;
use crate::context::AnalysisContext;
use crate::error::AnalysisError;
use hoplens_interp::memory::MemoryError;
use hoplens_prompt::{Code, Injection, Problem, Severity};
use hoplens_runtime::{Model, PromptQuery};

/// Removes the injections that cannot be placed from a case. Returns a problem with the reason for
/// each, at the position in the file that causes it.
///
/// # Errors
/// Only that `cancel` was set.
pub(crate) fn drop_invalid_injections(
    context: &AnalysisContext<'_>,
    case: &str,
    query: &mut CaseQuery,
) -> Result<Vec<Problem>, AnalysisError> {
    let AnalysisContext {
        model, settings, ..
    } = *context;
    if query.injections.is_empty() {
        return Ok(Vec::new());
    }
    let prompt = PromptQuery::new(&model.tokenizer, query.prompt.as_str(), settings.bos);
    let mut kept = Vec::with_capacity(query.injections.len());
    let mut problems = Vec::new();
    for injection in &query.injections {
        let alone = std::slice::from_ref(injection);
        match interventions(context.model_context(), &prompt, alone) {
            Ok(_) => kept.push(injection.clone()),
            Err(error) if error.is_cancelled() => return Err(error),
            Err(error) => {
                let range = place(model, injection, &error);
                let message = message(case, &error);
                let problem = Problem::new(Code::InvalidInjection, Severity::Error, range, message);
                problems.push(problem.in_file(injection.origin));
            }
        }
    }
    query.injections = kept;
    Ok(problems)
}

fn message(case: &str, error: &AnalysisError) -> String {
    // A missing span is missing in one prompt; any other error occurs in every prompt.
    let of_case = match error {
        AnalysisError::Memory(MemoryError::NoSuchSpan { .. }) => format!(" of case `{case}`"),
        _ => String::new(),
    };
    format!("This injection is left out, and the numbers{of_case} are without it: {error}")
}

/// Returns the bytes of the file that cause the error.
fn place(model: &Model, injection: &Injection, error: &AnalysisError) -> Range<usize> {
    if model.check_layer(injection.layer.value).is_err() {
        return injection.layer.range.clone();
    }
    match (error, &injection.head) {
        (AnalysisError::Memory(MemoryError::NoTokens { .. }), _) => injection.memory.range.clone(),
        (AnalysisError::Memory(MemoryError::Model(_)) | AnalysisError::Model(_), Some(head)) => {
            head.range.clone()
        }
        _ => injection.range.clone(),
    }
}
