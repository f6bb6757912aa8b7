//! `workspace/executeCommand`: what a person asks for, rather than an editor.
//!
//! Each command takes one argument, a map or a bare URI. What runs the model waits for its thread
//! and ends when the request is cancelled; nothing here waits for the client.

mod cases;
mod files;
mod heads;
mod inject;
mod models;
mod prompts;
mod sweep;

use std::sync::Arc;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tower_lsp_server::jsonrpc::{Error, Result};
use tower_lsp_server::ls_types as lsp;

use crate::server::state::State;

/// Has the model look at a prompt and measures its repairs, whatever `hoplens.run` says.
pub(super) const MEASURE: &str = "hoplens.server.measure";
/// Writes a page of the heads and has it opened.
pub(super) const SHOW_HEADS: &str = "hoplens.server.showHeads";
/// Writes a picture of a sweep and has it opened.
pub(super) const SHOW_SWEEP: &str = "hoplens.server.showSweep";

/// The commands that the server executes. Editors use other names for their own.
pub(super) const COMMANDS: [&str; 15] = [
    MEASURE,
    "hoplens.server.cancel",
    "hoplens.server.cases",
    "hoplens.server.heads",
    "hoplens.server.sweep",
    "hoplens.server.inject",
    "hoplens.server.export",
    SHOW_HEADS,
    SHOW_SWEEP,
    "hoplens.server.models",
    "hoplens.server.useModel",
    "hoplens.server.downloadModel",
    "hoplens.server.restartModel",
    "hoplens.server.status",
    "hoplens.server.documents",
];

/// Executes a command.
pub(super) async fn run(state: &Arc<State>, params: lsp::ExecuteCommandParams) -> Result<Value> {
    let name = params.command.as_str();
    let token = params.work_done_progress_params.work_done_token;
    let argument = params.arguments.into_iter().next().unwrap_or_default();
    match name {
        MEASURE => prompts::measure(state, &argument),
        "hoplens.server.cancel" => prompts::cancel(state, &argument),
        "hoplens.server.documents" => Ok(prompts::documents(state)),
        "hoplens.server.cases" => cases::run(state, read(argument)?).await,
        "hoplens.server.heads" => heads::run(state, read(argument)?, token).await,
        "hoplens.server.sweep" => sweep::run(state, read(argument)?, token).await,
        "hoplens.server.inject" => inject::run(state, read(argument)?).await,
        "hoplens.server.export" => files::export(state, argument, token).await,
        SHOW_HEADS => files::show_heads(state, argument, token).await,
        SHOW_SWEEP => files::show_sweep(state, argument, token).await,
        "hoplens.server.models" => models::list(state).await,
        "hoplens.server.useModel" => models::choose(state, &argument),
        "hoplens.server.downloadModel" => Ok(models::download(state)),
        "hoplens.server.restartModel" => Ok(models::restart(state)),
        "hoplens.server.status" => Ok(models::status(state)),
        other => Err(Error::invalid_params(format!(
            "there is no command `{other}`; known commands: {}",
            COMMANDS.join(", ")
        ))),
    }
}

/// The case of a prompt that a command is about.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Place {
    pub uri: lsp::Uri,
    /// A place in the prompt's text.
    pub position: Option<lsp::Position>,
    /// A case's id, or `#1`, `#2`, …; the one at `position`, or the first, where absent.
    pub case: Option<String>,
}

/// A command's argument; a bare URI stands for a map with nothing else.
fn read<T: DeserializeOwned>(argument: Value) -> Result<T> {
    let argument = match argument {
        Value::String(uri) => serde_json::json!({ "uri": uri }),
        other => other,
    };
    T::deserialize(&argument).map_err(|error| {
        Error::invalid_params(format!(
            "the argument cannot be read ({error}); docs/language-server.md lists what each \
             command takes"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documents_list_every_command_and_no_other() {
        let root = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
        let text = std::fs::read_to_string(root.join("docs/language-server.md")).unwrap();
        let rows = text.lines().filter_map(|line| {
            let name = line.strip_prefix("| `hoplens.server.")?;
            Some(format!("hoplens.server.{}", name.split_once('`')?.0))
        });
        let (mut documented, mut known): (Vec<String>, Vec<String>) =
            (rows.collect(), COMMANDS.map(str::to_owned).to_vec());
        documented.sort();
        known.sort();
        assert_eq!(documented, known);
    }
}
