//! How rotary positions reach beyond the context of pre-training.

/// Adjustment of rotary frequencies for contexts longer than those of pre-training, as the
/// `modeling_rope_utils` of Hugging Face Transformers define them.
#[derive(Debug, Clone, PartialEq)]
pub enum RopeScaling {
    /// As trained.
    None,
    /// All frequencies divided by a factor.
    Linear {
        /// The factor.
        factor: f64,
    },
    /// Llama 3: low frequencies divided, high ones kept, a smooth ramp between.
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
    /// Dynamic NTK: the base grows with the sequence, once that is longer than the original
    /// context.
    Dynamic {
        /// How much.
        factor: f64,
        /// Context length of pre-training, in tokens.
        original_context: f64,
    },
    /// `YaRN`: as [`RopeScaling::Llama3`], with a ramp over dimensions; cosines and sines are
    /// multiplied by a factor.
    Yarn {
        /// Divisor of the low frequencies.
        factor: f64,
        /// Context length of pre-training, in tokens.
        original_context: f64,
        /// Multiplies cosines and sines.
        attention_factor: f64,
        /// Frequencies that turn more often than this over the original context are kept.
        beta_fast: f64,
        /// Those that turn less often than this are divided.
        beta_slow: f64,
        /// Whether the ends of the ramp are whole dimensions.
        truncate: bool,
    },
    /// `LongRoPE`: each frequency has its own divisor, another one in long sequences.
    LongRope {
        /// Longer sequences are long.
        original_context: f64,
        /// Multiplies cosines and sines.
        attention_factor: f64,
        /// A divisor for each pair of dimensions.
        short: Vec<f64>,
        /// The same for long sequences.
        long: Vec<f64>,
    },
}

impl RopeScaling {
    /// How many times longer than `context` a prompt may be: these two are applied to models
    /// whose configuration still gives the context of pre-training.
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
        // A float becomes an integer by saturation; absurd ones are refused later.
        context.max(longest as usize)
    }

    /// Checks the numbers for `dims` rotated dimensions and a base of `theta`.
    ///
    /// # Errors
    /// Which number cannot be.
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

/// `YaRN`'s factor on cosines and sines where none is given.
pub(super) fn yarn_attention(factor: f64, mscale: f64) -> f64 {
    if factor <= 1.0 {
        1.0
    } else {
        0.1 * mscale * factor.ln() + 1.0
    }
}
