//! Which prompt's heads are read, and what of its case they are held to.

use std::ops::Range;
use std::path::Path;

use super::super::error::CliError;
use super::super::global::Global;
use super::super::{analysed, cases, projects};
use super::read::ReadArgs;
use crate::hop::{HopError, Subject, case_id, case_subject, in_force};
use crate::memory::Recipe;
use crate::model::{Cancel, Intervention, Model, Token};
use crate::prompt::{find_phrase, prompt_of_sidecar, substitute};

/// A prompt as the model meets it.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) prompt: String,
    pub(super) tokens: Vec<Token>,
    pub(super) interventions: Vec<Intervention>,
    /// Accepted answers, by whose first token heads are measured; none if none are named.
    pub(super) expect: Vec<String>,
    /// What stands for what.
    pub(super) hop: Option<Hop>,
    /// The file and the id of its case.
    pub(super) case: Option<(String, String)>,
    pub(super) injections: Vec<Recipe>,
}

/// A mention and its bridge.
#[derive(Debug, Clone)]
pub(super) struct Hop {
    /// Bytes of the prompt.
    pub(super) mention: Range<usize>,
    pub(super) bridge: String,
}

impl Asked {
    pub(super) fn ids(&self) -> Vec<u32> {
        self.tokens.iter().map(|token| token.id).collect()
    }

    /// The prompt with the bridge named, and the bytes where it is.
    pub(super) fn explicit(&self) -> Option<(String, Range<usize>)> {
        let Hop { mention, bridge } = self.hop.as_ref()?;
        let explicit = substitute(&self.prompt, mention.clone(), bridge);
        let added = explicit.len() + mention.len() - self.prompt.len();
        Some((explicit, mention.start..mention.start + added))
    }

    /// The first token that has bytes at or after `byte` of the prompt.
    pub(super) fn token_at(tokens: &[Token], byte: usize) -> usize {
        let at = tokens.iter().position(|token| byte < token.range.end);
        at.unwrap_or_else(|| tokens.len().saturating_sub(1))
    }
}

/// What the flags mean.
pub(super) fn asked(args: &ReadArgs, global: &Global, model: &Model) -> Result<Asked, CliError> {
    match &args.file {
        Some(file) => {
            let file = prompt_of_sidecar(file).unwrap_or_else(|| file.clone());
            of_file(&file, args, global, model)
        }
        None => of_prompt(args, global, model),
    }
}

fn of_prompt(args: &ReadArgs, global: &Global, model: &Model) -> Result<Asked, CliError> {
    // clap has seen to it that there is one.
    let prompt = args.prompt.clone().unwrap_or_default();
    let hop = match (&args.bridge, &args.mention) {
        (Some(bridge), Some(mention)) => {
            let place = find_phrase(&prompt, mention).ok_or_else(|| CliError::Usage {
                flag: "--mention",
                reason: format!("\"{mention}\" is not in the prompt; quote its own words"),
            })?;
            Some(Hop {
                mention: place,
                bridge: bridge.clone(),
            })
        }
        _ => None,
    };
    Ok(Asked {
        tokens: model.tokenizer.encode(&prompt, global.bos()),
        prompt,
        interventions: Vec::new(),
        expect: args.expect.iter().cloned().collect(),
        hop,
        case: None,
        injections: Vec::new(),
    })
}

fn of_file(
    file: &Path,
    args: &ReadArgs,
    global: &Global,
    model: &Model,
) -> Result<Asked, CliError> {
    let path = file.to_string_lossy();
    let bos = projects::settings(&path, global)?.bos;
    let snapshot = analysed::open(file)?;
    let index = match &args.case {
        Some(name) => cases::named(&snapshot, name)?.into_iter().next().flatten(),
        None => (!snapshot.file.cases.is_empty()).then_some(0),
    };
    let id = case_id(&snapshot.file, index);
    let failed = |error: HopError| CliError::Case {
        path: file.into(),
        reason: format!("{id}: {error}"),
    };
    let subject: Subject =
        case_subject(model, &snapshot.file, &snapshot.text, index).map_err(failed)?;
    model
        .check_text(&subject.prompt)
        .map_err(|error| failed(error.into()))?;
    let (tokens, interventions) = in_force(model, &subject, bos, &Cancel::new()).map_err(failed)?;
    let hop = subject.bridged().and_then(|(mention, bridge)| {
        Some(Hop {
            mention: mention.range.clone()?,
            bridge: args.bridge.clone().unwrap_or_else(|| bridge.to_owned()),
        })
    });
    let expect = match &args.expect {
        Some(expect) => vec![expect.clone()],
        None => subject.expect.clone(),
    };
    Ok(Asked {
        tokens,
        interventions,
        expect,
        hop,
        case: Some((path.into_owned(), id)),
        injections: subject.injections.iter().map(Recipe::from).collect(),
        prompt: subject.prompt,
    })
}
