//! A front matter's declarations about the template: its variables, their values, its language.

use crate::declarations::case_fields::input_value;
use crate::declarations::references::{References, is_unknown_env};
use crate::format::prompty::version::PromptyVersion;
use crate::template::language::Language;
use crate::template::language::TemplateLanguage;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

use crate::declarations::input_value::InputValue;
use crate::declarations::spanned::Spanned;
use crate::diagnostics::code::Code;
use crate::diagnostics::problem::Problems;
use crate::diagnostics::severity::Severity;
use crate::diagnostics::suggestion::{closest, did_you_mean};
use crate::format::prompt_format::PromptFormat;
use crate::yaml::node::{Data, Node};

/// A front matter's declarations about the template.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Variables {
    pub language: Language,
    /// Values for all cases.
    pub defaults: Map<String, Value>,
    /// The ranges of these values.
    pub inputs: Vec<InputValue>,
    /// Variables that are declared as required, with the bytes of the declaration.
    pub required: Vec<Spanned<String>>,
}

impl Variables {
    /// Returns the declarations of a file of this format without front matter.
    pub fn new(format: PromptFormat) -> Self {
        let engine = match format {
            PromptFormat::Dotprompt => TemplateLanguage::Handlebars,
            PromptFormat::Prompty => TemplateLanguage::Jinja,
            PromptFormat::PromptMd => TemplateLanguage::Inputs,
            PromptFormat::Markdown
            | PromptFormat::Github
            | PromptFormat::Promptfoo
            | PromptFormat::Plain => TemplateLanguage::Plain,
        };
        let strict = true;
        Self {
            language: Language {
                engine,
                strict,
                version: PromptyVersion::V2,
            },
            defaults: Map::new(),
            inputs: Vec::new(),
            required: Vec::new(),
        }
    }

    /// Reads the front matter of a file of this format.
    ///
    /// `files` are the texts of the files that a Prompty file refers to.
    pub fn read(
        format: PromptFormat,
        root: &Node,
        files: &BTreeMap<String, String>,
        problems: &mut Problems,
    ) -> Self {
        let mut found = Self::new(format);
        match format {
            PromptFormat::Dotprompt => found.dotprompt(root, problems),
            PromptFormat::Prompty => {
                let version = PromptyVersion::of(root);
                found.language.version = version;
                found.language = match version {
                    PromptyVersion::V1 => language_v1(root, found.language, problems),
                    PromptyVersion::V2 => language(root, found.language, problems),
                };
                let references = References { version, files };
                references.check(root, problems);
                found.prompty(root, &references, problems);
            }
            PromptFormat::PromptMd
            | PromptFormat::Markdown
            | PromptFormat::Github
            | PromptFormat::Promptfoo
            | PromptFormat::Plain => {}
        }
        found
    }

    fn value(&mut self, name: &str, value: &Node, problems: &Problems) {
        if self.defaults.contains_key(name) {
            return;
        }
        self.defaults.insert(name.to_owned(), value.to_json());
        let place = input_value(name, value, None, problems);
        self.inputs.extend(place);
    }

    fn need(&mut self, name: &str, key: &Node) {
        self.required.push(Spanned {
            value: name.to_owned(),
            range: key.here().clone(),
        });
    }

    /// Reads an item of Semantic Kernel's `input_variables`.
    pub fn semantic_kernel_input(&mut self, item: &Node, problems: &Problems) {
        let of = |key| item.entry(key).map(|(_, value)| value);
        let Some((key, name)) = of("name").and_then(|key| Some((key, key.text()?))) else {
            return;
        };
        match of("default").filter(|value| !value.is_null()) {
            Some(value) => self.value(name, value, problems),
            None if of("is_required").and_then(Node::text) == Some("true") => self.need(name, key),
            None => {}
        }
    }

    /// Reads `input.default`, and the names that `input.schema` does not mark as optional.
    fn dotprompt(&mut self, root: &Node, problems: &Problems) {
        let input = root.entry("input").map(|(_, input)| input);
        let inside = |key| input.and_then(|input| input.entry(key)).map(|(_, v)| v);
        let default = inside("default");
        for (key, value) in default.map_or(&[][..], Node::entries) {
            if let Some(name) = key.text() {
                self.value(name, value, problems);
            }
        }
        let Some(schema) = inside("schema") else {
            return;
        };
        let properties = schema.entry("properties").map(|(_, value)| value);
        let properties = properties.filter(|value| matches!(value.data, Data::Map { .. }));
        if let Some(properties) = properties {
            let required = schema.entry("required").map(|(_, value)| &value.data);
            let Some(Data::List { items, .. }) = required else {
                return;
            };
            for (key, _) in properties.entries() {
                let needed = items.iter().any(|item| item.text() == key.text());
                if let Some(name) = key.text().filter(|_| needed) {
                    self.need(name, key);
                }
            }
            return;
        }
        // Picoschema: `name`, `name?`, `name(array, description)`, and `(*)` for any other name.
        for (key, _) in schema.entries() {
            let name = key.text().unwrap_or_default();
            let name = name.split('(').next().unwrap_or_default().trim();
            if !name.is_empty() && !name.ends_with('?') {
                self.need(name, key);
            }
        }
    }

    /// Adds a value of a Prompty file, which may be a reference.
    fn referred(
        &mut self,
        name: &str,
        node: &Node,
        references: &References<'_>,
        problems: &mut Problems,
    ) {
        if self.defaults.contains_key(name) {
            return;
        }
        let is_env = |text: &str| is_unknown_env(text, references.version);
        if node.text().is_some_and(is_env) {
            let message = format!(
                "The value of `{name}` is in an environment variable, which hoplens does not read, \
                 because it may be a secret. Give a value in the case's `input`, or a default \
                 (`${{env:NAME:default}}`)."
            );
            problems.add(
                Code::UnsupportedContent,
                Severity::Information,
                node.here(),
                message,
            );
        }
        let Some(value) = references.resolve(node.to_json()) else {
            return;
        };
        let place = input_value(name, node, None, problems);
        // Only a text that is used as it is written can be edited in its place.
        self.inputs
            .extend(place.filter(|place| value.as_str().is_none_or(|text| *text == place.value)));
        self.defaults.insert(name.to_owned(), value);
    }

    /// Reads `sample`, the only values of version 1, or `inputs`, a list of maps with `name` or a
    /// map by name.
    fn prompty(&mut self, root: &Node, references: &References<'_>, problems: &mut Problems) {
        let sample = root.entry("sample").map(|(_, sample)| sample);
        if let Some(Value::Object(values)) =
            sample.and_then(|node| references.resolve(Value::from(node.text()?)))
        {
            self.defaults.extend(values);
        }
        if references.version == PromptyVersion::V2 {
            let inputs = root.entry("inputs").map(|(_, value)| value);
            for (name, key, about) in inputs.map_or(Vec::new(), named_inputs) {
                self.prompty_input(name, key, about, references, problems);
            }
        }
        for (key, value) in sample.map_or(&[][..], Node::entries) {
            if let Some(name) = key.text() {
                self.referred(name, value, references, problems);
            }
        }
    }

    /// Reads what version 2 declares about an input.
    fn prompty_input(
        &mut self,
        name: &str,
        key: &Node,
        about: &Node,
        references: &References<'_>,
        problems: &mut Problems,
    ) {
        let of = |key| about.entry(key).map(|(_, value)| value);
        if !matches!(about.data, Data::Map { .. }) {
            // `name: value` is a short form for a default.
            if !about.is_null() {
                self.referred(name, about, references, problems);
            }
            return;
        }
        let value = ["default", "example", "sample"].into_iter().find_map(of);
        match value.filter(|value| !value.is_null()) {
            Some(value) => self.referred(name, value, references, problems),
            None if of("required").and_then(Node::text) == Some("true") => {
                self.need(name, key);
            }
            None => {}
        }
    }
}

/// Returns the inputs of a Prompty file: the name, its node, and what is declared about it.
fn named_inputs(inputs: &Node) -> Vec<(&str, &Node, &Node)> {
    match &inputs.data {
        Data::List { items, .. } => {
            let named = items.iter().filter_map(|about| {
                let (_, key) = about.entry("name")?;
                Some((key.text()?, key, about))
            });
            named.collect()
        }
        Data::Map { entries, .. } => {
            let named = entries.iter();
            named
                .filter_map(|(key, about)| Some((key.text()?, key, about)))
                .collect()
        }
        Data::Scalar { .. } => Vec::new(),
    }
}

/// Reads the template's language in version 1: `template: jinja2`, or a map with `type`.
fn language_v1(root: &Node, mut language: Language, problems: &mut Problems) -> Language {
    let Some((_, template)) = root.entry("template") else {
        return language;
    };
    let kind = match &template.data {
        Data::Map { .. } => template.entry("type").map(|(_, kind)| kind),
        _ => Some(template),
    };
    // A map without a `type` means Mustache.
    let name = kind.map_or("mustache", |kind| kind.text().unwrap_or_default());
    match name {
        "mustache" => language.engine = TemplateLanguage::Mustache,
        "jinja2" => {}
        other => {
            let near = closest(other, &KINDS);
            let message = format!(
                "Prompty v1 refuses the template format `{other}`; it is read as jinja2.{} Known \
                 formats: {}.",
                did_you_mean(near),
                KINDS.join(", ")
            );
            let problem = problems.warn(Code::InvalidValue, template.here(), message);
            problem.suggest(near);
        }
    }
    language
}

const KINDS: [&str; 2] = ["jinja2", "mustache"];

/// Reads Prompty's `template: {format: {kind, strict}, parser: prompty}`.
fn language(root: &Node, mut language: Language, problems: &mut Problems) -> Language {
    let Some((key, template)) = root.entry("template") else {
        return language;
    };
    let is_map = |node: &Node| matches!(node.data, Data::Map { .. });
    let format = template.entry("format").map(|(_, format)| format);
    if !is_map(template) {
        let message = "Prompty v2 refuses a `template` that is not a map. Write `template: {format: \
                       {kind: jinja2}, parser: {kind: prompty}}`, with jinja2 or mustache.";
        problems.warn(Code::InvalidValue, key.here(), message);
    } else if template.entry("parser").is_none() {
        let message = "Prompty's Python runtime refuses a `template` without a `parser`. Add \
                       `parser: {kind: prompty}` to it.";
        problems.warn(Code::MissingKey, key.here(), message);
    }
    let format = format.unwrap_or(template);
    let kind = format.entry("kind").map(|(_, kind)| kind);
    let strict = format.entry("strict").map(|(_, strict)| strict);
    language.strict = strict.and_then(Node::text) != Some("false");
    let kind = kind.unwrap_or(format);
    match kind.text().unwrap_or_default() {
        "mustache" => language.engine = TemplateLanguage::Mustache,
        "" | "*" | "jinja2" => {}
        other => {
            let near = closest(other, &KINDS);
            let message = format!(
                "Prompty has no template format `{other}`; it is read as jinja2.{} Known formats: \
                 {}.",
                did_you_mean(near),
                KINDS.join(", ")
            );
            let problem = problems.warn(Code::InvalidValue, kind.here(), message);
            problem.suggest(near);
        }
    }
    language
}
