//! Between LSP's types and ours.

use std::collections::HashMap;
use std::ops::Range;

use serde_json::json;
use sha2::{Digest, Sha256};
use tower_lsp_server::ls_types as lsp;

use crate::server::can::Can;
use crate::server::documents::Document;
use crate::server::view::{Source, View};
use hoplens_analysis::Repair;
use hoplens_ide::{Diagnostic, Related, concerns};
use hoplens_prompt::text::{LineIndex, Position, PositionEncoding};
use hoplens_prompt::{FileEdit, Origin, Severity};
use hoplens_store::hex;

pub(super) fn from_position(position: lsp::Position) -> Position {
    Position {
        line: position.line as usize,
        column: position.character as usize,
    }
}

pub(super) fn from_range(range: lsp::Range) -> (Position, Position) {
    (from_position(range.start), from_position(range.end))
}

/// Byte offset of a position in a document.
pub(super) fn offset(
    document: &Document,
    position: lsp::Position,
    encoding: PositionEncoding,
) -> usize {
    let position = from_position(position);
    document.index.offset(&document.text, position, encoding)
}

/// Bytes of a range in a document, turned round if need be.
pub(super) fn bytes(
    document: &Document,
    range: lsp::Range,
    encoding: PositionEncoding,
) -> Range<usize> {
    let start = offset(document, range.start, encoding);
    let end = offset(document, range.end, encoding);
    start.min(end)..start.max(end)
}

pub(super) fn to_position(
    source: &Source,
    offset: usize,
    encoding: PositionEncoding,
) -> lsp::Position {
    position(&source.text, &source.index, offset, encoding)
}

/// A byte of a text as the protocol counts.
pub(super) fn position(
    text: &str,
    index: &LineIndex,
    offset: usize,
    encoding: PositionEncoding,
) -> lsp::Position {
    let position = index.position(text, offset, encoding);
    // What does not fit is a line of four thousand million columns.
    lsp::Position {
        line: u32::try_from(position.line).unwrap_or(u32::MAX),
        character: u32::try_from(position.column).unwrap_or(u32::MAX),
    }
}

pub(super) fn to_range(
    source: &Source,
    range: &Range<usize>,
    encoding: PositionEncoding,
) -> lsp::Range {
    lsp::Range {
        start: to_position(source, range.start, encoding),
        end: to_position(source, range.end, encoding),
    }
}

/// `None` if the file that it belongs to is gone.
pub(super) fn to_diagnostic(view: &View, one: &Diagnostic, can: &Can) -> Option<lsp::Diagnostic> {
    let source = view.source(one.origin)?;
    let related = one
        .related
        .iter()
        .filter_map(|related| to_related(view, related, can));
    let related: Vec<_> = related.collect();
    Some(lsp::Diagnostic {
        range: to_range(source, &one.range, can.encoding),
        severity: Some(match one.severity {
            Severity::Error => lsp::DiagnosticSeverity::ERROR,
            Severity::Warning => lsp::DiagnosticSeverity::WARNING,
            Severity::Information => lsp::DiagnosticSeverity::INFORMATION,
            Severity::Hint => lsp::DiagnosticSeverity::HINT,
        }),
        code: Some(lsp::NumberOrString::String(one.code.to_owned())),
        code_description: can.code_links.then(|| code_page(one.code)).flatten(),
        source: Some("hoplens".to_owned()),
        message: one.message.clone(),
        related_information: (can.related_information && !related.is_empty()).then_some(related),
        data: data(view, one),
        ..lsp::Diagnostic::default()
    })
}

/// The page of a code, for editors that open it at a click.
fn code_page(code: &str) -> Option<lsp::CodeDescription> {
    let href = super::pages::uri(code)?;
    Some(lsp::CodeDescription { href })
}

fn to_related(
    view: &View,
    related: &Related,
    can: &Can,
) -> Option<lsp::DiagnosticRelatedInformation> {
    let source = view.source(related.origin)?;
    Some(lsp::DiagnosticRelatedInformation {
        location: lsp::Location {
            uri: source.uri.clone(),
            range: to_range(source, &related.range, can.encoding),
        },
        message: related.message.clone(),
    })
}

/// What a finding rests on: the text, the model, the baseline and the gain of the best repair.
fn data(view: &View, one: &Diagnostic) -> Option<serde_json::Value> {
    let findings = view.snapshot.findings.as_ref()?;
    let case = findings.cases.get(one.case?)?;
    let outcome = case.outcome.as_ref().ok()?;
    let hash = hex(&Sha256::digest(&view.snapshot.text));
    let repairs = outcome.repairs.as_ref().map(|repairs| -> Vec<&Repair> {
        let own = repairs.iter().filter(|repair| concerns(case, one, repair));
        own.collect()
    });
    let best = repairs.as_ref().and_then(|repairs| repairs.first());
    Some(json!({
        "content": hash,
        "model": findings.model.sha256,
        "case": case.id,
        "baseline": outcome.probes.composed.p,
        "repairs": repairs.as_ref().map(Vec::len),
        "weighed": outcome.has_evidence,
        "best": best.map(|repair| repair.logp_after.exp()),
    }))
}

/// The edit as the client can apply it; `None` if its file is not what it was made for.
pub(super) fn to_workspace_edit(
    view: &View,
    edit: &FileEdit,
    can: &Can,
) -> Option<lsp::WorkspaceEdit> {
    let source = view.source(edit.target);
    let (uri, version) = match (source, edit.target) {
        (Some(source), _) => (source.uri.clone(), source.version),
        (None, Origin::Sidecar) => (view.sidecar_uri.clone()?, None),
        (None, Origin::FrontMatter) => return None,
    };
    if source.is_some_and(|source| edit.creates || !source.exact) {
        return None;
    }
    let edits = edit.edits.iter().map(|edit| lsp::TextEdit {
        range: source.map_or_else(lsp::Range::default, |source| {
            to_range(source, &edit.range, can.encoding)
        }),
        new_text: edit.new_text.clone(),
    });
    let edits: Vec<lsp::TextEdit> = edits.collect();
    if !can.document_changes {
        return Some(lsp::WorkspaceEdit {
            changes: Some(HashMap::from([(uri, edits)])),
            ..lsp::WorkspaceEdit::default()
        });
    }
    let edit_file = lsp::TextDocumentEdit {
        text_document: lsp::OptionalVersionedTextDocumentIdentifier {
            uri: uri.clone(),
            version,
        },
        edits: edits.into_iter().map(lsp::OneOf::Left).collect(),
    };
    let changes = if edit.creates && can.create_files {
        lsp::DocumentChanges::Operations(vec![
            create(uri),
            lsp::DocumentChangeOperation::Edit(edit_file),
        ])
    } else {
        lsp::DocumentChanges::Edits(vec![edit_file])
    };
    Some(lsp::WorkspaceEdit {
        document_changes: Some(changes),
        ..lsp::WorkspaceEdit::default()
    })
}

/// A new file, unless it is there.
pub(super) fn create(uri: lsp::Uri) -> lsp::DocumentChangeOperation {
    lsp::DocumentChangeOperation::Op(lsp::ResourceOp::Create(lsp::CreateFile {
        uri,
        options: Some(lsp::CreateFileOptions {
            overwrite: Some(false),
            ignore_if_exists: Some(true),
        }),
        annotation_id: None,
    }))
}
