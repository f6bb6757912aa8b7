//! What is known of a variable: its declaration and its values.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::file::prompt_file::PromptFile;
use crate::lint::inputs::InputSource;
use crate::lint::value_type::ValueType;
use crate::symbols::declared_sites::placed_inputs;
use crate::symbols::symbol_sites::symbol_sites;
use crate::symbols::template_part::prompts;
use crate::symbols::template_symbol::{SiteRole, TemplateSymbol};

/// What is known of a variable of a prompt.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct InputFacts {
    /// Its declared type in words.
    pub type_words: Option<String>,
    /// Its declared description.
    pub description: Option<String>,
    /// Whether the application must give it a value.
    pub is_required: bool,
    /// Its default value or sample.
    pub default: Option<Value>,
    /// The cases of its prompt, as indices into the file's, each with its value there.
    pub cases: Vec<(usize, Option<Value>)>,
    /// A value of the declared type that stands for a real one.
    pub placeholder: Value,
}

/// Returns what a file says about a variable of one of its prompts, from 0.
pub fn input_facts(file: &PromptFile, text: &str, prompt: usize, name: &str) -> InputFacts {
    let mut facts = InputFacts {
        placeholder: Value::from(format!("<{name}>")),
        ..InputFacts::default()
    };
    let inputs = placed_inputs(file, text);
    let own = inputs
        .iter()
        .filter(|one| one.prompt == prompt && one.input.name == name);
    for input in own.map(|one| &one.input) {
        if input.source == InputSource::Schema {
            if input.value_type != ValueType::Any {
                facts.type_words = Some(input.value_type.words());
                facts.placeholder = placeholder(&input.value_type, name);
            }
            facts.description = facts.description.or_else(|| input.description.clone());
            facts.is_required |= input.required;
        }
    }
    let prompts = prompts(file);
    facts.default = prompts
        .get(prompt)
        .and_then(|prompt| prompt.defaults.get(name))
        .cloned();
    let cases = file.cases.iter().enumerate();
    let cases = cases.filter(|(_, case)| case.fence.unwrap_or(0) == prompt);
    // A fence without a case has an empty one.
    let cases = cases.filter(|(_, case)| case.fence.is_none() || !case.range.is_empty());
    facts.cases = cases
        .map(|(at, case)| (at, case.input.get(name).cloned()))
        .collect();
    facts
}

/// Returns the names of the variables that the template of a prompt uses, in text order, each once.
pub fn used_inputs(file: &PromptFile, text: &str, prompt: usize) -> Vec<String> {
    names(file, text, prompt, |role| role == SiteRole::Use)
}

/// Returns the names of all variables of a prompt, used or declared: first those that it declares or
/// gives a value for, each once.
pub fn known_inputs(file: &PromptFile, text: &str, prompt: usize) -> Vec<String> {
    let mut all = names(file, text, prompt, |role| {
        !matches!(role, SiteRole::Use | SiteRole::CaseText)
    });
    let declared = prompts(file);
    let declared = declared.get(prompt).into_iter();
    all.extend(declared.flat_map(|prompt| prompt.defaults.keys().cloned()));
    let cases = file
        .cases
        .iter()
        .filter(|case| case.fence.unwrap_or(0) == prompt);
    all.extend(cases.flat_map(|case| case.input.keys().cloned()));
    all.extend(used_inputs(file, text, prompt));
    distinct(all)
}

fn names(
    file: &PromptFile,
    text: &str,
    prompt: usize,
    is_wanted: impl Fn(SiteRole) -> bool,
) -> Vec<String> {
    let sites = symbol_sites(file, text).into_iter();
    let names = sites.filter_map(|site| match site.symbol {
        TemplateSymbol::Input(name) if site.prompt == prompt && is_wanted(site.role) => Some(name),
        _ => None,
    });
    distinct(names.collect())
}

fn distinct(names: Vec<String>) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let mut names = names;
    names.retain(|name| seen.insert(name.clone()));
    names
}

/// Returns a value of a type.
fn placeholder(value_type: &ValueType, name: &str) -> Value {
    match value_type {
        ValueType::Any | ValueType::Text => Value::from(format!("<{name}>")),
        ValueType::Number | ValueType::Integer => Value::from(0),
        ValueType::TruthValue => Value::from(false),
        ValueType::Empty => Value::Null,
        ValueType::OneOf(texts) => texts
            .first()
            .map_or(Value::Null, |text| text.as_str().into()),
        ValueType::List(item) => Value::Array(vec![placeholder(item, name)]),
        ValueType::Map(fields) => {
            let fields = fields
                .iter()
                .map(|(field, value_type)| (field.clone(), placeholder(value_type, field)));
            Value::Object(fields.collect())
        }
        ValueType::Either(types) => types
            .first()
            .map_or(Value::Null, |first| placeholder(first, name)),
    }
}
