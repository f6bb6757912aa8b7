//! VS Code's prompt files.

use crate::declarations::keys::{Key, KeyKind, key};

/// The keys of a `.prompt.md` file's front matter.
pub const VSCODE_OWN: &[Key] = &[
    key(
        "name",
        KeyKind::Text,
        "The name after `/` in the chat; by default that of the file.",
    ),
    key("description", KeyKind::Text, "What the prompt is for."),
    key(
        "argument-hint",
        KeyKind::Text,
        "The hint in the chat's input field.",
    ),
    key(
        "agent",
        KeyKind::Text,
        "The agent that runs the prompt: `ask`, `edit`, `agent`, or the name of your own.",
    ),
    key("mode", KeyKind::Text, "The older name of `agent`."),
    key(
        "model",
        KeyKind::Text,
        "The model that VS Code runs. hoplens analyses its own local model.",
    ),
    key(
        "tools",
        KeyKind::List(&KeyKind::Text),
        "Names of tools that the agent may use.",
    ),
];
