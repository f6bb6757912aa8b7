//! The tokens that stand for a bridge in a read-out.

use hoplens_runtime::Model;

/// Words that any text contains.
const FUNCTION_WORDS: [&str; 9] = ["the", "of", "a", "an", "and", "in", "on", "for", "to"];

/// Returns the first token of each word of a bridge, with a leading space, without function words
/// and without the tokens of the prompt: that a prompt's own words are read says nothing about a
/// bridge that it does not name.
pub fn bridge_tokens(model: &Model, bridge: &str, prompt: &[u32]) -> Vec<u32> {
    let words = bridge.split_whitespace();
    let content = words.filter(|word| {
        let word = word.to_lowercase();
        !FUNCTION_WORDS.contains(&word.as_str())
    });
    let mut tokens: Vec<u32> = content
        .filter_map(|word| model.tokenizer.ids(&format!(" {word}")).first().copied())
        .filter(|token| !prompt.contains(token))
        .collect();
    tokens.sort_unstable();
    tokens.dedup();
    tokens
}
