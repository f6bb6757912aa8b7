//! `hoplens export`: exports injections for llama.cpp, TransformerLens and nnsight.

mod args;
mod select;
mod write;

pub(super) use args::ExportArgs;

use args::Target;

use crate::cli::error::CliError;
use crate::cli::global::Global;
use crate::cli::outcome::CommandOutcome;
use crate::cli::resident;
use hoplens_analysis::answers;
use hoplens_interp::ModelContext;
use hoplens_interp::memory::{Library, Script, control_vector, python};
use hoplens_runtime::{CancelToken, PromptQuery};

pub(super) fn run(args: &ExportArgs, global: &Global) -> Result<CommandOutcome, CliError> {
    if args.to == Target::Gguf && args.out.is_none() {
        let reason = "a control vector is a binary file; say where it goes, as in \
                      --out repair.gguf";
        return Err(CliError::usage("--to gguf", reason));
    }
    let (model, files) = resident::load_with_files(global)?;
    let wanted = select::wanted(args, &model, global)?;
    let query = match &wanted.prompt {
        Some((text, expect)) => Some(PromptQuery {
            answers: answers(&model, text, expect)?,
            ..PromptQuery::new(&model.tokenizer, text.as_str(), global.bos())
        }),
        None => None,
    };
    if args.to == Target::Gguf {
        let (injections, cancel) = (&wanted.injections, CancelToken::new());
        let context = ModelContext::new(&model, &cancel);
        let vector = control_vector(context, injections, global.bos(), query.as_ref())?;
        write::control_vector(args, global, &model, &wanted, &vector)?;
        return Ok(CommandOutcome::Clean);
    }
    let Some(query) = &query else {
        let reason = "a script runs a prompt; give one with --prompt";
        return Err(CliError::usage("--to", reason));
    };
    let script = Script {
        library: if args.to == Target::Nnsight {
            Library::Nnsight
        } else {
            Library::TransformerLens
        },
        files: &files,
        injections: &wanted.injections,
        query,
    };
    let text = python(&model, &script)?;
    write::script(args, global, &model, &wanted, &text)?;
    Ok(CommandOutcome::Clean)
}
