//! What `hoplens lens` found, as JSON has it.

use serde::Serialize;

use super::read::AblateArg;
use crate::lens::{HeadReading, Spoken};
use crate::memory::Recipe;
use crate::model::Model;

#[derive(Debug, Serialize)]
pub(super) struct LensResult<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) path: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) case: Option<&'a str>,
    pub(super) prompt: &'a str,
    pub(super) tokens: Vec<TokenText>,
    pub(super) position: usize,
    pub(super) target: String,
    pub(super) logp: f64,
    pub(super) lens: &'static str,
    /// Those in force.
    pub(super) injections: &'a [Recipe],
    /// Length of the residual stream behind the last block.
    pub(super) residual_norm: f32,
    /// What is looked for where the bridge is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) bridge: Option<BridgeText>,
    /// The words that are looked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) words: Option<WordTexts>,
    pub(super) heads: Vec<HeadRow>,
}

#[derive(Debug, Serialize)]
pub(super) struct BridgeText {
    pub(super) text: String,
    pub(super) tokens: Vec<TokenText>,
    pub(super) explicit_prompt: String,
    pub(super) explicit_tokens: Vec<TokenText>,
}

#[derive(Debug, Serialize)]
pub(super) struct WordTexts {
    pub(super) words: Vec<String>,
    pub(super) tokens: Vec<TokenText>,
    /// Words of which the vocabulary has no token.
    pub(super) unknown: Vec<String>,
}

#[derive(Debug, Clone, Serialize)]
pub(super) struct TokenText {
    pub(super) id: u32,
    pub(super) text: String,
}

#[derive(Debug, Serialize)]
pub(super) struct HeadRow {
    pub(super) layer: usize,
    pub(super) head: usize,
    pub(super) norm: f32,
    pub(super) direct_logit: f32,
    pub(super) ablation_dlogp: Option<f64>,
    pub(super) ablation: Option<AblateArg>,
    pub(super) attention: Vec<f32>,
    pub(super) top: Vec<Word>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) bridge: Option<BridgeRow>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) words: Option<SpokenRow>,
}

#[derive(Debug, Serialize)]
pub(super) struct Word {
    pub(super) token: String,
    pub(super) score: f32,
}

/// Where a head's lens ranks the bridge highest.
#[derive(Debug, Serialize)]
pub(super) struct BridgeRow {
    pub(super) composed: SpokenRow,
    pub(super) explicit: SpokenRow,
}

/// Where a head's lens ranks one of some words highest.
#[derive(Debug, Clone, Serialize)]
pub(super) struct SpokenRow {
    pub(super) position: usize,
    /// The token of the prompt at that position.
    pub(super) at: String,
    /// The word.
    pub(super) token: String,
    /// 0 = the lens says it first.
    pub(super) rank: usize,
    pub(super) score: f32,
    /// Of all the words together, of the lens' probability.
    pub(super) share: f64,
}

pub(super) fn token_texts(model: &Model, ids: &[u32]) -> Vec<TokenText> {
    let text = |id: &u32| TokenText {
        id: *id,
        text: model.tokenizer.text(*id),
    };
    ids.iter().map(text).collect()
}

pub(super) fn head_row(
    model: &Model,
    head: HeadReading,
    ablate: AblateArg,
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
pub(super) fn spoken_row(model: &Model, found: &Spoken, tokens: &[TokenText]) -> SpokenRow {
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
