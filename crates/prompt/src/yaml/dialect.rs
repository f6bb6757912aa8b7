//! The YAML readers of the formats' own packages, as far as they differ.

/// The reader whose rules decide what a text means and whether it is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// YAML 1.2 with its core schema: hoplens' own files, and formats without a reader of their own.
    Core,
    /// The npm package `yaml`, which reads dotprompt's front matter: YAML 1.2, keys are unique.
    NpmYaml,
    /// The npm package `js-yaml`, which reads promptfoo's configuration: YAML 1.2 with merge keys.
    JsYaml,
    /// `PyYAML`, which reads Prompty's front matter: YAML 1.1, and less strict about layout.
    PyYaml,
    /// VS Code's own reader of the front matter of prompt and agent files, which knows no aliases:
    /// `applyTo: **/*.ts` is a text.
    VsCode,
}

impl Dialect {
    /// Whether a key `<<` adds the entries of the maps that are its value.
    pub fn merges(self) -> bool {
        matches!(self, Self::JsYaml | Self::PyYaml)
    }
}
