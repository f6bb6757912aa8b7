//! The language server: the only place that knows LSP types.
//!
//! `ingress` applies edits in the order of the wire before any handler runs. Handlers read
//! what is known (`prompts`) and never run the model. `analysis` has the model look at
//! prompts and stores what it found; `publish` tells the client.

mod analysis;
mod asking;
mod backend;
mod can;
mod carried;
mod commands;
mod configuration;
mod convert;
mod disk;
mod documents;
mod guarded;
mod handlers;
mod ingress;
mod key;
mod lifecycle;
mod model;
mod pages;
mod paper;
mod parent;
mod progress;
mod projects;
mod prompts;
mod publish;
mod refresh;
mod repairs;
mod settings;
mod state;
mod status;
mod view;
mod wire;

use std::sync::Arc;

use tokio::sync::mpsc;
use tower_lsp_server::{LspService, Server};

use crate::engine::Engine;
use hoplens_runtime::{BosPolicy, Device};
use hoplens_store::StoreOptions;

/// What the server is started with.
#[derive(Debug, Clone)]
pub struct ServerOptions {
    /// Reference of the model to load; where absent the client's settings, the project and the
    /// default are asked in turn.
    pub model: Option<String>,
    /// Where models are.
    pub store: StoreOptions,
    /// BOS policy; the project's where absent.
    pub bos: Option<BosPolicy>,
    /// Where the model's linear maps are multiplied.
    pub device: Device,
    /// The most memory that passes may leave for later ones, in bytes.
    pub cache_bytes: usize,
}

/// Many, so that a cancellation is never stuck behind what it cancels.
const CONCURRENCY: usize = 256;
/// Bytes on their way from standard input to the service.
const PIPE: usize = 64 << 10;

/// Serves standard input and output until the client says exit; returns the exit code.
///
/// Call it last: the model's thread and the one that reads standard input may still run when it
/// returns, since waiting for them would make an editor wait.
///
/// # Errors
/// The system refused a thread.
pub fn serve(options: ServerOptions) -> std::io::Result<i32> {
    tracing::info!(
        version = env!("CARGO_PKG_VERSION"),
        "the language server begins"
    );
    let (statuses, status_changes) = mpsc::unbounded_channel();
    let engine = Engine::start(move |status| {
        // Nobody listens once the server ends.
        let _ = statuses.send(status.clone());
    })?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_time()
        .build()?;
    let mut shared = None;
    let (service, socket) = LspService::build(|client| {
        let state = Arc::new(state::State::new(client, options, engine));
        shared = Some(Arc::clone(&state));
        backend::Backend { state }
    })
    .custom_method("hoplens/documentText", backend::Backend::document_text)
    .finish();
    let Some(state) = shared else {
        return Err(std::io::Error::other("the service was not built"));
    };
    runtime.spawn(publish::run(Arc::clone(&state)));
    runtime.spawn(status::run(Arc::clone(&state), status_changes));
    runtime.spawn(refresh::run(Arc::clone(&state)));
    runtime.block_on(async {
        let ingress = ingress::Ingress::new(service, Arc::clone(&state));
        let (messages, from_client) = tokio::io::duplex(PIPE);
        let stdin = tokio::io::BufReader::new(tokio::io::stdin());
        let hearing = Arc::clone(&state);
        let hear = move |farewell| hearing.lifecycle.hear(farewell);
        tokio::spawn(wire::pass_on(stdin, from_client, hear));
        let server = Server::new(messages, tokio::io::stdout(), socket)
            .concurrency_level(CONCURRENCY)
            .serve(ingress);
        tokio::select! {
            () = server => {}
            () = state.lifecycle.ended() => {}
        }
    });
    runtime.shutdown_background();
    let code = state.lifecycle.exit_code();
    // Dropping the engine would wait for a model that is still being read.
    std::mem::forget(state);
    Ok(code)
}
