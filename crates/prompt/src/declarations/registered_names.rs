//! The helpers and partials that an application registers in its code.

use std::collections::BTreeSet;

use crate::declarations::fields;
use crate::diagnostics::problem::Problems;
use crate::yaml::node::Node;

/// Reads a list of names.
pub(crate) fn names(list: Option<&Node>, what: &str, problems: &mut Problems) -> BTreeSet<String> {
    let Some(list) = list else {
        return BTreeSet::new();
    };
    let items = fields::list(list, &format!("The list of {what}s"), problems);
    let item = format!("The name of a {what}");
    items
        .iter()
        .filter_map(|name| fields::text(name, &item, problems))
        .map(|name| name.value)
        .collect()
}
