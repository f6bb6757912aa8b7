//! Reads one item of `cases`.

use crate::declarations::case_fields::expected;
use crate::declarations::case_fields::hops;
use crate::declarations::case_fields::input_value;

use crate::declarations::case::Case;
use crate::declarations::declared::Declared;
use crate::declarations::fields::{check_keys, map, optional, text};
use crate::declarations::keys::CASE;
use crate::declarations::matrix;
use crate::diagnostics::problem::Problems;
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
        row: None,
        input,
        expect: expect.unwrap_or_default(),
        hops: hops.unwrap_or_default(),
        range: node.here().clone(),
        origin: problems.origin,
        fence: None,
    };
    match optional(entries, "matrix") {
        Some(matrix) => matrix::expand(&case, node, matrix, declared, problems),
        None => declared.cases.push(case),
    }
}
