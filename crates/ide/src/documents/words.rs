//! Which heads speak the bridge of a hop, or the words of a list.

use crate::documents::asked::Asked;
use crate::documents::error::ShowError;
use hoplens_interp::ModelContext;
use hoplens_interp::lens::{AnyLens, WordRank, WordSearch, rank_words};
use hoplens_prompt::memory_text;
use hoplens_runtime::{Cancel, Model, PromptQuery};

/// Who speaks the bridge, in the prompt as it is and in the one that names it.
#[derive(Debug)]
pub struct BridgeHeads {
    pub bridge: String,
    /// The tokens that are looked for.
    pub tokens: Vec<u32>,
    /// The prompt that names the bridge.
    pub explicit_prompt: String,
    pub composed: Vec<WordRank>,
    pub explicit: Vec<WordRank>,
}

/// Reads both prompts from the mention on, or from the bridge in its place. The explicit prompt is
/// asked without the file's injections, as its probe is.
pub fn bridge(
    model: &Model,
    asked: &Asked,
    lens: AnyLens<'_>,
    cancel: &Cancel,
) -> Result<Option<BridgeHeads>, ShowError> {
    let (Some(hop), Some((explicit, place))) = (&asked.hop, asked.explicit()) else {
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
    let query = PromptQuery {
        tokens: asked.tokens.clone(),
        interventions: asked.interventions.clone(),
        ..PromptQuery::default()
    };
    let composed = rank(&query, Asked::token_at(&query.tokens, hop.mention.start))?;
    let query = PromptQuery::new(&model.tokenizer, explicit.as_str(), asked.bos);
    let explicit_heads = rank(&query, Asked::token_at(&query.tokens, place.start))?;
    Ok(Some(BridgeHeads {
        bridge: hop.bridge.clone(),
        tokens,
        explicit_prompt: explicit,
        composed,
        explicit: explicit_heads,
    }))
}

/// The tokens by which a lens would say a text: its first one, with a space before it and without,
/// and where `all` those that begin its other words.
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

/// The tokens of words, and the words of which the model's vocabulary knows only pieces of a
/// letter or two, which would be found everywhere.
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
