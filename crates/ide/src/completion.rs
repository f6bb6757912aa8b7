//! Completion of keys and values in declarations and in `hoplens.toml`.

mod context;
mod item;
mod keys;
mod place;
pub(crate) mod project;
mod snippets;
mod values;
mod variables;

use crate::completion::place::ExpectedAtCursor;
use hoplens_prompt::declaration_sites::DeclarationSite;

pub use context::{CompletionContext, InsertStyle};
pub use item::{Completion, CompletionKind};
pub use project::complete_project;

/// Returns the completions at byte `offset` of a document whose declarations are in `sites`, likeliest
/// first.
pub fn complete(
    text: &str,
    sites: &[DeclarationSite],
    offset: usize,
    context: CompletionContext<'_>,
) -> Vec<Completion> {
    let holds = |site: &&DeclarationSite| site.window.start <= offset && offset <= site.window.end;
    let Some(found) = sites
        .iter()
        .find(holds)
        .and_then(|site| place::find(text, site, offset))
    else {
        return Vec::new();
    };
    match &found.expected {
        ExpectedAtCursor::Key(key) => keys::complete(key, &found, context),
        ExpectedAtCursor::Value(value) => values::complete(value, &found, context),
    }
}

#[cfg(test)]
mod tests;
