//! Puts the client's messages in order before handlers run.
//!
//! Both tower-lsp crates run handlers concurrently, so handlers could apply edits in the wrong
//! order. [`Ingress`] receives each message in the order of the input: it sends the client's
//! notifications to the event loop, and polls the handler of every other message once. In its first
//! poll, a handler requests the snapshot of that moment, so it sees all edits before its request
//! and none after it.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::task::{Context, Poll, Waker};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use tower::Service;
use tower_lsp_server::jsonrpc::{Error, Id, Request, Response};
use tower_lsp_server::ls_types as lsp;

use crate::server::catch_panic::{CatchPanic, HandlerFuture};
use crate::server::document_key::DocumentKey;
use crate::server::event::ClientEvent;
use crate::server::parent;
use crate::server::session_handle::SessionHandle;
use crate::server::wire::{UNREADABLE, Unreadable};

const FOLDERS: &str = "workspace/didChangeWorkspaceFolders";

/// The service in front of the library's service.
pub(super) struct Ingress<S> {
    inner: S,
    handle: SessionHandle,
    /// Whether a valid `initialize` was received.
    is_initialized: bool,
}

impl<S> std::fmt::Debug for Ingress<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ingress").finish_non_exhaustive()
    }
}

impl<S> Ingress<S> {
    /// Wraps the library's service.
    pub(super) fn new(inner: S, handle: SessionHandle) -> Self {
        Self {
            inner,
            handle,
            is_initialized: false,
        }
    }
}

impl<S> Service<Request> for Ingress<S>
where
    S: Service<Request, Response = Option<Response>>,
    S::Future: Send + 'static,
    S::Error: Send + 'static,
{
    type Response = Option<Response>;
    type Error = S::Error;
    type Future = HandlerFuture<S::Error>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        match self.receive(&request) {
            Disposition::Done => return Box::pin(std::future::ready(Ok(None))),
            Disposition::Answer(response) => {
                return Box::pin(std::future::ready(Ok(Some(response))));
            }
            Disposition::PassOn => {}
        }
        let (id, span) = (request.id().cloned(), span(&request));
        let mut handler = CatchPanic::new(Box::pin(self.inner.call(request)), id, span);
        // The first poll requests the snapshot, in the order of the input. It also executes a
        // cancellation at once, which would otherwise wait behind all earlier requests.
        let first = std::pin::Pin::new(&mut handler).poll(&mut Context::from_waker(Waker::noop()));
        match first {
            Poll::Ready(response) => Box::pin(std::future::ready(response)),
            Poll::Pending => Box::pin(handler),
        }
    }
}

/// What is left to do with a message.
enum Disposition {
    /// Nothing.
    Done,
    /// Send this response.
    Answer(Response),
    /// Call the library's service.
    PassOn,
}

impl<S> Ingress<S> {
    fn receive(&mut self, request: &Request) -> Disposition {
        let method = request.method();
        if let Some(id) = request.id() {
            match method {
                "initialize" => self.initialize(request),
                "shutdown" => self.handle.lifecycle.begin_shutdown(),
                // The service would leave such a request without a response.
                _ if method.starts_with("$/") => {
                    let error = Error::method_not_found();
                    return Disposition::Answer(Response::from_error(id.clone(), error));
                }
                _ => {}
            }
            return Disposition::PassOn;
        }
        match method {
            "exit" => {
                self.handle.lifecycle.end();
                return Disposition::PassOn;
            }
            UNREADABLE => {
                return params(request).map_or(Disposition::Done, |unreadable| {
                    Disposition::Answer(refuse(&unreadable))
                });
            }
            // The environment decides what is logged and where.
            "$/setTrace" => return Disposition::Done,
            FOLDERS => {}
            _ if !method.starts_with("textDocument/did") => return Disposition::PassOn,
            _ => {}
        }
        if !self.is_initialized || self.handle.lifecycle.is_shutting_down() {
            tracing::warn!(method, "ignored outside of a session");
            return Disposition::Done;
        }
        let event = match method {
            "textDocument/didOpen" => params(request)
                .map(|params: lsp::DidOpenTextDocumentParams| params.text_document)
                .map(ClientEvent::Opened),
            "textDocument/didChange" => params(request).map(ClientEvent::Changed),
            "textDocument/didSave" => params(request)
                .map(|params: lsp::DidSaveTextDocumentParams| key(&params.text_document))
                .map(ClientEvent::Saved),
            "textDocument/didClose" => params(request)
                .map(|params: lsp::DidCloseTextDocumentParams| key(&params.text_document))
                .map(ClientEvent::Closed),
            FOLDERS => params(request).map(folders_changed),
            _ => return Disposition::PassOn,
        };
        if let Some(event) = event {
            self.handle.send(event);
        }
        Disposition::Done
    }

    fn initialize(&mut self, request: &Request) {
        // The service refuses a second one.
        if self.is_initialized {
            return;
        }
        let Some(params) = params::<lsp::InitializeParams>(request) else {
            return;
        };
        self.is_initialized = true;
        if let Some(pid) = params.process_id {
            let handle = self.handle.clone();
            tokio::spawn(async move {
                parent::gone(pid).await;
                tracing::warn!(pid, "the editor's process has ended");
                handle.lifecycle.end();
            });
        }
        self.handle.send(ClientEvent::Initialize(Box::new(params)));
    }
}

/// Returns the span of a request in the log. It contains the method and the id, but no text of the
/// user.
fn span(request: &Request) -> tracing::Span {
    let id = request.id().map(ToString::to_string);
    tracing::debug_span!("request", method = request.method(), id)
}

/// Returns the error response to an unreadable message.
fn refuse(unreadable: &Unreadable) -> Response {
    let mut error = if unreadable.is_syntax {
        Error::parse_error()
    } else {
        Error::invalid_request()
    };
    error.message = format!("{}: {}", error.message, unreadable.reason).into();
    let id = Id::deserialize(&unreadable.id).unwrap_or(Id::Null);
    Response::from_error(id, error)
}

/// Returns the parameters of a message. Logs invalid parameters, because a notification has no
/// response.
fn params<T: DeserializeOwned>(request: &Request) -> Option<T> {
    let params = request.params().unwrap_or(&lsp::LSPAny::Null);
    T::deserialize(params)
        .inspect_err(|error| {
            tracing::warn!(method = request.method(), "ignored: wrong parameters");
            // It may quote a text.
            tracing::debug!(%error, "the error in the parameters");
        })
        .ok()
}

fn key(document: &lsp::TextDocumentIdentifier) -> DocumentKey {
    DocumentKey::of(&document.uri)
}

fn folders_changed(params: lsp::DidChangeWorkspaceFoldersParams) -> ClientEvent {
    let paths = |folders: Vec<lsp::WorkspaceFolder>| -> Vec<PathBuf> {
        let keys = folders.iter().map(|folder| DocumentKey::of(&folder.uri));
        keys.filter_map(|key| key.path().map(Path::to_path_buf))
            .collect()
    };
    ClientEvent::FoldersChanged {
        removed: paths(params.event.removed),
        added: paths(params.event.added),
    }
}
