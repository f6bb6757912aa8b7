//! What was read of the heads at a token, as JSON has it.

use serde::Serialize;

use hoplens_interp::lens::{HeadReadout, WordRank};
use hoplens_interp::memory::MemoryInjection;
use hoplens_runtime::Model;

/// How heads are silenced to see what they are worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Ablate {
    /// z becomes zero at all positions.
    Zero,
    /// z becomes its mean over the prompt's positions.
    Mean,
    /// As zero, to first order: fast, and often far off.
    Estimate,
    /// Not at all.
    None,
}

#[derive(Debug, Serialize)]
pub struct LensResult {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub case: Option<String>,
    pub prompt: String,
    pub tokens: Vec<TokenText>,
    pub position: usize,
    pub target: String,
    pub logp: f64,
    pub lens: &'static str,
    /// Those in force.
    pub injections: Vec<MemoryInjection>,
    /// Length of the residual stream behind the last block.
    pub residual_norm: f32,
    /// What is looked for where the bridge is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bridge: Option<BridgeText>,
    /// The words that are looked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub words: Option<WordTexts>,
    pub heads: Vec<HeadRow>,
}

#[derive(Debug, Serialize)]
pub struct BridgeText {
    pub text: String,
    pub tokens: Vec<TokenText>,
    pub explicit_prompt: String,
    pub explicit_tokens: Vec<TokenText>,
}

#[derive(Debug, Serialize)]
pub struct WordTexts {
    pub words: Vec<String>,
    pub tokens: Vec<TokenText>,
    /// Words of which the vocabulary has no token.
    pub unknown: Vec<String>,
}

#[derive(Debug, Clone, Serialize)]
pub struct TokenText {
    pub id: u32,
    pub text: String,
}

#[derive(Debug, Serialize)]
pub struct HeadRow {
    pub layer: usize,
    pub head: usize,
    pub norm: f32,
    pub direct_logit: f32,
    pub ablation_dlogp: Option<f64>,
    pub ablation: Option<Ablate>,
    pub attention: Vec<f32>,
    pub top: Vec<Word>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bridge: Option<BridgeRow>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub words: Option<SpokenRow>,
}

#[derive(Debug, Serialize)]
pub struct Word {
    pub token: String,
    pub score: f32,
}

/// Where a head's lens ranks the bridge highest.
#[derive(Debug, Serialize)]
pub struct BridgeRow {
    pub composed: SpokenRow,
    pub explicit: SpokenRow,
}

/// Where a head's lens ranks one of some words highest.
#[derive(Debug, Clone, Serialize)]
pub struct SpokenRow {
    pub position: usize,
    /// The token of the prompt at that position.
    pub at: String,
    /// The word.
    pub token: String,
    /// 0 = the lens says it first.
    pub rank: usize,
    pub score: f32,
    /// Of all the words together, of the lens' probability.
    pub share: f64,
}

pub fn token_texts(model: &Model, ids: &[u32]) -> Vec<TokenText> {
    let text = |id: &u32| TokenText {
        id: *id,
        text: model.tokenizer.text(*id),
    };
    ids.iter().map(text).collect()
}

pub fn head_row(model: &Model, head: HeadReadout, ablate: Ablate, change: Option<f64>) -> HeadRow {
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
            .map(|(token, score)| Word {
                token: model.tokenizer.text(*token),
                score: *score,
            })
            .collect(),
        bridge: None,
        words: None,
    }
}

/// `tokens`: of the prompt that was read.
pub fn spoken_row(model: &Model, found: &WordRank, tokens: &[TokenText]) -> SpokenRow {
    SpokenRow {
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
