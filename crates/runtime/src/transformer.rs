//! The weights of a transformer, packed for the forward pass.

use crate::config::Config;
use crate::error::ModelError;
use crate::head_layout::HeadLayout;
use crate::linear::Linear;
use crate::matrix::Matrix;
use crate::ops::Norm;
use crate::rope::Rope;

/// The weights of one model, packed for the forward pass.
#[derive(Debug)]
pub(crate) struct Transformer {
    pub(crate) config: Config,
    /// Column t is the embedding e_t of token t. Tied models also use it as the output head.
    pub(crate) embedding: Linear,
    /// `[context, width]`, where positions are learned.
    pub(crate) positions: Option<Matrix>,
    pub(crate) layers: Vec<LayerWeights>,
    pub(crate) final_norm: Norm,
    /// Column t is w_t; `None` in tied models.
    pub(crate) head: Option<Linear>,
    pub(crate) rope: Option<Rope>,
}

/// The weights of one block.
#[derive(Debug)]
pub(crate) struct LayerWeights {
    pub(crate) attention_norm: Norm,
    /// `[width] → [queries | keys | values]`.
    pub(crate) qkv: Linear,
    /// The norms of each head's query and key.
    pub(crate) qk_norms: Option<(Norm, Norm)>,
    pub(crate) output: Linear,
    /// `None` where the MLP reads what attention reads.
    pub(crate) mlp_norm: Option<Norm>,
    /// For a gated MLP the outputs of `gate`, then those of `up`.
    pub(crate) up: Linear,
    pub(crate) down: Linear,
}

impl LayerWeights {
    /// The layer's linear maps.
    pub(crate) fn maps(&self) -> [&Linear; 4] {
        [&self.qkv, &self.output, &self.up, &self.down]
    }

    fn maps_mut(&mut self) -> [&mut Linear; 4] {
        let maps = (
            &mut self.qkv,
            &mut self.output,
            &mut self.up,
            &mut self.down,
        );
        maps.into()
    }

    /// The norm before the MLP.
    pub(crate) fn norm_before_mlp(&self) -> &Norm {
        self.mlp_norm.as_ref().unwrap_or(&self.attention_norm)
    }
}

impl Transformer {
    /// The output head: logits = `head.forward(final_norm(resid))`.
    pub(crate) fn head(&self) -> &Linear {
        self.head.as_ref().unwrap_or(&self.embedding)
    }

    /// The layout of the heads of layer `layer`.
    pub(crate) fn head_layout(&self, layer: usize) -> HeadLayout {
        HeadLayout {
            queries: self.config.heads,
            keys: self.config.kv_heads,
            head_dim: self.config.head_dim,
            scale: self.config.scale(layer),
            window: self.config.windows[layer],
        }
    }

    /// Copies the linear maps to a device, which multiplies them from then on.
    ///
    /// # Errors
    /// The device has too little memory.
    #[expect(
        clippy::wrong_self_convention,
        reason = "named as in candle; moves in place"
    )]
    pub(crate) fn to_device(&mut self, device: &candle_core::Device) -> Result<(), ModelError> {
        for map in self.layers.iter_mut().flat_map(LayerWeights::maps_mut) {
            map.to_device(device)?;
        }
        self.head
            .as_mut()
            .unwrap_or(&mut self.embedding)
            .to_device(device)
    }
}
