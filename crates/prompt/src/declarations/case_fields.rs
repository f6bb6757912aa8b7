//! Reads the values of a case's keys, some of which a row of a matrix may also have.

use std::collections::HashSet;

use crate::declarations::case::Hop;
use crate::declarations::fields::{check_keys, list, map, optional, required, text};
use crate::declarations::input_value::InputValue;
use crate::declarations::keys::{HOP, Key, LINK};
use crate::declarations::spanned::Spanned;
use crate::diagnostics::code::Code;
use crate::diagnostics::problem::Problems;
use crate::yaml::node::{Data, Node};

/// Returns the hops of a case or a row, under either name of the key; `None` without the key.
pub(crate) fn hops(entries: &[(Node, Node)], problems: &mut Problems) -> Option<Vec<Hop>> {
    let mut hops = None;
    for (key, mention, keys) in [("hops", "mention", HOP), ("chain", "subject", LINK)] {
        let Some(items) = optional(entries, key) else {
            continue;
        };
        let hops = hops.get_or_insert_with(Vec::new);
        for item in list(items, &format!("`{key}`"), problems) {
            let Some(hop) = hop(item, mention, keys, problems) else {
                continue;
            };
            check_hop(&hop, hops, problems);
            hops.push(hop);
        }
    }
    hops
}

/// Warns about a hop with the mention of an earlier one, or whose bridge is its own mention.
fn check_hop(hop: &Hop, before: &[Hop], problems: &mut Problems) {
    let Hop { mention, bridge } = hop;
    if before.iter().any(|one| one.mention.value == mention.value) {
        let message = format!(
            "An earlier hop has the mention \"{}\". Quote other words of the prompt, or \
             remove one of the two.",
            mention.value
        );
        problems.warn(Code::DuplicateValue, &mention.range, message);
    }
    if let Some(bridge) = bridge.as_ref().filter(|one| one.value == mention.value) {
        let message = format!(
            "The bridge \"{}\" is the same as the mention, so this hop tests nothing. Write the \
             entity that the mention stands for.",
            bridge.value
        );
        problems.warn(Code::DuplicateValue, &bridge.range, message);
    }
}

/// Returns where a variable's text is; `None` if it cannot be edited in place.
pub(crate) fn input_value(
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

/// Returns the accepted answers, each once.
pub(crate) fn expected(node: &Node, problems: &mut Problems) -> Vec<Spanned<String>> {
    let what = "An expected answer (`expect`)";
    let Data::List { items, .. } = &node.data else {
        return text(node, what, problems).into_iter().collect();
    };
    let mut answers = Vec::new();
    let mut seen = HashSet::new();
    for item in items {
        let Some(answer) = text(item, what, problems) else {
            continue;
        };
        if seen.insert(answer.value.clone()) {
            answers.push(answer);
        } else {
            let message = format!(
                "The answer \"{}\" appears twice; its probability counts once. Remove one.",
                answer.value
            );
            problems.warn(Code::DuplicateValue, &answer.range, message);
        }
    }
    answers
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
