//! `textDocument/hover`: what a token is to the model.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};
use tower_lsp_server::jsonrpc::Result;
use tower_lsp_server::ls_types as lsp;

use crate::engine::Priority;
use crate::server::asking::CancelOnDrop;
use crate::server::documents::Document;
use crate::server::handlers::control::control_sentence;
use crate::server::handlers::text_hover::text_hover;
use crate::server::handlers::unmodified;
use crate::server::key::Key;
use crate::server::prompts::Known;
use crate::server::state::State;
use crate::server::{convert, ingress};
use hoplens_analysis::{AnalysisError, CaseFindings, FileFindings, answers, in_force};
use hoplens_ide::{HoverTarget, hover_target, render_hover, token_source};
use hoplens_interp::ModelContext;
use hoplens_interp::lens::{TokenLens, read_token};
use hoplens_runtime::{BosPolicy, Cancel, Model, PromptQuery};

/// How long a person is let wait before being told what is known so far.
const PATIENCE: Duration = Duration::from_millis(1500);
/// How many heads are named.
const HEADS: usize = 6;

pub(in crate::server) async fn hover(
    state: &State,
    params: &lsp::HoverParams,
) -> Result<Option<lsp::Hover>> {
    let Some(document) = ingress::document() else {
        return Ok(None);
    };
    let deadline = Instant::now() + PATIENCE;
    let can = state.can();
    let position = params.text_document_position_params.position;
    let offset = convert::offset(&document, position, can.encoding);
    if let Some(found) = text_hover(state, &document, offset)? {
        let at = |offset| convert::position(&document.text, &document.index, offset, can.encoding);
        let range = lsp::Range {
            start: at(found.range.start),
            end: at(found.range.end),
        };
        let mut text = found.text;
        if let Some(index) = found.injection
            && let Some(control) = control_sentence(state, &document, index, deadline).await
        {
            text = format!("{text}\n\n{control}");
        }
        return Ok(Some(markdown(text, Some(range))));
    }
    let Some(known) = wait_for_findings(state, &document, deadline).await? else {
        return Ok(None);
    };
    let view = &known.view;
    let Some(findings) = &view.snapshot.findings else {
        let is_prompt = view.snapshot.file.body.contains(&offset);
        let note = waiting_for(state, &known).filter(|_| is_prompt);
        return Ok(note.map(|note| markdown(note, None)));
    };
    let Some(target) = hover_target(&view.snapshot, offset) else {
        return Ok(None);
    };
    let bos = state.hop_settings(&Key::of(&document.uri)).bos;
    let lens = read_lens(state, &known, findings, target, bos, deadline).await;
    unmodified(state, &document)?;
    let lens = lens.as_deref().map_err(String::as_str);
    let Some(text) = render_hover(findings, target, lens, can.markdown) else {
        return Ok(None);
    };
    let source = findings
        .cases
        .get(target.case)
        .and_then(|case| token_source(case, target.token));
    let range = source.map(|range| convert::to_range(&view.prompt, &range, can.encoding));
    Ok(Some(markdown(text, range)))
}

/// What is known of this very text: with the model's findings if they come in time.
async fn wait_for_findings(
    state: &State,
    document: &Document,
    deadline: Instant,
) -> Result<Option<Known>> {
    let key = Key::of(&document.uri);
    let mut changes = state.prompts.changes();
    loop {
        unmodified(state, document)?;
        if !state.prompts.contains(&key) {
            return Ok(None);
        }
        let known = state
            .prompts
            .known(&key)
            .filter(|known| known.view.prompt.revision == Some(document.revision));
        let comes = known
            .as_ref()
            .is_none_or(|known| known.is_pending && known.view.snapshot.findings.is_none());
        if !comes || timeout_at(deadline, changes.changed()).await.is_err() {
            return Ok(known);
        }
    }
}

/// Why there are no findings yet; nothing where none will come by themselves.
fn waiting_for(state: &State, known: &Known) -> Option<String> {
    let status = state.engine.status();
    match status.obstacle() {
        Some(obstacle) => Some(format!("No model yet: {obstacle}")),
        None => known.is_pending.then(|| "Still computing.".to_owned()),
    }
}

fn markdown(value: String, range: Option<lsp::Range>) -> lsp::Hover {
    lsp::Hover {
        contents: lsp::HoverContents::Markup(lsp::MarkupContent {
            kind: lsp::MarkupKind::Markdown,
            value,
        }),
        range,
    }
}

/// The heads at a token: known already, or asked for; else why there are none.
async fn read_lens(
    state: &State,
    known: &Known,
    findings: &FileFindings,
    target: HoverTarget,
    bos: BosPolicy,
    deadline: Instant,
) -> std::result::Result<Arc<TokenLens>, String> {
    let lenses = &known.view.lenses;
    if let Some(lens) = lenses.get(&target) {
        return Ok(Arc::clone(&lens));
    }
    let Some(case) = findings.cases.get(target.case).cloned() else {
        return Err("there is no such case".to_owned());
    };
    let guard = CancelOnDrop::new();
    let cancel = guard.token();
    let keep = Arc::clone(lenses);
    let answer = state
        .engine
        .submit(Priority::Hover, &cancel, move |model, cancel| {
            let lens = Arc::new(read(model, &case, target.token, bos, cancel)?);
            // Also for whoever asks again after the deadline.
            keep.insert(target, Arc::clone(&lens));
            Ok::<_, AnalysisError>(lens)
        });
    match timeout_at(deadline, answer).await {
        Err(_) => {
            guard.keep();
            Err("still computing".to_owned())
        }
        Ok(Ok(Ok(Ok(lens)))) => Ok(lens),
        Ok(Ok(Ok(Err(error)))) => Err(error.to_string()),
        Ok(Ok(Err(error))) => Err(error.to_string()),
        Ok(Err(_)) => Err("the model is being replaced".to_owned()),
    }
}

/// Reads a token as the last one of its prefix, the case's injections in force.
fn read(
    model: &Model,
    case: &CaseFindings,
    token: usize,
    bos: BosPolicy,
    cancel: &Cancel,
) -> std::result::Result<TokenLens, AnalysisError> {
    let is_last = token + 1 == case.tokens.len();
    let subject = &case.query;
    let expected = match subject.expect.first() {
        Some(expect) if is_last => {
            let expect = std::slice::from_ref(expect);
            answers(model, &subject.prompt, expect)?
                .first()
                .map(|answer| answer.ids[0])
        }
        _ => None,
    };
    let (_, interventions) = in_force(model, subject, bos, cancel)?;
    let ids: Vec<u32> = case.tokens.iter().map(|token| token.id).collect();
    let query = PromptQuery {
        interventions,
        ..PromptQuery::from_ids(ids.get(..=token).unwrap_or(&ids))
    };
    let context = ModelContext::new(model, cancel);
    Ok(read_token(context, &query, expected, HEADS)?)
}
