//! `codeAction/resolve`: the edit of an action, for clients that want it only when it is chosen.

use std::ops::Range;

use serde::{Deserialize, Serialize};
use tower_lsp_server::jsonrpc::{Error, Result};
use tower_lsp_server::ls_types as lsp;

use crate::server::handlers::code_action::{offered, to_action};
use crate::server::key::Key;
use crate::server::state::State;
use crate::server::view::View;
use hoplens_prompt::Origin;

/// Which action of which text it was.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Data {
    /// The prompt's.
    uri: lsp::Uri,
    revision: Option<u64>,
    in_sidecar: bool,
    sidecar_revision: Option<u64>,
    /// The bytes that were asked about.
    start: usize,
    end: usize,
}

/// What an action carries until it is chosen.
pub(super) fn data(view: &View, origin: Origin, range: &Range<usize>) -> serde_json::Value {
    let data = Data {
        uri: view.prompt.uri.clone(),
        revision: view.prompt.revision,
        in_sidecar: origin == Origin::Sidecar,
        sidecar_revision: view.sidecar.as_ref().and_then(|sidecar| sidecar.revision),
        start: range.start,
        end: range.end,
    };
    serde_json::to_value(data).unwrap_or_default()
}

/// Gives an action its edit.
///
/// # Errors
/// `ContentModified` where the text moved on, or the action is not what it was.
pub(in crate::server) fn code_action_resolve(
    state: &State,
    mut action: lsp::CodeAction,
) -> Result<lsp::CodeAction> {
    let Some(data) = action.data.clone() else {
        return Ok(action);
    };
    let data: Data = serde_json::from_value(data).map_err(|error| {
        Error::invalid_params(format!("the action's data is not ours: {error}"))
    })?;
    let known = state.prompts.known(&Key::of(&data.uri));
    let known = known.filter(|known| {
        let sidecar = known.view.sidecar.as_ref();
        known.view.prompt.revision == data.revision
            && sidecar.and_then(|sidecar| sidecar.revision) == data.sidecar_revision
    });
    let Some(known) = known else {
        return Err(Error::content_modified());
    };
    let (origin, can) = (
        if data.in_sidecar {
            Origin::Sidecar
        } else {
            Origin::FrontMatter
        },
        state.can(),
    );
    let kind = action.kind.as_ref().map(lsp::CodeActionKind::as_str);
    let snapshot = &known.view.snapshot;
    let (all, range) = (hoplens_ide::diagnostics(snapshot), data.start..data.end);
    let offered = offered(snapshot, &all, origin, &range);
    let same = offered
        .iter()
        .find(|one| one.title == action.title && Some(one.kind) == kind);
    let found = same.and_then(|one| to_action(&known.view, one, &can));
    let Some(found) = found else {
        return Err(Error::content_modified());
    };
    action.edit = found.edit;
    Ok(action)
}
