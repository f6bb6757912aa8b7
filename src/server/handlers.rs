//! One file per request. Handlers read what is known; they never run the model and never wait
//! for the client.

mod code_action;
mod code_lens;
mod document_text;
mod hover;
mod initialize;
mod inlay_hint;
mod workspace;

pub(super) use code_action::{FIX_ALL, code_action, code_action_resolve};
pub(super) use code_lens::code_lens;
pub(super) use document_text::{DocumentTextParams, document_text};
pub(super) use hover::hover;
pub(super) use initialize::{initialize, initialized};
pub(super) use inlay_hint::inlay_hint;
pub(super) use workspace::{did_change_configuration, did_change_watched_files};

use tower_lsp_server::jsonrpc::{Error, Result};

use super::documents::Document;
use super::state::State;

/// `ContentModified` once the client's text is no longer the one that was asked about.
fn unmodified(state: &State, document: &Document) -> Result<()> {
    if state.documents.is_current(document) {
        Ok(())
    } else {
        Err(Error::content_modified())
    }
}
