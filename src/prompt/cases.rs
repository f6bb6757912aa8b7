//! One item of `cases`.

use super::{
    Case, Hop, InputValue, Spanned,
    declared::Declared,
    fields::{check_keys, list, map, optional, required, text},
    keys::{CASE, HOP, Key, LINK},
    problem::Problems,
    yaml::{Data, Node},
};

/// Adds the case, with the places of its inputs, to `declared`.
pub(super) fn read(node: &Node, declared: &mut Declared, problems: &mut Problems) {
    let Some(entries) = map(node, "A case", problems) else {
        return;
    };
    check_keys(entries, CASE, "A case", problems);
    let id = optional(entries, "id").and_then(|id| text(id, "The case's id", problems));
    let expect = optional(entries, "expect").map(|expect| expected(expect, problems));
    let mut hops = Vec::new();
    if let Some(items) = optional(entries, "hops") {
        for item in list(items, "`hops`", problems) {
            hops.extend(hop(item, "mention", HOP, problems));
        }
    }
    if let Some(items) = optional(entries, "chain") {
        for item in list(items, "`chain`", problems) {
            hops.extend(hop(item, "subject", LINK, problems));
        }
    }
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
    declared.cases.push(Case {
        id,
        input,
        expect: expect.unwrap_or_default(),
        hops,
        range: node.here().clone(),
        origin: problems.origin,
    });
}

/// Where a variable's text stands; only texts can be edited in place.
pub(super) fn input_value(
    name: &str,
    value: &Node,
    case: Option<&Node>,
    problems: &Problems,
) -> Option<InputValue> {
    let Data::Scalar { text, block, .. } = &value.data else {
        return None;
    };
    (!block && value.alias.is_none() && !value.is_null()).then(|| InputValue {
        case: case.map(|case| case.here().clone()),
        name: name.to_owned(),
        value: text.clone(),
        range: value.range.clone(),
        origin: problems.origin,
    })
}

fn expected(node: &Node, problems: &mut Problems) -> Vec<Spanned<String>> {
    let what = "An expected answer (`expect`)";
    match &node.data {
        Data::List { items, .. } => items
            .iter()
            .filter_map(|item| text(item, what, problems))
            .collect(),
        _ => text(node, what, problems).into_iter().collect(),
    }
}

fn hop(node: &Node, mention: &str, keys: &[Key], problems: &mut Problems) -> Option<Hop> {
    let entries = map(node, "A hop", problems)?;
    check_keys(entries, keys, "A hop", problems);
    let value = required(entries, mention, "A hop", node.here(), problems)?;
    let mention = text(value, "A hop's mention", problems)?;
    let bridge =
        optional(entries, "bridge").and_then(|bridge| text(bridge, "A hop's bridge", problems));
    Some(Hop { mention, bridge })
}
