//! Where a promptfoo configuration gives a variable a value.

use std::ops::Range;

use crate::yaml;
use crate::yaml::dialect::Dialect;
use crate::yaml::node::{Data, Node};

/// Returns the bytes of the first key in the `vars` of a promptfoo configuration that has this name.
pub fn promptfoo_variable(config: &str, name: &str) -> Option<Range<usize>> {
    let root = yaml::read::read_as(config, 0, Dialect::JsYaml).root?;
    let keys = ["defaultTest", "tests", "scenarios"];
    let mut parts = keys.into_iter().filter_map(|key| root.entry(key));
    parts.find_map(|(_, part)| find(part, name))
}

fn find(node: &Node, name: &str) -> Option<Range<usize>> {
    match &node.data {
        Data::Map { entries, .. } => {
            let own = node.entry("vars").and_then(|(_, vars)| vars.entry(name));
            let range = own.map(|(key, _)| key.here().clone());
            range.or_else(|| entries.iter().find_map(|(_, value)| find(value, name)))
        }
        Data::List { items, .. } => items.iter().find_map(|item| find(item, name)),
        Data::Scalar { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_value_of_a_variable_is_found() {
        let text = "prompts: [a]\ntests:\n  - description: city\n    vars: {é: x}\n  - vars:\n      city: Rome\n";
        let found = promptfoo_variable(text, "city").unwrap();
        let at = text.rfind("city").unwrap();
        assert_eq!(found, at..at + 4);
        assert_eq!(promptfoo_variable(text, "tag"), None);
    }
}
