//! Reads one item of `cases`.

use crate::declarations::case_fields::expected;
use crate::declarations::case_fields::hops;
use crate::declarations::case_fields::input_value;

use crate::declarations::answer_match::AnswerMatch;
use crate::declarations::case::Case;
use crate::declarations::declared::Declared;
use crate::declarations::fields::{check_keys, flag, map, optional, text};
use crate::declarations::keys::CASE;
use crate::declarations::matrix;
use crate::declarations::reference_reply::ReferenceReply;
use crate::declarations::spanned::Spanned;
use crate::diagnostics::code::Code;
use crate::diagnostics::problem::Problems;
use crate::diagnostics::suggestion::{closest, did_you_mean};
use crate::yaml::node::Node;

/// Adds the case, with the ranges of its inputs, to `declared`.
pub(crate) fn read(node: &Node, declared: &mut Declared, problems: &mut Problems) {
    let Some(entries) = map(node, "A case", problems) else {
        return;
    };
    check_keys(entries, CASE, "A case", problems);
    let id = optional(entries, "id").and_then(|id| text(id, "The case's id", problems));
    let expect = optional(entries, "expect").map(|expect| expected(expect, problems));
    let hops = hops(entries, problems);
    let mut input = serde_json::Map::new();
    if let Some(values) = optional(entries, "input").filter(|values| !values.is_null()) {
        let values = map(values, "`input`", problems).unwrap_or_default();
        for (key, value) in values {
            let Some(name) = key.text() else { continue };
            input.insert(name.to_owned(), value.to_json());
            declared
                .inputs
                .extend(input_value(name, value, Some(node), problems));
        }
    }
    let case = Case {
        id,
        input,
        answer_match: answer_match(entries, problems),
        raw: optional(entries, "raw")
            .and_then(|raw| flag(raw, "The case's `raw`", problems))
            .unwrap_or_default(),
        prefill: optional(entries, "prefill").and_then(|words| prefill(words, problems)),
        reference: optional(entries, "reference")
            .and_then(|reply| ReferenceReply::read(reply, problems)),
        expect: expect.unwrap_or_default(),
        hops: hops.unwrap_or_default(),
        ..Case::new(node.here().clone(), problems.origin)
    };
    match optional(entries, "matrix") {
        Some(matrix) => matrix::expand(&case, node, matrix, declared, problems),
        None => declared.cases.push(case),
    }
}

/// Reads `match`; without it, or if it is invalid, the reply must begin with the answer.
fn answer_match(entries: &[(Node, Node)], problems: &mut Problems) -> AnswerMatch {
    let Some(node) = optional(entries, "match") else {
        return AnswerMatch::default();
    };
    let Some(name) = text(node, "The case's `match`", problems) else {
        return AnswerMatch::default();
    };
    let has_rows = optional(entries, "matrix").is_some();
    if optional(entries, "expect").is_none() && !has_rows {
        let message = "The case has a `match` and no `expect`, so there is nothing to compare. Add \
                       `expect: …`, or remove `match`.";
        problems.warn(Code::MissingKey, &name.range, message);
    }
    AnswerMatch::of_name(&name.value).unwrap_or_else(|| {
        let near = closest(&name.value, AnswerMatch::NAMES);
        let message = format!(
            "The case's `match` is `{}`; it is read as `begins`.{} Write one of: {}.",
            name.value,
            did_you_mean(near),
            AnswerMatch::NAMES.join(", ")
        );
        let problem = problems.error(Code::InvalidValue, &name.range, message);
        problem.suggest(near);
        AnswerMatch::default()
    })
}

/// Reads `prefill`, which must have a word in it.
fn prefill(node: &Node, problems: &mut Problems) -> Option<Spanned<String>> {
    let words = text(node, "The case's `prefill`", problems)?;
    if words.value.trim().is_empty() {
        let message = "The case's `prefill` is only white space. Write the first words of the \
                       model's reply, or remove it.";
        problems.error(Code::InvalidValue, &words.range, message);
        return None;
    }
    Some(words)
}
