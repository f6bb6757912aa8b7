//! How a model reads a prompt.

use serde::Serialize;

/// How the model reads a prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PromptReading {
    /// As a text to continue.
    Continuation,
    /// As one user message: the prompt sets no roles, and its format sends it so.
    UserMessage,
    /// As messages with the roles that the prompt sets.
    Chat,
}
