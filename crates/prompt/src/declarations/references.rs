//! References in a Prompty file: `${file:sample.json}` and `${env:NAME}`.
//!
//! A file's text counts as if it stood in the place of the reference. Environment variables are
//! never read: their values are often secrets, which must not reach a report, a cache or a log. A
//! reference to one has the default that it names, or no value.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::diagnostics::code::Code;
use crate::diagnostics::problem::Problems;
use crate::format;
use crate::format::prompt_format::PromptFormat;
use crate::format::prompty::version::PromptyVersion;
use crate::yaml;
use crate::yaml::node::{Data, Node};

/// Maximum number of files that one prompt may refer to, directly and through other files.
const MAX_FILES: usize = 64;
/// Maximum depth of files that refer to files.
const MAX_DEPTH: usize = 8;

/// The files that a prompt refers to, by the paths in the references.
#[derive(Debug, Clone, Copy)]
pub(crate) struct References<'a> {
    pub version: PromptyVersion,
    pub files: &'a BTreeMap<String, String>,
}

/// A text that is a reference and nothing else.
enum Reference<'text> {
    File(&'text str),
    Env(Option<&'text str>),
    /// Version 1 refuses any other `${…}`.
    Invalid,
}

/// Reads the files that a prompt refers to.
///
/// `read` receives a path relative to the prompt's folder and returns the file's text. It decides
/// how far above that folder a path may lead. Only Prompty files have such references.
pub fn read_references(
    file_name: &str,
    text: &str,
    read: &mut dyn FnMut(&str) -> Option<String>,
) -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    if PromptFormat::of(file_name) != PromptFormat::Prompty || !text.contains("${") {
        return files;
    }
    let split = format::split(PromptFormat::Prompty, text);
    let yaml = split.front_matter.and_then(|range| text.get(range));
    let Some(root) = yaml.and_then(|yaml| yaml::read::read(yaml, 0).root) else {
        return files;
    };
    let version = PromptyVersion::of(&root);
    let mut pending = Vec::new();
    collect(&root.to_json(), version, &mut pending);
    let mut visited = BTreeSet::new();
    while let Some(path) = pending.pop() {
        if files.len() >= MAX_FILES || !visited.insert(path.clone()) || !is_allowed(&path, version)
        {
            continue;
        }
        let Some(text) = read(&path) else { continue };
        if version == PromptyVersion::V1
            && let Ok(value) = serde_json::from_str::<Value>(&text)
        {
            collect(&value, version, &mut pending);
        }
        files.insert(path, text);
    }
    files
}

/// Adds the paths of all file references in a value.
fn collect(value: &Value, version: PromptyVersion, paths: &mut Vec<String>) {
    match value {
        Value::String(text) => {
            if let Some(Reference::File(path)) = reference(text, version) {
                paths.push(path.to_owned());
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, version, paths)),
        Value::Object(map) => map.values().for_each(|item| collect(item, version, paths)),
        _ => {}
    }
}

/// Whether a path may be read: never an absolute one, and in version 2 only one that stays in the
/// prompt's folder.
fn is_allowed(path: &str, version: PromptyVersion) -> bool {
    let is_absolute = path.starts_with(['/', '\\']) || path.contains([':', '\0']);
    let mut depth = 0_i32;
    let mut leaves = false;
    for part in path.split(['/', '\\']) {
        match part {
            "" | "." => {}
            ".." => depth -= 1,
            _ => depth += 1,
        }
        leaves |= depth < 0;
    }
    !path.is_empty() && !is_absolute && (version == PromptyVersion::V1 || !leaves)
}

/// Returns the reference that a text is.
fn reference(text: &str, version: PromptyVersion) -> Option<Reference<'_>> {
    let is_v1 = version == PromptyVersion::V1;
    let text = if is_v1 { text.trim() } else { text };
    let inside = text.strip_prefix("${")?.strip_suffix('}')?;
    let (protocol, rest) = inside.split_once(':').unwrap_or((inside, ""));
    let has_value = inside.contains(':');
    let protocol = if is_v1 {
        protocol.to_owned()
    } else {
        protocol.to_ascii_lowercase()
    };
    match protocol.as_str() {
        // Version 1 drops whatever follows a further colon.
        "file" if has_value && is_v1 => Some(Reference::File(rest.split(':').next()?)),
        "file" if has_value => Some(Reference::File(rest)),
        "env" if has_value => {
            let (_, default) = rest.split_once(':').unwrap_or((rest, ""));
            let default = if is_v1 {
                default.split(':').next().unwrap_or_default()
            } else {
                default
            };
            Some(Reference::Env(Some(default).filter(|d| !d.is_empty())))
        }
        _ => is_v1.then_some(Reference::Invalid),
    }
}

impl References<'_> {
    /// Returns a value with its references resolved as Prompty does; `None` if it is unknown.
    ///
    /// Version 1 resolves references at any depth and trims every text. Version 2 resolves only a
    /// value that is a reference itself.
    pub fn resolve(&self, value: Value) -> Option<Value> {
        self.resolve_at(value, 0)
    }

    fn resolve_at(&self, value: Value, depth: usize) -> Option<Value> {
        let is_v1 = self.version == PromptyVersion::V1;
        match value {
            Value::String(text) => match reference(&text, self.version) {
                Some(Reference::File(path)) => {
                    let value = self.content(path)?.ok()?;
                    if !is_v1 {
                        return Some(value);
                    }
                    // A text in JSON that is nothing but a text is not resolved again.
                    if value.is_string() || depth >= MAX_DEPTH {
                        return Some(value);
                    }
                    self.resolve_at(value, depth + 1)
                }
                Some(Reference::Env(default)) => default.map(Value::from),
                Some(Reference::Invalid) => None,
                None if is_v1 => Some(Value::from(text.trim())),
                None => Some(Value::String(text)),
            },
            Value::Array(items) if is_v1 => {
                let items = items.into_iter();
                let resolved = items.map(|item| self.resolve_at(item, depth));
                Some(resolved.map(Option::unwrap_or_default).collect())
            }
            Value::Object(map) if is_v1 => {
                let entries = map.into_iter();
                let resolved =
                    entries.filter_map(|(key, value)| Some((key, self.resolve_at(value, depth)?)));
                Some(Value::Object(resolved.collect()))
            }
            other => Some(other),
        }
    }

    /// Returns the content of a file, or why it cannot be used; `None` if there is no such file.
    fn content(&self, path: &str) -> Option<Result<Value, String>> {
        let text = self.files.get(path)?;
        let is_json = self.version == PromptyVersion::V1 || path.ends_with(".json");
        if is_json {
            let parsed = serde_json::from_str(text);
            return Some(parsed.map_err(|error| format!("is not valid JSON: {error}")));
        }
        if path.ends_with(".yml") || path.ends_with(".yaml") {
            let tree = yaml::read::read(text, 0);
            return Some(match tree.error {
                Some((_, message)) => Err(format!("is not valid YAML: {message}")),
                None => Ok(tree.root.map_or(Value::Null, |root| root.to_json())),
            });
        }
        Some(Ok(Value::from(text.as_str())))
    }

    /// Reports the references of a front matter with which Prompty refuses the file.
    pub fn check(&self, root: &Node, problems: &mut Problems) {
        for (key, value) in root.entries() {
            // Version 2 does not look into `metadata`.
            if self.version == PromptyVersion::V1 || key.text() != Some("metadata") {
                self.check_node(value, problems);
            }
        }
    }

    fn check_node(&self, node: &Node, problems: &mut Problems) {
        match &node.data {
            Data::List { items, .. } => {
                items
                    .iter()
                    .for_each(|item| self.check_node(item, problems));
            }
            Data::Map { entries, .. } => {
                let values = entries.iter().map(|(_, value)| value);
                values.for_each(|value| self.check_node(value, problems));
            }
            Data::Scalar { text, .. } => {
                let (code, message) = match reference(text, self.version) {
                    Some(Reference::File(path)) => match self.content(path) {
                        Some(Ok(_)) => return,
                        Some(Err(reason)) => {
                            let message = format!("The file `{path}` {reason}. Correct the file.");
                            (Code::InvalidValue, message)
                        }
                        None if !is_allowed(path, self.version) => {
                            let message = format!(
                                "`{path}` is outside the prompt's folder, where Prompty and hoplens \
                                 read no files. Move the file into the folder."
                            );
                            (Code::MissingFile, message)
                        }
                        None => {
                            let message = format!(
                                "There is no file `{path}` that hoplens can read, so the values in \
                                 it are unknown. Correct the path, which begins in the prompt's \
                                 folder and must stay in the repository."
                            );
                            (Code::MissingFile, message)
                        }
                    },
                    Some(Reference::Invalid) => {
                        let message = format!(
                            "Prompty refuses `{text}`. Write `${{file:…}}` or `${{env:…}}`, or \
                             other characters."
                        );
                        (Code::InvalidValue, message)
                    }
                    Some(Reference::Env(_)) | None => return,
                };
                problems.error(code, node.here(), message);
            }
        }
    }
}

/// Whether a text is a reference to an environment variable without a default.
pub(crate) fn is_unknown_env(text: &str, version: PromptyVersion) -> bool {
    matches!(reference(text, version), Some(Reference::Env(None)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn resolved(version: PromptyVersion, value: Value) -> Option<Value> {
        let files = [
            ("a.json", r#"{"b": " q ", "c": "${file:t.json}"}"#),
            ("t.json", "[1, \"${env:SECRET}\"]"),
            ("n.yaml", "x: [1]"),
            ("t.txt", "text\n"),
            ("loop.json", r#"{"a": "${file:loop.json}"}"#),
        ];
        let files = files.map(|(path, text)| (path.to_owned(), text.to_owned()));
        let files = BTreeMap::from(files);
        References {
            version,
            files: &files,
        }
        .resolve(value)
    }

    #[test]
    fn references_are_resolved_as_each_version_does() {
        use PromptyVersion::{V1, V2};
        let text = |text: &str| Value::from(text);
        let a = json!({"b": "q", "c": [1, null]});
        assert_eq!(resolved(V1, text(" ${file:a.json} ")), Some(a.clone()));
        assert_eq!(
            resolved(V1, json!([{"k": "${file:a.json}"}])),
            Some(json!([{"k": a}]))
        );
        let raw = json!({"b": " q ", "c": "${file:t.json}"});
        assert_eq!(resolved(V2, text("${FILE:a.json}")), Some(raw));
        assert_eq!(
            resolved(V2, json!(["${file:a.json}"])),
            Some(json!(["${file:a.json}"]))
        );
        assert_eq!(
            resolved(V2, text("${file:n.yaml}")),
            Some(json!({"x": [1]}))
        );
        assert_eq!(resolved(V2, text("${file:t.txt}")), Some(text("text\n")));
        assert_eq!(resolved(V1, text(" x ")), Some(text("x")));
        assert_eq!(resolved(V2, text(" x ")), Some(text(" x ")));
        assert_eq!(resolved(V2, text("${other}")), Some(text("${other}")));
        assert_eq!(resolved(V1, text("${other}")), None);
        for version in [V1, V2] {
            assert_eq!(resolved(version, text("${file:gone}")), None);
            assert_eq!(resolved(version, text("${env:HOME}")), None);
            assert_eq!(resolved(version, text("${env:HOME:d}")), Some(text("d")));
        }
        assert!(resolved(V1, text("${file:loop.json}")).is_some());
    }

    #[test]
    fn only_files_that_are_referred_to_are_read() {
        let text = "---\nmodel: {api: chat}\nsample: ${file:s.json}\n---\nuser:\n{{a}}\n";
        let mut asked = Vec::new();
        let mut read = |path: &str| {
            asked.push(path.to_owned());
            (path == "s.json")
                .then(|| r#"{"a": "${file:../t.json}", "b": "${file:/etc/x}"}"#.into())
        };
        let found = read_references("a.prompty", text, &mut read);
        assert_eq!(found.keys().collect::<Vec<_>>(), ["s.json"]);
        assert_eq!(asked, ["s.json", "../t.json"]);
        let text = "---\nname: x\ninputs: [{name: a, default: '${file:../t.txt}'}]\n---\nx\n";
        let found = read_references("a.prompty", text, &mut |path| panic!("{path}"));
        assert!(found.is_empty());
    }
}
