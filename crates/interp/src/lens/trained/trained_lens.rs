//! A trained lens, and its file.

use std::collections::BTreeMap;

use crate::lens::head_at::HeadAt;
use crate::lens::tensors::{TensorReader, TensorWriter};
use crate::lens::trained::about::{Form, LensAbout};
use crate::lens::trained::compact::CompactLens;
use crate::lens::trained::error::LensError;
use crate::lens::trained::full::LayerMaps;
use crate::lens::trained::loss::logits;
use hoplens_runtime::{Matrix, Model};

/// The metadata key that marks a lens file.
const LENS: &str = "hoplens lens";

/// A lens for some heads of one model.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainedLens {
    /// The provenance.
    pub about: LensAbout,
    maps: Maps,
}

#[derive(Debug, Clone, PartialEq)]
enum Maps {
    Compact {
        /// Log of each token's mean probability: `[vocab]`.
        bias: Vec<f32>,
        heads: BTreeMap<HeadAt, CompactLens>,
    },
    Full(BTreeMap<usize, LayerMaps>),
}

impl TrainedLens {
    pub(super) fn compact(
        about: LensAbout,
        bias: Vec<f32>,
        heads: BTreeMap<HeadAt, CompactLens>,
    ) -> Self {
        Self {
            about,
            maps: Maps::Compact { bias, heads },
        }
    }

    pub(super) fn full(about: LensAbout, layers: BTreeMap<usize, LayerMaps>) -> Self {
        Self {
            about,
            maps: Maps::Full(layers),
        }
    }

    /// Returns the lens as the bytes of a safetensors file, with its provenance in the metadata.
    ///
    /// # Errors
    /// [`LensError::Damaged`] if the lens cannot be serialized.
    pub fn to_bytes(&self) -> Result<Vec<u8>, LensError> {
        let mut tensors = TensorWriter::default();
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
        Ok(tensors.bytes(LENS, &self.about)?)
    }

    /// Reads a lens of this model.
    ///
    /// # Errors
    /// [`LensError::Damaged`]; [`LensError::OtherModel`] if the models' digests differ.
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

    /// Reads a lens of this model, or of another one with the same width and vocabulary, to measure
    /// how it transfers.
    ///
    /// # Errors
    /// [`LensError::Damaged`], also if the shapes are not those of this model.
    pub fn of_any_model(bytes: &[u8], model: &Model) -> Result<Self, LensError> {
        let reader = TensorReader::new(bytes, LENS)?;
        let about: LensAbout = reader.about()?;
        let (width, vocabulary) = (model.info.width, model.config().vocab);
        match about.options.form {
            Form::Compact { rank } if rank > width => Err(LensError::Damaged(format!(
                "its rank of {rank} exceeds the model's width of {width}"
            ))),
            Form::Compact { rank } => {
                let mut bias = vec![0.0; vocabulary];
                reader.fill("bias", &mut bias)?;
                let mut heads = BTreeMap::new();
                for at in &about.options.heads {
                    let name = |what: &str| format!("layers.{}.heads.{}.{what}", at.layer, at.head);
                    let mut lens = CompactLens::constant(rank, width);
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

    /// Whether the lens has a map for a head.
    pub fn covers(&self, at: HeadAt) -> bool {
        match &self.maps {
            Maps::Compact { heads, .. } => heads.contains_key(&at),
            Maps::Full(layers) => layers.contains_key(&at.layer),
        }
    }

    /// Returns the logits A_h·r_h + b_h for outputs of a head.
    ///
    /// # Shapes
    /// `outputs`: r_h at some positions, `[positions, width]` → `[positions, vocab]`.
    ///
    /// # Errors
    /// [`LensError::NotCovered`].
    pub fn scores(&self, model: &Model, at: HeadAt, outputs: &Matrix) -> Result<Matrix, LensError> {
        let scores = match &self.maps {
            Maps::Compact { bias, heads } => heads
                .get(&at)
                .map(|lens| logits(model, &lens.point(outputs), bias)),
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

    /// The bias that all heads share: the log of each token's mean probability. For full maps, that
    /// of the first layer.
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
