//! Conversions from the types of `hoplens-ide` to those of LSP.

use std::collections::HashMap;

use serde_json::json;
use sha2::{Digest, Sha256};
use tower_lsp_server::ls_types as lsp;

use crate::server::client_capabilities::ClientCapabilities;
use crate::server::code_pages;
use crate::server::prompt_view::PromptView;
use crate::server::snapshot::SessionSnapshot;
use hoplens_analysis::Repair;
use hoplens_ide::{Diagnostic, RelatedInformation, is_fixed_by};
use hoplens_prompt::{Code, FileEdit, Origin, Severity};
use hoplens_store::hex;

/// Converts a diagnostic; `None` if its file is gone.
pub(super) fn to_diagnostic(
    view: &PromptView,
    one: &Diagnostic,
    session: &SessionSnapshot,
) -> Option<lsp::Diagnostic> {
    let source = view.source(one.origin)?;
    let client = &session.client;
    let related = one
        .related
        .iter()
        .filter_map(|related| to_related(view, related, client));
    let related: Vec<_> = related.collect();
    Some(lsp::Diagnostic {
        range: source.range(&one.range, client.encoding),
        severity: Some(severity(one.severity)),
        code: Some(lsp::NumberOrString::String(one.code.to_string())),
        code_description: code_page(one.code, session),
        source: Some("hoplens".to_owned()),
        message: one.message.clone(),
        related_information: (client.related_information && !related.is_empty()).then_some(related),
        data: data(view, one),
        ..lsp::Diagnostic::default()
    })
}

/// Returns the severity in LSP.
pub(super) fn severity(severity: Severity) -> lsp::DiagnosticSeverity {
    match severity {
        Severity::Error => lsp::DiagnosticSeverity::ERROR,
        Severity::Warning => lsp::DiagnosticSeverity::WARNING,
        Severity::Information => lsp::DiagnosticSeverity::INFORMATION,
        Severity::Hint => lsp::DiagnosticSeverity::HINT,
    }
}

/// Returns the page of a code; `None` if the editor does not open it at a click.
pub(super) fn code_page(code: Code, session: &SessionSnapshot) -> Option<lsp::CodeDescription> {
    if !session.client.code_links {
        return None;
    }
    let folder = session.code_pages.as_deref()?;
    let href = code_pages::uri(folder, code)?;
    Some(lsp::CodeDescription { href })
}

fn to_related(
    view: &PromptView,
    related: &RelatedInformation,
    client: &ClientCapabilities,
) -> Option<lsp::DiagnosticRelatedInformation> {
    let source = view.source(related.origin)?;
    Some(lsp::DiagnosticRelatedInformation {
        location: lsp::Location {
            uri: source.uri.clone(),
            range: source.range(&related.range, client.encoding),
        },
        message: related.message.clone(),
    })
}

/// Returns the evidence of a finding: the text, the model, the baseline and the best repair.
fn data(view: &PromptView, one: &Diagnostic) -> Option<serde_json::Value> {
    let findings = view.snapshot.findings.as_ref()?;
    let case = findings.cases.get(one.case?)?;
    let outcome = case.outcome.as_ref().ok()?;
    let hash = hex(&Sha256::digest(&view.snapshot.text));
    let repairs = outcome.repairs.as_ref().map(|repairs| -> Vec<&Repair> {
        let own = repairs
            .iter()
            .filter(|repair| is_fixed_by(case, one, repair));
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

/// Converts an edit; `None` if its file is not the one that it was made for.
pub(super) fn to_workspace_edit(
    view: &PromptView,
    edit: &FileEdit,
    client: &ClientCapabilities,
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
            source.range(&edit.range, client.encoding)
        }),
        new_text: edit.new_text.clone(),
    });
    let edits: Vec<lsp::TextEdit> = edits.collect();
    if !client.document_changes {
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
    let changes = if edit.creates && client.create_files {
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

/// Converts edits of a prompt's files to one edit; `None` if one of the files is not the one that
/// the edits were made for.
pub(super) fn to_joint_edit(
    view: &PromptView,
    edits: &[FileEdit],
    client: &ClientCapabilities,
) -> Option<lsp::WorkspaceEdit> {
    let mut all = lsp::WorkspaceEdit::default();
    for edit in edits {
        let one = to_workspace_edit(view, edit, client)?;
        if let Some(changes) = one.changes {
            all.changes.get_or_insert_default().extend(changes);
        }
        if let Some(lsp::DocumentChanges::Edits(edits)) = one.document_changes {
            match &mut all.document_changes {
                Some(lsp::DocumentChanges::Edits(known)) => known.extend(edits),
                _ => all.document_changes = Some(lsp::DocumentChanges::Edits(edits)),
            }
        }
    }
    Some(all)
}

/// Returns the operation that creates a file, unless it exists.
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
