//! Builds the query for heads: the prompt, its expected answer, and its bridge.

use std::path::Path;

use crate::cli::error::CliError;
use crate::cli::global::Global;
use crate::cli::lens::read_args::ReadArgs;
use crate::cli::{cases, projects, prompt_files};
use hoplens_analysis::{AnalysisError, PromptSource, case_id, case_query};
use hoplens_ide::documents::{BridgedMention, HeadsQuery};
use hoplens_prompt::{find_phrase, prompt_of_sidecar};
use hoplens_runtime::{CancelToken, Model};

/// Returns the query that the flags describe.
pub(super) fn heads_query(
    args: &ReadArgs,
    global: &Global,
    model: &Model,
) -> Result<HeadsQuery, CliError> {
    match &args.file {
        Some(file) => {
            let file = prompt_of_sidecar(file).unwrap_or_else(|| file.clone());
            query_of_file(&file, args, global, model)
        }
        None => query_of_prompt(args, global, model),
    }
}

fn query_of_prompt(
    args: &ReadArgs,
    global: &Global,
    model: &Model,
) -> Result<HeadsQuery, CliError> {
    // clap ensures that the flag is given.
    let prompt = args.prompt.clone().unwrap_or_default();
    let hop = match (&args.bridge, &args.mention) {
        (Some(bridge), Some(mention)) => {
            let range = find_phrase(&prompt, mention).ok_or_else(|| CliError::Usage {
                flag: "--mention",
                reason: format!("\"{mention}\" is not in the prompt; quote its own words"),
            })?;
            Some(BridgedMention {
                mention: range,
                bridge: bridge.clone(),
            })
        }
        _ => None,
    };
    Ok(HeadsQuery {
        tokens: model.tokenizer.encode(&prompt, global.bos()),
        prompt,
        interventions: Vec::new(),
        expect: args.expect.iter().cloned().collect(),
        hop,
        case: None,
        injections: Vec::new(),
        bos: global.bos(),
    })
}

fn query_of_file(
    file: &Path,
    args: &ReadArgs,
    global: &Global,
    model: &Model,
) -> Result<HeadsQuery, CliError> {
    let path = file.to_string_lossy();
    let bos = projects::settings(&path, global)?.bos;
    let snapshot = prompt_files::open(file)?;
    let index = match &args.case {
        Some(name) => cases::named(&snapshot, name)?.into_iter().next().flatten(),
        None => (!snapshot.file.cases.is_empty()).then_some(0),
    };
    let id = case_id(&snapshot.file, index);
    let failed = |error: AnalysisError| CliError::Case {
        path: file.into(),
        reason: format!("{id}: {error}"),
    };
    let source = PromptSource::new(&snapshot.file, &snapshot.text);
    let case_query = case_query(model, source, index).map_err(failed)?;
    let mut query =
        HeadsQuery::of_case(model, &case_query, bos, &CancelToken::new()).map_err(failed)?;
    if let (Some(hop), Some(bridge)) = (&mut query.hop, &args.bridge) {
        hop.bridge.clone_from(bridge);
    }
    if let Some(expect) = &args.expect {
        query.expect = vec![expect.clone()];
    }
    query.case = Some((path.into_owned(), id));
    Ok(query)
}
