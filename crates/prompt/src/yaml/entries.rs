//! Repeated keys and merge keys of a map.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use crate::yaml::node::{Data, Node};

/// Whether this key is YAML 1.1's merge key, an unquoted `<<`.
pub(crate) fn is_merge_key(key: &Node, text: &str) -> bool {
    key.text() == Some("<<") && key.alias.is_none() && text.starts_with("<<")
}

/// Removes all but the last entry of each key; returns the range of each key that is removed.
pub(crate) fn keep_last(entries: &mut Vec<(Node, Node)>) -> Vec<Range<usize>> {
    let mut last = HashMap::new();
    for (at, (key, _)) in entries.iter().enumerate() {
        if let Some(identity) = key.key_identity() {
            last.insert(identity, at);
        }
    }
    let mut removed = Vec::new();
    let mut at = 0;
    entries.retain(|(key, _)| {
        let latest = key
            .key_identity()
            .and_then(|identity| last.get(&identity).copied());
        let keep = latest.is_none_or(|latest| latest == at);
        at += 1;
        if !keep {
            removed.push(key.here().clone());
        }
        keep
    });
    removed
}

/// Returns what a merge key with this value adds: the entries of one map or of a list of maps whose
/// keys are not `known` yet. They are known afterwards.
///
/// # Errors
///
/// A value that is neither a map nor a list of maps.
pub(crate) fn merged(
    value: &Node,
    known: &mut HashSet<String>,
) -> Result<Vec<(Node, Node)>, String> {
    let maps: Vec<&Node> = match &value.data {
        Data::List { items, .. } => items.iter().collect(),
        _ => vec![value],
    };
    let mut added = Vec::new();
    for map in maps {
        let Data::Map { entries, .. } = &map.data else {
            return Err(
                "the value of `<<` is not a map; write an alias such as `*name`".to_owned(),
            );
        };
        // The bytes that stand here are those of the alias, if there is one.
        let alias = map.alias.as_ref().or(value.alias.as_ref());
        for (key, value) in entries {
            if key
                .key_identity()
                .is_none_or(|identity| known.insert(identity))
            {
                let mut pair = (key.clone(), value.clone());
                if let Some(alias) = alias {
                    pair.0.alias = Some(alias.clone());
                    pair.1.alias = Some(alias.clone());
                }
                added.push(pair);
            }
        }
    }
    Ok(added)
}
