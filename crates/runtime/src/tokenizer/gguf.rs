//! A tokenizer from the `tokenizer.ggml.*` entries of a GGUF file.

use std::collections::HashMap;

use candle_core::quantized::gguf_file::Value;
use tokenizers::models::bpe::{BPE, Vocab};
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::{AddedToken, Tokenizer};

use crate::tokenizer::pre::BpePreTokenizer;
use crate::tokenizer::sentencepiece::SentencePieceVocab;
use crate::tokenizer::token_type::{CONTROL, UNKNOWN, USER_DEFINED};

/// A tokenizer and its BOS convention.
pub(super) struct Parts {
    pub(super) inner: Tokenizer,
    pub(super) bos: Option<u32>,
    pub(super) eos: Option<u32>,
    pub(super) adds_bos: bool,
}

/// The `tokenizer.ggml.*` entries.
struct Entries<'a>(&'a HashMap<String, Value>);

impl<'a> Entries<'a> {
    fn get(&self, key: &str) -> Option<&'a Value> {
        self.0.get(&format!("tokenizer.ggml.{key}"))
    }

    fn text(&self, key: &str) -> Option<&'a str> {
        match self.get(key) {
            Some(Value::String(text)) => Some(text),
            _ => None,
        }
    }

    fn flag(&self, key: &str) -> Option<bool> {
        match self.get(key) {
            Some(Value::Bool(flag)) => Some(*flag),
            _ => None,
        }
    }

    fn id(&self, key: &str) -> Option<u32> {
        self.get(key).and_then(integer)?.try_into().ok()
    }

    /// A list whose every item `read` understands.
    fn list<T>(&self, key: &str, read: impl Fn(&'a Value) -> Option<T>) -> Option<Vec<T>> {
        match self.get(key) {
            Some(Value::Array(items)) => items.iter().map(read).collect(),
            _ => None,
        }
    }

    fn texts(&self, key: &str) -> Result<Vec<&'a str>, String> {
        let read = |value: &'a Value| match value {
            Value::String(text) => Some(text.as_str()),
            _ => None,
        };
        self.list(key, read)
            .ok_or_else(|| format!("tokenizer.ggml.{key} is missing or not text"))
    }
}

fn integer(value: &Value) -> Option<i64> {
    match *value {
        Value::U8(n) => Some(n.into()),
        Value::I8(n) => Some(n.into()),
        Value::U16(n) => Some(n.into()),
        Value::I16(n) => Some(n.into()),
        Value::U32(n) => Some(n.into()),
        Value::I32(n) => Some(n.into()),
        Value::U64(n) => n.try_into().ok(),
        Value::I64(n) => Some(n),
        _ => None,
    }
}

fn number(value: &Value) -> Option<f32> {
    match *value {
        Value::F32(n) => Some(n),
        Value::F64(n) => Some(n as f32),
        _ => integer(value).map(|n| n as f32),
    }
}

/// Builds the tokenizer.
///
/// # Errors
/// What is missing or not supported.
pub(super) fn read(metadata: &HashMap<String, Value>) -> Result<Parts, String> {
    let entries = Entries(metadata);
    match entries.text("model") {
        Some("gpt2") => byte_level(&entries),
        Some("llama") => sentencepiece(&entries),
        Some(other) => Err(format!(
            "its tokenizer is of kind '{other}'; 'gpt2' (byte-level BPE) and 'llama' \
             (SentencePiece) are read"
        )),
        None => Err("it carries no tokenizer (tokenizer.ggml.model is missing)".into()),
    }
}

fn byte_level(entries: &Entries<'_>) -> Result<Parts, String> {
    let tokens = entries.texts("tokens")?;
    let merges = entries.texts("merges")?;
    let mut pairs = Vec::with_capacity(merges.len());
    for merge in merges {
        let (left, right) = merge
            .split_once(' ')
            .ok_or_else(|| format!("merge '{merge}' is not a pair"))?;
        pairs.push((left.to_owned(), right.to_owned()));
    }
    let vocabulary: Vocab = tokens
        .iter()
        .zip(0..)
        .map(|(token, id)| ((*token).to_owned(), id))
        .collect();
    let pre = BpePreTokenizer::named(entries.text("pre").unwrap_or("default"))?;
    let model = BPE::builder()
        .vocab_and_merges(vocabulary, pairs)
        .ignore_merges(pre.ignores_merges)
        .build()
        .map_err(|error| format!("its merges do not fit its tokens: {error}"))?;
    let mut inner = Tokenizer::new(model);
    inner
        .with_normalizer(pre.normalizer())
        .map_err(|error| format!("its normalizer cannot be used: {error}"))?;
    inner.with_pre_tokenizer(Some(pre.build()?));
    inner.with_decoder(Some(ByteLevel::default()));
    add_tokens(&mut inner, &tokens, entries)?;
    Ok(Parts {
        inner,
        bos: entries.id("bos_token_id"),
        eos: entries.id("eos_token_id"),
        adds_bos: entries.flag("add_bos_token").unwrap_or(pre.adds_bos),
    })
}

/// Builds a SentencePiece tokenizer. llama.cpp's defaults apply where the file has no entry: the
/// first tokens are `<unk>`, `<s>` and `</s>`, and a text starts with BOS and a space.
fn sentencepiece(entries: &Entries<'_>) -> Result<Parts, String> {
    let tokens = entries.texts("tokens")?;
    let pieces = SentencePieceVocab {
        tokens: &tokens,
        scores: entries.list("scores", number),
        kinds: entries.list("token_type", integer),
        unknown: entries.id("unknown_token_id").or(Some(0)),
        prefix: entries.flag("add_space_prefix").unwrap_or(true),
    };
    let mut inner = pieces.build()?;
    add_tokens(&mut inner, &tokens, entries)?;
    Ok(Parts {
        inner,
        bos: entries.id("bos_token_id").or(Some(1)),
        eos: entries.id("eos_token_id").or(Some(2)),
        adds_bos: entries.flag("add_bos_token").unwrap_or(true),
    })
}

/// Registers special and user-defined tokens. They are matched before the rest of a text is split,
/// so that they are never merged from other pieces.
fn add_tokens(
    tokenizer: &mut Tokenizer,
    tokens: &[&str],
    entries: &Entries<'_>,
) -> Result<(), String> {
    let Some(kinds) = entries.list("token_type", integer) else {
        return Ok(());
    };
    let of_kind = |special: bool, wanted: &[i64]| -> Vec<AddedToken> {
        tokens
            .iter()
            .zip(&kinds)
            .filter(|(_, kind)| wanted.contains(kind))
            .map(|(token, _)| AddedToken::from(*token, special).normalized(false))
            .collect()
    };
    let special = of_kind(true, &[CONTROL, UNKNOWN]);
    let added = of_kind(false, &[USER_DEFINED]);
    tokenizer
        .add_special_tokens(special)
        .and_then(|_| tokenizer.add_tokens(added))
        .map(|_| ())
        .map_err(|error| format!("its special tokens cannot be used: {error}"))
}
