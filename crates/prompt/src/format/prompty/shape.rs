//! What the front matter of a Prompty file must look like for Prompty's own readers.
//!
//! The rules were found by running the PyPI packages 0.1.50 and 2.1. What only version 1 refuses is
//! a note: earlier releases and promptflow read such files, and so does version 2. What both refuse
//! is a warning.

use crate::diagnostics::code::Code;
use crate::diagnostics::problem::Problems;
use crate::diagnostics::severity::Severity;
use crate::diagnostics::suggestion::{closest, did_you_mean};
use crate::format::prompty::version::PromptyVersion;
use crate::yaml::node::{Data, Node};

/// The top-level keys of version 1.
const ROOT: [&str; 11] = [
    "name",
    "description",
    "authors",
    "tags",
    "version",
    "base",
    "model",
    "sample",
    "inputs",
    "outputs",
    "template",
];
/// The keys of an input or output of version 1.
const PROPERTY: [&str; 3] = ["type", "default", "description"];
/// The keys of `model` of version 1.
const MODEL: [&str; 4] = ["api", "configuration", "parameters", "response"];
/// The values of `api` of version 1.
const APIS: [&str; 4] = ["chat", "completion", "embedding", "image"];
/// Top-level keys that neither version reads if they are empty.
const NOT_EMPTY: [&str; 5] = ["inputs", "outputs", "tools", "model", "template"];

/// Reports what Prompty refuses in the front matter of a file of this version.
pub(crate) fn check(root: &Node, version: PromptyVersion, problems: &mut Problems) {
    let mut report = Report { problems };
    for (key, value) in root.entries() {
        let name = key.text().unwrap_or_default();
        if value.is_null() && NOT_EMPTY.contains(&name) {
            let message = format!(
                "Prompty refuses an empty `{name}`. Give it a value, or leave the key out."
            );
            report.warn(Code::InvalidValue, key, message);
        }
    }
    if let Some((_, model)) = root.entry("model") {
        let is_list = matches!(model.data, Data::List { .. });
        if is_list || matches!(model.kind(), "a number" | "a truth value" | "a date") {
            let message = format!(
                "Prompty refuses a `model` that is {}. Write a map.",
                model.kind()
            );
            report.warn(Code::InvalidValue, model, message);
        }
    }
    if version == PromptyVersion::V1 {
        report.v1(root);
    }
}

struct Report<'a> {
    problems: &'a mut Problems,
}

impl Report<'_> {
    fn warn(&mut self, code: Code, node: &Node, message: String) {
        self.problems.warn(code, node.here(), message);
    }

    /// Notes what version 1 refuses and others read.
    fn note(&mut self, code: Code, node: &Node, message: String) {
        let severity = Severity::Information;
        self.problems.add(code, severity, node.here(), message);
    }

    fn v1(&mut self, root: &Node) {
        for (key, _) in root.entries() {
            self.known(key, &ROOT, "a file");
        }
        for list in ["inputs", "outputs"] {
            if let Some((_, properties)) = root.entry(list) {
                self.properties(list, properties);
            }
        }
        self.model(root);
        if let Some((key, sample)) = root.entry("sample") {
            let is_file = sample
                .text()
                .is_some_and(|text| text.trim().starts_with("${"));
            if !is_map(sample) && !is_file {
                let message = format!(
                    "Prompty 0.1 refuses a `sample` that is {}. Write a map of values, or \
                     `${{file:sample.json}}`.",
                    sample.kind()
                );
                self.note(Code::InvalidValue, key, message);
            }
        }
        if let Some((key, template)) = root.entry("template") {
            if matches!(template.data, Data::List { .. }) {
                let message = "Prompty refuses a `template` that is a list. Write `template: \
                               jinja2`."
                    .to_owned();
                self.warn(Code::InvalidValue, key, message);
            } else if is_map(template) && template.entry("parser").is_none() {
                let message = "Prompty refuses a `template` without a `parser`. Write `template: \
                               {type: jinja2, parser: prompty}`."
                    .to_owned();
                self.warn(Code::MissingKey, key, message);
            }
        }
    }

    /// Notes a key with which version 1 refuses `what`.
    fn known(&mut self, key: &Node, known: &[&str], what: &str) {
        let Some(name) = key.text().filter(|name| !known.contains(name)) else {
            return;
        };
        let near = closest(name, known);
        let message = format!(
            "Prompty 0.1 refuses {what} with the key `{name}`.{} Known keys: {}.",
            did_you_mean(near),
            known.join(", ")
        );
        let (code, severity) = (Code::UnknownKey, Severity::Information);
        let problem = self.problems.add(code, severity, key.here(), message);
        problem.suggest(near);
    }

    fn properties(&mut self, list: &str, properties: &Node) {
        if properties.is_null() {
            // Reported for both versions.
            return;
        }
        if !is_map(properties) {
            let message = format!(
                "Prompty 0.1 refuses `{list}` that are {}. Write a map of names, such as `{list}: \
                 {{question: {{type: string}}}}`.",
                properties.kind()
            );
            self.note(Code::InvalidValue, properties, message);
        }
        for (name, about) in properties.entries() {
            if is_map(about) {
                for (key, _) in about.entries() {
                    self.known(key, &PROPERTY, &format!("an item of `{list}`"));
                }
                continue;
            }
            let name = name.text().unwrap_or_default();
            let message = format!(
                "Prompty 0.1 refuses the item `{name}` of `{list}`, which is {}. Write a map, such \
                 as `{name}: {{type: string}}`.",
                about.kind()
            );
            self.note(Code::InvalidValue, about, message);
        }
    }

    fn model(&mut self, root: &Node) {
        let Some((key, model)) = root.entry("model") else {
            if let Some((first, _)) = root.entries().first() {
                self.no_api(first);
            }
            return;
        };
        if model.text().is_some_and(|_| model.kind() == "a text") {
            let message = "Prompty 0.1 refuses a `model` that is a text. Write `model: {api: \
                           chat}`."
                .to_owned();
            self.note(Code::InvalidValue, model, message);
            return;
        }
        if !is_map(model) {
            return;
        }
        for (key, _) in model.entries() {
            self.known(key, &MODEL, "a `model`");
        }
        match model.entry("api") {
            None => self.no_api(key),
            Some((_, api)) if !api.text().is_some_and(|api| APIS.contains(&api)) => {
                let message = format!(
                    "Prompty 0.1 knows no `api` of this name. Write one of: {}.",
                    APIS.join(", ")
                );
                self.note(Code::InvalidValue, api, message);
            }
            Some(_) => {}
        }
        if let Some((_, configuration)) = model.entry("configuration")
            && !is_map(configuration)
        {
            let message = format!(
                "Prompty 0.1 refuses a `configuration` that is {}. Write a map.",
                configuration.kind()
            );
            self.note(Code::InvalidValue, configuration, message);
        }
    }

    fn no_api(&mut self, node: &Node) {
        let message =
            "Prompty 0.1 refuses a file without `model.api`. Write `model: {api: chat}`, \
                       with the other keys of `model`."
                .to_owned();
        self.note(Code::MissingKey, node, message);
    }
}

fn is_map(node: &Node) -> bool {
    matches!(node.data, Data::Map { .. })
}

#[cfg(test)]
mod tests {
    use crate::diagnostics::severity::Severity;
    use crate::file::parse;

    /// Returns the severities and marked texts of the problems of a front matter.
    fn found(yaml: &str) -> Vec<(Severity, String)> {
        let text = format!("---\n{yaml}---\nuser:\nHi {{{{q}}}}\n");
        let file = parse("a.prompty", &text, None);
        let problems = file.problems.into_iter();
        problems
            .map(|one| (one.severity, text[one.range].to_owned()))
            .collect()
    }

    const MODEL: &str = "model: {api: chat, configuration: {type: openai}}\n";

    /// What the packages answered is in a comment: version 0.1.50, then 2.1.
    #[test]
    fn what_prompty_refuses_is_reported() {
        let note = |place: &str| vec![(Severity::Information, place.to_owned())];
        let warning = |place: &str| vec![(Severity::Warning, place.to_owned())];
        for (yaml, expected) in [
            // Accepted, accepted.
            ("inputs: {a: {type: string}}\n", vec![]),
            ("sample: {q: a}\n", vec![]),
            // "'str' object has no attribute 'items'", accepted.
            ("outputs: hello\n", note("hello")),
            ("inputs: hello\n", note("hello")),
            ("outputs: [a]\n", note("[a]")),
            // "unexpected keyword argument", refused for another reason; promptflow reads it.
            (
                "inputs: {h: {type: array, is_chat_history: true}}\n",
                note("is_chat_history"),
            ),
            // "argument after ** must be a mapping", "must be a non-blank string".
            ("inputs: {a: 3}\n", note("3")),
            // "Prompty.__init__() got an unexpected keyword argument", accepted.
            ("foo: bar\n", note("foo")),
            // "'NoneType' object has no attribute 'items'", "'NoneType' object is not iterable".
            ("inputs:\n", warning("inputs")),
            ("outputs:\n", warning("outputs")),
            // "Parser .chat not found", "template.format: missing required field".
            ("template: {type: jinja2}\n", warning("template")),
            ("template: {type: jinja2, parser: prompty}\n", vec![]),
            // "'list' object has no attribute 'items'", accepted.
            ("sample: [a]\n", note("sample")),
        ] {
            assert_eq!(found(&format!("{MODEL}{yaml}")), expected, "{yaml}");
        }
    }

    #[test]
    fn a_model_needs_an_api_that_version_1_knows() {
        let note = |place: &str| vec![(Severity::Information, place.to_owned())];
        for (yaml, expected) in [
            // "Parser prompty. not found", accepted.
            ("model: {configuration: {type: openai}}\n", note("model")),
            ("sample: {q: a}\n", note("sample")),
            // "Parser prompty.foo not found", accepted.
            ("model: {api: foo}\n", note("foo")),
            ("model: {api: completion}\n", vec![]),
            // "unexpected keyword argument", accepted.
            ("model: {api: chat, foo: 1}\n", note("foo")),
            // "object is not a mapping", accepted.
            ("model: {api: chat, configuration: a}\n", note("a")),
            ("model: {api: chat, parameters: a}\n", vec![]),
        ] {
            assert_eq!(found(yaml), expected, "{yaml}");
        }
    }

    #[test]
    fn files_of_version_2_are_held_to_its_rules_only() {
        for (yaml, expected) in [
            ("metadata: {a: b}\nfoo: bar\ninputs: hello\n", vec![]),
            ("name: x\n", vec![]),
            // "'NoneType' object is not iterable".
            (
                "metadata: {a: b}\ninputs:\n",
                vec![(Severity::Warning, "inputs".to_owned())],
            ),
            // "Invalid data for Model".
            (
                "metadata: {a: b}\nmodel: [a]\n",
                vec![(Severity::Warning, "[a]".to_owned())],
            ),
        ] {
            assert_eq!(found(yaml), expected, "{yaml}");
        }
    }
}
