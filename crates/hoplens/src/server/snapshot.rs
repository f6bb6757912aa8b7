//! Immutable views of the session, which the event loop publishes and handlers read.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use tower_lsp_server::jsonrpc::{Error, Result};

use crate::engine::ModelStatus;
use crate::server::client_capabilities::ClientCapabilities;
use crate::server::document::Document;
use crate::server::document_key::DocumentKey;
use crate::server::prompt_view::PromptView;
use crate::server::server_settings::ServerSettings;
use crate::server::stale_findings::StaleFindings;
use crate::settings::analysis_settings;
use hoplens_analysis::AnalysisSettings;
use hoplens_runtime::BosPolicy;

/// The open documents.
pub(super) type OpenDocuments = HashMap<DocumentKey, Arc<Document>>;

/// The session between two events. A clone copies pointers only.
#[derive(Debug, Clone)]
pub(super) struct SessionSnapshot {
    /// What the client supports.
    pub client: Arc<ClientCapabilities>,
    /// The client's settings.
    pub settings: Arc<ServerSettings>,
    /// The folders of the editor, the first one first.
    pub roots: Arc<Vec<PathBuf>>,
    /// The open documents.
    pub documents: Arc<OpenDocuments>,
    /// The prompts that are open or have an open sidecar, and open documents that the file reader
    /// has not classified yet.
    pub prompts: Arc<HashMap<DocumentKey, Arc<PromptSnapshot>>>,
    /// The state of the model.
    pub model: Arc<ModelStatus>,
    /// The model that was requested last, by its reference.
    pub requested_model: Option<Arc<str>>,
    /// The folder with the page of each diagnostic code, if the client links to pages.
    pub code_pages: Option<Arc<PathBuf>>,
    /// The BOS policy of the command line.
    pub bos: Option<BosPolicy>,
}

/// What is known of a prompt.
#[derive(Debug, Clone, Default)]
pub(super) struct PromptSnapshot {
    /// The number of the newest analysis.
    pub run: u64,
    /// The number of the analysis that `view` was read for.
    pub view_run: u64,
    /// The newest view, of whatever text.
    pub view: Option<Arc<PromptView>>,
    /// Findings of an older text; void once the view has findings.
    pub stale: Arc<StaleFindings>,
    /// Whether the document is a prompt; of an unclassified one that is unknown.
    pub is_classified: bool,
    /// Whether the model will analyze it without a further event.
    pub is_pending: bool,
    /// Whether repairs are being measured.
    pub is_measuring: bool,
}

impl PromptSnapshot {
    /// Returns the view of the newest text; `None` while that is being read.
    pub(super) fn current_view(&self) -> Option<&Arc<PromptView>> {
        self.view.as_ref().filter(|_| self.view_run == self.run)
    }
}

impl SessionSnapshot {
    /// Returns the session before the first message.
    pub(super) fn new(model: ModelStatus, bos: Option<BosPolicy>) -> Self {
        Self {
            client: Arc::default(),
            settings: Arc::default(),
            roots: Arc::default(),
            documents: Arc::default(),
            prompts: Arc::default(),
            model: Arc::new(model),
            requested_model: None,
            code_pages: None,
            bos,
        }
    }

    /// Returns an open document.
    pub(super) fn document(&self, key: &DocumentKey) -> Option<&Arc<Document>> {
        self.documents.get(key)
    }

    /// Returns a prompt.
    pub(super) fn prompt(&self, key: &DocumentKey) -> Option<&Arc<PromptSnapshot>> {
        self.prompts.get(key)
    }

    /// Returns the keys of all documents that are known to be prompts.
    pub(super) fn prompt_keys(&self) -> Vec<DocumentKey> {
        let prompts = self.prompts.iter();
        let prompts = prompts.filter(|(_, prompt)| prompt.is_classified);
        prompts.map(|(key, _)| key.clone()).collect()
    }

    /// Returns an error if the client's text is no longer the one that a request was about.
    ///
    /// # Errors
    /// `ContentModified`.
    pub(super) fn check_unmodified(&self, document: &Document) -> Result<()> {
        let newest = self.documents.get(&document.key());
        if newest.is_some_and(|newest| newest.revision == document.revision) {
            Ok(())
        } else {
            Err(Error::content_modified())
        }
    }

    /// Returns the settings of a prompt's analysis: the command line's flags before the client's
    /// settings before the project's.
    pub(super) fn analysis_settings(&self, view: &PromptView) -> AnalysisSettings {
        let mut settings = analysis_settings(&view.project);
        settings.bos = self.bos.unwrap_or(settings.bos);
        settings.declared_only |= self.settings.declared_only;
        self.settings.replies.apply(&mut settings.replies);
        settings
    }

    /// Returns the innermost folder of the editor that contains a document, or the first folder if
    /// none does.
    pub(super) fn root_of(&self, key: &DocumentKey) -> Option<PathBuf> {
        let path = key.path()?;
        let around = self.roots.iter().filter(|root| path.starts_with(root));
        let innermost = around.max_by_key(|root| root.components().count());
        innermost.or_else(|| self.roots.first()).cloned()
    }
}
