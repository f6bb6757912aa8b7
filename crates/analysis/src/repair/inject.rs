//! Injections of the bridge as repairs.

use crate::case::query::CaseQuery;
use crate::error::AnalysisError;
use crate::hop::probe::{Probe, ask, asked};
use crate::repair::{Repair, RepairChange};
use crate::settings::AnalysisSettings;
use hoplens_interp::ModelContext;
use hoplens_interp::memory::{
    GridSearch, MemoryEncoding, MemoryInjection, Placement, encode, place, resolve_scope, search,
};
use hoplens_prompt::memory_text;
use hoplens_runtime::{Cancel, Capture, Model, ModelError};

/// How probable the answer of a case is as it stands, and with one more injection in force.
///
/// # Errors
/// An injection that the model cannot take, or the model fails.
pub fn try_injection(
    model: &Model,
    query: &CaseQuery,
    memory_injection: &MemoryInjection,
    settings: &AnalysisSettings,
    cancel: &Cancel,
) -> Result<(Probe, Probe), AnalysisError> {
    model.check_layer(memory_injection.placement.layer)?;
    let Placement {
        encoding,
        layer,
        tau,
        scope,
        ..
    } = &memory_injection.placement;
    let written = asked(model, query, query.prompt.clone(), settings, cancel)?;
    let at = resolve_scope(scope, &query.prompt, &written.tokens)?;
    let vector = encode(
        ModelContext::new(model, cancel),
        &memory_injection.memory,
        MemoryEncoding::new(*encoding, settings.bos),
    )?;
    let mut injected = written.clone();
    injected
        .interventions
        .push(place(&vector, *layer, *tau, at)?);
    let (probes, _) = ask(model, &[written, injected], Capture::default(), cancel)?;
    let mut probes = probes.into_iter().map(|(probe, _)| probe);
    match (probes.next(), probes.next()) {
        (Some(before), Some(after)) => Ok((before, after)),
        _ => Err(ModelError::EmptyPrompt.into()),
    }
}

/// The best injection of the bridge for each encoding and scope.
pub(crate) fn measure(
    model: &Model,
    query: &CaseQuery,
    before: f64,
    bridge: &str,
    settings: &AnalysisSettings,
    cancel: &Cancel,
    progress: &mut dyn FnMut(usize),
) -> Result<Vec<Repair>, AnalysisError> {
    let text = memory_text(bridge);
    if query.expect.is_empty() {
        return Ok(Vec::new());
    }
    let context = ModelContext::new(model, cancel);
    let written = asked(model, query, query.prompt.clone(), settings, cancel)?;
    let mut changes = Vec::new();
    let mut injected = Vec::new();
    let mut done = 0;
    for scope in &settings.search.scopes {
        let grid = settings.search.grid(scope, model.info.layers);
        let grid_search = GridSearch {
            grid: &grid,
            passes: settings.search.passes,
        };
        let found = search(context, &written, text, grid_search, &mut |n| {
            progress(done + n);
        })?;
        done += found.cells.len();
        let at = resolve_scope(scope, &query.prompt, &written.tokens)?;
        for encoding in &settings.search.encodings {
            let Some(best) = found.best_of(*encoding) else {
                continue;
            };
            let vector = encode(context, text, MemoryEncoding::new(*encoding, settings.bos))?;
            let change = place(&vector, best.layer, best.tau, at.clone())?;
            let mut asked = written.clone();
            asked.interventions.push(change);
            injected.push(asked);
            changes.push(RepairChange::Inject(MemoryInjection {
                memory: text.to_owned(),
                placement: Placement::from(best),
            }));
        }
    }
    let (after, _) = ask(model, &injected, Capture::default(), cancel)?;
    let repairs = changes.into_iter().zip(after);
    let found = repairs.map(|(change, (after, _))| Repair::new(change, before, &after));
    Ok(found.collect())
}
