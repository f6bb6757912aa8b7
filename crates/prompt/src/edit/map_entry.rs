//! Adds an entry to a map in existing YAML.

use crate::edit::file_edit::TextEdit;
use crate::edit::place::{EditedFile, after, at_end, column, in_flow, insert, open_keys, spaces};
use crate::yaml::node::{Data, Node};

/// Returns the edit that adds `key: value` to the map under the keys of `path`, and the keys that do
/// not exist yet; `None` if the YAML does not allow it. Key and value are YAML already.
pub(crate) fn map_entry(
    doc: &EditedFile<'_>,
    root: Option<&Node>,
    path: &[&str],
    key: &str,
    value: &str,
) -> Option<TextEdit> {
    let entry = format!("{key}: {value}");
    let Some(root) = root else {
        return Some(at_end(doc, &nested(path, &entry, 0, doc.newline)));
    };
    let (mut map, mut path) = (root, path);
    while let [key, rest @ ..] = path
        && let Some((_, value)) = map.entry(key)
        && matches!(value.data, Data::Map { .. })
        && value.alias.is_none()
    {
        (map, path) = (value, rest);
    }
    let Data::Map { entries, flow } = &map.data else {
        return None;
    };
    let indent = column(doc.text, map.range.start);
    if let [key, rest @ ..] = path
        && let Some((name, value)) = map.entry(key)
    {
        // Only a key without a value can be filled; another value belongs to the author.
        if *flow || !value.is_null() || !value.range.is_empty() {
            return None;
        }
        let new = nested(rest, &entry, indent + 2, doc.newline);
        return Some(after(doc, name, &new));
    }
    if *flow {
        let new = path
            .iter()
            .rev()
            .fold(entry, |inside, key| format!("{key}: {{{inside}}}"));
        let last = entries.last().map(|(_, value)| value);
        return Some(in_flow(doc.text, map, last, &new, doc.newline));
    }
    let new = nested(path, &entry, indent, doc.newline);
    Some(if std::ptr::eq(map, root) {
        at_end(doc, &new)
    } else {
        after(doc, map.last_leaf(), &new)
    })
}

/// Returns the edit that adds an entry at the end of a map that exists. `lines` are those of a block
/// below the key, and `flow` the same on one line.
pub(crate) fn entry_of(
    doc: &EditedFile<'_>,
    map: &Node,
    key: &str,
    flow: &str,
    lines: &[String],
) -> Option<TextEdit> {
    let Data::Map {
        entries,
        flow: is_flow,
    } = &map.data
    else {
        return None;
    };
    if map.alias.is_some() {
        return None;
    }
    if *is_flow {
        let last = entries.last().map(|(_, value)| value);
        let new = format!("{key}: {flow}");
        return Some(in_flow(doc.text, map, last, &new, doc.newline));
    }
    let indent = column(doc.text, map.range.start);
    let mut new = if lines.is_empty() {
        format!("{}{key}: {flow}", spaces(indent))
    } else {
        format!("{}{key}:", spaces(indent))
    };
    for line in lines {
        new.push_str(doc.newline);
        new.push_str(&spaces(indent + 2));
        new.push_str(line);
    }
    // An empty last value has no bytes; its key ends the map.
    let last = entries.last().map(|(name, value)| {
        if value.is_null() && value.range.is_empty() {
            name
        } else {
            value.last_leaf()
        }
    })?;
    Some(after(doc, last, &new))
}

/// Returns an entry below the keys of `path`, indented by `indent` and without a final line break.
fn nested(path: &[&str], entry: &str, indent: usize, newline: &str) -> String {
    let (out, indent) = open_keys(path, indent, newline);
    out + &spaces(indent) + entry
}

/// Returns the edit that inserts text before the first line of a file without YAML.
pub(crate) fn new_front_matter(path: &[&str], key: &str, value: &str, newline: &str) -> TextEdit {
    let entry = nested(path, &format!("{key}: {value}"), 0, newline);
    insert(0, format!("---{newline}{entry}{newline}---{newline}"))
}
