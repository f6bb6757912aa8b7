//! Embeddings, unembeddings and head outputs: the model's vectors, and projections on them.

use crate::config::{Config, NormKind};
use crate::error::ModelError;
use crate::matrix::Matrix;
use crate::model::Model;
use crate::ops::Norm;

impl Model {
    /// The embedding e_t of a token.
    ///
    /// # Shapes
    /// → `[width]`.
    pub fn embedding(&self, token: u32) -> Vec<f32> {
        self.transformer.embedding.column(token as usize)
    }

    /// The unembedding w_t of a token: a row of the output head (e_t in tied models).
    ///
    /// # Shapes
    /// → `[width]`.
    pub fn unembedding(&self, token: u32) -> Vec<f32> {
        self.transformer.head().column(token as usize)
    }

    /// The mean w̄ of all unembeddings.
    ///
    /// # Shapes
    /// → `[width]`.
    pub fn mean_unembedding(&self) -> &[f32] {
        // It takes a pass over the output head.
        let mean = || self.transformer.head().mean_column();
        self.mean_unembedding.get_or_init(mean)
    }

    /// The output head's bias for a token; 0 where it has none.
    pub fn unembedding_bias(&self, token: u32) -> f32 {
        self.transformer
            .head()
            .bias
            .as_ref()
            .map_or(0.0, |bias| bias[token as usize])
    }

    /// Projects vectors of the residual stream on every token, without norm or bias.
    ///
    /// # Shapes
    /// `vectors`: `[rows, width]` → `[rows, vocab]`.
    pub fn unembed(&self, vectors: &Matrix) -> Matrix {
        self.transformer.head().product(vectors)
    }

    /// The logits of residuals after the last block: the final norm, then the output head with its
    /// bias.
    ///
    /// # Shapes
    /// `residuals`: `[rows, width]` → `[rows, vocab]`.
    ///
    /// # Errors
    /// A device failed.
    pub fn final_logits(&self, residuals: &Matrix) -> Result<Matrix, ModelError> {
        let mut logits = Matrix::default();
        rayon::scope(|_| self.transformer.logits(residuals, &mut logits))?;
        Ok(logits)
    }

    /// The unembeddings of some tokens.
    ///
    /// # Shapes
    /// `tokens`: `[n]` → `[n, width]`.
    pub fn unembeddings(&self, tokens: &[u32]) -> Matrix {
        let mut rows = Matrix::zeros(tokens.len(), self.info.width);
        for (row, token) in rows.data.chunks_exact_mut(self.info.width).zip(tokens) {
            let column = self.transformer.head().column_values(*token as usize);
            for (value, weight) in row.iter_mut().zip(column) {
                *value = weight;
            }
        }
        rows
    }

    /// Weighted means of the unembeddings, Σ_t p_t·w_t, where each row of `weights` holds the p_t.
    ///
    /// # Shapes
    /// `weights`: `[rows, vocab]` → `[rows, width]`.
    pub fn unembedding_means(&self, weights: &Matrix) -> Matrix {
        self.transformer.head().backward(weights)
    }

    /// The final norm's gain γ.
    ///
    /// # Shapes
    /// → `[width]`.
    pub fn final_gain(&self) -> &[f32] {
        &self.final_norm().gain
    }

    /// The final norm's bias β, where it has one.
    ///
    /// # Shapes
    /// → `[width]`.
    pub fn final_bias(&self) -> Option<&[f32]> {
        self.final_norm().bias.as_deref()
    }

    /// The mean that the final norm subtracts from a residual and the scale that multiplies the rest,
    /// before gain and bias: the frozen scale of direct logit attribution.
    ///
    /// # Shapes
    /// `resid`: `[width]`.
    pub fn final_statistics(&self, resid: &[f32]) -> (f32, f32) {
        self.final_norm().statistics(resid)
    }

    /// Whether the final norm subtracts the mean.
    pub fn centres(&self) -> bool {
        self.final_norm().kind == NormKind::LayerNorm
    }

    fn final_norm(&self) -> &Norm {
        &self.transformer.final_norm
    }

    /// Every head's contribution to the residual stream, r_h = z_h·W_O^h, without the output bias,
    /// which belongs to no head.
    ///
    /// # Shapes
    /// `z`: `[heads·head_dim]` → `[heads, width]`.
    pub fn head_outputs(&self, layer: usize, z: &[f32]) -> Matrix {
        let Config {
            heads, head_dim, ..
        } = *self.config();
        let mut rows = Matrix::zeros(heads, heads * head_dim);
        for head in 0..heads {
            let columns = head * head_dim..(head + 1) * head_dim;
            rows.row_mut(head)[columns.clone()].copy_from_slice(&z[columns]);
        }
        self.transformer.layers[layer].output.product(&rows)
    }

    /// The gradients of `attn.hook_z`, from those of `hook_attn_out`: W_O·grad.
    ///
    /// # Shapes
    /// `attn_out`: `[n, width]` → `[n, heads·head_dim]`.
    pub fn z_gradients(&self, layer: usize, attn_out: &Matrix) -> Matrix {
        self.transformer.layers[layer].output.backward(attn_out)
    }

    /// The output weights W_O^h of a head, whose rows span what it can write.
    ///
    /// # Shapes
    /// → `[head_dim, width]`.
    ///
    /// # Errors
    /// [`ModelError::OutOfRange`] for a layer or head that does not exist.
    pub fn head_weights(&self, layer: usize, head: usize) -> Result<Matrix, ModelError> {
        self.check_layer(layer)?;
        self.check_head(head)?;
        let Config {
            heads, head_dim, ..
        } = *self.config();
        let mut units = Matrix::zeros(head_dim, heads * head_dim);
        for dim in 0..head_dim {
            units.row_mut(dim)[head * head_dim + dim] = 1.0;
        }
        Ok(self.transformer.layers[layer].output.product(&units))
    }

    /// The attention output's bias of a layer, where it has one.
    ///
    /// # Shapes
    /// → `[width]`.
    pub fn attention_bias(&self, layer: usize) -> Option<&[f32]> {
        self.transformer.layers[layer].output.bias.as_deref()
    }
}
