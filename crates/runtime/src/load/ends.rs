//! The tokens that end a text.

use std::path::Path;

use serde_json::Value;

use crate::config::{Config, token_ids};
use crate::tokenizer::Tokenizer;

/// Tokens that end a text or the model's turn in a conversation, by name, as llama.cpp knows them
/// (`llama_vocab`, end-of-generation tokens): files often declare one of them only, and a chat
/// model that goes on behind the end of its turn writes the user's part too.
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

/// Every end-of-text token of a model, in order: those of its configuration, of `declared` and of
/// its tokenizer, and those that bear a usual name.
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

/// What a folder's `generation_config.json` says; nothing where there is none that can be read,
/// for a model runs without.
pub(super) fn declared(folder: &Path) -> Vec<u32> {
    let path = folder.join("generation_config.json");
    let Ok(text) = std::fs::read(&path) else {
        return Vec::new();
    };
    match serde_json::from_slice::<Value>(&text) {
        Ok(json) => json.get("eos_token_id").map_or_else(Vec::new, token_ids),
        Err(error) => {
            let path = path.display();
            tracing::warn!("{path} is not JSON and was left out: {error}");
            Vec::new()
        }
    }
}
