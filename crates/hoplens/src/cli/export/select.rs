//! Selects the injections to export: those of the flags, or those of a case in a file.

use std::path::Path;

use crate::cli::cases;
use crate::cli::error::CliError;
use crate::cli::export::args::ExportArgs;
use crate::cli::global::Global;
use crate::cli::prompt_files::open;
use hoplens_analysis::memory_injection;
use hoplens_analysis::{
    AnalysisContext, AnalysisSettings, CaseFindings, FileFindings, PromptSource, find_verdicts,
};
use hoplens_injection::Scope;
use hoplens_interp::memory::{MemoryInjection, Placement};
use hoplens_runtime::{CancelToken, Model};

/// The injections to export and the prompt that they are for.
pub(super) struct ExportSelection {
    pub(super) injections: Vec<MemoryInjection>,
    /// The text and its accepted answers.
    pub(super) prompt: Option<(String, Vec<String>)>,
}

/// Returns the injections that the flags name. The cases of a file are analysed, so that one that
/// cannot be run is rejected.
///
/// # Errors
/// Incomplete flags; a file that cannot be read; a case that does not exist, is not the only one
/// with injections, or cannot be run.
pub(super) fn wanted(
    args: &ExportArgs,
    model: &Model,
    global: &Global,
) -> Result<ExportSelection, CliError> {
    match &args.file {
        Some(file) => of_file(args, file, model, global),
        None => of_flags(args),
    }
}

fn of_flags(args: &ExportArgs) -> Result<ExportSelection, CliError> {
    let (Some(memory), Some(layer), Some(tau)) = (&args.memory, args.layer, args.tau) else {
        return Err(CliError::usage("--memory", "needs --layer and --tau"));
    };
    let memory_injection = MemoryInjection {
        memory: memory.clone(),
        placement: Placement {
            encoding: (&args.encoding).into(),
            layer,
            head: args.head,
            tau,
            scope: args.scope()?.unwrap_or(Scope::All),
        },
    };
    let prompt = args.prompt.as_ref();
    Ok(ExportSelection {
        injections: vec![memory_injection],
        prompt: prompt.map(|prompt| (prompt.clone(), args.expect.clone())),
    })
}

fn of_file(
    args: &ExportArgs,
    file: &Path,
    model: &Model,
    global: &Global,
) -> Result<ExportSelection, CliError> {
    let scope = args.scope()?;
    let snapshot = open(file)?;
    let settings = AnalysisSettings {
        bos: global.bos(),
        ..AnalysisSettings::default()
    };
    let cancel = CancelToken::new();
    let context = AnalysisContext::new(model, &settings, &cancel);
    let source = PromptSource::new(&snapshot.file, &snapshot.text);
    let findings = find_verdicts(&context, source)?;
    let about = |reason: String| CliError::Case {
        path: file.into(),
        reason,
    };
    let named = args.case.as_deref();
    let named = named
        .map(|name| cases::named(&snapshot, name))
        .transpose()?;
    let case = the_case(&findings, named.as_deref()).map_err(about)?;
    let mut injections: Vec<MemoryInjection> =
        case.query.injections.iter().map(memory_injection).collect();
    if let Some(number) = args.injection {
        let count = injections.len();
        let Some(at) = number.checked_sub(1).filter(|at| *at < count) else {
            let noun = if count == 1 {
                "injection"
            } else {
                "injections"
            };
            return Err(about(format!(
                "case '{}' has {count} {noun}, so there is no {number}. They count from 1.",
                case.id
            )));
        };
        injections = vec![injections.swap_remove(at)];
    }
    if let Some(scope) = scope {
        for memory_injection in &mut injections {
            memory_injection.placement.scope = scope.clone();
        }
    }
    Ok(ExportSelection {
        injections,
        prompt: Some((case.query.prompt.clone(), case.query.expect.clone())),
    })
}

/// Returns the named case, or the only one that has injections. If `named` is a matrix whose rows
/// all have the same injections, returns its first row.
///
/// # Errors
/// The reason why there is no such case or it cannot be run.
fn the_case<'a>(
    findings: &'a FileFindings,
    named: Option<&[Option<usize>]>,
) -> Result<&'a CaseFindings, String> {
    let is_meant = |case: &&CaseFindings| match named {
        Some(named) => named.contains(&case.case),
        None => !case.query.injections.is_empty(),
    };
    let meant: Vec<&CaseFindings> = findings.cases.iter().filter(is_meant).collect();
    let same = |a: &CaseFindings, b: &CaseFindings| {
        let injections = |case: &CaseFindings| -> Vec<MemoryInjection> {
            case.query.injections.iter().map(memory_injection).collect()
        };
        injections(a) == injections(b)
    };
    let case = match &meant[..] {
        [case] => *case,
        [first, rest @ ..] if named.is_some() && rest.iter().all(|case| same(first, case)) => first,
        [] => {
            return Err(
                "no injection is recorded in this file. Add one to `hoplens.inject`, or give \
                 --memory, --layer and --tau instead of the file."
                    .into(),
            );
        }
        _ => {
            let ids: Vec<&str> = meant.iter().map(|case| case.id.as_str()).collect();
            return Err(format!(
                "several cases have injections: {}. Name one with --case.",
                ids.join(", ")
            ));
        }
    };
    case.outcome.as_ref().map_err(Clone::clone)?;
    Ok(case)
}
