//! Publishes diagnostics from one task, so that stale results cannot overwrite newer ones.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use tokio::sync::mpsc::UnboundedReceiver;
use tower_lsp_server::ls_types::Uri;
use tower_lsp_server::ls_types::notification::Notification;

use crate::engine::ModelStatus;
use crate::server::convert;
use crate::server::document_key::DocumentKey;
use crate::server::event::ClientEvent;
use crate::server::project_diagnostics::project_diagnostics;
use crate::server::prompt_view::PromptView;
use crate::server::protocol::DidAnalyzeParams;
use crate::server::session_handle::SessionHandle;
use crate::server::snapshot::{PromptSnapshot, SessionSnapshot};
use hoplens_prompt::Origin;

/// Most diagnostics of one file; a generated file could have thousands.
const MAX_DIAGNOSTICS: usize = 200;

/// `hoplens/didAnalyze`: the findings of a prompt changed, so that the client may request hints
/// and lenses again. For clients without refresh requests.
#[derive(Debug)]
enum DidAnalyze {}

impl Notification for DidAnalyze {
    type Params = DidAnalyzeParams;
    const METHOD: &'static str = "hoplens/didAnalyze";
}

/// Prompts and project files whose diagnostics the client does not have yet.
pub(super) struct PublishBatch {
    /// The prompts and project files.
    pub keys: HashSet<DocumentKey>,
    /// The session with their findings.
    pub session: Arc<SessionSnapshot>,
}

/// Sends the diagnostics of each batch, and reports when the client has taken them.
pub(super) async fn run(handle: SessionHandle, mut batches: UnboundedReceiver<PublishBatch>) {
    let mut publisher = Publisher {
        handle,
        shown: HashMap::new(),
    };
    while let Some(batch) = batches.recv().await {
        for key in &batch.keys {
            if !publisher.handle.lifecycle.is_shutting_down() {
                publisher.publish(&batch.session, key).await;
            }
        }
        publisher.handle.send(ClientEvent::DiagnosticsSent);
    }
}

struct Publisher {
    handle: SessionHandle,
    /// The files that show diagnostics of a prompt, to clear them later.
    shown: HashMap<DocumentKey, Vec<Uri>>,
}

impl Publisher {
    async fn publish(&mut self, session: &SessionSnapshot, key: &DocumentKey) {
        let before = self.shown.remove(key).unwrap_or_default();
        let now = if key.is_project_file() {
            self.publish_project(session, key, before).await
        } else {
            match session.prompt(key) {
                None => {
                    self.clear(before).await;
                    Vec::new()
                }
                Some(prompt) => match prompt.current_view() {
                    Some(view) => self.publish_prompt(session, prompt, view, before).await,
                    // A newer text is being read; it will be published.
                    None => before,
                },
            }
        };
        if !now.is_empty() {
            self.shown.insert(key.clone(), now);
        }
    }

    async fn clear(&self, uris: Vec<Uri>) {
        let client = &self.handle.client;
        for uri in uris {
            client.publish_diagnostics(uri, Vec::new(), None).await;
        }
    }

    /// Publishes the findings about an open project file; returns the files that show diagnostics.
    async fn publish_project(
        &self,
        session: &SessionSnapshot,
        key: &DocumentKey,
        before: Vec<Uri>,
    ) -> Vec<Uri> {
        let Some(document) = session.document(key) else {
            self.clear(before).await;
            return Vec::new();
        };
        let found = project_diagnostics(document, session);
        let (uri, version) = (document.uri.clone(), Some(document.version));
        if found.is_empty() && !before.contains(&uri) {
            return before;
        }
        let now = if found.is_empty() {
            Vec::new()
        } else {
            vec![uri.clone()]
        };
        let client = &self.handle.client;
        client.publish_diagnostics(uri, found, version).await;
        now
    }

    /// Publishes the diagnostics of a prompt and its sidecar; returns the files that show some.
    async fn publish_prompt(
        &self,
        session: &SessionSnapshot,
        prompt: &PromptSnapshot,
        view: &PromptView,
        before: Vec<Uri>,
    ) -> Vec<Uri> {
        let client = &self.handle.client;
        let mut found = hoplens_ide::diagnostics(&view.snapshot);
        if view.snapshot.findings.is_none() {
            let stale = prompt.stale.diagnostics.iter();
            // The project may have begun to ignore them.
            let shown = stale.filter(|one| !hoplens_ide::is_ignored(&view.snapshot, one.code));
            found.extend(shown.cloned());
        }
        if let ModelStatus::Failed(reason) = &*session.model {
            found.extend(hoplens_ide::unknown_model(&view.snapshot, reason));
        }
        let of = |origin| {
            let own = found.iter().filter(move |one| one.origin == origin);
            own.take(MAX_DIAGNOSTICS)
                .filter_map(|one| convert::to_diagnostic(view, one, session))
                .collect::<Vec<_>>()
        };
        let mut now = Vec::new();
        if view.prompt.version.is_some() {
            let (uri, version) = (view.prompt.uri.clone(), view.prompt.version);
            let own = of(Origin::FrontMatter);
            client.publish_diagnostics(uri.clone(), own, version).await;
            now.push(uri);
        }
        if let Some(sidecar) = &view.sidecar {
            let own = of(Origin::Sidecar);
            if !own.is_empty() || before.contains(&sidecar.uri) {
                let is_empty = own.is_empty();
                let (uri, version) = (sidecar.uri.clone(), sidecar.version);
                client.publish_diagnostics(uri.clone(), own, version).await;
                if !is_empty {
                    now.push(uri);
                }
            }
        }
        if session.client.did_analyze && view.snapshot.findings.is_some() {
            let params = DidAnalyzeParams {
                uri: view.prompt.uri.clone(),
                version: view.prompt.version,
            };
            client.send_notification::<DidAnalyze>(params).await;
        }
        let mut gone = before;
        let sidecar = view.sidecar.as_ref().map(|sidecar| &sidecar.uri);
        gone.retain(|uri| !now.contains(uri) && Some(uri) != sidecar);
        self.clear(gone).await;
        now
    }
}
