//! A front matter's declarations about the template: its variables, their values, its language.

use crate::declarations::case_fields::input_value;
use crate::template::language::Language;
use crate::template::language::TemplateLanguage;
use serde_json::{Map, Value};

use crate::declarations::input_value::InputValue;
use crate::declarations::spanned::Spanned;
use crate::diagnostics::code::Code;
use crate::diagnostics::problem::{Problems, did_you_mean};
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
            language: Language { engine, strict },
            defaults: Map::new(),
            inputs: Vec::new(),
            required: Vec::new(),
        }
    }

    /// Reads the front matter of a file of this format.
    pub fn read(format: PromptFormat, root: &Node, problems: &mut Problems) -> Self {
        let mut found = Self::new(format);
        match format {
            PromptFormat::Dotprompt => found.dotprompt(root, problems),
            PromptFormat::Prompty => {
                found.language = language(root, found.language, problems);
                found.prompty(root, problems);
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

    /// Reads `inputs`, a list of maps with `name` or a map by name, and `sample` of Prompty v1.
    fn prompty(&mut self, root: &Node, problems: &mut Problems) {
        let mut input = |name: &str, key: &Node, about: &Node| {
            let of = |key| about.entry(key).map(|(_, value)| value);
            if !matches!(about.data, Data::Map { .. }) {
                // `name: value` is a short form for a default.
                if !about.is_null() {
                    self.value(name, about, problems);
                }
                return;
            }
            let value = ["default", "example", "sample"].into_iter().find_map(of);
            match value.filter(|value| !value.is_null()) {
                Some(value) => self.value(name, value, problems),
                None if of("required").and_then(Node::text) == Some("true") => {
                    self.need(name, key);
                }
                None => {}
            }
        };
        let inputs = root.entry("inputs").map(|(_, value)| value);
        match inputs.map(|inputs| &inputs.data) {
            Some(Data::List { items, .. }) => {
                for about in items {
                    let name = about.entry("name").map(|(_, name)| name);
                    if let Some((key, name)) = name.and_then(|key| Some((key, key.text()?))) {
                        input(name, key, about);
                    }
                }
            }
            Some(Data::Map { entries, .. }) => {
                for (key, about) in entries {
                    if let Some(name) = key.text() {
                        input(name, key, about);
                    }
                }
            }
            _ => {}
        }
        let sample = root.entry("sample").map_or(&[][..], |(_, v)| v.entries());
        for (key, value) in sample {
            if let Some(name) = key.text() {
                self.value(name, value, problems);
            }
        }
    }
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
        let message = "Prompty v2 refuses a `template` that is no map. Write `template: {format: \
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
            let message = format!(
                "Prompty has no template format `{other}`; it is read as jinja2.{} Known formats: \
                 {}.",
                did_you_mean(other, &KINDS),
                KINDS.join(", ")
            );
            problems.warn(Code::InvalidValue, kind.here(), message);
        }
    }
    language
}
