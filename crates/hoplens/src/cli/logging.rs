//! Sets up the log: its destination, and its level from `HOPLENS_LOG`.

use std::fs::OpenOptions;
use std::io::IsTerminal;
use std::path::Path;
use std::sync::Arc;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::writer::BoxMakeWriter;

use crate::cli::error::CliError;

/// Logs to standard error, or appends to a file. The default level is `info` for the server and
/// `warn` for commands.
pub(super) fn init(is_server: bool, file: Option<&Path>) -> Result<(), CliError> {
    let default = if is_server {
        "hoplens=info"
    } else {
        "hoplens=warn"
    };
    let filter = EnvFilter::try_from_env("HOPLENS_LOG").unwrap_or_else(|_| EnvFilter::new(default));
    let writer = match file {
        None => BoxMakeWriter::new(std::io::stderr),
        Some(path) => {
            let opened = OpenOptions::new().create(true).append(true).open(path);
            let opened = opened.map_err(|source| CliError::Write {
                path: path.into(),
                source,
            })?;
            BoxMakeWriter::new(Arc::new(opened))
        }
    };
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(writer)
        .with_ansi(file.is_none() && std::io::stderr().is_terminal())
        .init();
    if is_server {
        log_panics();
    }
    Ok(())
}

/// Writes panics to the log. Their messages may quote a prompt, so they are logged at level `debug`
/// only.
fn log_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        tracing::error!(place, "a panic");
        tracing::debug!("{panic}\n{}", std::backtrace::Backtrace::capture());
    }));
}
