//! What the client sets.

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

/// When the model looks at a prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
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
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Hints {
    /// Whether each token's surprisal is shown behind it.
    pub surprisal: bool,
}

/// What is shown above the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
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
        Self::deserialize(section).map(Some).map_err(|error| {
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
}
