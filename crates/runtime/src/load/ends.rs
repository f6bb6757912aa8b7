//! The end-of-text tokens of a model.

use std::path::Path;

use serde_json::Value;

use crate::config::{Config, token_ids};
use crate::tokenizer::Tokenizer;

/// Names of tokens that end a text or the model's turn in a conversation, as llama.cpp lists them
/// (`llama_vocab`, end-of-generation tokens). Files often declare only one of them, and a chat model
/// that continues after the end of its turn also writes the user's part.
const NAMES: [&str; 10] = [
    "</s>",
    "<|endoftext|>",
    "<|end_of_text|>",
    "<|im_end|>",
    "<|eot_id|>",
    "<|eom_id|>",
    "<|end|>",
    "<end_of_turn>",
    "<|END_OF_TURN_TOKEN|>",
    "<｜end▁of▁sentence｜>",
];

/// Every end-of-text token of a model, in ascending order: those of its configuration, of `declared`
/// and of its tokenizer, and special tokens with one of [`NAMES`].
pub(super) fn ends(config: &Config, declared: &[u32], tokenizer: &Tokenizer) -> Vec<u32> {
    let named = NAMES.iter().filter_map(|name| tokenizer.special(name));
    let mut ends: Vec<u32> = config
        .eos
        .iter()
        .chain(declared)
        .copied()
        .chain(tokenizer.eos())
        .chain(named)
        .filter(|id| (*id as usize) < config.vocab)
        .collect();
    ends.sort_unstable();
    ends.dedup();
    ends
}

/// The end-of-text tokens in a folder's `generation_config.json`; none where the file is missing or
/// unreadable, because a model runs without it.
pub(super) fn declared(folder: &Path) -> Vec<u32> {
    let path = folder.join("generation_config.json");
    let Ok(text) = std::fs::read(&path) else {
        return Vec::new();
    };
    match serde_json::from_slice::<Value>(&text) {
        Ok(json) => json.get("eos_token_id").map_or_else(Vec::new, token_ids),
        Err(error) => {
            let path = path.display();
            tracing::warn!("{path} is not JSON and is ignored: {error}");
            Vec::new()
        }
    }
}
