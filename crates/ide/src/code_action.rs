//! A change that an editor offers, and the kinds of such changes.

use crate::diagnostics::diagnostic::Diagnostic;
use hoplens_prompt::FileEdit;

/// A change that an editor offers.
#[derive(Debug, Clone, PartialEq)]
pub struct CodeAction {
    /// What it does, with the measured gain.
    pub title: String,
    /// LSP kind.
    pub kind: &'static str,
    /// The edit.
    pub edit: FileEdit,
    /// Whether it is the best of its case.
    pub preferred: bool,
    /// Index into the findings' cases; `None` if it belongs to none.
    pub case: Option<usize>,
    /// The findings that it fixes.
    pub fixes: Vec<Diagnostic>,
}

/// Inserts an injection.
pub const INJECT: &str = "quickfix.hoplens.inject";
/// Changes words of the prompt.
pub const REWRITE: &str = "quickfix.hoplens.rewrite";
/// Corrects a mistake that the lint found.
pub const CORRECT: &str = "quickfix.hoplens.correct";
/// Ignores a code.
pub const IGNORE: &str = "quickfix.hoplens.ignore";
/// Records the current effect of an injection.
pub const REFRESH: &str = "quickfix.hoplens.refresh";
/// Adds a case that expects the model's own answer.
pub const ADD_CASE: &str = "refactor.hoplens.addCase";
/// Gives a variable a value.
pub const ADD_VALUE: &str = "quickfix.hoplens.addValue";
/// Declares a hop that hoplens guessed.
pub const DECLARE_HOP: &str = "quickfix.hoplens.declareHop";
