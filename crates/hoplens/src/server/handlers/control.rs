//! What random memories do in the place of an injection, for its hover.

use tokio::time::{Instant, timeout_at};

use crate::engine::Priority;
use crate::server::document_key::DocumentKey;
use crate::server::event::EngineEvent;
use crate::server::requests::CancelOnDrop;
use crate::server::session_handle::SessionHandle;
use hoplens_analysis::{AnalysisContext, AnalysisError, control_in_force};
use hoplens_ide::{better_than, code_span};

/// Returns a sentence about the injection at `index` of the file, in the first case that it acts
/// on and that expects an answer; `None` if it acts on none, or if nothing is known in time.
pub(super) async fn control_sentence(
    session: &SessionHandle,
    document: &DocumentKey,
    index: usize,
    deadline: Instant,
) -> Option<String> {
    let (key, _) = document.prompt_and_origin();
    let now = session.newest();
    let prompt = now.prompt(&key)?;
    let view = prompt.current_view()?;
    let injection = view.snapshot.file.injections.get(index)?;
    let findings = view.snapshot.findings.as_ref()?;
    let (case, at) = findings.cases.iter().find_map(|case| {
        let mut acting = case.query.injections.iter();
        let at = acting
            .position(|one| one.range == injection.range && one.origin == injection.origin)?;
        (!case.query.expect.is_empty()).then_some((case, at))
    })?;
    let sentence = |percentile: f64| {
        format!(
            "Control, case {}: {}.",
            code_span(&case.id),
            better_than(percentile, "random memories in its place")
        )
    };
    if let Some(percentile) = view.controls.get(&index) {
        return Some(sentence(*percentile));
    }
    let guard = CancelOnDrop::new();
    let (query, settings) = (case.query.clone(), now.analysis_settings(view));
    let (events, run) = (session.clone(), prompt.view_run);
    let job = session
        .engine
        .submit(Priority::Hover, &guard.token(), move |model, cancel| {
            let mut context = AnalysisContext::new(model, &settings, cancel);
            let control = control_in_force(&mut context, &query, at)?;
            let percentile = control.map(|control| control.percentile());
            if let Some(percentile) = percentile {
                // Also for a request after the deadline.
                events.send_engine(EngineEvent::ControlMeasured {
                    key,
                    run,
                    injection: index,
                    percentile,
                });
            }
            Ok::<_, AnalysisError>(percentile)
        });
    match timeout_at(deadline, job).await {
        Ok(Ok(percentile)) => percentile.map(sentence),
        Ok(Err(_)) => None,
        Err(_) => {
            guard.keep();
            Some("How random memories do in its place is still being measured.".to_owned())
        }
    }
}
