//! Measures injections of the bridge as repairs.

use crate::case::query::CaseQuery;
use crate::context::{AnalysisContext, AnalysisProgress};
use crate::error::AnalysisError;
use crate::hop::probe::Probe;
use crate::hop::prompt_query::{ask, asked};
use crate::repair::change::RepairChange;
use crate::repair::measured_repair::Repair;
use hoplens_interp::memory::{
    Grid, GridSearch, MemoryEncoding, MemoryInjection, Placement, encode, place, resolve_scope,
    search_all,
};
use hoplens_prompt::memory_text;
use hoplens_runtime::{Capture, ModelError, PromptQuery};

/// Returns the probes of a case as written, and with one more injection in force.
///
/// # Errors
/// An injection that the model cannot apply, or the model fails.
pub fn try_injection(
    context: &AnalysisContext<'_>,
    query: &CaseQuery,
    memory_injection: &MemoryInjection,
) -> Result<(Probe, Probe), AnalysisError> {
    let AnalysisContext {
        model, settings, ..
    } = *context;
    model.check_layer(memory_injection.placement.layer)?;
    let Placement {
        encoding,
        layer,
        tau,
        scope,
        ..
    } = &memory_injection.placement;
    let written = asked(context, query, query.prompt.clone())?;
    let at = resolve_scope(scope, &query.prompt, &written.tokens)?;
    let encoding = MemoryEncoding::new(*encoding, settings.bos);
    let vector = encode(context.model_context(), &memory_injection.memory, encoding)?;
    let mut injected = written.clone();
    injected
        .interventions
        .push(place(&vector, *layer, *tau, at)?);
    let (probes, _) = ask(context, &[written, injected], Capture::default())?;
    let mut probes = probes.into_iter().map(|(probe, _)| probe);
    match (probes.next(), probes.next()) {
        (Some(before), Some(after)) => Ok((before, after)),
        _ => Err(ModelError::EmptyPrompt.into()),
    }
}

/// Measures the best injection of the bridge for each encoding and scope.
pub(crate) fn injection_repairs(
    context: &mut AnalysisContext<'_>,
    query: &CaseQuery,
    before: f64,
    bridge: &str,
) -> Result<Vec<Repair>, AnalysisError> {
    let text = memory_text(bridge);
    if query.expect.is_empty() {
        return Ok(Vec::new());
    }
    let written = asked(context, query, query.prompt.clone())?;
    let (changes, injected) = best_injections(context, query, &written, text)?;
    let (after, _) = ask(context, &injected, Capture::default())?;
    let repairs = changes.into_iter().zip(after);
    let found = repairs.map(|(change, (after, _))| Repair::new(change, before, &after));
    Ok(found.collect())
}

/// Searches for the best cell of each encoding and scope for the memory `text`. Returns the
/// injections, and the prompt `written` with each of them.
fn best_injections(
    context: &mut AnalysisContext<'_>,
    query: &CaseQuery,
    written: &PromptQuery,
    text: &str,
) -> Result<(Vec<RepairChange>, Vec<PromptQuery>), AnalysisError> {
    let AnalysisContext {
        model, settings, ..
    } = *context;
    let model_context = context.model_context();
    let mut changes = Vec::new();
    let mut injected = Vec::new();
    let scopes = &settings.search.scopes;
    let grids: Vec<Grid> = scopes
        .iter()
        .map(|scope| settings.search.grid(scope, model.info.layers))
        .collect();
    let search = |grid| GridSearch {
        grid,
        passes: settings.search.passes,
    };
    let searches: Vec<GridSearch<'_>> = grids.iter().map(search).collect();
    let mut tick = |count| context.report(AnalysisProgress::Searched(count));
    let sweeps = search_all(model_context, written, text, &searches, &mut tick)?;
    for (scope, found) in scopes.iter().zip(sweeps) {
        let at = resolve_scope(scope, &query.prompt, &written.tokens)?;
        for encoding in &settings.search.encodings {
            let Some(best) = found.best_of(*encoding) else {
                continue;
            };
            let encoding = MemoryEncoding::new(*encoding, settings.bos);
            let vector = encode(model_context, text, encoding)?;
            let mut asked = written.clone();
            let intervention = place(&vector, best.layer, best.tau, at.clone())?;
            asked.interventions.push(intervention);
            injected.push(asked);
            changes.push(RepairChange::Inject(MemoryInjection {
                memory: text.to_owned(),
                placement: Placement::from(best),
            }));
        }
    }
    Ok((changes, injected))
}
