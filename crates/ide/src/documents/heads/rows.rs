//! The read-out of every head at one token, with the field names of the JSON.

use serde::Serialize;

use crate::documents::heads::options::AblationMethod;
use hoplens_interp::lens::{HeadReadout, WordRank};
use hoplens_interp::memory::MemoryInjection;
use hoplens_runtime::Model;

/// The read-out of every head at one token of a prompt.
#[derive(Debug, Serialize)]
pub struct HeadsDocument {
    /// The prompt file, if the prompt is a case's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The id of the case.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub case: Option<String>,
    /// The rendered prompt.
    pub prompt: String,
    /// Its tokens.
    pub tokens: Vec<TokenText>,
    /// The token that was read, from 0.
    pub position: usize,
    /// The next token by which heads are measured.
    pub target: String,
    /// Log-probability of `target` behind the token that was read, in nats.
    pub logp: f64,
    /// The lens: `unembed`, `trained` or `jacobian`.
    pub lens: &'static str,
    /// The injections in force.
    pub injections: Vec<MemoryInjection>,
    /// Norm of the residual stream behind the last block.
    pub residual_norm: f32,
    /// The bridge that is looked for, where one is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bridge: Option<BridgeText>,
    /// The words that are looked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub words: Option<WordTexts>,
    /// One row for each head: layer by layer, head by head.
    pub heads: Vec<HeadRow>,
}

/// A bridge that is looked for, and the prompt that names it.
#[derive(Debug, Serialize)]
pub struct BridgeText {
    /// The bridge.
    pub text: String,
    /// The tokens that are looked for.
    pub tokens: Vec<TokenText>,
    /// The prompt with the bridge in the mention's place.
    pub explicit_prompt: String,
    /// Its tokens.
    pub explicit_tokens: Vec<TokenText>,
}

/// Words that are looked for.
#[derive(Debug, Serialize)]
pub struct WordTexts {
    /// The words.
    pub words: Vec<String>,
    /// Their tokens.
    pub tokens: Vec<TokenText>,
    /// Words for which the vocabulary has no token.
    pub unknown: Vec<String>,
}

/// A token of the vocabulary.
#[derive(Debug, Clone, Serialize)]
pub struct TokenText {
    /// Its id.
    pub id: u32,
    /// Its text.
    pub text: String,
}

/// The read-out of one head.
#[derive(Debug, Serialize)]
pub struct HeadRow {
    /// From 0.
    pub layer: usize,
    /// From 0.
    pub head: usize,
    /// Norm of what the head adds to the residual stream.
    pub norm: f32,
    /// What the head adds to the logit of the target.
    pub direct_logit: f32,
    /// Change of the target's log-probability when the head is ablated, in nats.
    pub ablation_dlogp: Option<f64>,
    /// How it was ablated.
    pub ablation: Option<AblationMethod>,
    /// Attention of the head from the token to each token up to it.
    pub attention: Vec<f32>,
    /// The words that the lens ranks first in the head's output.
    pub top: Vec<ScoredWord>,
    /// The rank of the bridge.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bridge: Option<BridgeRow>,
    /// The rank of the best of the words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub words: Option<WordRankRow>,
}

/// A word with the lens's score.
#[derive(Debug, Serialize)]
pub struct ScoredWord {
    /// The token's text.
    pub token: String,
    /// Its logit under the lens.
    pub score: f32,
}

/// Where a head's lens ranks the bridge highest: in the prompt as written and in the one that names
/// the bridge.
#[derive(Debug, Serialize)]
pub struct BridgeRow {
    /// In the prompt as written.
    pub composed: WordRankRow,
    /// In the prompt that names the bridge.
    pub explicit: WordRankRow,
}

/// Where a head's lens ranks one of several words highest.
#[derive(Debug, Clone, Serialize)]
pub struct WordRankRow {
    /// The position, from 0.
    pub position: usize,
    /// The token of the prompt at that position.
    pub at: String,
    /// The word.
    pub token: String,
    /// Rank of the word under the lens; 0 is the first.
    pub rank: usize,
    /// Its logit under the lens.
    pub score: f32,
    /// Probability under the lens of all the words together.
    pub share: f64,
}

/// Returns the tokens of `ids` with their texts.
pub fn token_texts(model: &Model, ids: &[u32]) -> Vec<TokenText> {
    let text = |id: &u32| TokenText {
        id: *id,
        text: model.tokenizer.text(*id),
    };
    ids.iter().map(text).collect()
}

/// Returns the row of a head; `change` is the Δlog p of its ablation.
pub fn head_row(
    model: &Model,
    head: HeadReadout,
    ablate: AblationMethod,
    change: Option<f64>,
) -> HeadRow {
    HeadRow {
        layer: head.layer,
        head: head.head,
        norm: head.norm,
        direct_logit: head.direct_logit,
        ablation_dlogp: change.filter(|change| change.is_finite()),
        ablation: change.map(|_| ablate),
        attention: head.attention,
        top: head
            .top
            .iter()
            .map(|(token, score)| ScoredWord {
                token: model.tokenizer.text(*token),
                score: *score,
            })
            .collect(),
        bridge: None,
        words: None,
    }
}

/// Returns the row of a word's rank; `tokens` are those of the prompt that was read.
pub fn word_rank_row(model: &Model, found: &WordRank, tokens: &[TokenText]) -> WordRankRow {
    WordRankRow {
        position: found.position,
        at: tokens
            .get(found.position)
            .map(|token| token.text.clone())
            .unwrap_or_default(),
        token: model.tokenizer.text(found.token),
        rank: found.rank,
        score: found.score,
        share: found.share,
    }
}
