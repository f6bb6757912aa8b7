//! Repairs, measured and ranked on one scale: Δlog p of the expected answer.

use super::explicit::{fitted, memory_text};
use super::subject::{Subject, answers, first_tokens, interventions};
use super::{HopError, Probes, Settings, probe};
use crate::memory::{self, encode, place, resolve_scope, sweep};
use crate::model::{Cancel, Model};
use crate::prompt::{Encoding, Scope};

/// A change that makes the expected answer more probable.
#[derive(Debug, Clone, PartialEq)]
pub struct Repair {
    /// What is changed.
    pub change: Change,
    /// Natural log-probability of the accepted answers as the prompt stands.
    pub logp_before: f64,
    /// … and after the change.
    pub logp_after: f64,
}

/// What a repair changes.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// A memory is injected while the model reads.
    Inject {
        /// The memory's text.
        memory: String,
        /// Its encoding.
        encoding: Encoding,
        /// The layer, from 0.
        layer: usize,
        /// Magnitude.
        tau: f64,
        /// Scope.
        scope: Scope,
    },
    /// The bridge is named in the text in place of the mention.
    Rewrite {
        /// Index into the subject's mentions.
        mention: usize,
        /// The words that stand there instead.
        replacement: String,
    },
}

/// Measures the repairs of a failing case and ranks those that help, best first.
///
/// An injection is searched by the answers' first tokens over every layer and τ; what is reported
/// is the best cell of each encoding and scope, measured again on the whole answers with the
/// file's own injections in force.
///
/// # Errors
/// As [`crate::memory::sweep`].
pub fn repairs(
    model: &Model,
    subject: &Subject,
    probes: &Probes,
    settings: &Settings,
    cancel: &Cancel,
    progress: &mut dyn FnMut(usize),
) -> Result<Vec<Repair>, HopError> {
    let before = probes.composed.logp;
    let mut found = Vec::new();
    if let Some((index, mention, bridge)) = subject
        .mentions
        .iter()
        .enumerate()
        .find_map(|(index, mention)| Some((index, mention, mention.bridge.as_deref()?)))
    {
        if let Some(explicit) = &probes.explicit {
            let replacement = fitted(subject.phrase(mention), bridge);
            let change = Change::Rewrite {
                mention: index,
                replacement,
            };
            found.push(Repair {
                change,
                logp_before: before,
                logp_after: explicit.logp,
            });
        }
        found.extend(injections(
            model, subject, before, bridge, settings, cancel, progress,
        )?);
    }
    let least = settings.thresholds.gain_factor.ln();
    found.retain(|repair| repair.logp_after - repair.logp_before >= least);
    found.sort_by(|a, b| b.logp_after.total_cmp(&a.logp_after));
    found.truncate(settings.search.most);
    Ok(found)
}

/// The best injection of the bridge for each encoding and scope.
fn injections(
    model: &Model,
    subject: &Subject,
    before: f64,
    bridge: &str,
    settings: &Settings,
    cancel: &Cancel,
    progress: &mut dyn FnMut(usize),
) -> Result<Vec<Repair>, HopError> {
    let text = memory_text(bridge);
    let tokens = model.tokenizer.encode(&subject.prompt, settings.bos);
    let expected = answers(model, &subject.prompt, &subject.expect)?;
    let first_tokens = first_tokens(model, &subject.prompt, &subject.expect)?;
    if first_tokens.is_empty() {
        return Ok(Vec::new());
    }
    let in_force = interventions(
        model,
        &subject.prompt,
        &tokens,
        &subject.injections,
        settings.bos,
        cancel,
    )?;
    let swept = memory::Subject {
        text: &subject.prompt,
        tokens: &tokens,
        first_tokens: &first_tokens,
        bos: settings.bos,
        interventions: &in_force,
    };
    let mut found = Vec::new();
    let mut done = 0;
    for encoding in &settings.search.encodings {
        for scope in &settings.search.scopes {
            let grid = settings.search.grid(*encoding, scope, model.info.layers);
            let cells = sweep(model, &swept, text, &grid, cancel, &mut |n| {
                progress(done + n);
            })?;
            done += cells.cells.len();
            let Some(best) = cells.best() else { continue };
            let vector = encode(model, text, *encoding, settings.bos, cancel)?;
            let at = resolve_scope(scope, &subject.prompt, &tokens)?;
            let mut changes = in_force.clone();
            changes.push(place(&vector, best.layer, best.tau, at)?);
            let after = probe(model, &subject.prompt, &tokens, &expected, &changes, cancel)?;
            found.push(Repair {
                change: Change::Inject {
                    memory: text.to_owned(),
                    encoding: *encoding,
                    layer: best.layer,
                    tau: best.tau,
                    scope: scope.clone(),
                },
                logp_before: before,
                logp_after: after.logp,
            });
        }
    }
    Ok(found)
}
