//! What a training step needs besides the lenses: the bias, the candidates, the targets.

use rayon::prelude::*;

use crate::context::ModelContext;
use crate::lens::text::mixed;
use crate::lens::trained::about::TrainingOptions;
use crate::lens::trained::batch::{Batch, TargetDistribution};
use crate::lens::trained::candidates::Candidates;
use crate::lens::trained::error::LensError;
use crate::lens::trained::fit;
use crate::lens::trained::group::LensGroup;
use crate::lens::trained::objective::Objective;

/// Batches over which the bias is averaged.
const BIAS_BATCHES: usize = 16;
/// The model's likeliest next tokens at each position that are always among the candidates.
const LIKELIEST: usize = 3;
/// Batches to which lenses are fitted before the first step.
const FIT_BATCHES: usize = 16;
/// The same for the objective that needs an additional pass for each head.
const FIT_BATCHES_OF_ABLATION: usize = 3;

/// The constants of a training.
#[derive(Debug, Clone, Copy)]
pub(super) struct TrainingContext<'a> {
    /// The model, and the flag that stops the training.
    pub(super) context: ModelContext<'a>,
    /// How the lens is trained.
    pub(super) options: &'a TrainingOptions,
    /// Log of each token's mean probability: `[vocab]`.
    pub(super) bias: &'a [f32],
}

/// Returns the log of the model's mean next-token probabilities over the first positions of a text.
///
/// # Shapes
/// → `[vocab]`.
///
/// # Errors
/// As [`hoplens_runtime::Model::forward`].
pub(super) fn average(
    context: ModelContext<'_>,
    sequences: &[&[u32]],
    batch: usize,
) -> Result<Vec<f32>, LensError> {
    let mut sums = vec![0.0_f64; context.model.config().vocab];
    let (mut left, mut positions) = (BIAS_BATCHES * batch, 0);
    for sequence in sequences {
        if left == 0 {
            break;
        }
        let read = Batch::run(context, vec![sequence], Objective::Head)?;
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

/// Returns the `count` tokens with the highest bias.
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

/// Draws the candidates of a step: the `frequent` tokens, those that are likely or next at the
/// positions of the batch, and random others.
pub(super) fn candidates(
    training: TrainingContext<'_>,
    batch: &Batch<'_>,
    frequent: &[u32],
    step: usize,
) -> Candidates {
    let TrainingContext {
        context,
        options,
        bias,
    } = training;
    let mut always = frequent.to_vec();
    always.extend(batch.likeliest(LIKELIEST).into_iter().flatten());
    always.extend(&batch.next);
    always.sort_unstable();
    always.dedup();
    let seed = mixed(options.seed ^ 0x6361_6e64, step as u64);
    Candidates::draw(context.model, bias, &always, options.candidates, seed)
}

/// Returns one target for each group; a single one if all groups have the same.
///
/// # Errors
/// As [`hoplens_runtime::Model::forward`].
pub(super) fn targets(
    training: TrainingContext<'_>,
    groups: &[LensGroup],
    batch: &Batch<'_>,
) -> Result<Vec<TargetDistribution>, LensError> {
    let TrainingContext { context, bias, .. } = training;
    let model = context.model;
    let heads = || groups.iter().map(|group| group.members[0].at);
    match training.options.objective {
        Objective::Head | Objective::LayerSum => Ok(vec![TargetDistribution::of(
            model,
            &batch.probabilities(),
            bias,
        )]),
        Objective::Ablation => heads()
            .map(|at| {
                let change = batch.ablation_change(context, at)?;
                Ok(TargetDistribution::of(model, &change, bias))
            })
            .collect(),
        Objective::Attended => Ok(heads()
            .map(|at| {
                let attended = batch.attended(model.info.heads, at, bias.len());
                TargetDistribution::of(model, &attended, bias)
            })
            .collect()),
    }
}

/// Fits the lenses to the first positions of a text; training begins there.
///
/// # Errors
/// As [`hoplens_runtime::Model::forward`].
pub(super) fn fit(
    training: TrainingContext<'_>,
    groups: &mut [LensGroup],
    sequences: &[&[u32]],
) -> Result<(), LensError> {
    let TrainingContext {
        context,
        options,
        bias,
    } = training;
    let model = context.model;
    let Some(tokens) = fit::TokenStatistics::new(model, bias) else {
        return Ok(());
    };
    let fits = match options.objective {
        Objective::Ablation => FIT_BATCHES_OF_ABLATION,
        _ => FIT_BATCHES,
    };
    let new = || fit::FitSums::new(model.config().head_dim, model.info.width);
    let each = groups
        .iter()
        .map(|group| group.members.iter().map(|_| new()).collect());
    let mut gathered: Vec<Vec<fit::FitSums>> = each.collect();
    let mut batches = fit_batches(sequences, options.batch, fits + 1).into_iter();
    let Some(checked) = batches.next() else {
        return Ok(());
    };
    // A text of a single batch is used both to fit and to check.
    let rest = batches.len();
    for sequences in batches.chain((rest == 0).then(|| checked.clone())) {
        let batch = Batch::run(context, sequences, options.objective)?;
        let targets = targets(training, groups, &batch)?;
        let groups = groups.par_iter().zip(&mut gathered).enumerate();
        groups.for_each(|(at, (group, gathered))| {
            group.gather(&batch, targets.get(at).unwrap_or(&targets[0]), gathered);
        });
    }
    let batch = Batch::run(context, checked, options.objective)?;
    let targets = targets(training, groups, &batch)?;
    let frequent = frequent(bias, options.candidates / 2);
    let candidates = candidates(training, &batch, &frequent, 0);
    let groups = groups.par_iter_mut().zip(&gathered).enumerate();
    groups.for_each(|(at, (group, gathered))| {
        let target = targets.get(at).unwrap_or(&targets[0]);
        group.begin(gathered, &tokens, &batch, target, &candidates);
    });
    Ok(())
}

/// Groups sequences into at most `most` batches of at least `positions` positions.
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
