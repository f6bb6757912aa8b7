//! Completion of keys and values in declarations and in `hoplens.toml`.

mod context;
pub(crate) mod item;
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
    // hoplens's keys and those of the format may be in the same YAML.
    let mut list: Vec<Completion> = Vec::new();
    for site in sites.iter().filter(holds) {
        let Some(found) = place::find(text, site, offset) else {
            continue;
        };
        let more = match &found.expected {
            ExpectedAtCursor::Key(key) => keys::complete(key, &found, context),
            ExpectedAtCursor::Value(value) => values::complete(value, &found, context),
        };
        for one in more {
            if list.iter().all(|known| known.label != one.label) {
                list.push(one);
            }
        }
    }
    list
}

#[cfg(test)]
mod tests;
