//! The language server: the only code that knows LSP types.
//!
//! One event loop owns the `session` and is its only writer. Events come from the client
//! (`ingress`, in the order of the wire), the engine, the `file_reader` and timers; after each
//! event the loop publishes an immutable `snapshot`. Handlers are functions of a snapshot and
//! the request's parameters. They never change anything: commands send events. Nothing in the loop
//! or in a handler waits for the disk or the client; the model runs on the engine's thread.

mod analysis_events;
mod analysis_task;
mod backend;
mod catch_panic;
mod client_capabilities;
mod client_events;
mod code_pages;
mod commands;
mod configuration;
mod convert;
mod document;
mod document_key;
mod event;
mod event_loop;
mod file_reader;
mod handlers;
mod ingress;
mod lifecycle;
mod model_events;
mod model_search;
mod options;
mod parent;
mod positions;
mod progress;
mod project_diagnostics;
mod prompt_view;
pub mod protocol;
mod publish;
mod read_prompt;
mod refresh;
mod requests;
mod server_settings;
mod session;
mod session_handle;
mod snapshot;
mod stale_findings;
mod status_report;
mod text_view;
mod watched_files;
mod wire;

use std::sync::Arc;

use tokio::sync::{mpsc, watch};
use tower_lsp_server::{LspService, Server};

use crate::engine::Engine;
use crate::server::backend::Backend;
use crate::server::event::{EngineEvent, Event};
use crate::server::file_reader::FileReader;
use crate::server::ingress::Ingress;
use crate::server::lifecycle::Lifecycle;
use crate::server::refresh::Refresh;
use crate::server::session::{Session, SessionOutputs};
use crate::server::session_handle::SessionHandle;
use crate::server::snapshot::SessionSnapshot;

pub use options::ServerOptions;

/// Most requests that run at once: many, so that a cancellation never waits behind the requests
/// that it cancels.
const CONCURRENCY: usize = 256;
/// Bytes on their way from standard input to the service.
const PIPE: usize = 64 << 10;

/// Serves standard input and output until the client says exit; returns the exit code.
///
/// Call it last: the engine's thread and the one that reads standard input may still run when it
/// returns, since waiting for them would make an editor wait.
///
/// # Errors
/// The system refused a thread.
pub fn serve(options: ServerOptions) -> std::io::Result<i32> {
    tracing::info!(
        version = env!("CARGO_PKG_VERSION"),
        "the language server begins"
    );
    let (events, received_events) = mpsc::unbounded_channel();
    let engine_events = events.clone();
    let engine = Engine::start(move |status| {
        // Nobody receives it once the server ends.
        let _ = engine_events.send(Event::Engine(EngineEvent::Status(status.clone())));
    })?;
    let engine = Arc::new(engine);
    // Dropping the engine would wait for a model that is still being loaded.
    std::mem::forget(Arc::clone(&engine));
    let first = SessionSnapshot::new(engine.status(), options.bos);
    let (published, snapshots) = watch::channel(Arc::new(first));
    let files = FileReader::start(events.clone())?;
    let lifecycle = Arc::new(Lifecycle::default());
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_time()
        .build()?;
    let mut shared = None;
    let (service, socket) = LspService::build(|client| {
        let session = SessionHandle {
            client,
            engine,
            files,
            options: Arc::new(options),
            lifecycle: Arc::clone(&lifecycle),
            events,
            snapshots,
        };
        shared = Some(session.clone());
        Backend { session }
    })
    .custom_method("hoplens/documentText", Backend::document_text)
    .finish();
    let Some(handle) = shared else {
        return Err(std::io::Error::other("the service was not built"));
    };
    let (publisher, batches) = mpsc::unbounded_channel();
    let (status_reports, states) = mpsc::unbounded_channel();
    let refresh = Arc::new(Refresh::default());
    runtime.spawn(publish::run(handle.clone(), batches));
    runtime.spawn(status_report::run(handle.clone(), states));
    runtime.spawn(refresh::run(handle.clone(), Arc::clone(&refresh)));
    let outputs = SessionOutputs {
        published,
        publisher,
        status_reports,
        refresh,
    };
    let session = Session::new(handle.clone(), outputs);
    runtime.spawn(event_loop::run(session, received_events));
    runtime.block_on(async {
        let ingress = Ingress::new(service, handle);
        let (messages, from_client) = tokio::io::duplex(PIPE);
        let stdin = tokio::io::BufReader::new(tokio::io::stdin());
        let signals = Arc::clone(&lifecycle);
        let on_signal = move |signal| signals.on_signal(signal);
        tokio::spawn(wire::pass_on(stdin, from_client, on_signal));
        let server = Server::new(messages, tokio::io::stdout(), socket)
            .concurrency_level(CONCURRENCY)
            .serve(ingress);
        tokio::select! {
            () = server => {}
            () = lifecycle.ended() => {}
        }
    });
    runtime.shutdown_background();
    Ok(lifecycle.exit_code())
}
