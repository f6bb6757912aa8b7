//! The training loop, one step at a time.

use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::lens::trained::TrainedLens;
use crate::lens::trained::about::{About, CurvePoint, Options};
use crate::lens::trained::batch::{Batch, Target};
use crate::lens::trained::error::LensError;
use crate::lens::trained::full::Layer;
use crate::lens::trained::group::Group;
use crate::lens::trained::prepare::{
    Learners, average, candidates, fit, frequent, learners, targets,
};
use crate::lens::trained::tensors::{Reader, Tensors};
use crate::lens::trained::text::{LensText, mixed};
use hoplens_runtime::{Cancel, Matrix, Model};

/// Tokens that are likely on average and so always among the candidates, as a share of them.
const FREQUENT: f64 = 0.5;
/// What checkpoints say they are.
const CHECKPOINT: &str = "hoplens lens checkpoint";

/// A training that goes on step by step.
#[derive(Debug)]
pub struct Trainer<'a> {
    model: &'a Model,
    about: About,
    training: Vec<&'a [u32]>,
    held_out: Batch<'a>,
    held_targets: Vec<Target>,
    held_probabilities: Option<Matrix>,
    /// Log of how likely each token is on average: `[vocab]`.
    bias: Vec<f32>,
    frequent: Vec<u32>,
    learners: Learners,
    state: State,
}

/// Where a training stands.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct State {
    /// Steps done.
    step: usize,
    /// Sequences read, those that were read again counted again.
    read: usize,
    positions: usize,
    /// Looks in a row that found nothing better.
    stale: usize,
    curve: Vec<CurvePoint>,
}

/// What a checkpoint says beside its tensors.
#[derive(Serialize, Deserialize)]
struct Kept {
    about: About,
    state: State,
    best: Vec<u64>,
}

impl<'a> Trainer<'a> {
    /// A training at its beginning: holds sequences out, averages the bias, and looks at the
    /// held-out positions once.
    ///
    /// # Errors
    /// Too little text, maps that are too large, a head that does not exist; as
    /// [`Model::forward`].
    pub fn new(
        model: &'a Model,
        text: &'a LensText,
        options: Options,
        cancel: &Cancel,
    ) -> Result<Self, LensError> {
        let mut trainer = Self::prepared(model, text, options, cancel)?;
        if let Learners::Groups(groups) = &mut trainer.learners {
            let options = &trainer.about.options;
            fit(
                model,
                options,
                groups,
                &trainer.training,
                &trainer.bias,
                cancel,
            )?;
        }
        let (held_out, _) = trainer.look();
        trainer.state.curve.push(CurvePoint {
            step: 0,
            positions: 0,
            loss: None,
            held_out: Some(held_out),
        });
        Ok(trainer)
    }

    /// Goes on from a checkpoint.
    ///
    /// # Errors
    /// As [`Trainer::new`]; the checkpoint is damaged, or of another training.
    pub fn resume(
        model: &'a Model,
        text: &'a LensText,
        options: Options,
        checkpoint: &[u8],
        cancel: &Cancel,
    ) -> Result<Self, LensError> {
        let reader = Reader::new(checkpoint, CHECKPOINT)?;
        let kept: Kept = reader.about()?;
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
        if kept.best.len() != trainer.learners.len() {
            return Err(LensError::Damaged("losses are missing".into()));
        }
        match &mut trainer.learners {
            Learners::Groups(groups) => {
                for (group, best) in groups.iter_mut().zip(kept.best) {
                    group.restore(&reader, best)?;
                }
            }
            Learners::Layers(layers) => {
                for (layer, best) in layers.iter_mut().zip(kept.best) {
                    layer.restore(&reader, best)?;
                }
            }
        }
        trainer.state = kept.state;
        Ok(trainer)
    }

    fn prepared(
        model: &'a Model,
        text: &'a LensText,
        options: Options,
        cancel: &Cancel,
    ) -> Result<Self, LensError> {
        let usable = text.sequences.iter().filter(|tokens| tokens.len() > 1);
        let mut sequences: Vec<&[u32]> = usable.map(Vec::as_slice).collect();
        let mut held = Vec::new();
        let mut positions = 0;
        // The last ones: a text that is longer is held to the same.
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
        let objective = options.objective;
        let held_out = Batch::run(model, held, objective, cancel)?;
        let bias = average(model, &sequences, options.batch, cancel)?;
        let learners = learners(model, &options, &bias)?;
        let held_targets = match &learners {
            Learners::Groups(groups) => {
                targets(model, objective, groups, &held_out, &bias, cancel)?
            }
            Learners::Layers(_) => Vec::new(),
        };
        let held_probabilities =
            matches!(learners, Learners::Layers(_)).then(|| held_out.probabilities());
        Ok(Self {
            model,
            frequent: frequent(&bias, (FREQUENT * options.candidates as f64) as usize),
            about: about(model, text, options),
            training: sequences,
            held_out,
            held_targets,
            held_probabilities,
            bias,
            learners,
            state: State::default(),
        })
    }

    /// How the lens comes to be.
    pub fn about(&self) -> &About {
        &self.about
    }

    /// What was reached, step by step.
    pub fn curve(&self) -> &[CurvePoint] {
        &self.state.curve
    }

    /// Whether there is nothing left to do: all steps are done, or the held-out loss no longer
    /// falls.
    pub fn done(&self) -> bool {
        let options = &self.about.options;
        self.state.step >= options.schedule.steps || self.state.stale >= options.patience
    }

    /// One step.
    ///
    /// # Errors
    /// As [`Model::forward`]; [`LensError::Diverged`].
    pub fn step(&mut self, cancel: &Cancel) -> Result<CurvePoint, LensError> {
        let options = &self.about.options;
        let step = self.state.step + 1;
        let (sequences, read) = self.next_sequences();
        let batch = Batch::run(self.model, sequences, options.objective, cancel)?;
        let rate = options.schedule.rate(step);
        let losses: Vec<f64> = match &mut self.learners {
            Learners::Groups(groups) => {
                let candidates = candidates(
                    self.model,
                    options,
                    &batch,
                    &self.bias,
                    &self.frequent,
                    step,
                );
                let targets = targets(
                    self.model,
                    options.objective,
                    groups,
                    &batch,
                    &self.bias,
                    cancel,
                )?;
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
        self.state.step = step;
        self.state.read = read;
        self.state.positions += batch.positions();
        let last = step == options.schedule.steps;
        let look = last || step.is_multiple_of(options.check_every.max(1));
        let held_out = look.then(|| {
            let (held_out, better) = self.look();
            self.state.stale = if better { 0 } else { self.state.stale + 1 };
            held_out
        });
        let point = CurvePoint {
            step,
            positions: self.state.positions,
            loss: Some(loss),
            held_out,
        };
        self.state.curve.push(point);
        Ok(point)
    }

    /// The next sequences, in an order of its own for every time that the text is read, and how
    /// many were read then.
    fn next_sequences(&self) -> (Vec<&'a [u32]>, usize) {
        let options = &self.about.options;
        let count = self.training.len();
        let mut read = self.state.read;
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

    /// The mean held-out loss, and whether any lens is better than before.
    fn look(&mut self) -> (f64, bool) {
        let looks: Vec<(f64, bool)> = match &mut self.learners {
            Learners::Groups(groups) => {
                let (model, held_out, bias) = (self.model, &self.held_out, &self.bias);
                let targets = &self.held_targets;
                let look = |(index, group): (usize, &mut Group)| {
                    let target = targets.get(index).unwrap_or(&targets[0]);
                    group.look(model, held_out, target, bias)
                };
                groups.iter_mut().enumerate().map(look).collect()
            }
            Learners::Layers(layers) => {
                let probabilities = self.held_probabilities.as_ref();
                let look = |layer: &mut Layer| {
                    probabilities.map_or((f64::NAN, false), |p| layer.look(&self.held_out, p))
                };
                layers.iter_mut().map(look).collect()
            }
        };
        let losses: Vec<f64> = looks.iter().map(|(loss, _)| *loss).collect();
        (mean(&losses), looks.iter().any(|(_, better)| *better))
    }

    /// Everything that is needed to go on, as the bytes of a file.
    ///
    /// # Errors
    /// Values that cannot be written down.
    pub fn checkpoint(&self) -> Result<Vec<u8>, LensError> {
        let mut tensors = Tensors::default();
        let best = match &self.learners {
            Learners::Groups(groups) => {
                for group in groups {
                    group.write(&mut tensors);
                }
                groups.iter().map(Group::best_bits).collect()
            }
            Learners::Layers(layers) => {
                for layer in layers {
                    layer.write(&mut tensors);
                }
                layers.iter().map(Layer::best_bits).collect()
            }
        };
        let kept = Kept {
            about: self.about.clone(),
            state: self.state.clone(),
            best,
        };
        tensors.bytes(CHECKPOINT, &kept)
    }

    /// The lens: of each head the maps that were best on the held-out positions.
    pub fn lens(&self) -> TrainedLens {
        match &self.learners {
            Learners::Groups(groups) => {
                let members = groups.iter().flat_map(|group| &group.members);
                let heads = members.map(|member| (member.at, member.best.clone()));
                TrainedLens::compact(self.about.clone(), self.bias.clone(), heads.collect())
            }
            Learners::Layers(layers) => {
                let maps = layers.iter().map(|layer| (layer.index, layer.best.clone()));
                TrainedLens::full(self.about.clone(), maps.collect())
            }
        }
    }
}

fn about(model: &Model, text: &LensText, options: Options) -> About {
    About {
        hoplens: env!("CARGO_PKG_VERSION").into(),
        model: model.info.clone(),
        options,
        text: text.about(),
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

/// The numbers below `count` in random order.
fn order(count: usize, seed: u64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..count).collect();
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    for at in (1..count).rev() {
        order.swap(at, random.random_range(0..=at));
    }
    order
}
