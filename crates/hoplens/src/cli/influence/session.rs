//! Measures the influence of a file's sentences and shows a spinner on standard error.

use crate::cli::error::CliError;
use crate::cli::progress;
use hoplens_analysis::{
    AnalysisContext, AnalysisSettings, FileInfluence, InfluenceEvent, InfluenceMethod,
    InfluenceRequest, measure_influence,
};
use hoplens_ide::Snapshot;
use hoplens_runtime::{CancelToken, Model};

/// Returns the request for all cases of a file.
pub(in crate::cli) fn influence_of(
    snapshot: &Snapshot,
    method: InfluenceMethod,
) -> InfluenceRequest {
    InfluenceRequest::all(snapshot.file.clone(), snapshot.text.clone(), method)
}

/// Measures the influence of a file's sentences.
///
/// # Errors
/// As [`measure_influence`]. A case that cannot be run is part of the result.
pub(in crate::cli) fn influence(
    request: InfluenceRequest,
    model: &Model,
    settings: &AnalysisSettings,
    path: &str,
) -> Result<FileInfluence, CliError> {
    let spinner = progress::spinner(format!("{path}: asking"));
    let cancel = CancelToken::new();
    let context = AnalysisContext::new(model, settings, &cancel);
    let mut found = FileInfluence::new(request.method);
    let (mut total, mut done) = (0, 0);
    measure_influence(request, &context, &mut |event| {
        match &event {
            InfluenceEvent::Case { segments, .. } => (total, done) = (*segments, 0),
            InfluenceEvent::Segment(_) => done += 1,
            InfluenceEvent::Failed { .. } => {}
        }
        found.apply(event);
        let id = found.cases.last().map(|case| case.id.as_str());
        let id = id.unwrap_or_default();
        spinner.set_message(format!("{path}: {id}, {done} of {total} sentences"));
    })?;
    spinner.finish_and_clear();
    Ok(found)
}
