//! The client's settings.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use hoplens_analysis::ReplySettings;
use hoplens_workspace::{MAX_REPLY_SAMPLES, MAX_REPLY_TOKENS};

/// Every setting with its description, which the documentation and the manifest of the VS Code
/// extension repeat.
#[cfg(test)]
pub(super) const SETTINGS: [(&str, &str); 8] = [
    (
        "model",
        "The model that analyses prompts: an alias (`smollm2-135m`), a `.gguf` file, a folder, `org/name` from the Hugging Face hub, or `ollama:NAME`. By default, the model in the project's `hoplens.toml`, else `smollm2-135m`.",
    ),
    ("run", "When prompts are analysed."),
    (
        "debounceMs",
        "Pause in typing before a prompt is analysed, in milliseconds.",
    ),
    (
        "declaredOnly",
        "Analyse only prompts that declare a hop. By default, hoplens guesses a hop in the others.",
    ),
    (
        "replies.samples",
        "How many replies are sampled, beside the likeliest one, where a case looks for its answer in them; at most 64. By default, the number in the project's `hoplens.toml`, else 4.",
    ),
    (
        "replies.tokens",
        "The most tokens of such a reply; at most 4096. By default, the number in the project's `hoplens.toml`, else 64.",
    ),
    (
        "hints.surprisal",
        "Show after each token how surprising it was, in addition to the answer's probability at the end.",
    ),
    (
        "codeLens.enabled",
        "Show code lenses above a prompt's cases. They measure repairs and sentences, and open the views.",
    ),
];

/// When the model analyzes a prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum RunMode {
    /// When the prompt is opened, and on each pause in typing.
    #[default]
    OnType,
    /// When the prompt is opened or saved.
    OnSave,
    /// On command only.
    Manual,
}

/// The section `hoplens` of the client's settings.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct ServerSettings {
    /// Reference of the model, unless the command line names one.
    pub model: Option<String>,
    /// When the model analyzes a prompt.
    pub run: RunMode,
    /// Milliseconds without an edit before the analysis begins.
    pub debounce_ms: u64,
    /// Whether undeclared hops are not searched for.
    pub declared_only: bool,
    /// Settings of the replies in which answers are looked for.
    pub replies: ReplyLimits,
    /// Settings of the inlay hints.
    pub hints: HintSettings,
    /// Settings of the code lenses.
    pub code_lens: CodeLensSettings,
}

/// Settings of the replies in which answers are looked for; without a value, the project's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct ReplyLimits {
    /// How many replies are sampled.
    pub samples: Option<usize>,
    /// The most tokens of a reply.
    pub tokens: Option<usize>,
}

impl ReplyLimits {
    /// Returns which setting is out of bounds, and what it may be.
    fn problem(self) -> Option<String> {
        let Self { samples, tokens } = self;
        if let Some(samples) = samples.filter(|samples| MAX_REPLY_SAMPLES < *samples) {
            return Some(format!(
                "`replies.samples`: {samples} is too many, write a number from 0 to \
                 {MAX_REPLY_SAMPLES}"
            ));
        }
        let is_length = |tokens: &usize| (1..=MAX_REPLY_TOKENS).contains(tokens);
        tokens.filter(|tokens| !is_length(tokens)).map(|tokens| {
            format!(
                "`replies.tokens`: {tokens} is no length of a reply, write a number from 1 to \
                 {MAX_REPLY_TOKENS}"
            )
        })
    }

    /// Overrides the project's settings.
    pub(super) fn apply(self, replies: &mut ReplySettings) {
        replies.samples = self.samples.unwrap_or(replies.samples);
        replies.tokens = self.tokens.unwrap_or(replies.tokens);
    }
}

/// Settings of the inlay hints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct HintSettings {
    /// Whether the surprisal of each token is shown.
    pub surprisal: bool,
}

/// Settings of the code lenses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct CodeLensSettings {
    /// Whether code lenses are shown.
    pub enabled: bool,
}

impl Default for CodeLensSettings {
    fn default() -> Self {
        Self { enabled: true }
    }
}

impl Default for ServerSettings {
    fn default() -> Self {
        Self {
            model: None,
            run: RunMode::default(),
            debounce_ms: 400,
            declared_only: false,
            replies: ReplyLimits::default(),
            hints: HintSettings::default(),
            code_lens: CodeLensSettings::default(),
        }
    }
}

impl ServerSettings {
    /// Reads `{hoplens: {…}}`; `None` if there is no such section.
    ///
    /// # Errors
    /// A setting has an invalid value; the message names it.
    pub(super) fn read(value: &Value) -> Result<Option<Self>, String> {
        let Some(section) = value.get("hoplens").filter(|section| !section.is_null()) else {
            return Ok(None);
        };
        let read = Self::deserialize(section).map(|mut settings| {
            // An editor's form leaves a setting empty instead of absent.
            settings.model = settings.model.filter(|name| !name.trim().is_empty());
            settings
        });
        let read = read.map_err(|error| error.to_string());
        let checked = read.and_then(|settings| match settings.replies.problem() {
            Some(problem) => Err(problem),
            None => Ok(settings),
        });
        checked.map(Some).map_err(|error| {
            format!("the setting `hoplens` cannot be read ({error}); the previous settings stay in force")
        })
    }

    /// Returns the delay between the last edit and the analysis.
    pub(super) fn debounce(&self) -> Duration {
        // Nobody waits longer than a minute.
        Duration::from_millis(self.debounce_ms.min(60_000))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn absent_settings_have_defaults() {
        let read = |value| ServerSettings::read(&value);
        assert_eq!(read(json!(null)), Ok(None));
        assert_eq!(
            read(json!({"hoplens": {}})),
            Ok(Some(ServerSettings::default()))
        );
        let some = read(json!({"hoplens": {"run": "onSave", "debounceMs": 5, "other": 1}}));
        let some = some.unwrap().unwrap();
        assert_eq!((some.run, some.debounce_ms), (RunMode::OnSave, 5));
    }

    #[test]
    fn an_error_names_the_invalid_value() {
        let error = ServerSettings::read(&json!({"hoplens": {"run": "sometimes"}})).unwrap_err();
        assert!(
            error.contains("sometimes") && error.contains("onType"),
            "{error}"
        );
    }

    #[test]
    fn limits_of_replies_override_the_projects_and_are_bounded() {
        let read = |replies: Value| ServerSettings::read(&json!({"hoplens": {"replies": replies}}));
        let mut replies = ReplySettings::default();
        let some = read(json!({"samples": 0, "tokens": null}))
            .unwrap()
            .unwrap();
        some.replies.apply(&mut replies);
        assert_eq!((replies.samples, replies.tokens), (0, 64));
        for (replies, named) in [
            (json!({"samples": 65}), "`replies.samples`: 65"),
            (json!({"tokens": 0}), "`replies.tokens`: 0"),
            (json!({"tokens": 4097}), "from 1 to 4096"),
            (json!({"samples": -1}), "-1"),
        ] {
            let error = read(replies).unwrap_err();
            assert!(error.contains(named), "{error}");
        }
    }

    /// A setting's default, as JSON.
    fn default_of(name: &str) -> Value {
        let all = serde_json::to_value(ServerSettings::default()).unwrap();
        let pointer = format!("/{}", name.replace('.', "/"));
        all.pointer(&pointer).unwrap().clone()
    }

    fn file(path: &str) -> String {
        let root = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
        std::fs::read_to_string(root.join(path)).unwrap()
    }

    #[test]
    fn every_setting_is_named_once() {
        fn leaves(value: &Value, before: &str, found: &mut Vec<String>) {
            match value {
                Value::Object(map) => {
                    for (key, value) in map {
                        let dot = if before.is_empty() { "" } else { "." };
                        leaves(value, &format!("{before}{dot}{key}"), found);
                    }
                }
                _ => found.push(before.to_owned()),
            }
        }
        let mut found = Vec::new();
        let all = serde_json::to_value(ServerSettings::default()).unwrap();
        leaves(&all, "", &mut found);
        let mut named: Vec<&str> = SETTINGS.iter().map(|(name, _)| *name).collect();
        found.sort();
        named.sort_unstable();
        assert_eq!(found, named);
    }

    #[test]
    fn the_documentation_lists_every_setting_with_its_default() {
        let text = file("docs/language-server.md");
        for (name, doc) in SETTINGS {
            let default = match default_of(name) {
                Value::Null => "none".to_owned(),
                Value::String(word) => format!("`{word}`"),
                other => format!("`{other}`"),
            };
            let row = format!("| `{name}` | {doc} | {default} |");
            assert!(text.contains(&row), "docs/language-server.md lacks {row}");
        }
    }

    #[test]
    fn the_manifest_of_the_extension_has_every_setting_with_its_default() {
        let manifest: Value = serde_json::from_str(&file("editors/vscode/package.json")).unwrap();
        let declared = &manifest["contributes"]["configuration"]["properties"];
        for (name, doc) in SETTINGS {
            let own = &declared[format!("hoplens.{name}")];
            let said = [&own["description"], &own["markdownDescription"]];
            assert!(said.contains(&&json!(doc)), "{name}: {own}");
            assert_eq!(own["default"], default_of(name), "{name}");
        }
    }
}
