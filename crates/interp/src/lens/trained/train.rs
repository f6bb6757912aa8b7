//! The training loop, one step at a time.

use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::context::ModelContext;
use crate::lens::tensors::{TensorReader, TensorWriter};
use crate::lens::text::{LensText, mixed};
use crate::lens::trained::about::{CurvePoint, LensAbout, TrainingOptions};
use crate::lens::trained::batch::{Batch, TargetDistribution};
use crate::lens::trained::error::LensError;
use crate::lens::trained::full::LayerLearner;
use crate::lens::trained::group::LensGroup;
use crate::lens::trained::learners::Learners;
use crate::lens::trained::prepare::{TrainingContext, average, candidates, fit, frequent, targets};
use crate::lens::trained::trained_lens::TrainedLens;
use hoplens_runtime::{CancelToken, Matrix, Model};

/// The share of the candidates that are the most frequent tokens.
const FREQUENT_SHARE: f64 = 0.5;
/// The metadata key that marks a checkpoint.
const CHECKPOINT: &str = "hoplens lens checkpoint";

/// A training, step by step.
#[derive(Debug)]
pub struct Trainer<'a> {
    model: &'a Model,
    about: LensAbout,
    training: Vec<&'a [u32]>,
    held_out: Batch<'a>,
    held_targets: Vec<TargetDistribution>,
    held_probabilities: Option<Matrix>,
    /// Log of each token's mean probability: `[vocab]`.
    bias: Vec<f32>,
    frequent: Vec<u32>,
    learners: Learners,
    progress: TrainingProgress,
}

/// The progress of a training.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct TrainingProgress {
    /// Steps done.
    step: usize,
    /// Sequences read; repeats count again.
    read: usize,
    positions: usize,
    /// Consecutive evaluations without an improvement.
    stale: usize,
    curve: Vec<CurvePoint>,
}

/// The metadata of a checkpoint.
#[derive(Serialize, Deserialize)]
struct CheckpointAbout {
    about: LensAbout,
    state: TrainingProgress,
    best: Vec<u64>,
}

impl<'a> Trainer<'a> {
    /// Begins a training: holds out sequences, averages the bias, fits compact lenses, and
    /// evaluates the held-out positions once.
    ///
    /// # Errors
    /// Too little text, maps that are too large, a head that does not exist; as
    /// [`Model::forward`].
    pub fn new(
        model: &'a Model,
        text: &'a LensText,
        options: TrainingOptions,
        cancel: &CancelToken,
    ) -> Result<Self, LensError> {
        let mut trainer = Self::prepared(model, text, options, cancel)?;
        if let Learners::Groups(groups) = &mut trainer.learners {
            let training = TrainingContext {
                context: ModelContext::new(model, cancel),
                options: &trainer.about.options,
                bias: &trainer.bias,
            };
            fit(training, groups, &trainer.training)?;
        }
        let (held_out, _) = trainer.evaluate();
        trainer.progress.curve.push(CurvePoint {
            step: 0,
            positions: 0,
            loss: None,
            held_out: Some(held_out),
        });
        Ok(trainer)
    }

    /// Continues a training from a checkpoint.
    ///
    /// # Errors
    /// As [`Trainer::new`]; the checkpoint is damaged, or of another training.
    pub fn resume(
        model: &'a Model,
        text: &'a LensText,
        options: TrainingOptions,
        checkpoint: &[u8],
        cancel: &CancelToken,
    ) -> Result<Self, LensError> {
        let reader = TensorReader::new(checkpoint, CHECKPOINT)?;
        let kept: CheckpointAbout = reader.about()?;
        let about = about(model, text, options.clone());
        let differs = |what| Err(LensError::OtherTraining { what });
        if kept.about.model.sha256 != about.model.sha256 {
            return differs("model");
        }
        if kept.about.text != about.text {
            return differs("text");
        }
        if kept.about.options != about.options {
            return differs("set of options");
        }
        let mut trainer = Self::prepared(model, text, options, cancel)?;
        trainer.learners.restore(&reader, &kept.best)?;
        trainer.progress = kept.state;
        Ok(trainer)
    }

    fn prepared(
        model: &'a Model,
        text: &'a LensText,
        options: TrainingOptions,
        cancel: &CancelToken,
    ) -> Result<Self, LensError> {
        let usable = text.sequences.iter().filter(|tokens| tokens.len() > 1);
        let mut sequences: Vec<&[u32]> = usable.map(Vec::as_slice).collect();
        let mut held = Vec::new();
        let mut positions = 0;
        // From the end of the text.
        while positions < options.held_out && sequences.len() > 1 {
            let Some(sequence) = sequences.pop() else {
                break;
            };
            positions += sequence.len() - 1;
            held.push(sequence);
        }
        if held.is_empty() {
            return Err(LensError::TooLittleText {
                sequences: sequences.len(),
                wanted: 2,
            });
        }
        let context = ModelContext::new(model, cancel);
        let held_out = Batch::run(context, held, options.objective)?;
        let bias = average(context, &sequences, options.batch)?;
        let learners = Learners::new(model, &options, &bias)?;
        let held_targets = match &learners {
            Learners::Groups(groups) => {
                let training = TrainingContext {
                    context,
                    options: &options,
                    bias: &bias,
                };
                targets(training, groups, &held_out)?
            }
            Learners::Layers(_) => Vec::new(),
        };
        let held_probabilities =
            matches!(learners, Learners::Layers(_)).then(|| held_out.probabilities());
        Ok(Self {
            model,
            frequent: frequent(&bias, (FREQUENT_SHARE * options.candidates as f64) as usize),
            about: about(model, text, options),
            training: sequences,
            held_out,
            held_targets,
            held_probabilities,
            bias,
            learners,
            progress: TrainingProgress::default(),
        })
    }

    /// The provenance of the lens.
    pub fn about(&self) -> &LensAbout {
        &self.about
    }

    /// The training curve, step by step.
    pub fn curve(&self) -> &[CurvePoint] {
        &self.progress.curve
    }

    /// Whether the training is done: all steps are, or the held-out loss no longer decreases.
    pub fn is_done(&self) -> bool {
        let options = &self.about.options;
        self.progress.step >= options.schedule.steps || self.progress.stale >= options.patience
    }

    /// Makes one step.
    ///
    /// # Errors
    /// As [`Model::forward`]; [`LensError::Diverged`].
    pub fn step(&mut self, cancel: &CancelToken) -> Result<CurvePoint, LensError> {
        let options = &self.about.options;
        let step = self.progress.step + 1;
        let (sequences, read) = self.next_sequences();
        let training = TrainingContext {
            context: ModelContext::new(self.model, cancel),
            options,
            bias: &self.bias,
        };
        let batch = Batch::run(training.context, sequences, options.objective)?;
        let rate = options.schedule.rate(step);
        let losses: Vec<f64> = match &mut self.learners {
            Learners::Groups(groups) => {
                let candidates = candidates(training, &batch, &self.frequent, step);
                let targets = targets(training, groups, &batch)?;
                groups
                    .par_iter_mut()
                    .enumerate()
                    .map(|(index, group)| {
                        let target = targets.get(index).unwrap_or(&targets[0]);
                        group.learn(&batch, target, &candidates, rate, step)
                    })
                    .collect()
            }
            Learners::Layers(layers) => {
                let probabilities = batch.probabilities();
                layers
                    .par_iter_mut()
                    .map(|layer| layer.learn(&batch, &probabilities, rate, step))
                    .collect()
            }
        };
        let loss = mean(&losses);
        if !loss.is_finite() {
            return Err(LensError::Diverged { step });
        }
        self.progress.step = step;
        self.progress.read = read;
        self.progress.positions += batch.positions();
        let last = step == options.schedule.steps;
        let is_evaluated = last || step.is_multiple_of(options.check_every.max(1));
        let held_out = is_evaluated.then(|| {
            let (held_out, better) = self.evaluate();
            self.progress.stale = if better { 0 } else { self.progress.stale + 1 };
            held_out
        });
        let point = CurvePoint {
            step,
            positions: self.progress.positions,
            loss: Some(loss),
            held_out,
        };
        self.progress.curve.push(point);
        Ok(point)
    }

    /// Returns the next sequences, in a new order for each pass over the text, and the number of
    /// sequences read afterwards.
    fn next_sequences(&self) -> (Vec<&'a [u32]>, usize) {
        let options = &self.about.options;
        let count = self.training.len();
        let mut read = self.progress.read;
        let mut round = read / count;
        let mut order = order(count, mixed(options.seed, round as u64));
        let mut sequences = Vec::new();
        let mut positions = 0;
        while positions < options.batch && sequences.len() < count {
            if read / count != round {
                round = read / count;
                order = self::order(count, mixed(options.seed, round as u64));
            }
            let sequence = self.training[order[read % count]];
            positions += sequence.len() - 1;
            sequences.push(sequence);
            read += 1;
        }
        (sequences, read)
    }

    /// Returns the mean held-out loss, and whether any lens improved.
    fn evaluate(&mut self) -> (f64, bool) {
        let evaluations: Vec<(f64, bool)> = match &mut self.learners {
            Learners::Groups(groups) => {
                let (model, held_out, bias) = (self.model, &self.held_out, &self.bias);
                let targets = &self.held_targets;
                let evaluate = |(index, group): (usize, &mut LensGroup)| {
                    let target = targets.get(index).unwrap_or(&targets[0]);
                    group.evaluate(model, held_out, target, bias)
                };
                groups.iter_mut().enumerate().map(evaluate).collect()
            }
            Learners::Layers(layers) => {
                let probabilities = self.held_probabilities.as_ref();
                let evaluate = |layer: &mut LayerLearner| {
                    probabilities.map_or((f64::NAN, false), |p| layer.evaluate(&self.held_out, p))
                };
                layers.iter_mut().map(evaluate).collect()
            }
        };
        let losses: Vec<f64> = evaluations.iter().map(|(loss, _)| *loss).collect();
        let is_better = evaluations.iter().any(|(_, better)| *better);
        (mean(&losses), is_better)
    }

    /// Returns a checkpoint, as the bytes of a file.
    ///
    /// # Errors
    /// [`LensError::Damaged`] if the values cannot be serialized.
    pub fn checkpoint(&self) -> Result<Vec<u8>, LensError> {
        let mut tensors = TensorWriter::default();
        let best = self.learners.write(&mut tensors);
        let kept = CheckpointAbout {
            about: self.about.clone(),
            state: self.progress.clone(),
            best,
        };
        Ok(tensors.bytes(CHECKPOINT, &kept)?)
    }

    /// Returns the lens: for each head, the maps with the least held-out loss.
    pub fn lens(&self) -> TrainedLens {
        self.learners.lens(self.about.clone(), &self.bias)
    }
}

fn about(model: &Model, text: &LensText, options: TrainingOptions) -> LensAbout {
    LensAbout {
        hoplens: env!("CARGO_PKG_VERSION").into(),
        model: model.info.clone(),
        options,
        text: text.about(),
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

/// Returns the numbers below `count` in random order.
fn order(count: usize, seed: u64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..count).collect();
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    for at in (1..count).rev() {
        order.swap(at, random.random_range(0..=at));
    }
    order
}
