//! Repairs, measured and ranked on one scale: Δlog p of the expected answer.

use super::explicit::{fitted, memory_text, substitute};
use super::probe::{ask, ask_one, asked};
use super::subject::{Subject, first_tokens};
use super::{Collateral, HopError, Mention, Probes, Settings};
use crate::memory::{self, Control, MemoryError, Placement, encode, place, resolve_scope, search};
use crate::model::{Cancel, Capture, Model};
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
    /// What the same injection does with random memories; `None` for a rewrite, and until it was
    /// measured.
    pub control: Option<Control>,
    /// What the injection does to other prompts; `None` for a rewrite and for scope `span`, which
    /// act on none, and until it was measured.
    pub collateral: Option<Collateral>,
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

impl Change {
    /// The memory's text and where it goes, of an injection.
    pub fn injection(&self) -> Option<(&str, Placement)> {
        match self {
            Self::Inject {
                memory,
                encoding,
                layer,
                tau,
                scope,
            } => {
                let placement = Placement {
                    encoding: *encoding,
                    layer: *layer,
                    head: None,
                    tau: *tau,
                    scope: scope.clone(),
                };
                Some((memory, placement))
            }
            Self::Rewrite { .. } => None,
        }
    }
}

/// Measures the repairs of a failing case and ranks those that help, best first.
///
/// An injection is searched by the answers' first tokens over encodings, layers and τ; what is
/// reported is the best cell of each encoding and scope, measured again on the whole answers with
/// the file's own injections in force.
///
/// # Errors
/// As [`crate::memory::search`].
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
        found.extend(rewrite(
            model,
            subject,
            (index, mention, bridge),
            before,
            settings,
            cancel,
        )?);
        found.extend(injections(
            model, subject, before, bridge, settings, cancel, progress,
        )?);
    }
    let least = settings.thresholds.gain_factor.ln();
    found.retain(|repair| repair.logp_after - repair.logp_before >= least);
    found.sort_by(|a, b| b.logp_after.total_cmp(&a.logp_after));
    drop_wider(&mut found);
    found.truncate(settings.search.most);
    Ok(found)
}

/// Leaves out injections at every position where the one at the last token is the same: in the
/// last layer no other position is read.
fn drop_wider(repairs: &mut Vec<Repair>) {
    let narrow: Vec<(Change, f64)> = repairs
        .iter()
        .filter_map(|repair| match &repair.change {
            Change::Inject {
                scope: Scope::Last, ..
            } => Some((repair.change.clone(), repair.logp_after)),
            _ => None,
        })
        .collect();
    repairs.retain(|repair| {
        let Change::Inject {
            scope: Scope::All, ..
        } = &repair.change
        else {
            return true;
        };
        let mut narrowed = repair.change.clone();
        if let Change::Inject { scope, .. } = &mut narrowed {
            *scope = Scope::Last;
        }
        let same = |(change, logp): &(Change, f64)| {
            *change == narrowed && (logp - repair.logp_after).abs() < 1e-4
        };
        !narrow.iter().any(same)
    });
}

/// Names the bridge in the text, measured with the file's injections in force, which stay there.
/// `None` where one of them acts on words that the rewrite removes.
fn rewrite(
    model: &Model,
    subject: &Subject,
    (index, mention, bridge): (usize, &Mention, &str),
    before: f64,
    settings: &Settings,
    cancel: &Cancel,
) -> Result<Option<Repair>, HopError> {
    let replacement = fitted(subject.phrase(mention), bridge);
    let prompt = substitute(&subject.prompt, mention.range.clone(), bridge);
    let asked = match asked(model, subject, prompt, settings, cancel) {
        Err(HopError::Memory(MemoryError::NoSuchSpan { .. })) => return Ok(None),
        asked => asked?,
    };
    let after = ask_one(model, asked, cancel)?;
    Ok(Some(Repair {
        change: Change::Rewrite {
            mention: index,
            replacement,
        },
        logp_before: before,
        logp_after: after.logp,
        control: None,
        collateral: None,
    }))
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
    let first_tokens = first_tokens(model, &subject.prompt, &subject.expect)?;
    if first_tokens.is_empty() {
        return Ok(Vec::new());
    }
    let written = asked(model, subject, subject.prompt.clone(), settings, cancel)?;
    let swept = memory::Subject {
        text: &subject.prompt,
        tokens: &written.tokens,
        first_tokens: &first_tokens,
        bos: settings.bos,
        interventions: &written.interventions,
    };
    let mut changes = Vec::new();
    let mut injected = Vec::new();
    let mut done = 0;
    for scope in &settings.search.scopes {
        let grid = settings.search.grid(scope, model.info.layers);
        let found = search(
            model,
            &swept,
            text,
            &grid,
            settings.search.passes,
            cancel,
            &mut |n| {
                progress(done + n);
            },
        )?;
        done += found.cells.len();
        let at = resolve_scope(scope, &subject.prompt, &written.tokens)?;
        for encoding in &settings.search.encodings {
            let Some(best) = found.best_of(*encoding) else {
                continue;
            };
            let vector = encode(model, text, *encoding, settings.bos, cancel)?;
            let change = place(&vector, best.layer, best.tau, at.clone())?;
            let mut asked = written.clone();
            asked.interventions.push(change);
            injected.push(asked);
            changes.push(Change::Inject {
                memory: text.to_owned(),
                encoding: *encoding,
                layer: best.layer,
                tau: best.tau,
                scope: scope.clone(),
            });
        }
    }
    let (after, _) = ask(model, &injected, Capture::default(), cancel)?;
    let repairs = changes.into_iter().zip(after);
    let found = repairs.map(|(change, (after, _))| Repair {
        change,
        logp_before: before,
        logp_after: after.logp,
        control: None,
        collateral: None,
    });
    Ok(found.collect())
}
