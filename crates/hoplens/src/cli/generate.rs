//! `hoplens generate`: continues the prompts of a prompt file.

mod args;
mod shown;

use std::borrow::Cow;
use std::io::{IsTerminal, Write};
use std::ops::ControlFlow;

use serde::Serialize;

pub(super) use args::GenerateArgs;
use shown::without_controls;

use crate::cli::error::CliError;
use crate::cli::global::{Global, OutputFormat};
use crate::cli::outcome::CommandOutcome;
use crate::cli::{cases, interrupt, json, prompt_files, resident};
use hoplens_analysis::memory_injection;
use hoplens_analysis::{
    AnalysisError, CaseQuery, Generated, Generation, PromptSource, StopReason, case_id, case_query,
    generate,
};
use hoplens_ide::{Snapshot, quoted};
use hoplens_injection::Scope;
use hoplens_interp::memory::{MemoryInjection, Placement};
use hoplens_prompt::text::{LineIndex, PositionEncoding};
use hoplens_prompt::{Origin, Severity, all_problems, sidecar_name};
use hoplens_runtime::{CancelToken, Model, SamplingParams};

#[derive(Serialize)]
struct GenerateResult<'a> {
    path: &'a str,
    sampling: SamplingReport,
    /// The first case, or the requested one.
    #[serde(flatten)]
    first: CaseReport,
    /// The file's other cases.
    others: Vec<CaseReport>,
}

#[derive(Serialize)]
struct SamplingReport {
    temperature: f64,
    top_k: Option<usize>,
    top_p: Option<f64>,
    seed: u64,
}

#[derive(Serialize)]
struct CaseReport {
    case: String,
    prompt: String,
    injections: Vec<MemoryInjection>,
    #[serde(flatten)]
    written: Generated,
    /// The continuation without the injections, if a comparison was requested.
    #[serde(skip_serializing_if = "Option::is_none")]
    without_injections: Option<Generated>,
}

pub(super) fn run(args: &GenerateArgs, global: &Global) -> Result<CommandOutcome, CliError> {
    let snapshot = prompt_files::open(&args.file)?;
    refuse_errors(&snapshot)?;
    let cases = wanted(args, &snapshot)?;
    let model = resident::load(global)?;
    let cancel = interrupt::cancel_on_interrupt()?;
    let settings = Generation {
        bos: global.bos(),
        most: args.max_tokens,
        sampling: args.sampling(),
        stops: args.stop.clone(),
    };
    let session = Session {
        model: &model,
        settings: &settings,
        cancel: &cancel,
        is_text: global.format() == OutputFormat::Text,
        is_seen: std::io::stdout().is_terminal(),
        has_headings: cases.len() > 1 || args.compare,
    };
    let mut reports = Vec::new();
    for index in cases {
        let id = case_id(&snapshot.file, index);
        let failed = |error: AnalysisError| CliError::Case {
            path: args.file.clone(),
            reason: match index {
                Some(_) => format!("{id}: {error}"),
                None => error.to_string(),
            },
        };
        let source = PromptSource::new(&snapshot.file, &snapshot.text);
        let mut query = case_query(&model, source, index).map_err(failed)?;
        if args.no_injections {
            query.injections.clear();
        }
        let compares = args.compare && !query.injections.is_empty();
        if args.compare && !compares {
            // What is said of a text is no reason to fail.
            let _ = writeln!(
                anstream::stderr(),
                "[{id}: no injection is in force, so both texts are the same; it is written once]"
            );
        }
        let without_injections = if compares {
            let plain = CaseQuery {
                injections: Vec::new(),
                ..query.clone()
            };
            let heading = format!("{id}, without injections");
            Some(session.write(&heading, &plain)?.map_err(failed)?)
        } else {
            None
        };
        let heading = if compares {
            format!("{id}, with injections")
        } else {
            id.clone()
        };
        let written = session.write(&heading, &query)?.map_err(failed)?;
        reports.push(CaseReport {
            case: id,
            prompt: query.prompt,
            injections: query.injections.iter().map(memory_injection).collect(),
            written,
            without_injections,
        });
        if cancel.is_cancelled() {
            break;
        }
    }
    let mut reports = reports.into_iter();
    if let Some(first) = reports.next().filter(|_| !session.is_text) {
        let SamplingParams {
            temperature,
            top_k,
            top_p,
            seed,
        } = settings.sampling;
        let result = GenerateResult {
            path: &snapshot.name,
            sampling: SamplingReport {
                temperature,
                top_k,
                top_p,
                seed,
            },
            first,
            others: reports.collect(),
        };
        json::print(&mut std::io::stdout().lock(), Some(&model.info), result)?;
    }
    Ok(if cancel.is_cancelled() {
        CommandOutcome::Interrupted
    } else {
        CommandOutcome::Clean
    })
}

/// The state that all continuations of one command share.
struct Session<'a> {
    model: &'a Model,
    settings: &'a Generation,
    cancel: &'a CancelToken,
    /// Whether the text is printed during generation.
    is_text: bool,
    /// Whether standard output is a terminal, which interprets control characters.
    is_seen: bool,
    /// Whether each text has a heading.
    has_headings: bool,
}

impl Session<'_> {
    /// Continues one prompt. Prints only the text on standard output, piece by piece; the summary
    /// goes to standard error.
    ///
    /// # Errors
    /// The outer error means that standard output is closed, the inner one that the prompt cannot
    /// be continued.
    fn write(
        &self,
        heading: &str,
        query: &CaseQuery,
    ) -> std::io::Result<Result<Generated, AnalysisError>> {
        let mut out = std::io::stdout().lock();
        if self.is_text && self.has_headings {
            writeln!(out, "== {}", self.shown(heading))?;
        }
        let mut failed = None;
        let mut line_is_open = false;
        let mut sink = |text: &str| {
            if !self.is_text || text.is_empty() {
                return ControlFlow::Continue(());
            }
            line_is_open = !text.ends_with('\n');
            match write!(out, "{}", self.shown(text)).and_then(|()| out.flush()) {
                Ok(()) => ControlFlow::Continue(()),
                Err(error) => {
                    failed = Some(error);
                    ControlFlow::Break(())
                }
            }
        };
        let written = generate(self.model, query, self.settings, self.cancel, &mut sink);
        if let Some(error) = failed {
            return Err(error);
        }
        if line_is_open {
            writeln!(out)?;
        }
        if let (true, Ok(written)) = (self.is_text, &written) {
            // What is said of a text is no reason to fail.
            let _ = writeln!(anstream::stderr(), "{}", self.summary(written, query));
        }
        Ok(written)
    }

    /// Returns a text for standard output: unchanged, unless it is a terminal.
    fn shown<'t>(&self, text: &'t str) -> Cow<'t, str> {
        if self.is_seen {
            without_controls(text)
        } else {
            text.into()
        }
    }

    fn summary(&self, written: &Generated, query: &CaseQuery) -> String {
        let why = match written.stop {
            StopReason::Eos => "ended by the model".to_owned(),
            StopReason::Length if written.context_full => {
                let context = self.model.config().context;
                format!("stopped: the model reads no more than {context} tokens")
            }
            StopReason::Length => "stopped by --max-tokens".to_owned(),
            StopReason::StopText => "stopped by --stop".to_owned(),
            StopReason::Interrupted => "interrupted".to_owned(),
        };
        let speed = written
            .ms_per_token
            .map_or_else(String::new, |ms| format!(", {ms:.1} ms each"));
        let count = written.tokens.len();
        let injections = query.injections.iter().map(memory_injection);
        let injections: String = injections
            .map(|memory_injection| in_force(&memory_injection))
            .collect();
        format!("[{count} tokens{speed}; {why}{injections}]")
    }
}

fn in_force(memory_injection: &MemoryInjection) -> String {
    let memory = quoted(&memory_injection.memory);
    let Placement {
        layer, head, tau, ..
    } = memory_injection.placement;
    let head = head.map_or_else(String::new, |head| format!(", head {head}"));
    let scope = match &memory_injection.placement.scope {
        Scope::All => String::new(),
        Scope::Last => ", last token".into(),
        Scope::Span(span) => format!(", at {}", quoted(&span.text)),
    };
    format!("; in force: {memory}, layer {layer}{head}, τ {tau}{scope}")
}

/// Rejects a file with errors: if it is only partly read, the model could run with other injections
/// than its author intends.
fn refuse_errors(snapshot: &Snapshot) -> Result<(), CliError> {
    let problems = all_problems(&snapshot.file, &snapshot.text);
    let Some(error) = problems
        .iter()
        .find(|problem| problem.severity == Severity::Error)
    else {
        return Ok(());
    };
    let (path, text) = match error.origin {
        Origin::FrontMatter => (snapshot.name.clone(), snapshot.text.as_str()),
        Origin::Sidecar => {
            let text = snapshot.file.sidecar.as_deref().unwrap_or_default();
            (sidecar_name(&snapshot.name), text)
        }
    };
    let index = LineIndex::new(text);
    let place = index.position(text, error.range.start, PositionEncoding::Utf32);
    Err(CliError::Case {
        path: format!("{path}:{}", place.line + 1).into(),
        reason: error.message.clone(),
    })
}

/// Returns the indices of the cases to continue; `[None]` for a file without cases.
fn wanted(args: &GenerateArgs, snapshot: &Snapshot) -> Result<Vec<Option<usize>>, CliError> {
    match &args.case {
        Some(name) => cases::named(snapshot, name),
        None if snapshot.file.cases.is_empty() => Ok(vec![None]),
        None => Ok((0..snapshot.file.cases.len()).map(Some).collect()),
    }
}
