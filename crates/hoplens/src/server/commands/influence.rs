//! `hoplens.server.influence`: which sentences of a prompt matter.

use serde_json::Value;
use tower_lsp_server::jsonrpc::Result;
use tower_lsp_server::ls_types::ProgressToken;

use crate::engine::Priority;
use crate::server::commands::argument::write;
use crate::server::commands::cases::{RequestedCase, requested_case};
use crate::server::document_key::DocumentKey;
use crate::server::event::EngineEvent;
use crate::server::progress::{ProgressStep, WorkProgress};
use crate::server::protocol::CaseLocation;
use crate::server::protocol::influence::{
    InfluenceCase, InfluenceEntry, InfluenceLine, InfluenceMethodName, InfluenceParams,
    InfluenceResult,
};
use crate::server::requests::{Analyzed, CancelOnDrop, ensure_analyzed, failed};
use crate::server::session_handle::SessionHandle;
use hoplens_analysis::{
    AnalysisContext, AnalysisError, CaseBaseline, FileInfluence, InfluenceBaseline, InfluenceEvent,
    InfluenceMethod, InfluenceRequest, InfluenceRun,
};
use hoplens_ide::{influence_lines, segment_kind_name};

impl From<InfluenceMethodName> for InfluenceMethod {
    fn from(name: InfluenceMethodName) -> Self {
        match name {
            InfluenceMethodName::Remove => Self::Remove,
            InfluenceMethodName::Knockout => Self::Knockout,
        }
    }
}

pub(super) async fn run(
    session: &SessionHandle,
    params: InfluenceParams,
    token: Option<ProgressToken>,
) -> Result<Value> {
    let key = DocumentKey::of(&params.uri);
    let (analyzed, only) = requested(session, &key, &params).await?;
    let snapshot = &analyzed.view.snapshot;
    let method: InfluenceMethod = params.method.into();
    let mut request = InfluenceRequest::all(snapshot.file.clone(), snapshot.text.clone(), method);
    let is_whole = only.is_empty() && method == InfluenceMethod::Remove;
    if !only.is_empty() {
        request.cases = only;
    }
    let title = format!("Measuring sentences of {}", key.short_name());
    let progress = WorkProgress::begin_for(session, title, token);
    let settings = analyzed.session.analysis_settings(&analyzed.view);
    let guard = CancelOnDrop::new();
    // It can take a while, so what a person waits for at this moment comes first.
    let job = session.engine.submit_long(
        Priority::Diagnostics,
        &guard.token(),
        move |model, cancel, pause| {
            let context = AnalysisContext::new(model, &settings, cancel);
            let mut found = FileInfluence::new(method);
            let mut total = 0;
            let mut run = InfluenceRun::new(request);
            while let Some(events) = run.step(&context)? {
                for event in events {
                    if let InfluenceEvent::Case { segments, .. } = &event {
                        total += segments;
                    }
                    found.apply(event);
                }
                let done = found.segments.len();
                progress.report(ProgressStep {
                    message: format!("{done} of {total} sentences"),
                    percent: (100 * done / total.max(1)).min(100) as u32,
                });
                pause();
            }
            Ok::<_, AnalysisError>(found)
        },
    );
    let found = job.await.map_err(|error| failed(error.to_string()))?;
    if let (true, Some((id, reason))) = (found.cases.is_empty(), found.failures.first()) {
        return Err(failed(format!("case {id} could not be run: {reason}")));
    }
    let result = write(result(&analyzed, &found))?;
    if let Some(prompt) = analyzed.session.prompt(&key).filter(|_| is_whole) {
        session.send_engine(EngineEvent::InfluenceMeasured {
            key,
            run: prompt.view_run,
            influence: Box::new(found),
        });
    }
    Ok(result)
}

/// Returns the analyzed prompt, and the only case that is measured; none where all are.
async fn requested(
    session: &SessionHandle,
    key: &DocumentKey,
    params: &InfluenceParams,
) -> Result<(Analyzed, Vec<Option<usize>>)> {
    if params.case.is_none() {
        return Ok((ensure_analyzed(session, key).await?, Vec::new()));
    }
    let location = CaseLocation {
        uri: params.uri.clone(),
        position: None,
        case: params.case.clone(),
    };
    let RequestedCase { analyzed, case, .. } = requested_case(session, &location).await?;
    Ok((analyzed, vec![case.case]))
}

fn result(analyzed: &Analyzed, found: &FileInfluence) -> InfluenceResult {
    let prompt = &analyzed.view.prompt;
    let encoding = analyzed.session.client.encoding;
    let mut influence = Vec::with_capacity(found.segments.len());
    for case in &found.cases {
        influence.extend(found.of_case(case.case).map(|segment| InfluenceEntry {
            range: prompt.range(&segment.range, encoding),
            case: case.id.clone(),
            kind: segment_kind_name(segment.kind).to_owned(),
            delta_logp: segment.delta_logp,
            kl: segment.kl,
        }));
    }
    let lines = influence_lines(&analyzed.view.snapshot.text, found);
    let lines = lines.into_iter().map(|line| InfluenceLine {
        line: u32::try_from(line.line).unwrap_or(u32::MAX),
        share: line.share,
        bar: line.bar,
        text: line.text,
    });
    InfluenceResult {
        uri: prompt.uri.clone(),
        version: prompt.version,
        cases: found.cases.iter().map(case_report).collect(),
        influence,
        lines: lines.collect(),
    }
}

fn case_report(case: &CaseBaseline) -> InfluenceCase {
    let (logp, reply) = match &case.baseline {
        InfluenceBaseline::Answer { logp } => (Some(*logp), None),
        InfluenceBaseline::Reply { text } => (None, Some(text.clone())),
    };
    InfluenceCase {
        id: case.id.clone(),
        logp,
        reply,
    }
}
