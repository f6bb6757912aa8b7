//! The access to the session from handlers and background tasks.

use std::sync::Arc;

use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::{oneshot, watch};
use tokio::time::Instant;
use tower_lsp_server::Client;
use tower_lsp_server::jsonrpc::{Error, Result};
use tower_lsp_server::ls_types as lsp;

use crate::engine::Engine;
use crate::server::document::Document;
use crate::server::document_key::DocumentKey;
use crate::server::event::{ClientEvent, EngineEvent, Event};
use crate::server::file_reader::FileReader;
use crate::server::lifecycle::Lifecycle;
use crate::server::options::ServerOptions;
use crate::server::prompt_view::PromptView;
use crate::server::snapshot::{PromptSnapshot, SessionSnapshot};
use crate::server::text_view::TextView;

/// Sends events to the event loop, and reads the snapshots that it publishes.
#[derive(Clone)]
pub(super) struct SessionHandle {
    /// The connection to the client.
    pub client: Client,
    /// The engine.
    pub engine: Arc<Engine>,
    /// The file reader.
    pub files: FileReader,
    /// What the server was started with.
    pub options: Arc<ServerOptions>,
    /// Whether the session ends.
    pub lifecycle: Arc<Lifecycle>,
    pub(super) events: UnboundedSender<Event>,
    pub(super) snapshots: watch::Receiver<Arc<SessionSnapshot>>,
}

impl SessionHandle {
    /// Sends an event of the client to the event loop.
    pub(super) fn send(&self, event: ClientEvent) {
        // The event loop ends with the process.
        let _ = self.events.send(Event::Client(event));
    }

    /// Sends an event of the engine to the event loop.
    pub(super) fn send_engine(&self, event: EngineEvent) {
        let _ = self.events.send(Event::Engine(event));
    }

    /// Returns the newest snapshot.
    pub(super) fn newest(&self) -> Arc<SessionSnapshot> {
        Arc::clone(&self.snapshots.borrow())
    }

    /// Returns the snapshot of the moment when this future is polled first: all events that were
    /// sent before are applied, and none that is sent later.
    ///
    /// # Errors
    /// The session has ended.
    pub(super) async fn on_arrival(&self) -> Result<Arc<SessionSnapshot>> {
        let (reply, snapshot) = oneshot::channel();
        self.send(ClientEvent::RequestArrived(reply));
        snapshot.await.map_err(|_| Error::internal_error())
    }

    /// Waits until the newest text of a document is read; returns its prompt, or `None` if the
    /// document is none.
    pub(super) async fn prompt_once_read(
        &self,
        key: &DocumentKey,
    ) -> (Arc<SessionSnapshot>, Option<Arc<PromptSnapshot>>) {
        let mut snapshots = self.snapshots.clone();
        loop {
            let snapshot = Arc::clone(&snapshots.borrow_and_update());
            match snapshot.prompt(key) {
                None => return (snapshot, None),
                Some(prompt) if prompt.current_view().is_some() => {
                    let prompt = Arc::clone(prompt);
                    return (snapshot, Some(prompt));
                }
                Some(_) => {}
            }
            if snapshots.changed().await.is_err() {
                return (snapshot, None);
            }
        }
    }

    /// Returns the prompt of a document that a request is about, read from the very text that the
    /// client had when the request arrived. `None` if the document is not open or not a prompt.
    ///
    /// # Errors
    /// `ContentModified`: the client has changed the text since then.
    pub(super) async fn prompt_of_request(
        &self,
        uri: &lsp::Uri,
    ) -> Result<Option<RequestedPrompt>> {
        let arrived = self.on_arrival().await?;
        let Some(document) = arrived.document(&DocumentKey::of(uri)).cloned() else {
            return Ok(None);
        };
        let (key, origin) = document.key().prompt_and_origin();
        let (session, prompt) = self.prompt_once_read(&key).await;
        session.check_unmodified(&document)?;
        let Some(prompt) = prompt else {
            return Ok(None);
        };
        let Some(view) = prompt.current_view().cloned() else {
            return Ok(None);
        };
        Ok(Some(RequestedPrompt {
            session,
            document,
            key,
            origin,
            prompt,
            view,
        }))
    }

    /// Returns the document that a request is about, with its declarations. `None` if it is not
    /// open, or neither a prompt nor a sidecar.
    ///
    /// # Errors
    /// `ContentModified`: the client has changed the text since the request arrived.
    pub(super) async fn text_of_request(&self, uri: &lsp::Uri) -> Result<Option<TextView>> {
        let arrived = self.on_arrival().await?;
        match arrived.document(&DocumentKey::of(uri)) {
            Some(document) => self.text_view(document).await,
            None => Ok(None),
        }
    }

    /// Returns the declarations of a document; `None` if it is neither a prompt nor a sidecar.
    ///
    /// # Errors
    /// `ContentModified`: the client has changed the text.
    pub(super) async fn text_view(&self, document: &Arc<Document>) -> Result<Option<TextView>> {
        let (prompt, origin) = document.key().prompt_and_origin();
        let (session, prompt) = self.prompt_once_read(&prompt).await;
        session.check_unmodified(document)?;
        let view = prompt.and_then(|prompt| prompt.current_view().cloned());
        TextView::new(session, Arc::clone(document), origin, view)
    }

    /// Waits for findings of a document's text, until `deadline`; returns what is known then.
    /// `None` if the document is not a prompt, or if its text is not read in time.
    ///
    /// # Errors
    /// `ContentModified`: the client has changed the text.
    pub(super) async fn findings_until(
        &self,
        document: &Document,
        deadline: Instant,
    ) -> Result<Option<(Arc<SessionSnapshot>, Arc<PromptSnapshot>)>> {
        let key = document.key();
        let mut snapshots = self.snapshots.clone();
        loop {
            let session = Arc::clone(&snapshots.borrow_and_update());
            session.check_unmodified(document)?;
            let Some(prompt) = session.prompt(&key).cloned() else {
                return Ok(None);
            };
            let view = prompt.current_view();
            let may_come =
                view.is_none_or(|view| prompt.is_pending && view.snapshot.findings.is_none());
            let is_read = view.is_some();
            let waits = may_come
                && tokio::time::timeout_at(deadline, snapshots.changed())
                    .await
                    .is_ok_and(|changed| changed.is_ok());
            if !waits {
                return Ok(is_read.then_some((session, prompt)));
            }
        }
    }
}

/// A prompt as a request sees it.
pub(super) struct RequestedPrompt {
    /// The session.
    pub session: Arc<SessionSnapshot>,
    /// The document that the request is about: the prompt or its sidecar.
    pub document: Arc<Document>,
    /// The prompt.
    pub key: DocumentKey,
    /// Which of the prompt's files the document is.
    pub origin: hoplens_prompt::Origin,
    /// What is known of the prompt.
    pub prompt: Arc<PromptSnapshot>,
    /// The files of the prompt.
    pub view: Arc<PromptView>,
}
