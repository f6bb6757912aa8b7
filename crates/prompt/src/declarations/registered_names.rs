//! The helpers and partials that an application registers in its code.

use std::collections::BTreeSet;

use serde::Deserialize;

use crate::declarations::fields;
use crate::diagnostics::problem::Problems;
use crate::yaml::node::Node;

/// The names of the helpers and partials that an application registers in its code. hoplens knows
/// that they exist, and not what they write.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RegisteredNames {
    /// The names of helpers.
    pub helpers: BTreeSet<String>,
    /// The names of partials.
    pub partials: BTreeSet<String>,
}

impl RegisteredNames {
    /// Returns the names of both.
    pub fn union(&self, other: &Self) -> Self {
        Self {
            helpers: self.helpers.union(&other.helpers).cloned().collect(),
            partials: self.partials.union(&other.partials).cloned().collect(),
        }
    }
}

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
