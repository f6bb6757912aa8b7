//! `workspace/executeCommand`: requests of a person rather than an editor.
//!
//! Each command takes one argument, a map or a bare URI. A command that runs the model waits for
//! its thread and ends when the request is cancelled; no command waits for the client.

mod argument;
mod cases;
mod files;
mod heads;
mod influence;
mod inject;
mod models;
mod preview;
mod prompts;
mod sweep;

use serde_json::Value;
use tower_lsp_server::jsonrpc::{Error, Result};
use tower_lsp_server::ls_types as lsp;

use crate::server::commands::argument::read;
use crate::server::session_handle::SessionHandle;

/// Analyzes a prompt and measures its repairs, regardless of `hoplens.run`.
pub(super) const MEASURE: &str = "hoplens.server.measure";
/// Measures which sentences of a prompt matter.
pub(super) const INFLUENCE: &str = "hoplens.server.influence";
/// Writes a page of the heads and opens it.
pub(super) const SHOW_HEADS: &str = "hoplens.server.showHeads";
/// Writes a picture of a sweep and opens it.
pub(super) const SHOW_SWEEP: &str = "hoplens.server.showSweep";

/// The commands that the server executes. Editors use other names for their own.
pub(super) const COMMANDS: [&str; 17] = [
    MEASURE,
    "hoplens.server.cancel",
    "hoplens.server.cases",
    "hoplens.server.heads",
    "hoplens.server.sweep",
    INFLUENCE,
    "hoplens.server.preview",
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
pub(super) async fn run(
    session: &SessionHandle,
    params: lsp::ExecuteCommandParams,
) -> Result<Value> {
    let name = params.command.as_str();
    let token = params.work_done_progress_params.work_done_token;
    let argument = params.arguments.into_iter().next().unwrap_or_default();
    match name {
        MEASURE => prompts::measure(session, &argument).await,
        "hoplens.server.cancel" => prompts::cancel(session, &argument).await,
        "hoplens.server.documents" => prompts::documents(session).await,
        "hoplens.server.cases" => cases::run(session, read(argument)?).await,
        "hoplens.server.heads" => heads::run(session, read(argument)?, token).await,
        "hoplens.server.sweep" => sweep::run(session, read(argument)?, token).await,
        INFLUENCE => influence::run(session, read(argument)?, token).await,
        "hoplens.server.preview" => preview::run(session, read(argument)?).await,
        "hoplens.server.inject" => inject::run(session, read(argument)?).await,
        "hoplens.server.export" => files::export(session, argument, token).await,
        SHOW_HEADS => files::show_heads(session, argument, token).await,
        SHOW_SWEEP => files::show_sweep(session, argument, token).await,
        "hoplens.server.models" => models::list(session).await,
        "hoplens.server.useModel" => models::choose(session, &argument),
        "hoplens.server.downloadModel" => Ok(models::download(session)),
        "hoplens.server.restartModel" => Ok(models::restart(session)),
        "hoplens.server.status" => models::status(session).await,
        other => Err(Error::invalid_params(format!(
            "there is no command `{other}`; known commands: {}",
            COMMANDS.join(", ")
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documentation_lists_every_command_and_no_other() {
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
