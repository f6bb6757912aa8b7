//! Heads and sweeps as files: pages, pictures, JSON.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};
use tower_lsp_server::jsonrpc::Result;
use tower_lsp_server::ls_types as lsp;

use crate::server::asking::failed;
use crate::server::commands::{heads, read, sweep};
use crate::server::state::State;
use hoplens_ide::documents::heads_page;

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Heads,
    Sweep,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Form {
    Svg,
    Json,
    Html,
}

impl Form {
    fn ending(self) -> &'static str {
        match self {
            Self::Svg => ".svg",
            Self::Json => ".json",
            Self::Html => ".html",
        }
    }
}

#[derive(Debug, Clone, Deserialize)]
struct ExportParams {
    kind: Kind,
    format: Form,
    /// Where it is written; a temporary file where absent.
    path: Option<PathBuf>,
}

/// Writes a file and opens nothing.
pub(super) async fn export(
    state: &Arc<State>,
    argument: Value,
    token: Option<lsp::ProgressToken>,
) -> Result<Value> {
    let asked: ExportParams = read(argument.clone())?;
    let text = match asked.kind {
        Kind::Heads => {
            let found = heads::heads(state, &read(argument)?, token).await?;
            match asked.format {
                Form::Svg => found.map.svg().map_err(|error| failed(error.to_string()))?,
                Form::Json => found.document.to_string(),
                Form::Html => heads_page(&found.document),
            }
        }
        Kind::Sweep => {
            let found = sweep::measured(state, read(argument)?, token).await?;
            match asked.format {
                Form::Svg => found.svg,
                Form::Json => found.document.to_string(),
                Form::Html => {
                    return Err(failed("a sweep has no page; ask for `svg` or `json`"));
                }
            }
        }
    };
    let name = match asked.kind {
        Kind::Heads => "heads",
        Kind::Sweep => "sweep",
    };
    let path = written(asked.path.as_deref(), name, asked.format, &text)?;
    Ok(json!({"path": path}))
}

/// Writes the page of the heads and has the client open it.
pub(super) async fn show_heads(
    state: &Arc<State>,
    argument: Value,
    token: Option<lsp::ProgressToken>,
) -> Result<Value> {
    let found = heads::heads(state, &read(argument)?, token).await?;
    let page = heads_page(&found.document);
    open(state, written(None, "heads", Form::Html, &page)?)
}

/// Writes the picture of a sweep and has the client open it.
pub(super) async fn show_sweep(
    state: &Arc<State>,
    argument: Value,
    token: Option<lsp::ProgressToken>,
) -> Result<Value> {
    let found = sweep::measured(state, read(argument)?, token).await?;
    open(state, written(None, "sweep", Form::Svg, &found.svg)?)
}

/// Writes a file whole or not at all; one of the system's temporary folder stays there for the
/// program that shows it.
fn written(path: Option<&Path>, name: &str, form: Form, text: &str) -> Result<PathBuf> {
    let refused = |path: &Path, reason: String| {
        failed(format!(
            "cannot write {}: {reason}. Check that its folder exists and may be written to.",
            path.display()
        ))
    };
    let folder = match path {
        Some(path) => path.parent().unwrap_or(Path::new(".")).to_path_buf(),
        None => std::env::temp_dir(),
    };
    let prefix = format!("hoplens-{name}-");
    let mut builder = tempfile::Builder::new();
    builder.prefix(&prefix).suffix(form.ending());
    let whole = || -> std::io::Result<PathBuf> {
        let mut file = builder.tempfile_in(&folder)?;
        file.write_all(text.as_bytes())?;
        match path {
            Some(path) => {
                file.persist(path)?;
                Ok(path.to_path_buf())
            }
            None => Ok(file.keep()?.1),
        }
    };
    whole().map_err(|error| refused(path.unwrap_or(&folder), error.to_string()))
}

/// Has the client open a file in the program that the system has for it; where it opens none, a
/// message says where it lies.
fn open(state: &State, path: PathBuf) -> Result<Value> {
    let told = json!({"path": path});
    let uri = lsp::Uri::from_file_path(&path)
        .ok_or_else(|| failed(format!("{} has no URI", path.display())))?;
    let (client, can_show) = (state.client.clone(), state.can().show_documents);
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
    Ok(told)
}
