//! Ignoring a code in a project's `hoplens.toml`.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use tower_lsp_server::ls_types as lsp;

use crate::server::convert;
use crate::server::document_key::DocumentKey;
use crate::server::file_reader::FileReader;
use crate::server::positions;
use crate::server::session_handle::RequestedPrompt;
use hoplens_ide::IGNORE;
use hoplens_prompt::Code;
use hoplens_prompt::text::LineIndex;
use hoplens_workspace::{PROJECT_FILE, ignore_code_edit};

/// Returns for each code the action that ignores it in the project.
pub(super) async fn ignores(
    requested: &RequestedPrompt,
    codes: &[Code],
    files: &FileReader,
) -> Vec<lsp::CodeActionOrCommand> {
    if codes.is_empty() {
        return Vec::new();
    }
    let Some(file) = settings_file(requested, files).await else {
        return Vec::new();
    };
    let actions = codes.iter().filter_map(|code| {
        Some(lsp::CodeActionOrCommand::CodeAction(lsp::CodeAction {
            title: format!("Ignore `{code}` in this project ({PROJECT_FILE})"),
            kind: Some(lsp::CodeActionKind::from(IGNORE)),
            edit: Some(edit(requested, &file, *code)?),
            ..lsp::CodeAction::default()
        }))
    });
    actions.collect()
}

/// The `hoplens.toml` that applies to a prompt, or a new one in the editor's folder.
struct SettingsFile {
    path: PathBuf,
    is_new: bool,
    text: String,
}

async fn settings_file(requested: &RequestedPrompt, files: &FileReader) -> Option<SettingsFile> {
    let session = &requested.session;
    let documents = Arc::clone(&session.documents);
    let found = files.project_file(requested.key.path()?, documents).await;
    if let Some(file) = found {
        return Some(SettingsFile {
            path: file.path,
            is_new: false,
            text: file.text?.to_string(),
        });
    }
    Some(SettingsFile {
        path: session.root_of(&requested.key)?.join(PROJECT_FILE),
        is_new: true,
        text: String::new(),
    })
}

fn edit(
    requested: &RequestedPrompt,
    file: &SettingsFile,
    code: Code,
) -> Option<lsp::WorkspaceEdit> {
    let client = &requested.session.client;
    let SettingsFile { path, is_new, text } = file;
    if *is_new && !(client.create_files && client.document_changes) {
        return None;
    }
    let open = requested.session.document(&DocumentKey::File(path.clone()));
    let change = ignore_code_edit(text, code)?;
    let index = LineIndex::new(text);
    let edit = lsp::TextEdit {
        range: positions::range(text, &index, &change.range, client.encoding),
        new_text: change.new_text,
    };
    let uri = match open {
        Some(document) => document.uri.clone(),
        None => lsp::Uri::from_file_path(path)?,
    };
    if !client.document_changes {
        return Some(lsp::WorkspaceEdit {
            changes: Some(HashMap::from([(uri, vec![edit])])),
            ..lsp::WorkspaceEdit::default()
        });
    }
    let edit = lsp::DocumentChangeOperation::Edit(lsp::TextDocumentEdit {
        text_document: lsp::OptionalVersionedTextDocumentIdentifier {
            uri: uri.clone(),
            version: open.map(|document| document.version),
        },
        edits: vec![lsp::OneOf::Left(edit)],
    });
    let create = is_new.then(|| convert::create(uri));
    Some(lsp::WorkspaceEdit {
        document_changes: Some(lsp::DocumentChanges::Operations(
            create.into_iter().chain([edit]).collect(),
        )),
        ..lsp::WorkspaceEdit::default()
    })
}
