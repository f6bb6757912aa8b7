//! Partials among the files that are checked: parts of prompts, which have findings of their own.

use std::path::Path;

use hoplens_ide::{Diagnostic, Snapshot, static_diagnostics};
use hoplens_prompt::{Code, is_partial_file};

/// Whether a file is a partial that no model is asked about: it declares no case.
pub(in crate::cli) fn is_partial(snapshot: &Snapshot) -> bool {
    snapshot.file.cases.is_empty() && is_partial_file(Path::new(&snapshot.name))
}

/// Returns the findings of a file that need no model.
///
/// Of a partial, those that hold wherever it is included: which helpers and partials it may use
/// depends on the prompt, which has the finding.
pub(in crate::cli) fn lint_findings(snapshot: &Snapshot) -> Vec<Diagnostic> {
    let mut found = static_diagnostics(snapshot);
    if is_partial(snapshot) {
        found.retain(|diagnostic| {
            !matches!(
                diagnostic.code,
                Code::UnknownHelper | Code::UnknownPartial | Code::EmptyPrompt
            )
        });
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_partial_has_the_findings_that_hold_in_every_prompt() {
        let codes = |name: &str, text: &str| {
            let found = lint_findings(&Snapshot::new(name, text, None));
            found.into_iter().map(|one| one.code).collect::<Vec<_>>()
        };
        assert_eq!(codes("p/_a.prompt", "{{#if x}}a"), [Code::TemplateError]);
        assert_eq!(codes("p/_a.prompt", "{{> b}} {{bullets x}} {{y}}"), []);
        assert_eq!(codes("p/_a.prompt", ""), []);
        assert_eq!(codes("p/a.prompt", "{{> b}}"), [Code::UnknownPartial]);
    }
}
