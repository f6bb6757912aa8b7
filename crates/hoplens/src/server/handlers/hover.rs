//! `textDocument/hover`: what the model does at a token.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};
use tower_lsp_server::jsonrpc::Result;
use tower_lsp_server::ls_types as lsp;

use crate::engine::{EngineError, Priority};
use crate::server::document_key::DocumentKey;
use crate::server::event::EngineEvent;
use crate::server::handlers::control::control_sentence;
use crate::server::handlers::text_hover::text_hover;
use crate::server::prompt_view::PromptView;
use crate::server::requests::CancelOnDrop;
use crate::server::session_handle::SessionHandle;
use crate::server::snapshot::{PromptSnapshot, SessionSnapshot};
use hoplens_analysis::{AnalysisError, CaseFindings, answers, in_force};
use hoplens_ide::{HoverTarget, hover_target, project_hover, render_hover, token_source};
use hoplens_interp::ModelContext;
use hoplens_interp::lens::{TokenLens, read_token};
use hoplens_runtime::{BosPolicy, CancelToken, Model, PromptQuery};

/// How long a person waits before the hover shows what is known so far.
const PATIENCE: Duration = Duration::from_millis(1500);
/// Most heads in a hover.
const MAX_HEADS: usize = 6;

/// Returns the description of a declaration, or the heads at a token.
pub(in crate::server) async fn hover(
    session: &SessionHandle,
    params: &lsp::HoverParams,
) -> Result<Option<lsp::Hover>> {
    let deadline = Instant::now() + PATIENCE;
    let arrived = session.on_arrival().await?;
    let at = &params.text_document_position_params;
    let key = DocumentKey::of(&at.text_document.uri);
    let Some(document) = arrived.document(&key) else {
        return Ok(None);
    };
    let encoding = arrived.client.encoding;
    let offset = document.offset(at.position, encoding);
    let found = if key.is_project_file() {
        project_hover(&document.text, offset)
    } else {
        let view = session.text_view(document).await?;
        view.and_then(|view| text_hover(&view, offset))
    };
    if let Some(found) = found {
        let range = document.range(&found.range, encoding);
        let mut text = found.text;
        if let Some(index) = found.injection
            && let Some(control) = control_sentence(session, &key, index, deadline).await
        {
            text = format!("{text}\n\n{control}");
        }
        return Ok(Some(markdown(text, Some(range))));
    }
    let Some((now, prompt)) = session.findings_until(document, deadline).await? else {
        return Ok(None);
    };
    let Some(view) = prompt.current_view() else {
        return Ok(None);
    };
    if view.snapshot.findings.is_none() {
        let is_prompt = view.snapshot.file.body.contains(&offset);
        let note = waiting_for(&now, &prompt).filter(|_| is_prompt);
        return Ok(note.map(|note| markdown(note, None)));
    }
    let Some(target) = hover_target(&view.snapshot, offset) else {
        return Ok(None);
    };
    let token = HoveredToken {
        key,
        run: prompt.view_run,
        target,
        bos: now.analysis_settings(view).bos,
    };
    let lens = token.read(session, view, deadline).await;
    session.newest().check_unmodified(document)?;
    let lens = lens.as_deref().map_err(String::as_str);
    Ok(show_token(view, target, lens, &now))
}

fn show_token(
    view: &PromptView,
    target: HoverTarget,
    lens: std::result::Result<&TokenLens, &str>,
    session: &SessionSnapshot,
) -> Option<lsp::Hover> {
    let findings = view.snapshot.findings.as_ref()?;
    let text = render_hover(findings, target, lens, session.client.markdown)?;
    let case = findings.cases.get(target.case);
    let source = case.and_then(|case| token_source(case, target.token));
    let range = source.map(|range| view.prompt.range(&range, session.client.encoding));
    Some(markdown(text, range))
}

/// Returns why there are no findings yet; `None` if none will come.
fn waiting_for(session: &SessionSnapshot, prompt: &PromptSnapshot) -> Option<String> {
    match session.model.obstacle() {
        Some(obstacle) => Some(format!("No model yet: {obstacle}")),
        None => prompt.is_pending.then(|| "Still computing.".to_owned()),
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

/// The token under the pointer.
struct HoveredToken {
    /// The prompt.
    key: DocumentKey,
    /// The number of the run whose text the client shows.
    run: u64,
    target: HoverTarget,
    bos: BosPolicy,
}

impl HoveredToken {
    /// Returns the heads at the token: read already, or read now by the model.
    ///
    /// # Errors
    /// The model has not read them by `deadline`; with the reason.
    async fn read(
        self,
        session: &SessionHandle,
        view: &PromptView,
        deadline: Instant,
    ) -> std::result::Result<Arc<TokenLens>, String> {
        if let Some(lens) = view.lenses.get(&self.target) {
            return Ok(Arc::clone(&lens));
        }
        let findings = view.snapshot.findings.as_ref();
        let case = findings.and_then(|findings| findings.cases.get(self.target.case));
        let Some(case) = case.cloned() else {
            return Err("there is no such case".to_owned());
        };
        let guard = CancelOnDrop::new();
        let events = session.clone();
        let job = session
            .engine
            .submit(Priority::Hover, &guard.token(), move |model, cancel| {
                let lens = read_heads(model, &case, self.target.token, self.bos, cancel)?;
                let lens = Arc::new(lens);
                // Also for a request after the deadline.
                events.send_engine(EngineEvent::TokenRead {
                    key: self.key,
                    run: self.run,
                    target: self.target,
                    lens: Arc::clone(&lens),
                });
                Ok::<_, AnalysisError>(lens)
            });
        match timeout_at(deadline, job).await {
            Err(_) => {
                guard.keep();
                Err("still computing".to_owned())
            }
            Ok(Err(EngineError::Closed)) => Err("the model is being replaced".to_owned()),
            Ok(result) => result.map_err(|error| error.to_string()),
        }
    }
}

/// Reads a token as the last one of its prefix, with the case's injections in force.
fn read_heads(
    model: &Model,
    case: &CaseFindings,
    token: usize,
    bos: BosPolicy,
    cancel: &CancelToken,
) -> std::result::Result<TokenLens, AnalysisError> {
    let is_last = token + 1 == case.tokens.len();
    let expected = match case.query.expect.first() {
        Some(expect) if is_last => {
            let expect = std::slice::from_ref(expect);
            answers(model, &case.query.prompt, expect)?
                .first()
                .map(|answer| answer.ids[0])
        }
        _ => None,
    };
    let (_, interventions) = in_force(model, &case.query, bos, cancel)?;
    let ids: Vec<u32> = case.tokens.iter().map(|token| token.id).collect();
    let query = PromptQuery {
        interventions,
        ..PromptQuery::from_ids(ids.get(..=token).unwrap_or(&ids))
    };
    let context = ModelContext::new(model, cancel);
    Ok(read_token(context, &query, expected, MAX_HEADS)?)
}
