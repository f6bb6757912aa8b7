//! `workspace/executeCommand`.

use std::sync::Arc;

use tower_lsp_server::jsonrpc::{Error, Result};
use tower_lsp_server::ls_types as lsp;

use super::super::analysis::{self, Cause};
use super::super::key::Key;
use super::super::model;
use super::super::state::State;

/// Has the model look at a prompt now; the argument is its URI, all open prompts without one.
const ANALYSE: &str = "hoplens.server.analyse";
/// Loads the model again, after downloading it if need be.
const DOWNLOAD: &str = "hoplens.server.downloadModel";

/// The commands that the server executes. Editors use other names for their own.
pub(super) const COMMANDS: [&str; 2] = [ANALYSE, DOWNLOAD];

pub(in crate::server) fn execute_command(
    state: &Arc<State>,
    params: &lsp::ExecuteCommandParams,
) -> Result<Option<lsp::LSPAny>> {
    match params.command.as_str() {
        ANALYSE => analyse(state, params.arguments.first())?,
        DOWNLOAD => model::start(state, model::Consent::Given),
        other => {
            return Err(Error::invalid_params(format!(
                "there is no command `{other}`; known commands: {}",
                COMMANDS.join(", ")
            )));
        }
    }
    Ok(None)
}

fn analyse(state: &Arc<State>, argument: Option<&lsp::LSPAny>) -> Result<()> {
    let Some(argument) = argument else {
        analysis::look_at_all(state, Cause::Asked);
        return Ok(());
    };
    let key = argument
        .as_str()
        .and_then(|uri| uri.parse().ok())
        .map(|uri| Key::of(&uri))
        .filter(|key| state.prompts.contains(key))
        .ok_or_else(|| {
            Error::invalid_params(format!("{argument} is not the URI of an open prompt"))
        })?;
    analysis::look(state, &key, Cause::Asked, &[]);
    Ok(())
}
