//! One file per request. Handlers read what is known; they never run the model and never wait
//! for the client.

mod code_action;
mod code_lens;
mod completion;
mod control;
mod document_link;
mod document_symbol;
mod document_text;
mod folding_range;
mod hover;
mod initialize;
mod inlay_hint;
mod semantic_tokens;
mod text_features;
mod text_hover;
mod workspace;

pub(super) use code_action::{code_action, code_action_resolve};
pub(super) use code_lens::code_lens;
pub(super) use completion::completion;
pub(super) use document_link::document_link;
pub(super) use document_symbol::document_symbol;
pub(super) use document_text::{DocumentTextParams, document_text};
pub(super) use folding_range::folding_range;
pub(super) use hover::hover;
pub(super) use initialize::{initialize, initialized};
pub(super) use inlay_hint::inlay_hint;
pub(super) use semantic_tokens::{semantic_tokens_full, semantic_tokens_range};
pub(super) use workspace::{did_change_configuration, did_change_watched_files};

use tower_lsp_server::jsonrpc::{Error, Result};

use crate::server::documents::Document;
use crate::server::state::State;

/// `ContentModified` once the client's text is no longer the one that was asked about.
fn unmodified(state: &State, document: &Document) -> Result<()> {
    if state.documents.is_current(document) {
        Ok(())
    } else {
        Err(Error::content_modified())
    }
}
