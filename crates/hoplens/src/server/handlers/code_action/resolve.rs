//! `codeAction/resolve`: the edit of an action, for clients that request it when it is chosen.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Range;

use serde::{Deserialize, Serialize};
use tower_lsp_server::jsonrpc::{Error, Result};
use tower_lsp_server::ls_types as lsp;

use crate::server::document_key::DocumentKey;
use crate::server::handlers::code_action::offered::{offered, to_action};
use crate::server::prompt_view::PromptView;
use crate::server::snapshot::SessionSnapshot;
use hoplens_prompt::{FileEdit, Origin};

/// Identifies an action of a text.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ActionData {
    /// The URI of the prompt.
    uri: lsp::Uri,
    revision: Option<u64>,
    in_sidecar: bool,
    sidecar_revision: Option<u64>,
    /// The bytes of the requested range.
    start: usize,
    end: usize,
    /// The digest of the edit. The title cannot identify the action: evidence that arrives while
    /// the list is open lengthens it.
    edit: String,
}

/// Returns what an action carries until it is chosen.
pub(super) fn data(
    view: &PromptView,
    origin: Origin,
    range: &Range<usize>,
    edit: &FileEdit,
) -> serde_json::Value {
    let data = ActionData {
        uri: view.prompt.uri.clone(),
        revision: view.prompt.revision,
        in_sidecar: origin == Origin::Sidecar,
        sidecar_revision: view.sidecar.as_ref().and_then(|sidecar| sidecar.revision),
        start: range.start,
        end: range.end,
        edit: digest(edit),
    };
    serde_json::to_value(data).unwrap_or_default()
}

/// Returns a digest of an edit, which identifies it while the server runs. It is a text, because
/// JSON has no whole numbers of 64 bits in every client.
fn digest(edit: &FileEdit) -> String {
    let mut hasher = DefaultHasher::new();
    edit.hash(&mut hasher);
    format!("{:x}", hasher.finish())
}

/// Returns an action with its edit.
///
/// # Errors
/// `ContentModified`: the text or the action has changed since then.
pub(in crate::server) fn code_action_resolve(
    session: &SessionSnapshot,
    mut action: lsp::CodeAction,
) -> Result<lsp::CodeAction> {
    let Some(data) = action.data.clone() else {
        return Ok(action);
    };
    let data: ActionData = serde_json::from_value(data).map_err(|error| {
        Error::invalid_params(format!("the action's data is not from hoplens: {error}"))
    })?;
    let prompt = session.prompt(&DocumentKey::of(&data.uri));
    let view = prompt.and_then(|prompt| prompt.current_view());
    let view = view.filter(|view| {
        let sidecar = view.sidecar.as_ref();
        view.prompt.revision == data.revision
            && sidecar.and_then(|sidecar| sidecar.revision) == data.sidecar_revision
    });
    let Some(view) = view else {
        return Err(Error::content_modified());
    };
    let origin = if data.in_sidecar {
        Origin::Sidecar
    } else {
        Origin::FrontMatter
    };
    let kind = action.kind.as_ref().map(lsp::CodeActionKind::as_str);
    let snapshot = &view.snapshot;
    let (all, range) = (hoplens_ide::diagnostics(snapshot), data.start..data.end);
    let offered = offered(snapshot, &all, origin, &range);
    let same = offered
        .iter()
        .find(|one| digest(&one.edit) == data.edit && Some(one.kind) == kind);
    let found = same.and_then(|one| to_action(view, one, session));
    let Some(found) = found else {
        return Err(Error::content_modified());
    };
    action.edit = found.edit;
    Ok(action)
}
