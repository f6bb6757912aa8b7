//! Diagnostics of an open `hoplens.toml`.

use std::ops::Range;

use tower_lsp_server::ls_types as lsp;

use crate::server::convert::{code_page, severity};
use crate::server::document::Document;
use crate::server::snapshot::SessionSnapshot;
use hoplens_workspace::{Project, ProjectHint};

/// Returns the findings about the settings as they are in the editor.
pub(super) fn project_diagnostics(
    document: &Document,
    session: &SessionSnapshot,
) -> Vec<lsp::Diagnostic> {
    let of = |range: &Range<usize>, severity, message| lsp::Diagnostic {
        range: document.range(range, session.client.encoding),
        severity: Some(severity),
        source: Some("hoplens".to_owned()),
        message,
        ..lsp::Diagnostic::default()
    };
    let problem = match Project::parse(&document.text) {
        Ok(project) => {
            let hints = project.hints().into_iter();
            let diagnostics = hints.map(|hint| {
                let ProjectHint {
                    code,
                    message,
                    range,
                } = hint;
                lsp::Diagnostic {
                    code: Some(lsp::NumberOrString::String(code.to_string())),
                    code_description: code_page(code, session),
                    ..of(&range, severity(code.severity()), message)
                }
            });
            return diagnostics.collect();
        }
        Err(problem) => problem,
    };
    let first_line = document.text.lines().next().unwrap_or_default().len();
    let range = problem.range.unwrap_or(0..first_line);
    let message = format!(
        "{}. Until it is corrected, none of these settings counts.",
        problem.message.trim_end_matches('.')
    );
    vec![of(&range, lsp::DiagnosticSeverity::ERROR, message)]
}
