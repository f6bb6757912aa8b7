//! The two versions of Prompty, which read the same file in different ways.

use crate::yaml::node::Node;

/// A version of Prompty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PromptyVersion {
    /// Python packages up to 0.1.
    V1,
    /// Python packages from 2.0 on.
    V2,
}

/// Keys of `model` that only version 1 has.
pub(crate) const V1_MODEL: [&str; 4] = ["api", "configuration", "parameters", "response"];
/// Keys of `model` that only version 2 has.
pub(crate) const V2_MODEL: [&str; 5] = ["id", "provider", "apiType", "connection", "options"];
/// Top-level keys with which version 1 refuses a file.
pub(crate) const V2_ROOT: [&str; 4] = ["metadata", "instructions", "tools", "kind"];

impl PromptyVersion {
    /// Returns the version that a front matter was written for. A key that only version 2 accepts
    /// decides; then `sample` or a key of `model` that only version 1 has.
    pub fn of(root: &Node) -> Self {
        let has = |node: &Node, keys: &[&str]| keys.iter().any(|key| node.entry(key).is_some());
        let inside = |key: &str| root.entry(key).map(|(_, value)| value);
        let model = inside("model");
        let is_v2 = has(root, &V2_ROOT)
            || model.is_some_and(|model| has(model, &V2_MODEL))
            || inside("template").is_some_and(|template| has(template, &["format"]));
        let is_v1 = has(root, &["sample"]) || model.is_some_and(|model| has(model, &V1_MODEL));
        if is_v1 && !is_v2 { Self::V1 } else { Self::V2 }
    }
}
