//! `hoplens.server.sweep`: a memory at every layer and magnitude.

use std::time::Instant;

use serde_json::Value;
use tower_lsp_server::jsonrpc::{Error, Result};
use tower_lsp_server::ls_types::ProgressToken;

use crate::server::commands::argument::write;
use crate::server::commands::cases::{RequestedCase, requested_case};
use crate::server::document_key::DocumentKey;
use crate::server::progress::{ProgressStep, WorkProgress};
use crate::server::protocol::common::{EncodingName, ScopeName};
use crate::server::protocol::{CaseLocation, SweepParams, SweepResult};
use crate::server::requests::{failed, run_on_model};
use crate::server::session_handle::SessionHandle;
use hoplens_analysis::CaseFindings;
use hoplens_ide::documents::{
    DocumentError, HeadsQuery, SweepDocument, SweepEvidence, SweepQuery, json_document,
    measure_evidence, sweep_map,
};
use hoplens_ide::{percent, quoted};
use hoplens_injection::{Encoding, Scope};
use hoplens_interp::ModelContext;
use hoplens_interp::memory::{Grid, Sweep, sweep};
use hoplens_prompt::memory_text;
use hoplens_runtime::PromptQuery;

/// The measured magnitudes.
const TAUS: std::ops::RangeInclusive<u32> = 1..=15;

impl From<EncodingName> for Encoding {
    fn from(name: EncodingName) -> Self {
        match name {
            EncodingName::Embed => Self::Embed,
            EncodingName::Unembed => Self::Unembed,
            EncodingName::Layerwise => Self::Layerwise,
        }
    }
}

impl From<ScopeName> for Scope {
    fn from(name: ScopeName) -> Self {
        match name {
            ScopeName::All => Self::All,
            ScopeName::Last => Self::Last,
        }
    }
}

/// The sweep, as JSON and as a picture.
pub(super) struct MeasuredSweep {
    pub document: Value,
    pub svg: String,
}

pub(super) async fn run(
    session: &SessionHandle,
    params: SweepParams,
    token: Option<ProgressToken>,
) -> Result<Value> {
    Ok(measured(session, params, token).await?.document)
}

/// Returns the document of `hoplens sweep` of a case, with its other injections in force.
pub(super) async fn measured(
    session: &SessionHandle,
    params: SweepParams,
    token: Option<ProgressToken>,
) -> Result<MeasuredSweep> {
    let key = DocumentKey::of(&params.uri);
    let location = CaseLocation {
        uri: params.uri.clone(),
        position: params.position,
        case: params.case.clone(),
    };
    let RequestedCase { analyzed, case, .. } = requested_case(session, &location).await?;
    if case.query.expect.is_empty() {
        return Err(failed(format!(
            "case {} expects no answer, so nothing can gain; give it an `expect`",
            case.id
        )));
    }
    let memories = memories(&case);
    let memory = params.memory.clone().or_else(|| memories.first().cloned());
    let Some(memory) = memory.filter(|memory| !memory.trim().is_empty()) else {
        return Err(Error::invalid_params(format!(
            "name a memory: case {} declares no bridge",
            case.id
        )));
    };
    let title = format!("Sweeping {}", key.short_name());
    let progress = WorkProgress::begin_for(session, title, token);
    let settings = analyzed.session.analysis_settings(&analyzed.view);
    let (subject, bos) = (case.query.clone(), settings.bos);
    let (encoding, scope) = (params.encoding.into(), params.scope.into());
    let swept = memory.clone();
    let (document, svg) = run_on_model(session, move |model, cancel, pause| {
        let asked = HeadsQuery::of_case(model, &subject, bos, cancel)?;
        let answers = subject.answers(model, &asked.prompt)?;
        let grid = Grid {
            encodings: vec![encoding],
            layers: (0..model.info.layers).collect(),
            taus: TAUS.map(f64::from).collect(),
            scopes: vec![scope],
            head: None,
        };
        let total = grid.layers.len() * grid.taus.len();
        let query = PromptQuery {
            text: asked.prompt.clone(),
            tokens: asked.tokens.clone(),
            answers,
            interventions: asked.interventions.clone(),
            bos,
        };
        let context = ModelContext::new(model, cancel);
        let begun = Instant::now();
        let mut tick = |done: usize| {
            progress.report(ProgressStep {
                message: format!("{done} of {total} cells"),
                percent: (100 * done / total.max(1)).min(100) as u32,
            });
            pause();
        };
        let found = sweep(context, &query, &swept, &grid, &mut tick)?;
        let elapsed = begun.elapsed().as_secs_f64() * 1e3;
        let sweep_query = SweepQuery {
            prompt: &asked.prompt,
            expect: &asked.expect,
            memory: &swept,
        };
        let evidence = if params.control {
            measure_evidence(context, &query, sweep_query, found.best())?
        } else {
            SweepEvidence::default()
        };
        let svg = picture(&found, &grid, &swept, &asked.expect)?;
        let result = SweepDocument::new(sweep_query, &found, &evidence, elapsed);
        Ok::<_, DocumentError>((json_document(&model.info, result)?, svg))
    })
    .await?;
    let document = write(SweepResult {
        uri: analyzed.view.prompt.uri.clone(),
        version: analyzed.view.prompt.version,
        case: case.id.clone(),
        memories,
        document,
    })?;
    Ok(MeasuredSweep { document, svg })
}

/// Returns the bridges of a case as memories.
fn memories(case: &CaseFindings) -> Vec<String> {
    let bridges = case.query.mentions.iter();
    let bridges = bridges.filter_map(|mention| mention.bridge.as_deref());
    bridges
        .map(|bridge| memory_text(bridge).to_owned())
        .collect()
}

fn picture(
    swept: &Sweep,
    grid: &Grid,
    memory: &str,
    expect: &[String],
) -> std::result::Result<String, DocumentError> {
    let answers: Vec<String> = expect.iter().map(|answer| quoted(answer)).collect();
    let title = format!("Δ log p of {} by layer and τ", answers.join(" or "));
    let before = percent(swept.baseline.logp_first.exp());
    let subtitle = format!("memory {}, {before} without it", quoted(memory));
    sweep_map(title, subtitle, swept, &grid.layers, &grid.taus).svg()
}
