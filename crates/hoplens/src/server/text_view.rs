//! A document as the text features see it: its declarations, and the prompt that it belongs to.

use std::sync::Arc;

use tower_lsp_server::jsonrpc::{Error, Result};

use crate::server::document::Document;
use crate::server::prompt_view::PromptView;
use crate::server::snapshot::SessionSnapshot;
use hoplens_ide::Snapshot;
use hoplens_prompt::declaration_sites::{DeclarationSite, declaration_sites, sidecar_site};
use hoplens_prompt::{Facts, Origin, format_sites};

/// A prompt file or a sidecar; everything is of the very text that a request is about.
pub(super) struct TextView {
    /// The session.
    pub session: Arc<SessionSnapshot>,
    /// The document.
    pub document: Arc<Document>,
    /// Which of the prompt's files the document is.
    pub origin: Origin,
    /// Where the document's declarations are.
    pub sites: Vec<DeclarationSite>,
    /// The prompt with its sidecar; `None` if the document is a sidecar without a prompt.
    view: Option<Arc<PromptView>>,
}

impl TextView {
    /// Finds the declarations of a document; `None` if it is neither a prompt nor a sidecar.
    ///
    /// # Errors
    /// `ContentModified`: `view` was read from another text than the document's.
    pub(super) fn new(
        session: Arc<SessionSnapshot>,
        document: Arc<Document>,
        origin: Origin,
        view: Option<Arc<PromptView>>,
    ) -> Result<Option<Self>> {
        let is_same = |view: &PromptView| {
            let source = view.source(origin);
            source.is_some_and(|source| source.revision == Some(document.revision))
        };
        if view.as_ref().is_some_and(|view| !is_same(view)) {
            return Err(Error::content_modified());
        }
        let sites = match (origin, &view) {
            (Origin::Sidecar, _) => vec![sidecar_site(&document.text)],
            (Origin::FrontMatter, Some(view)) => {
                declaration_sites(&view.snapshot.file, &document.text)
            }
            (Origin::FrontMatter, None) => return Ok(None),
        };
        Ok(Some(Self {
            session,
            document,
            origin,
            sites,
            view,
        }))
    }

    /// Returns the declarations and the YAML of the prompt's format.
    pub(super) fn all_sites(&self) -> Vec<DeclarationSite> {
        let mut all = self.sites.clone();
        if let Some(snapshot) = self.own_snapshot() {
            all.extend(format_sites(&snapshot.file, &self.document.text));
        }
        all
    }

    /// Returns the prompt with its files.
    pub(super) fn prompt_view(&self) -> Option<&Arc<PromptView>> {
        self.view.as_ref()
    }

    /// Returns the prompt.
    pub(super) fn snapshot(&self) -> Option<&Snapshot> {
        self.view.as_ref().map(|view| &view.snapshot)
    }

    /// Returns the facts that hold for the prompt.
    pub(super) fn facts(&self) -> Arc<Facts> {
        let view = self.view.as_ref();
        view.map(|view| Arc::clone(&view.facts)).unwrap_or_default()
    }

    /// Returns the prompt if the document is the prompt file itself.
    pub(super) fn own_snapshot(&self) -> Option<&Snapshot> {
        self.snapshot()
            .filter(|_| self.origin == Origin::FrontMatter)
    }
}
