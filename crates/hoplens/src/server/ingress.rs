//! What every message passes first, in the order of the wire.
//!
//! Both tower-lsp crates run handlers concurrently, so edits that handlers applied could be
//! applied out of order. `call` runs on the reader before any handler is polled: here edits are
//! applied, and each request is stamped with the document as it was when it arrived.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use tower::Service;
use tower_lsp_server::jsonrpc::{Error, Id, Request, Response};
use tower_lsp_server::ls_types as lsp;

use crate::server::analysis;
use crate::server::analysis::Cause;
use crate::server::can::Can;
use crate::server::documents::{ByteEdit, Document};
use crate::server::guarded::{Answer, Guarded};
use crate::server::key::Key;
use crate::server::model;
use crate::server::parent;
use crate::server::projects::is_project;
use crate::server::state::State;
use crate::server::view::{is_prompt, prompt_key};
use crate::server::wire::{UNREADABLE, Unreadable};

tokio::task_local! {
    static STAMP: Option<Arc<Document>>;
}

/// The document that the current request is about, as it was when the request arrived.
pub(super) fn document() -> Option<Arc<Document>> {
    STAMP.try_with(Clone::clone).ok().flatten()
}

const FOLDERS: &str = "workspace/didChangeWorkspaceFolders";

/// The service in front of the service.
#[derive(Debug)]
pub(super) struct Ingress<S> {
    inner: S,
    state: SharedState,
}

/// A state that does not print itself.
struct SharedState(Arc<State>);

impl std::fmt::Debug for SharedState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("State")
    }
}

impl<S> Ingress<S> {
    pub(super) fn new(inner: S, state: Arc<State>) -> Self {
        let state = SharedState(state);
        Self { inner, state }
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
    type Future = Answer<S::Error>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let state = &self.state.0;
        let taken = catch_unwind(AssertUnwindSafe(|| take(state, &request)));
        match taken {
            Ok(Taken::Done) => return Box::pin(std::future::ready(Ok(None))),
            Ok(Taken::Refused(response)) => {
                return Box::pin(std::future::ready(Ok(Some(response))));
            }
            Ok(Taken::PassOn) => {}
            // The panic hook has logged it; the document may be behind until it is reopened.
            Err(_) => tracing::error!(method = request.method(), "a notification was lost"),
        }
        let stamp = stamp(state, &request);
        let is_cancel = request.method() == "$/cancelRequest";
        let (id, span) = (request.id().cloned(), span(&request));
        let handler = Guarded::new(Box::pin(self.inner.call(request)), id, span);
        let mut answer = Box::pin(STAMP.scope(stamp, handler));
        // Its own turn would come behind all that was asked before, however slow.
        if is_cancel
            && let Poll::Ready(done) = answer
                .as_mut()
                .poll(&mut Context::from_waker(Waker::noop()))
        {
            return Box::pin(std::future::ready(done));
        }
        answer
    }
}

/// What the log tells of a request: its method and id, and not what it is about.
fn span(request: &Request) -> tracing::Span {
    let id = request.id().map(ToString::to_string);
    tracing::debug_span!("request", method = request.method(), id)
}

/// What is left to do with a message.
enum Taken {
    /// Nothing.
    Done,
    /// To answer this.
    Refused(Response),
    /// The service handles it.
    PassOn,
}

fn take(state: &Arc<State>, request: &Request) -> Taken {
    let method = request.method();
    if let Some(id) = request.id() {
        match method {
            "initialize" => initialize(state, request),
            "shutdown" => state.lifecycle.begin_shutdown(),
            // The service would leave such a request without an answer.
            _ if method.starts_with("$/") => {
                let error = Error::method_not_found();
                return Taken::Refused(Response::from_error(id.clone(), error));
            }
            _ => {}
        }
        return Taken::PassOn;
    }
    match method {
        "exit" => {
            state.lifecycle.end();
            return Taken::PassOn;
        }
        UNREADABLE => {
            return params(request).map_or(Taken::Done, |wrong| Taken::Refused(refuse(&wrong)));
        }
        // How much is logged is decided by the environment, where the log goes too.
        "$/setTrace" => return Taken::Done,
        FOLDERS => {}
        _ if !method.starts_with("textDocument/did") => return Taken::PassOn,
        _ => {}
    }
    if !state.is_met() || state.lifecycle.is_shutting_down() {
        tracing::warn!(method, "ignored outside of a session");
        return Taken::Done;
    }
    match method {
        "textDocument/didOpen" => params(request).map(|params| open(state, params)),
        "textDocument/didChange" => params(request).map(|params| change(state, params)),
        "textDocument/didSave" => params(request).map(|params| save(state, &params)),
        "textDocument/didClose" => params(request).map(|params| close(state, &params)),
        FOLDERS => params(request).map(|params| change_folders(state, &params)),
        _ => return Taken::PassOn,
    };
    Taken::Done
}

/// The answer to what is no message.
fn refuse(wrong: &Unreadable) -> Response {
    let mut error = if wrong.is_syntax {
        Error::parse_error()
    } else {
        Error::invalid_request()
    };
    error.message = format!("{}: {}", error.message, wrong.reason).into();
    let id = Id::deserialize(&wrong.id).unwrap_or(Id::Null);
    Response::from_error(id, error)
}

/// The parameters; what is not right is logged, for a notification has no answer.
fn params<T: DeserializeOwned>(request: &Request) -> Option<T> {
    let params = request.params().unwrap_or(&lsp::LSPAny::Null);
    T::deserialize(params)
        .inspect_err(|error| {
            tracing::warn!(method = request.method(), "ignored: wrong parameters");
            // It may quote a text.
            tracing::debug!(%error, "what is wrong with them");
        })
        .ok()
}

fn initialize(state: &Arc<State>, request: &Request) {
    let Some(params) = params::<lsp::InitializeParams>(request) else {
        return;
    };
    state.meet(Can::read(&params), roots(&params));
    if let Some(pid) = params.process_id {
        let state = Arc::clone(state);
        tokio::spawn(async move {
            parent::gone(pid).await;
            tracing::warn!(pid, "the editor is gone");
            state.lifecycle.end();
        });
    }
}

/// The client's folders, the first one first.
#[expect(deprecated, reason = "older clients have nothing else")]
fn roots(params: &lsp::InitializeParams) -> Vec<PathBuf> {
    let folders = params.workspace_folders.iter().flatten();
    let mut uris: Vec<&lsp::Uri> = folders.map(|folder| &folder.uri).collect();
    if uris.is_empty() {
        uris.extend(&params.root_uri);
    }
    paths(uris)
}

fn paths<'uris>(uris: impl IntoIterator<Item = &'uris lsp::Uri>) -> Vec<PathBuf> {
    let keys = uris.into_iter().map(Key::of);
    keys.filter_map(|key| key.path().map(Path::to_path_buf))
        .collect()
}

/// Folders were opened or closed in the editor: another one's settings may name the model now.
fn change_folders(state: &Arc<State>, params: &lsp::DidChangeWorkspaceFoldersParams) {
    let of = |folders: &[lsp::WorkspaceFolder]| paths(folders.iter().map(|folder| &folder.uri));
    state.change_roots(&of(&params.event.removed), of(&params.event.added));
    model::follow(state);
}

fn open(state: &Arc<State>, params: lsp::DidOpenTextDocumentParams) {
    let key = Key::of(&params.text_document.uri);
    state.documents.open(params.text_document);
    let Some(document) = state.documents.get(&key) else {
        return;
    };
    match prompt_key(&key) {
        _ if is_project(&key) => state.publish(&key),
        Some(prompt) => sidecar_touched(state, &prompt, Cause::Opened),
        None if is_prompt(state, &key, &document) => {
            analysis::look(state, &key, Cause::Opened, &[]);
        }
        None => {}
    }
}

fn change(state: &Arc<State>, params: lsp::DidChangeTextDocumentParams) {
    let key = Key::of(&params.text_document.uri);
    let version = params.text_document.version;
    let encoding = state.can().encoding;
    let changed = state
        .documents
        .change(&key, version, params.content_changes, encoding);
    let Some(edits) = changed else {
        tracing::warn!(
            uri = params.text_document.uri.as_str(),
            "changed but not open"
        );
        return;
    };
    touched(state, &key, Cause::Edited, &edits);
}

fn save(state: &Arc<State>, params: &lsp::DidSaveTextDocumentParams) {
    let key = Key::of(&params.text_document.uri);
    // A client that watches files tells of this one by itself.
    if is_project(&key) && !state.can().watch_files {
        state.projects.forget(&key);
        model::follow(state);
        analysis::look_at_all(state, Cause::Opened);
    }
    let prompt = prompt_key(&key).unwrap_or(key);
    if state.prompts.contains(&prompt) {
        analysis::look_if_changed(state, &prompt);
    }
}

fn close(state: &Arc<State>, params: &lsp::DidCloseTextDocumentParams) {
    let key = Key::of(&params.text_document.uri);
    state.documents.close(&key);
    touched(state, &key, Cause::Closed, &[]);
}

/// A document changed: if it is a prompt or a sidecar, its prompt is looked at.
fn touched(state: &Arc<State>, key: &Key, cause: Cause, edits: &[ByteEdit]) {
    if is_project(key) {
        state.publish(key);
    } else if state.prompts.contains(key) {
        analysis::look(state, key, cause, edits);
    } else if let Some(prompt) = prompt_key(key) {
        sidecar_touched(state, &prompt, cause);
    }
}

/// A sidecar makes a prompt of any open file; without its prompt it is read for itself.
fn sidecar_touched(state: &Arc<State>, prompt: &Key, cause: Cause) {
    // The prompt stays open when its sidecar is closed.
    let cause = match cause {
        Cause::Closed => Cause::Saved,
        other => other,
    };
    analysis::look(state, prompt, cause, &[]);
}

/// The document that a request is about.
fn stamp(state: &State, request: &Request) -> Option<Arc<Document>> {
    let uri = request
        .params()?
        .get("textDocument")?
        .get("uri")?
        .as_str()?;
    state.documents.get(&Key::of(&uri.parse().ok()?))
}
