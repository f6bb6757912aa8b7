//! GitHub Models' evaluators: those that compare texts say which answers a row accepts.

use serde_json::{Map, Value};

use crate::declarations::answer_match::AnswerMatch;
use crate::declarations::fields::{list, map, optional};
use crate::declarations::imported_answers::{ImportedAnswers, ImportedAssertion};
use crate::declarations::spanned::Spanned;
use crate::diagnostics::code::Code;
use crate::diagnostics::problem::Problems;
use crate::diagnostics::severity::Severity;
use crate::format::github::known_keys::unknown;
use crate::yaml::node::Node;

/// Keys of an evaluator and of its kinds that are maps.
pub(crate) const EVALUATOR: &[&str] = &["name", "string", "llm", "uses"];
pub(crate) const STRING: &[&str] = &["startsWith", "endsWith", "contains", "equals"];
pub(crate) const LLM: &[&str] = &["modelId", "prompt", "choices", "systemPrompt"];
pub(crate) const CHOICE: &[&str] = &["choice", "score"];

/// An evaluator that compares the reply with a text, in which `{{name}}` is a row's value.
#[derive(Debug)]
pub(crate) struct StringEvaluator {
    answer_match: AnswerMatch,
    text: Spanned<String>,
}

/// Checks the evaluators and returns those that compare texts.
pub(crate) fn read(node: &Node, problems: &mut Problems) -> Vec<StringEvaluator> {
    let items = list(node, "`evaluators`", problems).iter();
    items.filter_map(|item| evaluator(item, problems)).collect()
}

fn evaluator(node: &Node, problems: &mut Problems) -> Option<StringEvaluator> {
    let entries = map(node, "An evaluator", problems)?;
    unknown(entries, EVALUATOR, "An evaluator", problems);
    let mut found = None;
    for (kind, known) in [("string", STRING), ("llm", LLM)] {
        let what = format!("An evaluator's `{kind}`");
        let inside = optional(entries, kind).and_then(|inside| map(inside, &what, problems));
        let Some(inside) = inside else { continue };
        unknown(inside, known, &what, problems);
        if kind == "string" {
            found = comparison(inside, problems);
            continue;
        }
        let choices = optional(inside, "choices");
        for choice in choices.map_or(&[][..], |items| list(items, "`choices`", problems)) {
            if let Some(entries) = map(choice, "A choice", problems) {
                unknown(entries, CHOICE, "A choice", problems);
            }
        }
    }
    found
}

/// Returns the comparison that `gh models` makes: of several, the first in its own order.
fn comparison(entries: &[(Node, Node)], problems: &mut Problems) -> Option<StringEvaluator> {
    // `gh models` ignores the case of letters unless the texts must be equal.
    let kinds = [
        ("equals", Some(AnswerMatch::Equals)),
        ("contains", Some(AnswerMatch::ContainsIgnoringCase)),
        ("startsWith", Some(AnswerMatch::Begins)),
        ("endsWith", None),
    ];
    for (key, answer_match) in kinds {
        let Some(node) = optional(entries, key) else {
            continue;
        };
        let Some(text) = node.text().filter(|text| !text.is_empty()) else {
            continue;
        };
        let Some(answer_match) = answer_match else {
            let message = "hoplens does not compare the end of a reply, so `endsWith` is not read.";
            problems.add(
                Code::UnsupportedContent,
                Severity::Information,
                node.here(),
                message,
            );
            return None;
        };
        let text = Spanned {
            value: text.to_owned(),
            range: node.here().clone(),
        };
        return Some(StringEvaluator { answer_match, text });
    }
    None
}

/// Returns what the evaluators accept for a row of test data, and whether one of them compares the
/// reply with the row's `expected`.
pub(crate) fn answers(
    evaluators: &[StringEvaluator],
    row: &Map<String, Value>,
) -> (ImportedAnswers, bool) {
    let mut answers = ImportedAnswers::default();
    let mut compares_expected = false;
    for StringEvaluator { answer_match, text } in evaluators {
        // A name without a value would stay in the text, which no reply contains.
        let Some(value) = filled(&text.value, row) else {
            continue;
        };
        compares_expected |= text.value.contains("{{expected}}");
        answers.add(ImportedAssertion {
            answer_match: *answer_match,
            requires_all: false,
            answers: vec![Spanned {
                value,
                range: text.range.clone(),
            }],
        });
    }
    (answers, compares_expected)
}

/// Replaces each `{{name}}`, without spaces inside, by the row's value; `None` if one is missing.
fn filled(text: &str, row: &Map<String, Value>) -> Option<String> {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, inside)) = rest.split_once("{{") {
        let (name, after) = inside.split_once("}}")?;
        out.push_str(before);
        match row.get(name)? {
            Value::String(value) => out.push_str(value),
            value => out.push_str(&value.to_string()),
        }
        rest = after;
    }
    out.push_str(rest);
    Some(out)
}
