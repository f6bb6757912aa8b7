//! Rotary positions (RoPE).

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::f64::consts::PI;

use crate::config::{PositionalEmbedding, RopeScaling};

/// The rotation of queries and keys.
#[derive(Debug, Clone)]
pub(crate) struct Rope {
    /// Rotated dimensions of a head.
    dims: usize,
    interleaved: bool,
    /// Radians per position, one per pair of dimensions.
    frequencies: Vec<f32>,
    /// The factor on cosines and sines.
    amplitude: f32,
    long_context: LongContext,
}

/// How frequencies change in sequences longer than the original context.
#[derive(Debug, Clone)]
enum LongContext {
    Nothing,
    /// The base grows with the sequence.
    Base {
        original_context: f64,
        theta: f64,
        factor: f64,
    },
    /// Other frequencies apply.
    Frequencies {
        original_context: f64,
        frequencies: Vec<f32>,
    },
}

/// Cosines and sines of consecutive positions in sequences of several lengths.
#[derive(Debug)]
pub(crate) struct Angles {
    /// The first position.
    first: usize,
    /// The number of frequencies.
    width: usize,
    /// For each [`Rope::rotation`]: position after position, a cosine and a sine per frequency.
    tables: BTreeMap<usize, Vec<(f32, f32)>>,
}

impl Angles {
    /// The cosines and sines of a position in sequences with rotation `rotation`.
    ///
    /// # Shapes
    /// → `[dims/2]`.
    pub(crate) fn at(&self, position: usize, rotation: usize) -> &[(f32, f32)] {
        let start = (position - self.first) * self.width;
        &self.tables[&rotation][start..start + self.width]
    }
}

impl Rope {
    /// The rotation for a positional embedding; `None` where positions are learned vectors.
    pub(crate) fn new(position: &PositionalEmbedding) -> Option<Self> {
        let PositionalEmbedding::Rotary {
            dims,
            interleaved,
            theta,
            scaling,
        } = position
        else {
            return None;
        };
        let (dims, theta) = (*dims, *theta);
        let plain = frequencies(theta, dims);
        let divided = |divisors: &[f64]| plain.iter().zip(divisors).map(|(f, by)| f / by).collect();
        let scaled: Vec<f64> = match scaling {
            RopeScaling::None | RopeScaling::Dynamic { .. } => plain,
            RopeScaling::Linear { factor } => plain.iter().map(|f| f / factor).collect(),
            RopeScaling::Llama3 { .. } => plain.iter().map(|f| llama3(*f, scaling)).collect(),
            RopeScaling::Yarn { .. } => yarn(&plain, theta, dims, scaling),
            RopeScaling::LongRope { short, .. } => divided(short),
        };
        let long_context = match scaling {
            RopeScaling::Dynamic {
                factor,
                original_context,
            } => LongContext::Base {
                original_context: *original_context,
                theta,
                factor: *factor,
            },
            RopeScaling::LongRope {
                original_context,
                long,
                ..
            } => {
                let plain = frequencies(theta, dims);
                let long = plain.iter().zip(long).map(|(f, by)| f / by);
                LongContext::Frequencies {
                    original_context: *original_context,
                    frequencies: long.map(|f| f as f32).collect(),
                }
            }
            _ => LongContext::Nothing,
        };
        let amplitude = match scaling {
            RopeScaling::Yarn {
                attention_factor, ..
            }
            | RopeScaling::LongRope {
                attention_factor, ..
            } => *attention_factor,
            _ => 1.0,
        };
        Some(Self {
            dims,
            interleaved: *interleaved,
            frequencies: scaled.into_iter().map(|f| f as f32).collect(),
            amplitude: amplitude as f32,
            long_context,
        })
    }

    /// Divides each frequency by its own divisor. Returns whether the counts match.
    pub(crate) fn divide(&mut self, divisors: &[f32]) -> bool {
        for (frequency, divisor) in self.frequencies.iter_mut().zip(divisors) {
            *frequency /= divisor;
        }
        self.frequencies.len() == divisors.len()
    }

    /// The cosines and sines of the positions from `first` on in sequences of these lengths. Some
    /// models rotate a position by other angles in a long sequence than in a short one.
    pub(crate) fn angles(&self, first: usize, lengths: impl Iterator<Item = usize>) -> Angles {
        let mut longest: BTreeMap<usize, usize> = BTreeMap::new();
        for length in lengths {
            let known = longest.entry(self.rotation(length)).or_default();
            *known = length.max(*known);
        }
        let table = |(rotation, length): (usize, usize)| {
            let frequencies = self.frequencies_of(length);
            let positions = first..length.max(first);
            let pairs = positions.flat_map(|position| {
                frequencies.iter().map(move |frequency| {
                    let (sin, cos) = (position as f32 * frequency).sin_cos();
                    (self.amplitude * cos, self.amplitude * sin)
                })
            });
            (rotation, pairs.collect())
        };
        Angles {
            first,
            width: self.frequencies.len(),
            tables: longest.into_iter().map(table).collect(),
        }
    }

    /// A number that is equal for two lengths whose sequences rotate by the same angles: 0 up to the
    /// original context; beyond it the length itself, where the frequencies depend on it.
    pub(crate) fn rotation(&self, length: usize) -> usize {
        match &self.long_context {
            LongContext::Base {
                original_context, ..
            } if length as f64 > *original_context => length,
            LongContext::Frequencies {
                original_context, ..
            } if length as f64 > *original_context => 1,
            _ => 0,
        }
    }

    /// Radians per position in a sequence of `length` tokens.
    fn frequencies_of(&self, length: usize) -> Cow<'_, [f32]> {
        match &self.long_context {
            _ if self.rotation(length) == 0 => Cow::Borrowed(&self.frequencies),
            LongContext::Nothing => Cow::Borrowed(&self.frequencies),
            LongContext::Base {
                original_context,
                theta,
                factor,
            } => {
                let dims = self.dims as f64;
                let stretch = factor * length as f64 / original_context - (factor - 1.0);
                let theta = theta * stretch.powf(dims / (dims - 2.0));
                let own = frequencies(theta, self.dims);
                own.into_iter().map(|f| f as f32).collect()
            }
            LongContext::Frequencies { frequencies, .. } => Cow::Borrowed(frequencies),
        }
    }

    /// Rotates one head's query or key.
    pub(crate) fn rotate(&self, head: &mut [f32], angles: &[(f32, f32)]) {
        let half = self.dims / 2;
        for (pair, (cos, sin)) in angles.iter().enumerate() {
            let (first, second) = if self.interleaved {
                (2 * pair, 2 * pair + 1)
            } else {
                (pair, pair + half)
            };
            let (a, b) = (head[first], head[second]);
            head[first] = a * cos - b * sin;
            head[second] = b * cos + a * sin;
        }
    }
}

/// Radians per position of each pair of dimensions, a geometric progression.
fn frequencies(theta: f64, dims: usize) -> Vec<f64> {
    (0..dims / 2)
        .map(|pair| theta.powf(-2.0 * pair as f64 / dims as f64))
        .collect()
}

fn llama3(frequency: f64, scaling: &RopeScaling) -> f64 {
    let RopeScaling::Llama3 {
        factor,
        low,
        high,
        original_context,
    } = scaling
    else {
        return frequency;
    };
    let wavelength = 2.0 * PI / frequency;
    if wavelength < original_context / high {
        frequency
    } else if wavelength > original_context / low {
        frequency / factor
    } else {
        let smooth = (original_context / wavelength - low) / (high - low);
        (1.0 - smooth) * frequency / factor + smooth * frequency
    }
}

/// `YaRN`'s frequencies: interpolated between kept and divided ones (arXiv:2309.00071, section 3.2).
fn yarn(plain: &[f64], theta: f64, dims: usize, scaling: &RopeScaling) -> Vec<f64> {
    let RopeScaling::Yarn {
        factor,
        original_context,
        beta_fast,
        beta_slow,
        truncate,
        ..
    } = scaling
    else {
        return plain.to_vec();
    };
    // The fractional index of the pair with this many turns over the original context.
    let pair_of = |turns: f64| {
        dims as f64 * (original_context / (turns * 2.0 * PI)).ln() / (2.0 * theta.ln())
    };
    let (mut from, mut to) = (pair_of(*beta_fast), pair_of(*beta_slow));
    if *truncate {
        (from, to) = (from.floor(), to.ceil());
    }
    // As in Transformers, the index of a pair is clipped at the number of dimensions.
    let (from, mut to) = (from.max(0.0), to.min(dims as f64 - 1.0));
    if (from - to).abs() < f64::EPSILON {
        to += 0.001;
    }
    let ramp = |pair: usize| ((pair as f64 - from) / (to - from)).clamp(0.0, 1.0);
    plain
        .iter()
        .enumerate()
        .map(|(pair, f)| f / factor * ramp(pair) + f * (1.0 - ramp(pair)))
        .collect()
}
