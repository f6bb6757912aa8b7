//! Trained lenses: maps from what a head writes to the words that it stands for.
//!
//! AttentionLens (arXiv 2310.16270, and the thesis arXiv 2411.05037) trains a `vocab × width` map
//! for each head, those of a layer together, so that their sum says what the model is about to
//! say. That form is kept ([`Form::Full`] with [`Objective::LayerSum`]). The compact form adds a
//! thin correction to the unembed lens, A_h = W_U·(α_h·I + U_h·V_hᵀ) + b_h, and is trained per head.

mod about;
mod adam;
mod batch;
mod candidates;
mod compact;
mod compare;
mod error;
mod evaluate;
mod fit;
mod full;
mod group;
mod loss;
mod objective;
mod prepare;
mod tensors;
mod text;
mod train;

use std::collections::BTreeMap;

pub use about::{About, CurvePoint, Form, Options};
pub use adam::Schedule;
pub use batch::HeadAt;
pub use compare::{AnyLens, Disagreement, compare};
pub use error::LensError;
pub use evaluate::{Evaluation, HeadScores, Scores, evaluate};
pub use objective::Objective;
pub use text::{LensText, TextAbout, TextSource, cut, sample};
pub use train::Trainer;

use compact::Compact;
use full::LayerMaps;
use hoplens_runtime::{Matrix, Model};
use tensors::{Reader, Tensors};

/// What lens files say they are.
const LENS: &str = "hoplens lens";

/// A lens for some heads of one model.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainedLens {
    /// How it came to be.
    pub about: About,
    maps: Maps,
}

#[derive(Debug, Clone, PartialEq)]
enum Maps {
    Compact {
        /// Log of how likely each token is on average: `[vocab]`.
        bias: Vec<f32>,
        heads: BTreeMap<HeadAt, Compact>,
    },
    Full(BTreeMap<usize, LayerMaps>),
}

impl TrainedLens {
    fn compact(about: About, bias: Vec<f32>, heads: BTreeMap<HeadAt, Compact>) -> Self {
        Self {
            about,
            maps: Maps::Compact { bias, heads },
        }
    }

    fn full(about: About, layers: BTreeMap<usize, LayerMaps>) -> Self {
        Self {
            about,
            maps: Maps::Full(layers),
        }
    }

    /// The lens as the bytes of a safetensors file, its provenance beside the tensors.
    ///
    /// # Errors
    /// Values that cannot be written down.
    pub fn to_bytes(&self) -> Result<Vec<u8>, LensError> {
        let mut tensors = Tensors::default();
        match &self.maps {
            Maps::Compact { bias, heads } => {
                tensors.push("bias", &[bias.len()], bias);
                for (at, lens) in heads {
                    let name = |what: &str| format!("layers.{}.heads.{}.{what}", at.layer, at.head);
                    let shape = [lens.u.rows, lens.u.cols];
                    tensors.push(name("identity"), &[1], &[lens.identity]);
                    tensors.push(name("u"), &shape, &lens.u.data);
                    tensors.push(name("v"), &shape, &lens.v.data);
                    tensors.push(name("c"), &[lens.c.len()], &lens.c);
                }
            }
            Maps::Full(layers) => {
                for (layer, maps) in layers {
                    maps.write(&format!("layers.{layer}"), &mut tensors);
                }
            }
        }
        tensors.bytes(LENS, &self.about)
    }

    /// Reads a lens of this model.
    ///
    /// # Errors
    /// [`LensError::Damaged`]; [`LensError::OtherModel`] where the digests differ.
    pub fn from_bytes(bytes: &[u8], model: &Model) -> Result<Self, LensError> {
        let lens = Self::of_any_model(bytes, model)?;
        let theirs = &lens.about.model;
        if theirs.sha256 != model.info.sha256 {
            return Err(LensError::OtherModel {
                theirs: theirs.name.clone(),
                their_digest: theirs.sha256.clone(),
                ours: model.info.name.clone(),
                our_digest: model.info.sha256.clone(),
            });
        }
        Ok(lens)
    }

    /// Reads a lens of this model or of another one of the same width and vocabulary, to see how
    /// it carries over.
    ///
    /// # Errors
    /// [`LensError::Damaged`], also where the shapes are not this model's.
    pub fn of_any_model(bytes: &[u8], model: &Model) -> Result<Self, LensError> {
        let reader = Reader::new(bytes, LENS)?;
        let about: About = reader.about()?;
        let (width, vocabulary) = (model.info.width, model.config().vocab);
        match about.options.form {
            Form::Compact { rank } if rank > width => Err(LensError::Damaged(format!(
                "a rank of {rank} is more than the model's width of {width}"
            ))),
            Form::Compact { rank } => {
                let mut bias = vec![0.0; vocabulary];
                reader.fill("bias", &mut bias)?;
                let mut heads = BTreeMap::new();
                for at in &about.options.heads {
                    let name = |what: &str| format!("layers.{}.heads.{}.{what}", at.layer, at.head);
                    let mut lens = Compact::silent(rank, width);
                    let identity = std::slice::from_mut(&mut lens.identity);
                    reader.fill(&name("identity"), identity)?;
                    reader.fill(&name("u"), &mut lens.u.data)?;
                    reader.fill(&name("v"), &mut lens.v.data)?;
                    reader.fill(&name("c"), &mut lens.c)?;
                    heads.insert(*at, lens);
                }
                Ok(Self::compact(about, bias, heads))
            }
            Form::Full => {
                let mut layers = BTreeMap::new();
                for at in &about.options.heads {
                    if layers.contains_key(&at.layer) {
                        continue;
                    }
                    let mut maps = LayerMaps {
                        maps: Matrix::zeros(vocabulary, model.info.heads * width),
                        bias: vec![0.0; vocabulary],
                    };
                    maps.read(&format!("layers.{}", at.layer), &reader)?;
                    layers.insert(at.layer, maps);
                }
                Ok(Self::full(about, layers))
            }
        }
    }

    /// Whether it has a map for a head.
    pub fn covers(&self, at: HeadAt) -> bool {
        match &self.maps {
            Maps::Compact { heads, .. } => heads.contains_key(&at),
            Maps::Full(layers) => layers.contains_key(&at.layer),
        }
    }

    /// The logits that the lens reads in what a head wrote: A_h·r_h + b_h.
    ///
    /// # Shapes
    /// `outputs`: r_h at some positions, `[n, width]` → `[n, vocab]`.
    ///
    /// # Errors
    /// [`LensError::NotCovered`].
    pub fn scores(&self, model: &Model, at: HeadAt, outputs: &Matrix) -> Result<Matrix, LensError> {
        let scores = match &self.maps {
            Maps::Compact { bias, heads } => heads
                .get(&at)
                .map(|lens| loss::logits(model, &lens.point(outputs), bias)),
            Maps::Full(layers) => layers
                .get(&at.layer)
                .map(|maps| maps.head_scores(outputs, at.head)),
        };
        scores.ok_or_else(|| LensError::NotCovered {
            layer: at.layer,
            head: at.head,
            covered: self.covered(),
        })
    }

    /// The bias that heads share: the log of how likely each token is on average. Of full maps the
    /// first layer's.
    ///
    /// # Shapes
    /// → `[vocab]`.
    pub fn bias(&self) -> &[f32] {
        match &self.maps {
            Maps::Compact { bias, .. } => bias,
            Maps::Full(layers) => layers
                .values()
                .next()
                .map_or(&[], |maps| maps.bias.as_slice()),
        }
    }

    fn covered(&self) -> String {
        let mut layers: Vec<usize> = match &self.maps {
            Maps::Compact { heads, .. } => heads.keys().map(|at| at.layer).collect(),
            Maps::Full(layers) => layers.keys().copied().collect(),
        };
        layers.dedup();
        let names: Vec<String> = layers.iter().map(ToString::to_string).collect();
        let count = match &self.maps {
            Maps::Compact { heads, .. } => heads.len(),
            Maps::Full(layers) => layers.len() * self.about.model.heads,
        };
        format!("{count} heads of layers {}", names.join(", "))
    }
}
