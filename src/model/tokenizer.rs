//! Text to tokens and back, with the bytes of the text that each token covers.

mod bytes;
mod gguf;

use std::ops::Range;
use std::path::Path;

use candle_core::quantized::gguf_file::Value;
use std::collections::HashMap;

use super::error::ModelError;
use bytes::Alphabet;

/// Whether the begin-of-text token stands before a prompt.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum BosPolicy {
    /// Only where the tokenizer's own convention says so.
    #[default]
    Auto,
    /// Wherever the model has one (the papers' protocol).
    Always,
    /// Nowhere.
    Never,
}

/// One token of a prompt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Token id.
    pub id: u32,
    /// Bytes of the text that it covers; empty for BOS. May begin or end inside a character.
    pub range: Range<usize>,
}

/// A model's tokenizer.
pub struct Tokenizer {
    inner: tokenizers::Tokenizer,
    alphabet: Alphabet,
    bos: Option<u32>,
    /// Whether the tokenizer's own convention begins every text with BOS.
    adds_bos: bool,
}

impl std::fmt::Debug for Tokenizer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tokenizer")
            .field("bos", &self.bos)
            .finish_non_exhaustive()
    }
}

impl Tokenizer {
    /// Reads `tokenizer.json`; `bos` is the model's begin-of-text token.
    ///
    /// # Errors
    /// The file is missing or not a tokenizer.
    pub(crate) fn from_file(path: &Path, bos: Option<u32>) -> Result<Self, ModelError> {
        let text = std::fs::read(path).map_err(|source| ModelError::Read {
            path: path.into(),
            source,
        })?;
        let inner =
            tokenizers::Tokenizer::from_bytes(text).map_err(|error| ModelError::Tokenizer {
                path: path.into(),
                reason: format!("not a tokenizer: {error}"),
            })?;
        // The convention is written in the post-processor: what it puts before an empty text.
        let adds_bos = bos.is_some()
            && inner
                .encode_fast("", true)
                .is_ok_and(|e| e.get_ids().first().copied() == bos);
        Ok(Self::new(inner, bos, adds_bos))
    }

    /// Reads the `tokenizer.ggml.*` entries of a GGUF file.
    ///
    /// # Errors
    /// Entries are missing, or describe a tokenizer that hoplens does not run.
    pub(crate) fn from_gguf(
        metadata: &HashMap<String, Value>,
        path: &Path,
    ) -> Result<Self, ModelError> {
        let parts = gguf::read(metadata).map_err(|reason| ModelError::Tokenizer {
            path: path.into(),
            reason,
        })?;
        Ok(Self::new(parts.inner, parts.bos, parts.adds_bos))
    }

    fn new(inner: tokenizers::Tokenizer, bos: Option<u32>, adds_bos: bool) -> Self {
        Self {
            alphabet: Alphabet::of(&inner),
            inner,
            bos,
            adds_bos,
        }
    }

    /// The begin-of-text token, if the model has one.
    pub fn bos(&self) -> Option<u32> {
        self.bos
    }

    /// The tokens of a prompt, BOS first where `policy` asks for it.
    pub fn encode(&self, text: &str, policy: BosPolicy) -> Vec<Token> {
        let wants_bos = match policy {
            BosPolicy::Auto => self.adds_bos,
            BosPolicy::Always => true,
            BosPolicy::Never => false,
        };
        let bos = self
            .bos
            .filter(|_| wants_bos)
            .map(|id| Token { id, range: 0..0 });
        bos.into_iter().chain(self.encode_plain(text)).collect()
    }

    /// The ids of a piece of text, without BOS.
    pub fn ids(&self, text: &str) -> Vec<u32> {
        self.encode_plain(text)
            .into_iter()
            .map(|token| token.id)
            .collect()
    }

    fn encode_plain(&self, text: &str) -> Vec<Token> {
        // Encoding fails only where a word is outside the vocabulary and there is no unknown
        // token; such a text has no tokens.
        let Ok(encoding) = self.inner.encode(text, false) else {
            return Vec::new();
        };
        let ids = encoding.get_ids();
        let ranges = self.exact_ranges(text, ids).unwrap_or_else(|| {
            encoding
                .get_offsets()
                .iter()
                .map(|&(from, to)| from..to)
                .collect()
        });
        ids.iter()
            .zip(ranges)
            .map(|(&id, range)| Token { id, range })
            .collect()
    }

    /// Byte ranges from the tokens' own bytes, where these spell the text exactly. (The
    /// library's offsets are widened to whole characters.)
    fn exact_ranges(&self, text: &str, ids: &[u32]) -> Option<Vec<Range<usize>>> {
        let mut at = 0;
        let mut ranges = Vec::with_capacity(ids.len());
        for id in ids {
            let bytes = self.bytes(*id);
            if bytes.is_empty() || !text.as_bytes().get(at..)?.starts_with(&bytes) {
                return None;
            }
            ranges.push(at..at + bytes.len());
            at += bytes.len();
        }
        (at == text.len()).then_some(ranges)
    }

    /// The bytes that a token stands for; empty for an id outside the vocabulary.
    pub fn bytes(&self, id: u32) -> Vec<u8> {
        let Some(token) = self.inner.id_to_token(id) else {
            return Vec::new();
        };
        if self
            .inner
            .get_added_vocabulary()
            .get_added_tokens_decoder()
            .contains_key(&id)
        {
            return token.into_bytes();
        }
        self.alphabet.bytes(&token)
    }

    /// A token as text; bytes that are no character are shown as U+FFFD.
    pub fn text(&self, id: u32) -> String {
        String::from_utf8_lossy(&self.bytes(id)).into_owned()
    }

    /// Tokens as text.
    pub fn decode(&self, ids: &[u32]) -> String {
        let bytes: Vec<u8> = ids.iter().flat_map(|id| self.bytes(*id)).collect();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Number of token ids, added tokens included.
    pub fn vocab_size(&self) -> usize {
        self.inner.get_vocab_size(true)
    }
}
