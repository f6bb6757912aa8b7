//! The value of a YAML text, for tests against the formats' own readers.

use serde_json::Value;

use crate::format::prompt_format::PromptFormat;
use crate::yaml::node::Node;
use crate::yaml::read::read_as;

/// Returns the value of a YAML text as files of this format contain it; null for an empty text.
///
/// # Errors
///
/// What is wrong with the text.
pub fn yaml_value(format: PromptFormat, text: &str) -> Result<Value, String> {
    let tree = read_as(text, 0, format.yaml_dialect());
    match tree.error {
        Some((range, message)) => Err(format!("{message} (bytes {range:?})")),
        None => Ok(tree.root.as_ref().map_or(Value::Null, Node::to_json)),
    }
}
