//! Ignoring a code in a project's `hoplens.toml`.

use std::collections::HashMap;

use tower_lsp_server::ls_types as lsp;

use crate::server::convert;
use crate::server::key::Key;
use crate::server::state::State;
use hoplens_ide::IGNORE;
use hoplens_prompt::Code;
use hoplens_prompt::text::LineIndex;
use hoplens_workspace::{Disk, PROJECT_FILE, ignoring, project_file};

/// For each code: never to be told of it in the project.
pub(super) fn ignores(state: &State, key: &Key, codes: &[Code]) -> Vec<lsp::CodeActionOrCommand> {
    let actions = codes.iter().filter_map(|code| {
        Some(lsp::CodeActionOrCommand::CodeAction(lsp::CodeAction {
            title: format!("Ignore `{code}` in this project ({PROJECT_FILE})"),
            kind: Some(lsp::CodeActionKind::from(IGNORE)),
            edit: Some(edit(state, key, *code)?),
            ..lsp::CodeAction::default()
        }))
    });
    actions.collect()
}

/// The edit of the `hoplens.toml` that holds for a prompt, or of a new one in the editor's folder.
fn edit(state: &State, key: &Key, code: Code) -> Option<lsp::WorkspaceEdit> {
    let can = state.can();
    let (path, is_new) = match project_file(&Disk, key.path()?) {
        Some(path) => (path, false),
        None => (state.root_of(key)?.join(PROJECT_FILE), true),
    };
    if is_new && !(can.create_files && can.document_changes) {
        return None;
    }
    let open = state.documents.get(&Key::File(path.clone()));
    let text = match &open {
        Some(document) => document.text.clone(),
        None if is_new => String::new(),
        None => std::fs::read_to_string(&path).ok()?,
    };
    let change = ignoring(&text, code)?;
    let index = LineIndex::new(&text);
    let place = |offset| convert::position(&text, &index, offset, can.encoding);
    let edit = lsp::TextEdit {
        range: lsp::Range {
            start: place(change.range.start),
            end: place(change.range.end),
        },
        new_text: change.new_text,
    };
    let uri = match &open {
        Some(document) => document.uri.clone(),
        None => lsp::Uri::from_file_path(&path)?,
    };
    if !can.document_changes {
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
