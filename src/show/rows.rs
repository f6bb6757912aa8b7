//! What was read of the heads at a token, as JSON has it.

use serde::Serialize;

use crate::lens::{HeadReading, Spoken};
use crate::memory::Recipe;
use crate::model::Model;

/// How heads are silenced to see what they are worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Ablate {
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
pub(crate) struct LensResult {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) path: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) case: Option<String>,
    pub(crate) prompt: String,
    pub(crate) tokens: Vec<TokenText>,
    pub(crate) position: usize,
    pub(crate) target: String,
    pub(crate) logp: f64,
    pub(crate) lens: &'static str,
    /// Those in force.
    pub(crate) injections: Vec<Recipe>,
    /// Length of the residual stream behind the last block.
    pub(crate) residual_norm: f32,
    /// What is looked for where the bridge is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) bridge: Option<BridgeText>,
    /// The words that are looked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) words: Option<WordTexts>,
    pub(crate) heads: Vec<HeadRow>,
}

#[derive(Debug, Serialize)]
pub(crate) struct BridgeText {
    pub(crate) text: String,
    pub(crate) tokens: Vec<TokenText>,
    pub(crate) explicit_prompt: String,
    pub(crate) explicit_tokens: Vec<TokenText>,
}

#[derive(Debug, Serialize)]
pub(crate) struct WordTexts {
    pub(crate) words: Vec<String>,
    pub(crate) tokens: Vec<TokenText>,
    /// Words of which the vocabulary has no token.
    pub(crate) unknown: Vec<String>,
}

#[derive(Debug, Clone, Serialize)]
pub(crate) struct TokenText {
    pub(crate) id: u32,
    pub(crate) text: String,
}

#[derive(Debug, Serialize)]
pub(crate) struct HeadRow {
    pub(crate) layer: usize,
    pub(crate) head: usize,
    pub(crate) norm: f32,
    pub(crate) direct_logit: f32,
    pub(crate) ablation_dlogp: Option<f64>,
    pub(crate) ablation: Option<Ablate>,
    pub(crate) attention: Vec<f32>,
    pub(crate) top: Vec<Word>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) bridge: Option<BridgeRow>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) words: Option<SpokenRow>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Word {
    pub(crate) token: String,
    pub(crate) score: f32,
}

/// Where a head's lens ranks the bridge highest.
#[derive(Debug, Serialize)]
pub(crate) struct BridgeRow {
    pub(crate) composed: SpokenRow,
    pub(crate) explicit: SpokenRow,
}

/// Where a head's lens ranks one of some words highest.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct SpokenRow {
    pub(crate) position: usize,
    /// The token of the prompt at that position.
    pub(crate) at: String,
    /// The word.
    pub(crate) token: String,
    /// 0 = the lens says it first.
    pub(crate) rank: usize,
    pub(crate) score: f32,
    /// Of all the words together, of the lens' probability.
    pub(crate) share: f64,
}

pub(crate) fn token_texts(model: &Model, ids: &[u32]) -> Vec<TokenText> {
    let text = |id: &u32| TokenText {
        id: *id,
        text: model.tokenizer.text(*id),
    };
    ids.iter().map(text).collect()
}

pub(crate) fn head_row(
    model: &Model,
    head: HeadReading,
    ablate: Ablate,
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
pub(crate) fn spoken_row(model: &Model, found: &Spoken, tokens: &[TokenText]) -> SpokenRow {
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
