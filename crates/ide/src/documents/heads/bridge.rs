//! Finds the heads that rank the bridge of a hop, or the words of a list, high.

use crate::documents::error::DocumentError;
use crate::documents::heads::query::HeadsQuery;
use hoplens_interp::ModelContext;
use hoplens_interp::lens::{AnyLens, WordRank, WordSearch, rank_words};
use hoplens_prompt::memory_text;
use hoplens_runtime::{CancelToken, Model, PromptQuery};

/// The rank that each head gives to the bridge, in two prompts: as written, and with the bridge
/// named in the text.
#[derive(Debug)]
pub struct BridgeRanks {
    /// The bridge.
    pub bridge: String,
    /// The tokens that stand for the bridge: the best rank of any of them counts.
    pub tokens: Vec<u32>,
    /// The text of the prompt that names the bridge.
    pub explicit_prompt: String,
    /// The ranks in the prompt as written.
    pub composed: Vec<WordRank>,
    /// The ranks in the prompt that names the bridge.
    pub explicit: Vec<WordRank>,
}

/// Ranks the bridge in both prompts, at every position from the mention (or the bridge in its
/// place) to the end. Returns `None` if the query has no bridge.
///
/// The prompt that names the bridge runs without the file's injections, like the probe `explicit`.
pub fn find_bridge(
    model: &Model,
    query: &HeadsQuery,
    lens: AnyLens<'_>,
    cancel: &CancelToken,
) -> Result<Option<BridgeRanks>, DocumentError> {
    let (Some(hop), Some((explicit_prompt, bridge_range))) = (&query.hop, query.explicit()) else {
        return Ok(None);
    };
    let tokens = first_tokens(model, memory_text(&hop.bridge), true);
    if tokens.is_empty() {
        return Ok(None);
    }
    let context = ModelContext::new(model, cancel);
    let rank = |query: &PromptQuery, first_position: usize| {
        let search = WordSearch {
            positions: first_position..query.tokens.len(),
            words: &tokens,
            lens,
        };
        rank_words(context, query, &search)
    };
    let composed_query = PromptQuery {
        tokens: query.tokens.clone(),
        interventions: query.interventions.clone(),
        ..PromptQuery::default()
    };
    let composed = rank(
        &composed_query,
        HeadsQuery::token_at(&composed_query.tokens, hop.mention.start),
    )?;
    let explicit_query = PromptQuery::new(&model.tokenizer, explicit_prompt.as_str(), query.bos);
    let explicit = rank(
        &explicit_query,
        HeadsQuery::token_at(&explicit_query.tokens, bridge_range.start),
    )?;
    Ok(Some(BridgeRanks {
        bridge: hop.bridge.clone(),
        tokens,
        explicit_prompt,
        composed,
        explicit,
    }))
}

/// Returns the first token of a text, with and without a leading space. With `every_word`, adds the
/// first tokens of the text's other words.
fn first_tokens(model: &Model, text: &str, every_word: bool) -> Vec<u32> {
    let spaced = model.tokenizer.continuation(&format!(" {text}"));
    let begins_word = |token: &&u32| model.tokenizer.text(**token).starts_with(' ');
    let mut tokens: Vec<u32> = spaced.first().copied().into_iter().collect();
    if every_word {
        tokens.extend(spaced.iter().skip(1).filter(begins_word));
    }
    tokens.extend(model.tokenizer.continuation(text).first());
    tokens.sort_unstable();
    tokens.dedup();
    tokens
}

/// Returns the first tokens of `words`, and the words that have no usable token. A token is usable
/// if it is the whole word or a part of it with at least three letters: shorter parts begin many
/// other words too.
pub fn word_tokens(model: &Model, words: &[String]) -> (Vec<u32>, Vec<String>) {
    const MIN_LETTERS: usize = 3;
    let (mut tokens, mut unknown) = (Vec::new(), Vec::new());
    for word in words {
        let is_usable = |token: &u32| {
            let text = model.tokenizer.text(*token);
            let text = text.trim();
            text == word || (word.starts_with(text) && text.chars().count() >= MIN_LETTERS)
        };
        let found: Vec<u32> = first_tokens(model, word, false)
            .into_iter()
            .filter(is_usable)
            .collect();
        if found.is_empty() {
            unknown.push(word.clone());
        }
        tokens.extend(found);
    }
    tokens.sort_unstable();
    tokens.dedup();
    (tokens, unknown)
}
