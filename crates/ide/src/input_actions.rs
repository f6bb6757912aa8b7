//! Code actions that give variables values: a sample value, or a case with all of them.

use std::ops::Range;

use serde_json::{Map, Value};

use crate::code_action::{ADD_CASE, ADD_VALUE, CodeAction};
use crate::diagnostics::diagnostic::Diagnostic;
use crate::snapshot::Snapshot;
use hoplens_prompt::{
    Code, InputFacts, NewCase, Origin, SiteRole, TemplateSymbol, ValueEdit, input_facts,
    insert_case, insert_value, symbol_sites, used_inputs,
};

/// The answer of a new case, which the author replaces.
const ANSWER: &str = "<answer>";

/// Returns the actions for the variables at bytes `range` of the prompt file, and for its body.
///
/// `all` are the snapshot's [`diagnostics`](crate::diagnostics()).
pub fn input_actions(
    snapshot: &Snapshot,
    all: &[Diagnostic],
    origin: Origin,
    range: &Range<usize>,
) -> Vec<CodeAction> {
    let (file, text) = (&snapshot.file, &snapshot.text);
    let touches = |one: &Range<usize>| one.start <= range.end && range.start <= one.end;
    let unset: Vec<&Diagnostic> = all
        .iter()
        .filter(|one| {
            one.code == Code::UnsetVariable && one.origin == origin && touches(&one.range)
        })
        .collect();
    let sites = symbol_sites(file, text);
    let mut offered: Vec<CodeAction> = Vec::new();
    let mut names: Vec<&str> = Vec::new();
    for site in &sites {
        let TemplateSymbol::Input(name) = &site.symbol else {
            continue;
        };
        let in_finding = |one: &&&Diagnostic| {
            one.range.start <= site.range.start && site.range.end <= one.range.end
        };
        let found: Vec<Diagnostic> = unset
            .iter()
            .filter(in_finding)
            .map(|one| (*one).clone())
            .collect();
        let is_here = site.origin == origin && (touches(&site.range) || !found.is_empty());
        if !is_here || names.contains(&name.as_str()) {
            continue;
        }
        names.push(name);
        let value = placeholder(snapshot, name, input_facts(file, text, site.prompt, name));
        if let Some(added) = insert_value(file, text, name, &value) {
            offered.push(CodeAction {
                title: title(name, &added),
                kind: ADD_VALUE,
                edit: added.edit,
                preferred: false,
                case: None,
                fixes: found,
            });
        }
    }
    let is_variable = sites
        .iter()
        .any(|site| site.role == SiteRole::Use && site.origin == origin && touches(&site.range));
    let in_body = origin == Origin::FrontMatter && touches(&file.body);
    if in_body || is_variable {
        offered.extend(add_case(snapshot));
    }
    offered
}

fn title(name: &str, added: &ValueEdit) -> String {
    let place = &added.place;
    match (added.is_default, place.as_str()) {
        (true, _) => format!("Add a sample value for `{name}` (`{place}`)"),
        (false, "input") => format!("Add a value for `{name}` to the cases"),
        (false, _) => format!("Add a value for `{name}` to `{place}`"),
    }
}

/// Returns a value that stands for a real one: a list if the template loops over the variable.
fn placeholder(snapshot: &Snapshot, name: &str, facts: InputFacts) -> Value {
    let is_looped = [format!("{{{{#each {name}"), format!(" in {name} %}}")];
    let text = &snapshot.text;
    if facts.type_words.is_none() && is_looped.iter().any(|words| text.contains(words)) {
        return Value::Array(vec![facts.placeholder]);
    }
    facts.placeholder
}

/// Returns the action that adds a case with a value for every variable of the template.
fn add_case(snapshot: &Snapshot) -> Option<CodeAction> {
    let (file, text) = (&snapshot.file, &snapshot.text);
    let mut input = Map::new();
    for name in used_inputs(file, text, 0) {
        let facts = input_facts(file, text, 0, &name);
        let given = facts.cases.iter().find_map(|(_, value)| value.clone());
        let known = facts.default.clone().or(given);
        let value = known.unwrap_or_else(|| placeholder(snapshot, &name, facts));
        input.insert(name, value);
    }
    if input.is_empty() {
        return None;
    }
    let new = NewCase {
        input,
        expect: ANSWER.to_owned(),
        ..NewCase::default()
    };
    Some(CodeAction {
        title: "Add a case with these inputs".to_owned(),
        kind: ADD_CASE,
        edit: insert_case(file, text, &new)?,
        preferred: false,
        case: None,
        fixes: Vec::new(),
    })
}

#[cfg(test)]
mod tests;
