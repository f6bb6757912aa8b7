//! A tokenizer from the `tokenizer.ggml.*` entries of a GGUF file.

use std::collections::HashMap;

use candle_core::quantized::gguf_file::Value;
use tokenizers::models::bpe::{BPE, Vocab};
use tokenizers::pre_tokenizers::PreTokenizerWrapper;
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::pre_tokenizers::digits::Digits;
use tokenizers::pre_tokenizers::sequence::Sequence;
use tokenizers::pre_tokenizers::split::{Split, SplitPattern};
use tokenizers::tokenizer::SplitDelimiterBehavior;
use tokenizers::{AddedToken, Tokenizer};

/// A tokenizer and its BOS convention.
pub(super) struct Parts {
    pub(super) inner: Tokenizer,
    pub(super) bos: Option<u32>,
    pub(super) adds_bos: bool,
}

/// `tokenizer.ggml.token_type` of control tokens.
const CONTROL: i64 = 3;
/// … and of tokens that a fine-tune added.
const USER_DEFINED: i64 = 4;

/// Builds the tokenizer.
///
/// # Errors
/// What is missing, or what hoplens does not run.
pub(super) fn read(metadata: &HashMap<String, Value>) -> Result<Parts, String> {
    let get = |key: &str| metadata.get(&format!("tokenizer.ggml.{key}"));
    let name = |key: &str| match get(key) {
        Some(Value::String(text)) => Some(text.as_str()),
        _ => None,
    };
    match name("model") {
        Some("gpt2") => {}
        Some(other) => {
            return Err(format!(
                "its tokenizer is of kind '{other}'; 'gpt2' (byte-level BPE) is read"
            ));
        }
        None => return Err("it carries no tokenizer (tokenizer.ggml.model is missing)".into()),
    }
    let tokens = strings(get("tokens")).ok_or("tokenizer.ggml.tokens is missing or not text")?;
    let merges = strings(get("merges")).ok_or("tokenizer.ggml.merges is missing or not text")?;
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
    let model = BPE::builder()
        .vocab_and_merges(vocabulary, pairs)
        .build()
        .map_err(|error| format!("its merges do not fit its tokens: {error}"))?;
    let mut inner = Tokenizer::new(model);
    inner.with_pre_tokenizer(Some(pre_tokenizer(name("pre").unwrap_or("default"))?));
    inner.with_decoder(Some(ByteLevel::default()));
    add_special_tokens(&mut inner, &tokens, get("token_type"))?;
    let id = |key: &str| {
        get(key)
            .and_then(|value| value.to_u64().ok())
            .and_then(|n| u32::try_from(n).ok())
    };
    let adds_bos = matches!(get("add_bos_token"), Some(Value::Bool(true)));
    Ok(Parts {
        inner,
        bos: id("bos_token_id"),
        adds_bos,
    })
}

/// Marks control tokens, so that they are never made from pieces of other text.
fn add_special_tokens(
    tokenizer: &mut Tokenizer,
    tokens: &[&str],
    kinds: Option<&Value>,
) -> Result<(), String> {
    let Some(Value::Array(kinds)) = kinds else {
        return Ok(());
    };
    let kind = |value: &Value| {
        value
            .to_i64()
            .or_else(|_| value.to_i32().map(i64::from))
            .unwrap_or(0)
    };
    let of_kind = |wanted: i64| {
        let matching = tokens
            .iter()
            .zip(kinds)
            .filter(move |(_, value)| kind(value) == wanted);
        matching.map(move |(token, _)| AddedToken::from(*token, wanted == CONTROL))
    };
    let special: Vec<AddedToken> = of_kind(CONTROL).collect();
    let added: Vec<AddedToken> = of_kind(USER_DEFINED).collect();
    tokenizer
        .add_special_tokens(special)
        .and_then(|_| tokenizer.add_tokens(added))
        .map(|_| ())
        .map_err(|error| format!("its special tokens cannot be used: {error}"))
}

fn strings(value: Option<&Value>) -> Option<Vec<&str>> {
    let Some(Value::Array(items)) = value else {
        return None;
    };
    items
        .iter()
        .map(|item| match item {
            Value::String(text) => Some(text.as_str()),
            _ => None,
        })
        .collect()
}

/// The pre-tokenizer that `tokenizer.ggml.pre` names; the patterns are those of llama.cpp's
/// `llama-vocab.cpp`, which took them from the models' own tokenizers.
fn pre_tokenizer(name: &str) -> Result<PreTokenizerWrapper, String> {
    let gpt2 = || ByteLevel::new(false, true, true).into();
    let with_digits = || {
        let parts = vec![PreTokenizerWrapper::from(Digits::new(true)), gpt2()];
        PreTokenizerWrapper::from(Sequence::new(parts))
    };
    match name {
        "default" | "gpt-2" | "olmo" | "mpt" | "phi-2" | "jina-en" | "roberta-bpe" => Ok(gpt2()),
        "smollm" | "starcoder" | "refact" | "command-r" | "codeshell" | "exaone" => {
            Ok(with_digits())
        }
        "llama-bpe" | "llama3" | "llama-v3" | "smaug-bpe" => split_by(LLAMA_3),
        "qwen2" | "deepseek-r1-qwen" | "stablelm2" => split_by(QWEN_2),
        other => Err(format!(
            "its pre-tokenizer '{other}' is not one that hoplens runs \
             (default, gpt-2, smollm, starcoder, llama-bpe, qwen2 and their relatives are)"
        )),
    }
}

const LLAMA_3: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
const QWEN_2: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

fn split_by(pattern: &str) -> Result<PreTokenizerWrapper, String> {
    let split = Split::new(
        SplitPattern::Regex(pattern.to_owned()),
        SplitDelimiterBehavior::Isolated,
        false,
    )
    .map_err(|error| format!("its pre-tokenizer's pattern cannot be used: {error}"))?;
    Ok(Sequence::new(vec![
        split.into(),
        ByteLevel::new(false, true, false).into(),
    ])
    .into())
}
