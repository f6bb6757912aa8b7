//! Rotary scaling: how positions extend beyond the context length of pre-training.

/// A change of the rotary frequencies for contexts longer than in pre-training, as defined by
/// `modeling_rope_utils` of Hugging Face Transformers.
#[derive(Debug, Clone, PartialEq)]
pub enum RopeScaling {
    /// The frequencies of pre-training.
    None,
    /// Divides all frequencies by a factor.
    Linear {
        /// The factor.
        factor: f64,
    },
    /// Llama 3: divides low frequencies, keeps high ones, and interpolates between.
    Llama3 {
        /// Divisor of the low frequencies.
        factor: f64,
        /// Wavelengths above `original_context / low` are low frequencies.
        low: f64,
        /// Wavelengths below `original_context / high` are high frequencies.
        high: f64,
        /// Context length of pre-training, in tokens.
        original_context: f64,
    },
    /// Dynamic NTK: the base grows with a sequence that is longer than the original context.
    Dynamic {
        /// How fast the base grows.
        factor: f64,
        /// Context length of pre-training, in tokens.
        original_context: f64,
    },
    /// `YaRN` (arXiv:2309.00071): as [`RopeScaling::Llama3`], but interpolates over dimensions and
    /// multiplies cosines and sines by a factor.
    Yarn {
        /// Divisor of the low frequencies.
        factor: f64,
        /// Context length of pre-training, in tokens.
        original_context: f64,
        /// The factor on cosines and sines.
        attention_factor: f64,
        /// Keeps frequencies with more than this many turns over the original context.
        beta_fast: f64,
        /// Divides frequencies with fewer turns than this.
        beta_slow: f64,
        /// Whether the interpolation starts and ends at whole dimensions.
        truncate: bool,
    },
    /// `LongRoPE`: divides each frequency by its own divisor, by another one in long sequences.
    LongRope {
        /// Sequences longer than this, in tokens, are long.
        original_context: f64,
        /// The factor on cosines and sines.
        attention_factor: f64,
        /// A divisor for each pair of dimensions.
        short: Vec<f64>,
        /// A divisor for each pair of dimensions in long sequences.
        long: Vec<f64>,
    },
}

impl RopeScaling {
    /// The context length that scaling allows a model whose configuration states `context`. Models
    /// with dynamic NTK and `YaRN` may still state the context of pre-training.
    pub(crate) fn extended(&self, context: usize) -> usize {
        let longest = match self {
            Self::Dynamic {
                factor,
                original_context,
            }
            | Self::Yarn {
                factor,
                original_context,
                ..
            } => factor * original_context,
            _ => 0.0,
        };
        // The cast saturates; `Config::validate` rejects absurd lengths later.
        context.max(longest as usize)
    }

    /// Checks the numbers for `dims` rotated dimensions and a base of `theta`.
    ///
    /// # Errors
    /// Which number is wrong.
    pub(crate) fn validate(&self, dims: usize, theta: f64) -> Result<(), String> {
        let positive = |what: &str, value: f64| {
            if value.is_finite() && value > 0.0 {
                Ok(())
            } else {
                Err(format!(
                    "rope scaling: {what} {value} is not a positive number"
                ))
            }
        };
        match self {
            Self::None => Ok(()),
            Self::Linear { factor } => positive("factor", *factor),
            Self::Llama3 {
                factor,
                low,
                high,
                original_context,
            } => {
                positive("factor", *factor)?;
                positive("low_freq_factor", *low)?;
                positive("original context", *original_context)?;
                if high > low && high.is_finite() {
                    Ok(())
                } else {
                    Err("rope scaling: high_freq_factor is not above low_freq_factor".into())
                }
            }
            Self::Dynamic {
                factor,
                original_context,
            } => {
                positive("factor", *factor)?;
                positive("original context", *original_context)?;
                if dims > 2 {
                    Ok(())
                } else {
                    Err("rope scaling 'dynamic' needs more than 2 rotary dimensions".into())
                }
            }
            Self::Yarn {
                factor,
                original_context,
                attention_factor,
                beta_fast,
                beta_slow,
                ..
            } => {
                positive("factor", *factor)?;
                positive("original context", *original_context)?;
                positive("attention factor", *attention_factor)?;
                positive("beta_fast", *beta_fast)?;
                positive("beta_slow", *beta_slow)?;
                if theta > 1.0 {
                    Ok(())
                } else {
                    Err(format!(
                        "rope scaling 'yarn' needs a base above 1, not {theta}"
                    ))
                }
            }
            Self::LongRope {
                original_context,
                attention_factor,
                short,
                long,
            } => {
                positive("original context", *original_context)?;
                positive("attention factor", *attention_factor)?;
                for list in [short, long] {
                    if list.len() != dims / 2 {
                        return Err(format!(
                            "rope scaling 'longrope' has {} factors for {} pairs of dimensions",
                            list.len(),
                            dims / 2
                        ));
                    }
                    list.iter().try_for_each(|one| positive("factor", *one))?;
                }
                Ok(())
            }
        }
    }
}

/// `YaRN`'s default factor on cosines and sines.
pub(super) fn yarn_attention(factor: f64, mscale: f64) -> f64 {
    if factor <= 1.0 {
        1.0
    } else {
        0.1 * mscale * factor.ln() + 1.0
    }
}
