//! Edits that correct problems of the declarations.

use crate::declarations::spanned::Origin;
use crate::diagnostics::code::Code;
use crate::edit::file_edit::TextEdit;
use crate::file::prompt_file::{PromptFile, find_case};
use crate::lint::finding::LintFinding;

/// Adds the edit that corrects a duplicated id, or that writes the suggested name.
pub(crate) fn with_fix(file: &PromptFile, text: &str, finding: LintFinding) -> LintFinding {
    let problem = &finding.problem;
    let text = match problem.origin {
        Origin::FrontMatter => text,
        Origin::Sidecar => file.sidecar.as_deref().unwrap_or_default(),
    };
    let written = text.get(problem.range.clone()).unwrap_or_default();
    let bare = written.trim_matches(['"', '\'']);
    let start = problem.range.start + written.find(bare).unwrap_or_default();
    let range = start..start + bare.len();
    let (title, new_text, is_likely) = match problem.code {
        Code::DuplicateId => {
            let mut number = 2;
            while find_case(file, &format!("{bare}-{number}")).is_some() {
                number += 1;
            }
            let id = format!("{bare}-{number}");
            (format!("Rename this case to `{id}`"), id, false)
        }
        _ => match &problem.suggestion {
            Some(name) => (format!("Replace by `{name}`"), name.clone(), true),
            None => return finding,
        },
    };
    if bare.is_empty() {
        return finding;
    }
    finding.with_fix(title, TextEdit { range, new_text }, is_likely)
}
