//! Files of agents: VS Code's and GitHub's custom agents, instructions, and skills.
//!
//! Sources: VS Code's reference of custom agents and of instructions, GitHub's "Custom agents
//! configuration", and the specification at agentskills.io.

use crate::declarations::keys::{Key, KeyKind, key};

/// The keys of the front matter of a `.agent.md`, `.instructions.md` or `SKILL.md` file.
pub const AGENTS_OWN: &[Key] = &[
    key(
        "name",
        KeyKind::Text,
        "The name that users see. A skill's is that of its folder: small letters, digits and `-`.",
    ),
    key(
        "description",
        KeyKind::Text,
        "What it is for. Agents choose an agent or a skill by it.",
    ),
    key(
        "applyTo",
        KeyKind::Text,
        "Instructions: the files that they apply to, such as `**/*.ts`.",
    ),
    key(
        "tools",
        KeyKind::List(&KeyKind::Text),
        "Agents: names of tools that the agent may use; all without this key.",
    ),
    key(
        "model",
        KeyKind::Either(&[KeyKind::Text, KeyKind::List(&KeyKind::Text)]),
        "Agents: the model, or several in order of preference. hoplens analyses its own local \
         model.",
    ),
    key(
        "argument-hint",
        KeyKind::Text,
        "Agents: the hint in the chat's input field.",
    ),
    key(
        "agents",
        KeyKind::List(&KeyKind::Text),
        "Agents: the agents that it may start; all without this key.",
    ),
    key(
        "handoffs",
        KeyKind::List(&KeyKind::Any),
        "Agents: the next steps that are offered, each with `label`, `agent`, `prompt` and `send`.",
    ),
    key(
        "user-invocable",
        KeyKind::Flag,
        "Agents and skills: whether users can choose it; by default they can.",
    ),
    key(
        "disable-model-invocation",
        KeyKind::Flag,
        "Agents and skills: whether only users can choose it; by default agents can, too.",
    ),
    key(
        "target",
        KeyKind::Word(&["vscode", "github-copilot"]),
        "Agents: the one environment that they are for.",
    ),
    key(
        "mcp-servers",
        KeyKind::Any,
        "Agents: further MCP servers, for GitHub's cloud agent.",
    ),
    key(
        "license",
        KeyKind::Text,
        "Skills: the licence, or the file that has it.",
    ),
    key(
        "compatibility",
        KeyKind::Text,
        "Skills: what the skill needs: programs, packages, network.",
    ),
    key(
        "metadata",
        KeyKind::Values(&KeyKind::Text),
        "Further keys and values of your own.",
    ),
    key(
        "allowed-tools",
        KeyKind::Text,
        "Skills: tools that need no further permission, with spaces between them.",
    ),
];
