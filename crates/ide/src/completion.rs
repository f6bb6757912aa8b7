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
use hoplens_prompt::declaration_sites::Home;

pub use context::{CompletionContext, InsertStyle};
pub use item::{Completion, CompletionKind};
pub use project::complete_project;

/// Returns what may stand at byte `offset` of a document whose declarations are in `homes`, likeliest
/// first.
pub fn complete(
    text: &str,
    homes: &[Home],
    offset: usize,
    context: CompletionContext<'_>,
) -> Vec<Completion> {
    let holds = |home: &&Home| home.window.start <= offset && offset <= home.window.end;
    let Some(found) = homes
        .iter()
        .find(holds)
        .and_then(|home| place::find(text, home, offset))
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
