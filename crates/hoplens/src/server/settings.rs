//! What the client sets.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Every setting with what it says: the documents, and the manifest of the VS Code extension, have
/// the same words.
#[cfg(test)]
pub(super) const SETTINGS: [(&str, &str); 6] = [
    (
        "model",
        "The model: an alias (`smollm2-135m`), a `.gguf` file, a folder, `org/name` from the Hugging Face hub, or `ollama:NAME`. Without it the one of the project's `hoplens.toml`, else the default.",
    ),
    ("run", "When the model looks at a prompt."),
    (
        "debounceMs",
        "Milliseconds without an edit before the model looks at a prompt.",
    ),
    (
        "declaredOnly",
        "Leave prompts alone that declare no hop, instead of guessing one.",
    ),
    (
        "hints.surprisal",
        "Show behind each token how surprising it was, besides the answer's probability at the end.",
    ),
    (
        "codeLens.enabled",
        "Show lenses above a prompt's cases that measure repairs and open the views.",
    ),
];

/// When the model looks at a prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Run {
    /// When it is opened, and on each pause in typing.
    #[default]
    OnType,
    /// When it is opened or saved.
    OnSave,
    /// When the command is given.
    Manual,
}

/// The section `hoplens` of the client's settings.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Settings {
    /// Reference of the model, unless the command line names one.
    pub model: Option<String>,
    /// When the model looks at a prompt.
    pub run: Run,
    /// Milliseconds without an edit before it does.
    pub debounce_ms: u64,
    /// Whether prompts that declare no hop are left alone, instead of guessing one.
    pub declared_only: bool,
    pub hints: Hints,
    pub code_lens: CodeLens,
}

/// What is shown in the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Hints {
    /// Whether each token's surprisal is shown behind it.
    pub surprisal: bool,
}

/// What is shown above the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct CodeLens {
    /// Whether anything is.
    pub enabled: bool,
}

impl Default for CodeLens {
    fn default() -> Self {
        Self { enabled: true }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            model: None,
            run: Run::default(),
            debounce_ms: 400,
            declared_only: false,
            hints: Hints::default(),
            code_lens: CodeLens::default(),
        }
    }
}

impl Settings {
    /// Reads `{hoplens: {…}}`; `None` where there is no such section.
    ///
    /// # Errors
    /// A setting has a value that it cannot have; says which.
    pub(super) fn read(value: &Value) -> Result<Option<Self>, String> {
        let Some(section) = value.get("hoplens").filter(|section| !section.is_null()) else {
            return Ok(None);
        };
        let read = Self::deserialize(section).map(|mut settings| {
            // An editor's form can leave a text empty, and not absent.
            settings.model = settings.model.filter(|name| !name.trim().is_empty());
            settings
        });
        read.map(Some).map_err(|error| {
            format!("the setting `hoplens` cannot be read ({error}); the former settings stay")
        })
    }

    pub(super) fn debounce(&self) -> Duration {
        // A minute is longer than anybody waits.
        Duration::from_millis(self.debounce_ms.min(60_000))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn absent_settings_have_defaults() {
        let read = |value| Settings::read(&value);
        assert_eq!(read(json!(null)), Ok(None));
        assert_eq!(read(json!({"hoplens": {}})), Ok(Some(Settings::default())));
        let some = read(json!({"hoplens": {"run": "onSave", "debounceMs": 5, "other": 1}}));
        let some = some.unwrap().unwrap();
        assert_eq!((some.run, some.debounce_ms), (Run::OnSave, 5));
    }

    #[test]
    fn a_wrong_value_is_named() {
        let error = Settings::read(&json!({"hoplens": {"run": "sometimes"}})).unwrap_err();
        assert!(
            error.contains("sometimes") && error.contains("onType"),
            "{error}"
        );
    }

    /// A setting's default, as JSON.
    fn default_of(name: &str) -> Value {
        let all = serde_json::to_value(Settings::default()).unwrap();
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
        let all = serde_json::to_value(Settings::default()).unwrap();
        leaves(&all, "", &mut found);
        let mut named: Vec<&str> = SETTINGS.iter().map(|(name, _)| *name).collect();
        found.sort();
        named.sort_unstable();
        assert_eq!(found, named);
    }

    #[test]
    fn the_documents_have_every_setting_with_its_default() {
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
