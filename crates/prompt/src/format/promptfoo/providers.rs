//! What answers the tests of a promptfoo configuration: models, or programs and addresses that
//! hoplens cannot run.

use crate::yaml::node::{Data, Node};

/// The keys of a configuration that list what is asked.
const KEYS: [&str; 2] = ["providers", "targets"];

/// The beginnings of ids of providers that are programs.
const PROGRAMS: [&str; 9] = [
    "exec:", "python:", "golang:", "ruby:", "package:", "browser", "mcp", "sequence", "manual",
];

/// The endings of files that are programs.
const PROGRAM_FILES: [&str; 8] = [".js", ".mjs", ".cjs", ".ts", ".py", ".rb", ".go", ".sh"];

/// The beginnings of ids of providers that are addresses.
const ADDRESSES: [&str; 6] = ["http:", "https:", "ws:", "wss:", "webhook:", "websocket"];

/// The endings of addresses at which model servers read a prompt themselves.
const MODEL_ADDRESSES: [&str; 6] = [
    "/completions",
    "/v1/messages",
    "/v1/responses",
    "/api/generate",
    "/api/chat",
    ":generateContent",
];

/// What a provider is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ProviderKind {
    /// A model, or something that hoplens knows nothing about.
    Model,
    Program,
    Address,
    /// promptfoo's `echo`, which returns the prompt.
    Echo,
}

/// A provider that is no model.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ForeignProvider<'tree> {
    /// Where the configuration names it.
    pub node: &'tree Node,
    kind: ProviderKind,
    name: &'tree str,
}

/// What a configuration, or one of its tests, asks.
#[derive(Debug, Default)]
pub(crate) struct Providers<'tree> {
    /// Those that are no models.
    pub foreign: Vec<ForeignProvider<'tree>>,
    /// Whether there is one that may be a model.
    has_model: bool,
}

impl<'tree> Providers<'tree> {
    /// Returns what a configuration asks.
    pub fn of_configuration(root: &'tree Node) -> Self {
        let mut found = Self::default();
        for list in KEYS.iter().filter_map(|key| root.entry(key)) {
            found.add(list.1);
        }
        found
    }

    /// Returns what a test asks instead of the configuration's providers, if it names anything.
    pub fn of_test(test: &'tree Node) -> Option<Self> {
        let (_, provider) = test.entry("provider")?;
        let mut found = Self::default();
        found.add(provider);
        Some(found)
    }

    /// Whether no model answers: there is a provider, and none may be a model.
    pub fn are_foreign(&self) -> bool {
        !self.foreign.is_empty() && !self.has_model
    }

    fn add(&mut self, node: &'tree Node) {
        match &node.data {
            Data::List { items, .. } => items.iter().for_each(|item| self.add(item)),
            Data::Map { entries, .. } => match node.entry("id") {
                Some((_, id)) => self.add_id(id, node),
                // An older syntax is a map from ids to options.
                None => entries.iter().for_each(|(key, _)| self.add_id(key, node)),
            },
            Data::Scalar { .. } => self.add_id(node, node),
        }
    }

    /// `about` is the whole provider, which may have an address in its options.
    fn add_id(&mut self, id: &'tree Node, about: &'tree Node) {
        let Some(name) = id.text() else { return };
        let inside = |key: &str| about.entry(key).map(|(_, value)| value);
        let address = inside("config").and_then(|config| config.entry("url"));
        let address = address.and_then(|(_, url)| url.text());
        match kind(name, address) {
            ProviderKind::Model => self.has_model = true,
            kind => self.foreign.push(ForeignProvider {
                node: id,
                kind,
                name,
            }),
        }
    }
}

impl ForeignProvider<'_> {
    /// Returns the note about the provider; `are_foreign` says that no provider is a model.
    pub fn note(&self, are_foreign: bool) -> String {
        let name = shortened(self.name);
        let what = match self.kind {
            ProviderKind::Echo => format!("The provider `{name}` returns the prompt itself"),
            ProviderKind::Address => format!(
                "The provider `{name}` is an address, which hoplens does not open: what answers \
                 there may send other text to its model than this prompt"
            ),
            ProviderKind::Program | ProviderKind::Model => format!(
                "The provider `{name}` is a program, which hoplens does not run: it may send other \
                 text to its model than this prompt"
            ),
        };
        let then = if are_foreign {
            "hoplens reads the tests and does not ask a model for them."
        } else {
            "hoplens asks its model as the other providers are asked."
        };
        format!("{what}. {then}")
    }
}

/// Returns why no model is asked for the tests of these providers; `None` if a model may answer.
pub(crate) fn refusal(providers: &Providers<'_>) -> Option<String> {
    let first = providers.foreign.first()?;
    providers.are_foreign().then(|| first.note(true))
}

fn kind(id: &str, address: Option<&str>) -> ProviderKind {
    let id = id.trim();
    if id == "echo" {
        return ProviderKind::Echo;
    }
    // promptfoo's `http` has its address in the options.
    let is_scheme = ADDRESSES.iter().any(|start| id.starts_with(start));
    if is_scheme || matches!(id, "http" | "https") {
        let address = address.unwrap_or(id);
        let path = address.split(['?', '#']).next().unwrap_or(address);
        let path = path.trim_end_matches('/');
        return if MODEL_ADDRESSES.iter().any(|end| path.ends_with(end)) {
            ProviderKind::Model
        } else {
            ProviderKind::Address
        };
    }
    // The name of a function may follow the file's.
    let file = match id.rsplit_once(':') {
        Some((file, function)) if !function.contains(['/', '.', '\\']) => file,
        _ => id,
    };
    let is_file = PROGRAM_FILES.iter().any(|end| file.ends_with(end));
    if is_file || PROGRAMS.iter().any(|start| id.starts_with(start)) {
        ProviderKind::Program
    } else {
        ProviderKind::Model
    }
}

/// Returns the beginning of a long id.
fn shortened(id: &str) -> String {
    const MOST: usize = 60;
    let id = id.lines().next().unwrap_or_default();
    match id.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &id[..end]),
        None => id.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn providers_are_classified_by_their_ids() {
        use ProviderKind::{Address, Echo, Model, Program};
        for (id, address, expected) in [
            ("openai:gpt-4o", None, Model),
            ("anthropic:messages:claude-sonnet-4-6", None, Model),
            ("ollama:completion:llama3", None, Model),
            ("huggingface:text-generation:org/model.js-7b", None, Model),
            // The options of a provider in a file of their own.
            ("file://providers/gpt.yaml", None, Model),
            ("echo", None, Echo),
            ("exec: ./answer.sh", None, Program),
            ("python:provider.py", None, Program),
            ("file://provider.py:call", None, Program),
            ("file://evals/agent-provider.ts", None, Program),
            ("./provider.mjs", None, Program),
            ("golang:provider.go", None, Program),
            ("http", Some("http://localhost:3000/ai"), Address),
            ("https", None, Address),
            ("https://example.org/chat", None, Address),
            ("ws://localhost:4000", None, Address),
            ("webhook:https://example.org/hook", None, Address),
            // Servers of models.
            ("http://localhost:1234/v1/chat/completions", None, Model),
            ("http", Some("http://localhost:11434/api/chat?x=1"), Model),
        ] {
            assert_eq!(kind(id, address), expected, "{id} {address:?}");
        }
    }
}
