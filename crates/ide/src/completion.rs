//! What may be written where the cursor is: keys and values of our declarations.

mod keys;
mod place;
mod project;
mod values;

use std::ops::Range;

use crate::snapshot::Snapshot;
use hoplens_prompt::Facts;
use hoplens_prompt::declaration_sites::Home;
use hoplens_runtime::ModelInfo;
use place::Place;
pub use project::complete_project;
pub(super) use project::project_key_at;

/// What the editor may insert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completion {
    /// What the list shows.
    pub label: String,
    /// What it is.
    pub what: Completes,
    /// A few words beside the label.
    pub detail: Option<String>,
    /// Markdown.
    pub doc: Option<String>,
    /// Bytes that are replaced: of one line, the cursor among them.
    pub range: Range<usize>,
    /// What stands there instead.
    pub new_text: String,
    /// Whether `new_text` has places to fill in (`$1`).
    pub is_snippet: bool,
    /// What is compared with what was typed.
    pub filter: String,
}

/// What a [`Completion`] inserts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Completes {
    /// A key.
    Key,
    /// A word out of a fixed list.
    Word,
    /// A text or number that the prompt, the model or a fact gives.
    Value,
}

/// What completion may draw on.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    /// The prompt, as far as it can be read; also while its sidecar is edited.
    pub snapshot: Option<&'a Snapshot>,
    /// Which entities mentions stand for in this workspace.
    pub facts: &'a Facts,
    /// The model, once there is one.
    pub model: Option<&'a ModelInfo>,
    /// What the editor takes.
    pub style: InsertStyle,
}

/// How much an editor understands of what is inserted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum InsertStyle {
    /// Text of one line.
    #[default]
    Text,
    /// Snippets of one line: it may change the indentation of others.
    Line,
    /// Snippets whose lines are indented as we say.
    Lines,
}

/// What may stand at byte `offset` of a document whose declarations are in `homes`, likeliest
/// first.
pub fn complete(text: &str, homes: &[Home], offset: usize, known: Known<'_>) -> Vec<Completion> {
    let holds = |home: &&Home| home.window.start <= offset && offset <= home.window.end;
    let Some(found) = homes
        .iter()
        .find(holds)
        .and_then(|home| place::find(text, home, offset))
    else {
        return Vec::new();
    };
    match &found.place {
        Place::Keys(keys) => keys::complete(keys, &found, known),
        Place::Value(value) => values::complete(value, &found, known),
    }
}

#[cfg(test)]
mod tests;
