//! `hoplens influence`: measures which sentences of a prompt matter.

pub(super) mod session;
mod text;

use std::path::PathBuf;
use std::time::Instant;

use serde::Serialize;

use crate::cli::error::CliError;
use crate::cli::global::{Global, OutputFormat};
use crate::cli::influence::session::{influence, influence_of};
use crate::cli::outcome::CommandOutcome;
use crate::cli::prompt_files::open;
use crate::cli::report::{InfluenceReport, influence_reports};
use crate::cli::{cases, json, projects, resident};
use hoplens_analysis::{CaseBaseline, InfluenceBaseline, InfluenceMethod};
use hoplens_prompt::prompt_of_sidecar;

#[derive(Debug, clap::Args)]
pub(super) struct InfluenceArgs {
    /// A prompt file, or its sidecar.
    file: PathBuf,
    /// Only this case, by its id or as #1, #2, …; a matrix by its own id, with all its rows.
    #[arg(long, value_name = "ID")]
    case: Option<String>,
    /// How a sentence is taken away: its text is removed, as an author would do, or its tokens stay
    /// and no later token attends to them.
    #[arg(long, value_enum, default_value_t)]
    method: MethodArg,
}

/// [`InfluenceMethod`] as a flag.
#[derive(Debug, Clone, Copy, Default, clap::ValueEnum)]
enum MethodArg {
    #[default]
    Remove,
    Knockout,
}

impl From<MethodArg> for InfluenceMethod {
    fn from(method: MethodArg) -> Self {
        match method {
            MethodArg::Remove => Self::Remove,
            MethodArg::Knockout => Self::Knockout,
        }
    }
}

pub(super) fn run(args: &InfluenceArgs, global: &Global) -> Result<CommandOutcome, CliError> {
    let file = prompt_of_sidecar(&args.file).unwrap_or_else(|| args.file.clone());
    let path = file.to_string_lossy();
    let settings = projects::settings(&path, global)?;
    let mut snapshot = open(&file)?;
    let mut request = influence_of(&snapshot, args.method.into());
    if let Some(id) = args.case.as_deref() {
        request.cases = cases::named(&snapshot, id)?;
    }
    let model = resident::load(global)?;
    let start = Instant::now();
    let found = influence(request, &model, &settings, &path)?;
    let elapsed_ms = start.elapsed().as_secs_f64() * 1e3;
    // The cases that could be run are reported, but one that could not is an error.
    let failure = found.failures.first().map(|(id, reason)| CliError::Case {
        path: file.clone(),
        reason: format!("case {id}: {reason}"),
    });
    let found = snapshot.influence.insert(found).clone();
    let out = &mut anstream::stdout().lock();
    if global.format() == OutputFormat::Json {
        let result = InfluenceResult {
            path: &path,
            method: found.method,
            cases: found.cases.iter().map(BaselineReport::from).collect(),
            influence: influence_reports(&snapshot).unwrap_or_default(),
            elapsed_ms,
        };
        json::print(out, Some(&model.info), result)?;
    } else {
        text::print(out, &snapshot, &found)?;
    }
    match failure {
        Some(error) => Err(error),
        None => Ok(CommandOutcome::Clean),
    }
}

#[derive(Serialize)]
struct InfluenceResult<'a> {
    path: &'a str,
    method: InfluenceMethod,
    cases: Vec<BaselineReport<'a>>,
    influence: Vec<InfluenceReport<'a>>,
    elapsed_ms: f64,
}

/// A case with the prompt as written.
#[derive(Serialize)]
struct BaselineReport<'a> {
    id: &'a str,
    /// Log-probability of the accepted answers; null if none is expected.
    logp: Option<f64>,
    /// The first tokens of the greedy reply; null if an answer is expected.
    reply: Option<&'a str>,
}

impl<'a> From<&'a CaseBaseline> for BaselineReport<'a> {
    fn from(case: &'a CaseBaseline) -> Self {
        let (logp, reply) = match &case.baseline {
            InfluenceBaseline::Answer { logp } => (Some(*logp), None),
            InfluenceBaseline::Reply { text } => (None, Some(text.as_str())),
        };
        Self {
            id: &case.id,
            logp,
            reply,
        }
    }
}
