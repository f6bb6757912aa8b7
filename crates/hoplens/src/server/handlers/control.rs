//! What random memories do in the place of an injection that is in force, for its hover.

use std::sync::Arc;

use tokio::time::{Instant, timeout_at};

use crate::engine::Priority;
use crate::server::asking::CancelOnDrop;
use crate::server::documents::Document;
use crate::server::key::Key;
use crate::server::state::State;
use crate::server::view::prompt_key;
use hoplens_analysis::{AnalysisContext, AnalysisError, control_in_force};
use hoplens_ide::{chance, code_span};

/// A sentence about the injection at `index` of the file, in the first case that it acts on and
/// that expects an answer; `None` where it acts on none, and where nothing is known in time.
pub(super) async fn control_sentence(
    state: &State,
    document: &Document,
    index: usize,
    deadline: Instant,
) -> Option<String> {
    let own = Key::of(&document.uri);
    let key = prompt_key(&own).unwrap_or(own);
    let known = state.prompts.known(&key)?;
    let view = &known.view;
    let injection = view.snapshot.file.injections.get(index)?;
    let findings = view.snapshot.findings.as_ref()?;
    let (case, at) = findings.cases.iter().find_map(|case| {
        let mut acting = case.query.injections.iter();
        let at = acting
            .position(|one| one.range == injection.range && one.origin == injection.origin)?;
        (!case.query.expect.is_empty()).then_some((case, at))
    })?;
    let told = |percentile: f64| {
        format!(
            "Control, case {}: {}.",
            code_span(&case.id),
            chance(percentile, "random memories in its place")
        )
    };
    if let Some(percentile) = view.controls.get(&index) {
        return Some(told(*percentile));
    }
    let guard = CancelOnDrop::new();
    let (subject, settings) = (case.query.clone(), state.hop_settings(&key));
    let keep = Arc::clone(&view.controls);
    let answer = state
        .engine
        .submit(Priority::Hover, &guard.token(), move |model, cancel| {
            let mut context = AnalysisContext::new(model, &settings, cancel);
            let control = control_in_force(&mut context, &subject, at)?;
            let percentile = control.map(|control| control.percentile());
            if let Some(percentile) = percentile {
                // Also for whoever asks again after the deadline.
                keep.insert(index, percentile);
            }
            Ok::<_, AnalysisError>(percentile)
        });
    match timeout_at(deadline, answer).await {
        Ok(Ok(Ok(Ok(percentile)))) => percentile.map(told),
        Ok(_) => None,
        Err(_) => {
            guard.keep();
            Some("How random memories do in its place is still being measured.".to_owned())
        }
    }
}
