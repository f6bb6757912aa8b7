//! What learns: groups of compact lenses, or the full maps of layers.

use crate::lens::head_at::HeadAt;
use crate::lens::tensors::{TensorReader, TensorWriter};
use crate::lens::trained::about::{Form, LensAbout, TrainingOptions};
use crate::lens::trained::error::LensError;
use crate::lens::trained::full;
use crate::lens::trained::full::LayerLearner;
use crate::lens::trained::group::{LensGroup, Member};
use crate::lens::trained::objective::Objective;
use crate::lens::trained::trained_lens::TrainedLens;
use hoplens_runtime::Model;

/// Groups of compact lenses, or layers of full maps.
#[derive(Debug)]
pub(super) enum Learners {
    Groups(Vec<LensGroup>),
    Layers(Vec<LayerLearner>),
}

impl Learners {
    /// Returns untrained lenses for the heads of `options`.
    ///
    /// # Shapes
    /// `bias`: `[vocab]`.
    ///
    /// # Errors
    /// [`LensError::TooLarge`]; a head that does not exist.
    pub(super) fn new(
        model: &Model,
        options: &TrainingOptions,
        bias: &[f32],
    ) -> Result<Self, LensError> {
        let mut layers: Vec<usize> = options.heads.iter().map(|at| at.layer).collect();
        layers.sort_unstable();
        layers.dedup();
        let rank = match options.form {
            Form::Full => {
                full::check_size(model, layers.len())?;
                let layer = |layer: usize| LayerLearner::new(model, layer, bias);
                let layers: Result<_, _> = layers.into_iter().map(layer).collect();
                return layers.map(Self::Layers);
            }
            Form::Compact { rank } => rank,
        };
        let member = |at: HeadAt| Member::new(model, at, rank);
        let groups: Result<Vec<LensGroup>, LensError> = if options.objective == Objective::LayerSum
        {
            let all = |layer: usize| {
                let heads = (0..model.info.heads).map(|head| member(HeadAt { layer, head }));
                heads.collect::<Result<Vec<_>, _>>().map(LensGroup::new)
            };
            layers.into_iter().map(all).collect()
        } else {
            let one = |at: &HeadAt| Ok(LensGroup::new(vec![member(*at)?]));
            options.heads.iter().map(one).collect()
        };
        groups.map(Self::Groups)
    }

    /// Writes everything that a checkpoint needs; returns the bits of the best held-out losses.
    pub(super) fn write(&self, into: &mut TensorWriter) -> Vec<u64> {
        match self {
            Self::Groups(groups) => {
                for group in groups {
                    group.write(into);
                }
                groups.iter().map(LensGroup::best_bits).collect()
            }
            Self::Layers(layers) => {
                for layer in layers {
                    layer.write(into);
                }
                layers.iter().map(LayerLearner::best_bits).collect()
            }
        }
    }

    /// Restores what [`Learners::write`] wrote.
    ///
    /// # Errors
    /// [`LensError::Damaged`].
    pub(super) fn restore(
        &mut self,
        from: &TensorReader<'_>,
        best_bits: &[u64],
    ) -> Result<(), LensError> {
        let count = match self {
            Self::Groups(groups) => groups.len(),
            Self::Layers(layers) => layers.len(),
        };
        if best_bits.len() != count {
            return Err(LensError::Damaged("losses are missing".into()));
        }
        match self {
            Self::Groups(groups) => {
                for (group, best) in groups.iter_mut().zip(best_bits) {
                    group.restore(from, *best)?;
                }
            }
            Self::Layers(layers) => {
                for (layer, best) in layers.iter_mut().zip(best_bits) {
                    layer.restore(from, *best)?;
                }
            }
        }
        Ok(())
    }

    /// Returns the lens: for each head, the maps with the least held-out loss.
    pub(super) fn lens(&self, about: LensAbout, bias: &[f32]) -> TrainedLens {
        match self {
            Self::Groups(groups) => {
                let members = groups.iter().flat_map(|group| &group.members);
                let heads = members.map(|member| (member.at, member.best.clone()));
                TrainedLens::compact(about, bias.to_vec(), heads.collect())
            }
            Self::Layers(layers) => {
                let maps = layers.iter().map(|layer| (layer.index, layer.best.clone()));
                TrainedLens::full(about, maps.collect())
            }
        }
    }
}
