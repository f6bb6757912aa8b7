//! Tokenizers: text to tokens and back, with the bytes of the text that each token covers.

mod bytes;
mod gguf;
mod pre;
mod ranges;
mod sentencepiece;
#[cfg(test)]
mod tests;
mod token_type;

use std::collections::HashMap;
use std::ops::Range;
use std::path::Path;

use candle_core::quantized::gguf_file::Value;

use crate::error::ModelError;
use crate::tokenizer::bytes::Alphabet;

/// Whether a prompt starts with the begin-of-text token (BOS).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BosPolicy {
    /// Only if the tokenizer's own convention adds it.
    #[default]
    Auto,
    /// Whenever the model has one, as in the papers' protocol.
    Always,
    /// Never.
    Never,
}

/// One token of a prompt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Token id.
    pub id: u32,
    /// The bytes of the text that it covers; empty for BOS. May start or end inside a character.
    pub range: Range<usize>,
}

/// A model's tokenizer.
pub struct Tokenizer {
    inner: tokenizers::Tokenizer,
    alphabet: Alphabet,
    bos: Option<u32>,
    eos: Option<u32>,
    /// Whether the tokenizer's own convention starts every text with BOS.
    adds_bos: bool,
    /// Whether the tokenizer adds a space before the first word of a text (SentencePiece).
    adds_space: bool,
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
        // The post-processor defines the convention: the token that it adds to an empty text.
        let adds_bos = bos.is_some()
            && inner
                .encode_fast("", true)
                .is_ok_and(|e| e.get_ids().first().copied() == bos);
        Ok(Self::new(inner, bos, None, adds_bos))
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
        Ok(Self::new(parts.inner, parts.bos, parts.eos, parts.adds_bos))
    }

    fn new(
        inner: tokenizers::Tokenizer,
        bos: Option<u32>,
        eos: Option<u32>,
        adds_bos: bool,
    ) -> Self {
        let mut tokenizer = Self {
            alphabet: Alphabet::of(&inner),
            inner,
            bos,
            eos,
            adds_bos,
            adds_space: false,
        };
        let probe = tokenizer.ids("a");
        tokenizer.adds_space = tokenizer.decode(&probe) == " a";
        tokenizer
    }

    /// The begin-of-text token, if the model has one.
    pub fn bos(&self) -> Option<u32> {
        self.bos
    }

    /// The end-of-text token, if the file that carries the tokenizer names one.
    pub(crate) fn eos(&self) -> Option<u32> {
        self.eos
    }

    /// The special token with this name, if there is one.
    pub(crate) fn special(&self, name: &str) -> Option<u32> {
        let added = self.inner.get_added_vocabulary();
        let id = added.get_vocab().get(name)?;
        added.is_special_token(name).then_some(*id)
    }

    /// The tokens of a prompt, with BOS first if `policy` asks for it. A text that already starts with
    /// BOS, as chat templates write it, gets no second one.
    pub fn encode(&self, text: &str, policy: BosPolicy) -> Vec<Token> {
        let wants_bos = match policy {
            BosPolicy::Auto => self.adds_bos,
            BosPolicy::Always => true,
            BosPolicy::Never => false,
        };
        let mut tokens = self.encode_plain(text);
        if let Some(id) = self.bos.filter(|_| wants_bos)
            && tokens.first().is_none_or(|first| first.id != id)
        {
            tokens.insert(0, Token { id, range: 0..0 });
        }
        tokens
    }

    /// The token ids of a text on its own, without BOS.
    pub fn ids(&self, text: &str) -> Vec<u32> {
        match self.inner.encode_fast(text, false) {
            Ok(encoding) => encoding.get_ids().to_vec(),
            Err(_) => Vec::new(),
        }
    }

    /// The token ids of a text that continues another one: without BOS and without an added space.
    pub fn continuation(&self, text: &str) -> Vec<u32> {
        if !self.adds_space {
            return self.ids(text);
        }
        if let Some(rest) = text.strip_prefix(' ').filter(|rest| !rest.is_empty()) {
            return self.ids(rest);
        }
        // The tokenizer adds the space before the line break, which is never part of a longer
        // token.
        let mut ids = self.ids(&format!("\n{text}"));
        let before = self.ids("\n");
        if ids.starts_with(&before) {
            ids.drain(..before.len());
            ids
        } else {
            self.ids(text)
        }
    }

    fn encode_plain(&self, text: &str) -> Vec<Token> {
        // Encoding fails only for a word outside a vocabulary without an unknown token; such a
        // text has no tokens.
        let Ok(encoding) = self.inner.encode(text, false) else {
            return Vec::new();
        };
        let ids = encoding.get_ids();
        let bytes: Vec<Vec<u8>> = ids.iter().map(|id| self.bytes(*id)).collect();
        let ranges = ranges::spelled(text, &bytes)
            .unwrap_or_else(|| ranges::aligned(&self.inner, text, &bytes, encoding.get_offsets()));
        ids.iter()
            .zip(ranges)
            .map(|(&id, range)| Token { id, range })
            .collect()
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

    /// The text of a token; invalid UTF-8 becomes U+FFFD.
    pub fn text(&self, id: u32) -> String {
        String::from_utf8_lossy(&self.bytes(id)).into_owned()
    }

    /// The text of several tokens; invalid UTF-8 becomes U+FFFD.
    pub fn decode(&self, ids: &[u32]) -> String {
        let bytes: Vec<u8> = ids.iter().flat_map(|id| self.bytes(*id)).collect();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// One more than the highest token id, added tokens and BOS included.
    pub fn vocab_size(&self) -> usize {
        let highest = self
            .inner
            .get_vocab(true)
            .into_values()
            .chain(self.bos)
            .max();
        highest.map_or(0, |id| id as usize + 1)
    }
}
