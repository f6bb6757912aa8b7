//! `hoplens lsp`: the language server.

use std::path::{Path, PathBuf};

use crate::cli::error::CliError;
use crate::cli::global::Global;
use crate::cli::outcome::CommandOutcome;
use crate::server;
use crate::server::ServerOptions;

#[derive(Debug, clap::Args)]
pub(super) struct LspArgs {
    /// Accepted because many clients pass it; the server always uses standard input and output.
    #[arg(long)]
    stdio: bool,
    /// Append the log to this file instead of writing it to standard error; HOPLENS_LOG sets the
    /// level, for example hoplens=debug.
    #[arg(long, value_name = "FILE")]
    log_file: Option<PathBuf>,
}

impl LspArgs {
    pub(super) fn log_file(&self) -> Option<&Path> {
        self.log_file.as_deref()
    }
}

pub(super) fn run(_args: &LspArgs, global: &Global) -> Result<CommandOutcome, CliError> {
    let options = ServerOptions {
        model: global.model_flag().map(str::to_owned),
        store: global.store(),
        bos: global.bos_flag(),
        device: global.device(),
        cache_bytes: global.cache_bytes(),
    };
    let code = server::serve(options).map_err(|source| CliError::System {
        what: "cannot start the server",
        source,
    })?;
    // Tokio's thread that reads standard input cannot be stopped while the client keeps it open.
    #[expect(clippy::exit, reason = "see above")]
    std::process::exit(code)
}
