//! Which heads rank the bridge of a hop, or the words of a list, highest.

use crate::documents::error::DocumentError;
use crate::documents::heads::query::HeadsQuery;
use hoplens_interp::ModelContext;
use hoplens_interp::lens::{AnyLens, WordRank, WordSearch, rank_words};
use hoplens_prompt::memory_text;
use hoplens_runtime::{CancelToken, Model, PromptQuery};

/// Each head's rank of the bridge, in the prompt as written and in the one that names the bridge.
#[derive(Debug)]
pub struct BridgeRanks {
    /// The bridge.
    pub bridge: String,
    /// The tokens that are looked for.
    pub tokens: Vec<u32>,
    /// The prompt that names the bridge.
    pub explicit_prompt: String,
    /// In the prompt as written.
    pub composed: Vec<WordRank>,
    /// In the prompt that names the bridge.
    pub explicit: Vec<WordRank>,
}

/// Reads both prompts from the mention, or the bridge in its place, to the end; `None` if the query
/// has no bridge. The prompt that names the bridge runs without the file's injections, like its
/// probe.
pub fn find_bridge(
    model: &Model,
    query: &HeadsQuery,
    lens: AnyLens<'_>,
    cancel: &CancelToken,
) -> Result<Option<BridgeRanks>, DocumentError> {
    let (Some(hop), Some((explicit, place))) = (&query.hop, query.explicit()) else {
        return Ok(None);
    };
    let tokens = tokens_of(model, memory_text(&hop.bridge), true);
    if tokens.is_empty() {
        return Ok(None);
    }
    let context = ModelContext::new(model, cancel);
    let rank = |query: &PromptQuery, from: usize| {
        let search = WordSearch {
            positions: from..query.tokens.len(),
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
    let explicit_query = PromptQuery::new(&model.tokenizer, explicit.as_str(), query.bos);
    let explicit_heads = rank(
        &explicit_query,
        HeadsQuery::token_at(&explicit_query.tokens, place.start),
    )?;
    Ok(Some(BridgeRanks {
        bridge: hop.bridge.clone(),
        tokens,
        explicit_prompt: explicit,
        composed,
        explicit: explicit_heads,
    }))
}

/// Returns the tokens that begin a text: its first one, with a space before it and without, and if
/// `all` those that begin its other words.
fn tokens_of(model: &Model, text: &str, all: bool) -> Vec<u32> {
    let spaced = model.tokenizer.continuation(&format!(" {text}"));
    let begins_word = |token: &&u32| model.tokenizer.text(**token).starts_with(' ');
    let mut tokens: Vec<u32> = spaced.first().copied().into_iter().collect();
    if all {
        tokens.extend(spaced.iter().skip(1).filter(begins_word));
    }
    tokens.extend(model.tokenizer.continuation(text).first());
    tokens.sort_unstable();
    tokens.dedup();
    tokens
}

/// Returns the tokens of words, and the words for which the vocabulary has only pieces of a letter
/// or two, which would be found everywhere.
pub fn word_tokens(model: &Model, words: &[String]) -> (Vec<u32>, Vec<String>) {
    const LETTERS: usize = 2;
    let (mut tokens, mut unknown) = (Vec::new(), Vec::new());
    for word in words {
        let says = |token: &u32| {
            let text = model.tokenizer.text(*token);
            let text = text.trim();
            text == word || (word.starts_with(text) && LETTERS < text.chars().count())
        };
        let found: Vec<u32> = tokens_of(model, word, false)
            .into_iter()
            .filter(says)
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
