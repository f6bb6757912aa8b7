//! A document as the text features see it: its declarations, and the prompt that it belongs to.
//!
//! All of it is of the very text that a request is about; nothing waits for a look at the prompt.

use std::sync::Arc;

use tower_lsp_server::jsonrpc::{Error, Result};

use crate::server::documents::Document;
use crate::server::key::Key;
use crate::server::state::State;
use crate::server::view::{Source, View, is_prompt, prompt_key};
use hoplens_ide::Snapshot;
use hoplens_prompt::Origin;
use hoplens_prompt::homes::{Home, homes, sidecar_home};

/// A prompt file or a sidecar.
pub(super) struct Paper {
    /// Which of the prompt's files the document is.
    pub origin: Origin,
    /// Where its declarations are.
    pub homes: Vec<Home>,
    /// The prompt with its sidecar; `None` of a sidecar whose prompt is not there.
    pub view: Option<Arc<View>>,
}

impl Paper {
    /// Reads a document; `None` if it is neither. With the model's findings if there are any of
    /// this text.
    ///
    /// # Errors
    /// The client's text is no longer the one that was asked about.
    pub(super) fn of(state: &State, document: &Document) -> Result<Option<Self>> {
        let key = Key::of(&document.uri);
        let (prompt, origin) = match prompt_key(&key) {
            Some(prompt) => (prompt, Origin::Sidecar),
            None if state.prompts.contains(&key) || is_prompt(state, &key, document) => {
                (key, Origin::FrontMatter)
            }
            None => return Ok(None),
        };
        let is_same = |view: &View| {
            let source = view.source(origin);
            source.is_some_and(|source: &Source| source.revision == Some(document.revision))
        };
        let known = state.prompts.known(&prompt).map(|known| known.view);
        let view = known
            .filter(|view| is_same(view))
            .or_else(|| View::read(state, &prompt).map(Arc::new));
        if view.as_ref().is_some_and(|view| !is_same(view)) {
            return Err(Error::content_modified());
        }
        let homes = match (origin, &view) {
            (Origin::Sidecar, _) => vec![sidecar_home(&document.text)],
            (Origin::FrontMatter, Some(view)) => homes(&view.snapshot.file, &document.text),
            (Origin::FrontMatter, None) => return Ok(None),
        };
        Ok(Some(Self {
            origin,
            homes,
            view,
        }))
    }

    /// The prompt at this moment.
    pub(super) fn snapshot(&self) -> Option<&Snapshot> {
        self.view.as_ref().map(|view| &view.snapshot)
    }

    /// The same, if the document is the prompt itself.
    pub(super) fn prompt(&self) -> Option<&Snapshot> {
        self.snapshot()
            .filter(|_| self.origin == Origin::FrontMatter)
    }
}
