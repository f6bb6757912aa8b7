//! Diagnostics of an open `hoplens.toml`.

use tower_lsp_server::ls_types as lsp;

use crate::server::document::Document;
use hoplens_prompt::text::PositionEncoding;
use hoplens_workspace::Project;

/// Returns the errors of the settings as they are in the editor.
pub(super) fn project_diagnostics(
    document: &Document,
    encoding: PositionEncoding,
) -> Vec<lsp::Diagnostic> {
    let Err(problem) = Project::parse(&document.text) else {
        return Vec::new();
    };
    let first_line = document.text.lines().next().unwrap_or_default().len();
    let range = problem.range.unwrap_or(0..first_line);
    vec![lsp::Diagnostic {
        range: document.range(&range, encoding),
        severity: Some(lsp::DiagnosticSeverity::ERROR),
        source: Some("hoplens".to_owned()),
        message: format!(
            "{}. Until it is corrected, none of these settings counts.",
            problem.message.trim_end_matches('.')
        ),
        ..lsp::Diagnostic::default()
    }]
}
