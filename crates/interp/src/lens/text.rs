//! The text that lenses are trained and evaluated on: sequences of tokens.

use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::context::ModelContext;
use hoplens_runtime::{
    Capture, Hooks, Model, ModelError, Positions, Reuse, Sampler, SamplingParams,
};

/// Sequences that are sampled in one batch: at 128 tokens each, their keys and values fit into the
/// default KV cache.
const SEQUENCES_PER_BATCH: usize = 16;

/// Token sequences of 2 tokens or more, each with its own length: nothing is padded, so that every
/// position in a loss is text.
#[derive(Debug, Clone, PartialEq)]
pub struct LensText {
    /// The sequences.
    pub sequences: Vec<Vec<u32>>,
    /// Where they come from.
    pub source: TextSource,
}

/// Where sequences come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TextSource {
    /// The user's files.
    Files,
    /// Drawn from the model itself.
    Sampled,
}

/// The provenance of a lens' training text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TextAbout {
    /// Where it comes from.
    pub source: TextSource,
    /// Number of sequences.
    pub sequences: usize,
    /// Number of tokens.
    pub tokens: usize,
    /// Hex digest of the token ids.
    pub sha256: String,
}

impl LensText {
    /// Returns the provenance that a lens file records.
    pub fn about(&self) -> TextAbout {
        let mut digest = Sha256::new();
        for sequence in &self.sequences {
            digest.update((sequence.len() as u64).to_le_bytes());
            for token in sequence {
                digest.update(token.to_le_bytes());
            }
        }
        TextAbout {
            source: self.source,
            sequences: self.sequences.len(),
            tokens: self.sequences.iter().map(Vec::len).sum(),
            sha256: hex(&digest.finalize()),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string never fails.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Cuts texts into sequences of at most `length` tokens, without BOS; leaves out a last piece of
/// one token.
pub fn cut(model: &Model, texts: &[String], length: usize) -> LensText {
    let length = length.min(model.config().context);
    let mut sequences = Vec::new();
    for text in texts {
        let ids = model.tokenizer.ids(text);
        let pieces = ids.chunks(length.max(2)).filter(|piece| piece.len() > 1);
        sequences.extend(pieces.map(<[u32]>::to_vec));
    }
    LensText {
        sequences,
        source: TextSource::Files,
    }
}

/// How sequences are sampled from a model.
#[derive(Debug, Clone, Copy)]
pub struct SampleOptions {
    /// Number of sequences.
    pub count: usize,
    /// Tokens of each.
    pub length: usize,
    /// The seed: the same seed samples the same sequences.
    pub seed: u64,
    /// What sequences begin with.
    pub start: SampleStart,
    /// As [`SamplingParams::top_p`].
    pub top_p: Option<f64>,
}

/// The first token of a sampled sequence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SampleStart {
    /// A capitalised word of the vocabulary, as at the beginning of a sentence.
    Word,
    /// The model's begin-of-text token; a word if it has none.
    Bos,
}

/// Samples sequences from the model, at temperature 1. `progress` receives the number of sequences
/// that are done.
///
/// # Errors
/// As [`Model::forward`].
pub fn sample(
    context: ModelContext<'_>,
    options: SampleOptions,
    progress: &mut dyn FnMut(usize),
) -> Result<LensText, ModelError> {
    let count = options.count;
    let options = SampleOptions {
        length: options.length.clamp(2, context.model.config().context),
        ..options
    };
    let mut sequences = Vec::with_capacity(count);
    while sequences.len() < count {
        let first = sequences.len();
        let numbers = first..first + SEQUENCES_PER_BATCH.min(count - first);
        sequences.extend(sample_batch(context, numbers, options)?);
        progress(sequences.len());
    }
    Ok(LensText {
        sequences,
        source: TextSource::Sampled,
    })
}

fn sample_batch(
    ModelContext { model, cancel }: ModelContext<'_>,
    numbers: std::ops::Range<usize>,
    SampleOptions {
        length,
        seed,
        start,
        top_p,
        ..
    }: SampleOptions,
) -> Result<Vec<Vec<u32>>, ModelError> {
    let mut samplers: Vec<Sampler> = numbers
        .clone()
        .map(|number| {
            Sampler::new(SamplingParams {
                temperature: 1.0,
                top_k: None,
                top_p,
                seed: mixed(seed, number as u64),
            })
        })
        .collect();
    let first = |number: usize| {
        let bos = model.config().bos.filter(|_| start == SampleStart::Bos);
        bos.unwrap_or_else(|| first_token(model, mixed(seed, number as u64)))
    };
    let mut sequences: Vec<Vec<u32>> = numbers.map(|number| vec![first(number)]).collect();
    let hooks = Hooks {
        reuse: Reuse::Keys,
        ..Hooks::capture(Capture {
            logits: Positions::Last,
            ..Capture::default()
        })
    };
    while sequences.first().is_some_and(|first| first.len() < length) {
        let read: Vec<&[u32]> = sequences.iter().map(Vec::as_slice).collect();
        let trace = model.forward(&read, &hooks, cancel)?;
        for (row, (sequence, sampler)) in sequences.iter_mut().zip(&mut samplers).enumerate() {
            sequence.push(sampler.next(trace.logits.row(row)));
        }
    }
    model.clear_cache();
    Ok(sequences)
}

/// Draws the first token of a sequence: a capitalised word, or any token if the vocabulary has
/// hardly any such word.
fn first_token(model: &Model, seed: u64) -> u32 {
    let mut random = ChaCha8Rng::seed_from_u64(seed ^ 0x6265_6769_6e6e_696e);
    let vocabulary = model.config().vocab as u32;
    for _ in 0..1_000 {
        let token = random.random_range(0..vocabulary);
        let text = model.tokenizer.text(token);
        let mut letters = text.chars().skip_while(|letter| *letter == ' ');
        if letters.next().is_some_and(char::is_uppercase) && letters.all(char::is_lowercase) {
            return token;
        }
    }
    random.random_range(0..vocabulary)
}

/// Derives an independent seed for each number.
pub(super) fn mixed(seed: u64, number: u64) -> u64 {
    // Splitmix64's finalizer: adjacent numbers give unrelated seeds.
    let mut value = seed.wrapping_add(number.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}
