//! `hoplens.server.heads`: every head at a token of a prompt.

use serde_json::Value;
use tower_lsp_server::jsonrpc::Result;
use tower_lsp_server::ls_types::ProgressToken;

use crate::server::commands::argument::write;
use crate::server::commands::cases;
use crate::server::commands::cases::{RequestedCase, requested_case};
use crate::server::document_key::DocumentKey;
use crate::server::progress::WorkProgress;
use crate::server::protocol::common::AblationMode;
use crate::server::protocol::{CaseLocation, HeadsParams, HeadsResult};
use crate::server::requests::{Analyzed, run_on_model};
use crate::server::session_handle::SessionHandle;
use hoplens_analysis::CaseFindings;
use hoplens_ide::documents::{
    AblationMethod, DocumentError, HeadMap, HeadsOptions, HeadsQuery, head_map, heads_document,
    json_document,
};
use hoplens_ide::{HoverTarget, hover_target, token_source};
use hoplens_interp::lens::AnyLens;

/// Most words of each head.
const WORDS: usize = 8;

impl From<AblationMode> for AblationMethod {
    fn from(name: AblationMode) -> Self {
        match name {
            AblationMode::Zero => Self::Zero,
            AblationMode::Mean => Self::Mean,
            AblationMode::Estimate => Self::Estimate,
            AblationMode::None => Self::None,
        }
    }
}

/// The heads, as JSON and as a map.
pub(super) struct MeasuredHeads {
    pub document: Value,
    pub map: HeadMap,
}

pub(super) async fn run(
    session: &SessionHandle,
    params: HeadsParams,
    token: Option<ProgressToken>,
) -> Result<Value> {
    Ok(heads(session, &params, token).await?.document)
}

/// Returns the document of `hoplens lens` of a token, with the ranges of the prompt's tokens.
pub(super) async fn heads(
    session: &SessionHandle,
    params: &HeadsParams,
    progress: Option<ProgressToken>,
) -> Result<MeasuredHeads> {
    let key = DocumentKey::of(&params.uri);
    let location = CaseLocation {
        uri: params.uri.clone(),
        position: params.position,
        case: params.case.clone(),
    };
    let RequestedCase {
        analyzed,
        index,
        case,
    } = requested_case(session, &location).await?;
    let token = token(&analyzed, params, index, &case);
    let is_slow = matches!(params.ablate, AblationMode::Zero | AblationMode::Mean);
    let title = format!("Ablating the heads of {}", key.short_name());
    let progress = is_slow.then(|| WorkProgress::begin_for(session, title, progress));
    let bos = analyzed.session.analysis_settings(&analyzed.view).bos;
    let (ablate, bridge) = (AblationMethod::from(params.ablate), params.bridge);
    let subject = case.query.clone();
    let (document, map) = run_on_model(session, move |model, cancel, _| {
        let asked = HeadsQuery::of_case(model, &subject, bos, cancel)?;
        let options = HeadsOptions {
            // The closing tokens of a chat follow those of the findings.
            position: token.min(asked.tokens.len().saturating_sub(1)),
            top: WORDS,
            ablate,
            bridge,
            lens: AnyLens::Unembed,
            words: None,
            anywhere: false,
        };
        let result = heads_document(model, asked, &options, cancel)?;
        let map = head_map(&result, None, ablate, model)?;
        Ok::<_, DocumentError>((json_document(&model.info, &result)?, map))
    })
    .await?;
    drop(progress);
    let document = placed(&analyzed, &case, document)?;
    Ok(MeasuredHeads { document, map })
}

/// Returns the index of the token at the position, or of the last one.
fn token(analyzed: &Analyzed, params: &HeadsParams, index: usize, case: &CaseFindings) -> usize {
    let last = case.tokens.len().saturating_sub(1);
    let Some(position) = params.position else {
        return last;
    };
    let offset = cases::offset(analyzed, position);
    let of_first = hover_target(&analyzed.view.snapshot, offset);
    match of_first {
        Some(HoverTarget { case, token }) if case == index => token,
        _ => token_at(case, offset).unwrap_or(last),
    }
}

/// Returns the token of a case that covers a byte of the file.
fn token_at(case: &CaseFindings, offset: usize) -> Option<usize> {
    let at = case.rendered.to_rendered(offset)?;
    case.tokens
        .iter()
        .position(|token| token.range.contains(&at))
}

/// Adds to the document what an editor needs to show it next to the text.
fn placed(analyzed: &Analyzed, case: &CaseFindings, document: Value) -> Result<Value> {
    let prompt = &analyzed.view.prompt;
    let encoding = analyzed.session.client.encoding;
    let ranges = (0..case.tokens.len()).map(|token| {
        let source = token_source(case, token)?;
        Some(prompt.range(&source, encoding))
    });
    write(HeadsResult {
        uri: prompt.uri.clone(),
        version: prompt.version,
        case: case.id.clone(),
        ranges: ranges.collect(),
        document,
    })
}
