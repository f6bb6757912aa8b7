//! What a step needs beside the lenses: the bias, the candidates, the targets.

use rayon::prelude::*;

use crate::lens::trained::about::{Form, Options};
use crate::lens::trained::batch::{Batch, HeadAt, Target};
use crate::lens::trained::candidates::Candidates;
use crate::lens::trained::error::LensError;
use crate::lens::trained::fit;
use crate::lens::trained::full;
use crate::lens::trained::full::Layer;
use crate::lens::trained::group::{Group, Member};
use crate::lens::trained::objective::Objective;
use crate::lens::trained::text::mixed;
use hoplens_runtime::{Cancel, Model};

/// Steps' worth of positions over which the bias is averaged.
const BIAS_BATCHES: usize = 16;
/// The model's likeliest next tokens at each position that are always among the candidates.
const FAVOURITES: usize = 3;
/// Steps' worth of positions to which lenses are fitted before the first step, where the target is
/// the same for all heads, and where it costs a pass for each.
const FIT_BATCHES: (usize, usize) = (16, 3);

/// What learns: groups of compact lenses, or layers of full maps.
#[derive(Debug)]
pub(super) enum Learners {
    Groups(Vec<Group>),
    Layers(Vec<Layer>),
}

impl Learners {
    /// How many there are.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Groups(groups) => groups.len(),
            Self::Layers(layers) => layers.len(),
        }
    }
}

/// Log of the model's mean next-token probabilities over the first positions of a text.
///
/// # Shapes
/// → `[vocab]`.
pub(super) fn average(
    model: &Model,
    sequences: &[&[u32]],
    batch: usize,
    cancel: &Cancel,
) -> Result<Vec<f32>, LensError> {
    let mut sums = vec![0.0_f64; model.config().vocab];
    let (mut left, mut positions) = (BIAS_BATCHES * batch, 0);
    for sequence in sequences {
        if left == 0 {
            break;
        }
        let read = Batch::run(model, vec![sequence], Objective::Head, cancel)?;
        for row in read.probabilities().data.chunks_exact(sums.len()) {
            for (sum, p) in sums.iter_mut().zip(row) {
                *sum += f64::from(*p);
            }
        }
        left = left.saturating_sub(read.positions());
        positions += read.positions();
    }
    let log = |sum: &f64| (sum / positions.max(1) as f64).max(1e-12).ln() as f32;
    Ok(sums.iter().map(log).collect())
}

/// The `count` tokens of the highest bias.
pub(super) fn frequent(bias: &[f32], count: usize) -> Vec<u32> {
    let mut tokens: Vec<u32> = (0..bias.len() as u32).collect();
    tokens.sort_by(|a, b| {
        bias[*b as usize]
            .total_cmp(&bias[*a as usize])
            .then(a.cmp(b))
    });
    tokens.truncate(count);
    tokens
}

pub(super) fn candidates(
    model: &Model,
    options: &Options,
    batch: &Batch<'_>,
    bias: &[f32],
    frequent: &[u32],
    step: usize,
) -> Candidates {
    let mut always = frequent.to_vec();
    always.extend(batch.favourites(FAVOURITES).into_iter().flatten());
    always.extend(&batch.next);
    always.sort_unstable();
    always.dedup();
    let seed = mixed(options.seed ^ 0x6361_6e64, step as u64);
    Candidates::draw(model, bias, &always, options.candidates, seed)
}

/// One target for each group; a single one where all have the same.
pub(super) fn targets(
    model: &Model,
    objective: Objective,
    groups: &[Group],
    batch: &Batch<'_>,
    bias: &[f32],
    cancel: &Cancel,
) -> Result<Vec<Target>, LensError> {
    let heads = || groups.iter().map(|group| group.members[0].at);
    match objective {
        Objective::Head | Objective::LayerSum => {
            Ok(vec![Target::of(model, &batch.probabilities(), bias)])
        }
        Objective::Ablation => heads()
            .map(|at| {
                let changed = batch.changed(model, at, cancel)?;
                Ok(Target::of(model, &changed, bias))
            })
            .collect(),
        Objective::Attended => Ok(heads()
            .map(|at| {
                let attended = batch.attended(model.info.heads, at, bias.len());
                Target::of(model, &attended, bias)
            })
            .collect()),
    }
}

pub(super) fn learners(
    model: &Model,
    options: &Options,
    bias: &[f32],
) -> Result<Learners, LensError> {
    let mut layers: Vec<usize> = options.heads.iter().map(|at| at.layer).collect();
    layers.sort_unstable();
    layers.dedup();
    let rank = match options.form {
        Form::Full => {
            full::check_size(model, layers.len())?;
            let layer = |layer: usize| Layer::new(model, layer, bias);
            let layers: Result<_, _> = layers.into_iter().map(layer).collect();
            return layers.map(Learners::Layers);
        }
        Form::Compact { rank } => rank,
    };
    let member = |at: HeadAt| Member::new(model, at, rank);
    let groups: Result<Vec<Group>, LensError> = if options.objective == Objective::LayerSum {
        let all = |layer: usize| {
            let heads = (0..model.info.heads).map(|head| member(HeadAt { layer, head }));
            heads.collect::<Result<Vec<_>, _>>().map(Group::new)
        };
        layers.into_iter().map(all).collect()
    } else {
        let one = |at: &HeadAt| Ok(Group::new(vec![member(*at)?]));
        options.heads.iter().map(one).collect()
    };
    groups.map(Learners::Groups)
}

/// Fits the lenses to the first positions of a text, and lets training begin there.
pub(super) fn fit(
    model: &Model,
    options: &Options,
    groups: &mut [Group],
    sequences: &[&[u32]],
    bias: &[f32],
    cancel: &Cancel,
) -> Result<(), LensError> {
    let Some(tokens) = fit::Tokens::new(model, bias) else {
        return Ok(());
    };
    let fits = match options.objective {
        Objective::Ablation => FIT_BATCHES.1,
        _ => FIT_BATCHES.0,
    };
    let new = || fit::Moments::new(model.config().head_dim, model.info.width);
    let each = groups
        .iter()
        .map(|group| group.members.iter().map(|_| new()).collect());
    let mut gathered: Vec<Vec<fit::Moments>> = each.collect();
    let mut batches = fit_batches(sequences, options.batch, fits + 1).into_iter();
    let Some(checked) = batches.next() else {
        return Ok(());
    };
    // A text of a single batch has to do for both.
    let rest = batches.len();
    for sequences in batches.chain((rest == 0).then(|| checked.clone())) {
        let batch = Batch::run(model, sequences, options.objective, cancel)?;
        let targets = targets(model, options.objective, groups, &batch, bias, cancel)?;
        let groups = groups.par_iter().zip(&mut gathered).enumerate();
        groups.for_each(|(at, (group, gathered))| {
            group.gather(&batch, targets.get(at).unwrap_or(&targets[0]), gathered);
        });
    }
    let batch = Batch::run(model, checked, options.objective, cancel)?;
    let targets = targets(model, options.objective, groups, &batch, bias, cancel)?;
    let frequent = frequent(bias, options.candidates / 2);
    let candidates = candidates(model, options, &batch, bias, &frequent, 0);
    let groups = groups.par_iter_mut().zip(&gathered).enumerate();
    groups.for_each(|(at, (group, gathered))| {
        let target = targets.get(at).unwrap_or(&targets[0]);
        group.begin(gathered, &tokens, &batch, target, &candidates);
    });
    Ok(())
}

/// Sequences side by side, of at least `positions` positions; so many of them at most.
fn fit_batches<'a>(sequences: &[&'a [u32]], positions: usize, most: usize) -> Vec<Vec<&'a [u32]>> {
    let mut batches: Vec<Vec<&[u32]>> = Vec::new();
    let mut left = 0;
    for sequence in sequences {
        if left == 0 {
            if batches.len() == most {
                break;
            }
            batches.push(Vec::new());
            left = positions;
        }
        if let Some(batch) = batches.last_mut() {
            batch.push(*sequence);
        }
        left = left.saturating_sub(sequence.len() - 1);
    }
    batches
}
