//! Heads and sweeps as files: pages, pictures, JSON.

use serde_json::Value;
use std::io::Write;
use std::path::{Path, PathBuf};
use tower_lsp_server::jsonrpc::Result;
use tower_lsp_server::ls_types as lsp;

use crate::server::commands::argument::{read, write};
use crate::server::commands::{heads, sweep};
use crate::server::protocol::{ExportFormat, ExportKind, ExportParams, FileResult};
use crate::server::requests::failed;
use crate::server::session_handle::SessionHandle;
use hoplens_ide::documents::heads_page;

fn ending(format: ExportFormat) -> &'static str {
    match format {
        ExportFormat::Svg => ".svg",
        ExportFormat::Json => ".json",
        ExportFormat::Html => ".html",
    }
}

/// Writes a file and opens nothing.
pub(super) async fn export(
    session: &SessionHandle,
    argument: Value,
    token: Option<lsp::ProgressToken>,
) -> Result<Value> {
    let params: ExportParams = read(argument.clone())?;
    let text = match params.kind {
        ExportKind::Heads => {
            let found = heads::heads(session, &read(argument)?, token).await?;
            match params.format {
                ExportFormat::Svg => found.map.svg().map_err(|error| failed(error.to_string()))?,
                ExportFormat::Json => found.document.to_string(),
                ExportFormat::Html => heads_page(&found.document),
            }
        }
        ExportKind::Sweep => {
            let found = sweep::measured(session, read(argument)?, token).await?;
            match params.format {
                ExportFormat::Svg => found.svg,
                ExportFormat::Json => found.document.to_string(),
                ExportFormat::Html => {
                    return Err(failed("a sweep has no page; ask for `svg` or `json`"));
                }
            }
        }
    };
    let name = match params.kind {
        ExportKind::Heads => "heads",
        ExportKind::Sweep => "sweep",
    };
    let path = written(params.path, name, params.format, text).await?;
    write(FileResult { path })
}

/// Writes the page of the heads and opens it.
pub(super) async fn show_heads(
    session: &SessionHandle,
    argument: Value,
    token: Option<lsp::ProgressToken>,
) -> Result<Value> {
    let found = heads::heads(session, &read(argument)?, token).await?;
    let page = heads_page(&found.document);
    open(
        session,
        written(None, "heads", ExportFormat::Html, page).await?,
    )
}

/// Writes the picture of a sweep and opens it.
pub(super) async fn show_sweep(
    session: &SessionHandle,
    argument: Value,
    token: Option<lsp::ProgressToken>,
) -> Result<Value> {
    let found = sweep::measured(session, read(argument)?, token).await?;
    open(
        session,
        written(None, "sweep", ExportFormat::Svg, found.svg).await?,
    )
}

/// Writes a file completely or not at all; one in the system's temporary folder stays there for the
/// program that shows it.
async fn written(
    path: Option<PathBuf>,
    name: &'static str,
    format: ExportFormat,
    text: String,
) -> Result<PathBuf> {
    let folder = match &path {
        Some(path) => path.parent().unwrap_or(Path::new(".")).to_path_buf(),
        None => std::env::temp_dir(),
    };
    let shown = path.clone().unwrap_or_else(|| folder.clone());
    let write = move || -> std::io::Result<PathBuf> {
        let prefix = format!("hoplens-{name}-");
        let mut builder = tempfile::Builder::new();
        builder.prefix(&prefix).suffix(ending(format));
        let mut file = builder.tempfile_in(&folder)?;
        file.write_all(text.as_bytes())?;
        match path {
            Some(path) => {
                file.persist(&path)?;
                Ok(path)
            }
            None => Ok(file.keep()?.1),
        }
    };
    let result = tokio::task::spawn_blocking(write).await;
    let result = result.unwrap_or_else(|error| Err(std::io::Error::other(error)));
    result.map_err(|error| {
        failed(format!(
            "cannot write {}: {error}. Check that its folder exists and may be written to.",
            shown.display()
        ))
    })
}

/// Asks the client to open a file in the system's program for it; if the client cannot, a message
/// shows the path.
fn open(session: &SessionHandle, path: PathBuf) -> Result<Value> {
    let result = write(FileResult { path: path.clone() })?;
    let uri = lsp::Uri::from_file_path(&path)
        .ok_or_else(|| failed(format!("{} has no URI", path.display())))?;
    let (client, can_show) = (
        session.client.clone(),
        session.newest().client.show_documents,
    );
    tokio::spawn(async move {
        let asked = lsp::ShowDocumentParams {
            uri,
            external: Some(true),
            take_focus: Some(true),
            selection: None,
        };
        let is_shown = can_show && matches!(client.show_document(asked).await, Ok(true));
        if !is_shown {
            let message = format!("Written to {}.", path.display());
            client.show_message(lsp::MessageType::INFO, message).await;
        }
    });
    Ok(result)
}
