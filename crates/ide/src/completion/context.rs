//! What completion draws on.

use crate::snapshot::Snapshot;
use hoplens_prompt::Facts;
use hoplens_runtime::ModelInfo;

/// What completion draws on.
#[derive(Debug, Clone, Copy)]
pub struct CompletionContext<'a> {
    /// The prompt, as far as it can be parsed; also while its sidecar is edited.
    pub snapshot: Option<&'a Snapshot>,
    /// The facts of the workspace: which bridge each mention stands for.
    pub facts: &'a Facts,
    /// The model, once it is loaded.
    pub model: Option<&'a ModelInfo>,
    /// What the editor can insert.
    pub style: InsertStyle,
}

/// What the editor can insert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum InsertStyle {
    /// Plain text of one line.
    #[default]
    Text,
    /// Snippets of one line: the editor may change the indentation of further lines.
    Line,
    /// Snippets whose further lines keep their indentation.
    Lines,
}
