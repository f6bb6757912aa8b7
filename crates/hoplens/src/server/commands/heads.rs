//! Every head at a token of a prompt.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};
use tower_lsp_server::jsonrpc::Result;
use tower_lsp_server::ls_types::ProgressToken;

use crate::server::asking::{Seen, ask_model, failed, look_first};
use crate::server::commands::{Place, cases};
use crate::server::convert;
use crate::server::key::Key;
use crate::server::progress::Progress;
use crate::server::state::State;
use hoplens_analysis::CaseFindings;
use hoplens_ide::documents::{Ablate, Asked, HeadMap, HeadsOptions, ShowError, head_map};
use hoplens_ide::{HoverTarget, hover_target, token_source};
use hoplens_interp::lens::AnyLens;

/// How many words of each head are told.
const WORDS: usize = 8;

#[derive(Debug, Clone, Deserialize)]
pub(super) struct HeadsParams {
    #[serde(flatten)]
    pub place: Place,
    /// How heads are silenced to see what they are worth.
    #[serde(default)]
    pub ablate: AblateName,
    /// Whether the heads that speak the case's bridge are looked for.
    #[serde(default)]
    pub bridge: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(in crate::server) enum AblateName {
    #[default]
    Zero,
    Mean,
    Estimate,
    None,
}

impl From<AblateName> for Ablate {
    fn from(name: AblateName) -> Self {
        match name {
            AblateName::Zero => Self::Zero,
            AblateName::Mean => Self::Mean,
            AblateName::Estimate => Self::Estimate,
            AblateName::None => Self::None,
        }
    }
}

/// What was read, as JSON and as a map.
pub(super) struct Read {
    pub document: Value,
    pub map: HeadMap,
}

pub(super) async fn run(
    state: &Arc<State>,
    params: HeadsParams,
    token: Option<ProgressToken>,
) -> Result<Value> {
    Ok(heads(state, &params, token).await?.document)
}

/// The document of `hoplens lens` of a token, with the places of the prompt's tokens.
pub(super) async fn heads(
    state: &Arc<State>,
    params: &HeadsParams,
    progress: Option<ProgressToken>,
) -> Result<Read> {
    let key = Key::of(&params.place.uri);
    let seen = look_first(state, &key).await?;
    let index = cases::index(state, &seen, &params.place)?;
    let Some(case) = seen.findings.cases.get(index).cloned() else {
        return Err(failed("there is no such case"));
    };
    let token = token(state, &seen, params, index, &case);
    let is_slow = matches!(params.ablate, AblateName::Zero | AblateName::Mean);
    let title = format!("Silencing the heads of {}", key.short_name());
    let progress = is_slow.then(|| Progress::begin_for(state, title, progress));
    let bos = state.hop_settings(&key).bos;
    let (ablate, bridge) = (Ablate::from(params.ablate), params.bridge);
    let subject = case.query.clone();
    let (document, map) = ask_model(state, move |model, cancel, _| {
        let asked = Asked::of_case(model, &subject, bos, cancel)?;
        let options = HeadsOptions {
            // A chat's closing tokens stand behind those of the findings, never before.
            position: token.min(asked.tokens.len().saturating_sub(1)),
            top: WORDS,
            ablate,
            bridge,
            lens: AnyLens::Unembed,
            words: None,
            anywhere: false,
        };
        let result = hoplens_ide::documents::heads(model, asked, &options, cancel)?;
        let map = head_map(&result, None, ablate, model)?;
        Ok::<_, ShowError>((hoplens_ide::documents::document(&model.info, &result)?, map))
    })
    .await?;
    drop(progress);
    let document = placed(state, &seen, &case, document);
    Ok(Read { document, map })
}

/// The token that is meant: the one at the position, or the last one.
fn token(
    state: &State,
    seen: &Seen,
    params: &HeadsParams,
    index: usize,
    case: &CaseFindings,
) -> usize {
    let last = case.tokens.len().saturating_sub(1);
    let Some(position) = params.place.position else {
        return last;
    };
    let offset = cases::offset(state, seen, position);
    let of_first = hover_target(seen.snapshot(), offset);
    match of_first {
        Some(HoverTarget { case, token }) if case == index => token,
        _ => token_at(case, offset).unwrap_or(last),
    }
}

/// The token of a case that covers a byte of the file.
fn token_at(case: &CaseFindings, offset: usize) -> Option<usize> {
    let at = case.rendered.to_rendered(offset)?;
    case.tokens
        .iter()
        .position(|token| token.range.contains(&at))
}

/// The document with what an editor needs to show it beside the text.
fn placed(state: &State, seen: &Seen, case: &CaseFindings, mut document: Value) -> Value {
    let view = &seen.known.view;
    let encoding = state.can().encoding;
    let ranges = (0..case.tokens.len()).map(|token| {
        let source = token_source(case, token)?;
        Some(convert::to_range(&view.prompt, &source, encoding))
    });
    document["ranges"] = json!(ranges.collect::<Vec<_>>());
    document["uri"] = json!(view.prompt.uri);
    document["version"] = json!(view.prompt.version);
    document["case"] = json!(case.id);
    document
}
