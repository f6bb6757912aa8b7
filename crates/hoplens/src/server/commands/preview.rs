//! `hoplens.server.preview`: the rendered prompt of a case.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::time::timeout;
use tower_lsp_server::jsonrpc::{Error, Result};
use tower_lsp_server::ls_types as lsp;

use crate::engine::{EngineError, Priority};
use crate::server::commands::argument::write;
use crate::server::document_key::DocumentKey;
use crate::server::prompt_view::PromptView;
use crate::server::protocol::preview::{
    PreviewMessage, PreviewModelText, PreviewParams, PreviewProblem, PreviewReading, PreviewResult,
    PreviewSegment, PreviewSegmentKind, PreviewValue,
};
use crate::server::requests::CancelOnDrop;
use crate::server::session_handle::{RequestedPrompt, SessionHandle};
use hoplens_analysis::{AnalysisError, PromptReading, PromptSource, PromptText, prompt_text};
use hoplens_ide::{
    MessagePreview, PromptPreview, SegmentPreview, SegmentPreviewKind, case_at, case_named, preview,
};
use hoplens_prompt::text::PositionEncoding;

/// How long an author who types waits for the counts of a model that is busy.
const PATIENCE: Duration = Duration::from_millis(500);

pub(super) async fn run(session: &SessionHandle, params: PreviewParams) -> Result<Value> {
    let Some(requested) = session.prompt_of_request(&params.uri).await? else {
        let name = DocumentKey::of(&params.uri).name();
        return Err(Error::invalid_params(format!(
            "{name} is not an open prompt"
        )));
    };
    let index = case_index(&requested, &params)?;
    let view = &requested.view;
    let (prompt, without_model) = match read_by_model(session, &requested, index).await {
        Ok(prompt) => (prompt, None),
        Err(reason) => {
            let snapshot = &view.snapshot;
            let source = PromptSource::new(&snapshot.file, &snapshot.text);
            let bos = requested.session.analysis_settings(view).bos;
            (prompt_text(None, source, index, bos), Some(reason))
        }
    };
    session.newest().check_unmodified(&requested.document)?;
    let shown = preview(&view.snapshot, index, &prompt);
    let places = Places {
        view,
        encoding: requested.session.client.encoding,
    };
    write(places.result(shown, &prompt, without_model))
}

/// Returns the index of the case that is shown; `None` if the file has none.
fn case_index(requested: &RequestedPrompt, params: &PreviewParams) -> Result<Option<usize>> {
    let snapshot = &requested.view.snapshot;
    let at_position = params.position.and_then(|position| {
        let encoding = requested.session.client.encoding;
        let offset = requested.document.offset(position, encoding);
        case_at(snapshot, requested.origin, offset)
    });
    if at_position.is_some() {
        return Ok(at_position);
    }
    let first = (!snapshot.file.cases.is_empty()).then_some(0);
    let Some(id) = &params.case else {
        return Ok(first);
    };
    match case_named(snapshot, id) {
        Some(index) => Ok(Some(index)),
        // The case that an editor follows may be gone.
        None if params.position.is_some() => Ok(first),
        None => Err(Error::invalid_params(format!("there is no case `{id}`"))),
    }
}

/// Returns the prompt with the text that the model reads.
///
/// # Errors
/// There is no model, or it is busy; with the reason.
async fn read_by_model(
    session: &SessionHandle,
    requested: &RequestedPrompt,
    index: Option<usize>,
) -> std::result::Result<PromptText, String> {
    if let Some(obstacle) = requested.session.model.obstacle() {
        return Err(format!("no model yet: {obstacle}"));
    }
    let view = Arc::clone(&requested.view);
    let bos = requested.session.analysis_settings(&view).bos;
    let guard = CancelOnDrop::new();
    let job = session
        .engine
        .submit(Priority::Hover, &guard.token(), move |model, _| {
            let snapshot = &view.snapshot;
            let source = PromptSource::new(&snapshot.file, &snapshot.text);
            Ok::<_, AnalysisError>(prompt_text(Some(model), source, index, bos))
        });
    match timeout(PATIENCE, job).await {
        Err(_) => Err("the model is busy".to_owned()),
        Ok(Err(EngineError::Closed)) => Err("the model is being replaced".to_owned()),
        Ok(result) => result.map_err(|error| error.to_string()),
    }
}

/// Converts the bytes of a prompt's files to ranges.
struct Places<'a> {
    view: &'a PromptView,
    encoding: PositionEncoding,
}

impl Places<'_> {
    fn range(&self, bytes: &Range<usize>) -> lsp::Range {
        self.view.prompt.range(bytes, self.encoding)
    }

    fn result(
        &self,
        shown: PromptPreview,
        prompt: &PromptText,
        without_model: Option<String>,
    ) -> PreviewResult {
        let model = prompt.model_text.as_ref().map(|model| PreviewModelText {
            name: model.model.clone(),
            context: model.context,
            tokens: shown.tokens,
            template_tokens: shown.template_tokens,
            segments: self.segments(shown.exact.unwrap_or_default()),
            refusal: shown.refusal,
        });
        let messages = shown.messages.into_iter();
        PreviewResult {
            uri: self.view.prompt.uri.clone(),
            version: self.view.prompt.version,
            case: shown.case,
            cases: shown.cases,
            reading: match shown.reading {
                PromptReading::Continuation => PreviewReading::Continuation,
                PromptReading::UserMessage => PreviewReading::UserMessage,
                PromptReading::Chat => PreviewReading::Chat,
            },
            messages: messages.map(|message| self.message(message)).collect(),
            model,
            without_model,
            unset: shown.unset,
            error: shown.error.map(|error| PreviewProblem {
                range: error.range.map(|range| self.range(&range)),
                message: error.message,
            }),
        }
    }

    fn message(&self, message: MessagePreview) -> PreviewMessage {
        PreviewMessage {
            role: message.role,
            continued: message.is_continued,
            sent: message.is_sent,
            text: message.text,
            tokens: message.tokens,
            segments: self.segments(message.segments),
        }
    }

    fn segments(&self, segments: Vec<SegmentPreview>) -> Vec<PreviewSegment> {
        let segment = |one: SegmentPreview| PreviewSegment {
            kind: match one.kind {
                SegmentPreviewKind::Text => PreviewSegmentKind::Text,
                SegmentPreviewKind::Value => PreviewSegmentKind::Value,
                SegmentPreviewKind::Unset => PreviewSegmentKind::Unset,
                SegmentPreviewKind::Omitted => PreviewSegmentKind::Omitted,
                SegmentPreviewKind::Template => PreviewSegmentKind::Template,
            },
            text: one.text,
            source: one.source.map(|source| self.range(&source)),
            tag: one.tag,
            value: one.value.and_then(|value| {
                let origin = value.origin();
                let file = self.view.source(origin)?;
                Some(PreviewValue {
                    name: value.name,
                    uri: file.uri.clone(),
                    range: file.range(&value.range, self.encoding),
                })
            }),
            note: one.note,
        };
        segments.into_iter().map(segment).collect()
    }
}
