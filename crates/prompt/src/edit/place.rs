//! Where a new item goes in existing YAML, and in which style.

use std::ops::Range;

use crate::edit::file_edit::TextEdit;
use crate::yaml::node::{Data, Node};

/// An item to add. Its values are YAML already.
pub(crate) enum Item {
    /// Keys with their values.
    Map(Vec<(&'static str, String)>),
    /// One value.
    Scalar(String),
}

impl Item {
    fn flow(&self) -> String {
        let fields = match self {
            Self::Map(fields) => fields.iter(),
            Self::Scalar(value) => return value.clone(),
        };
        let fields: Vec<_> = fields
            .map(|(key, value)| format!("{key}: {value}"))
            .collect();
        format!("{{{}}}", fields.join(", "))
    }

    /// Returns `- ` and one field per line, with the dash at column `dash`, the keys at `keys`.
    fn block(&self, dash: usize, keys: usize, newline: &str) -> String {
        let mut lead = format!("{}-{}", spaces(dash), spaces(keys.saturating_sub(dash + 1)));
        let fields = match self {
            Self::Map(fields) => fields,
            Self::Scalar(value) => return lead + value,
        };
        let mut lines = Vec::new();
        for (key, value) in fields {
            lines.push(format!("{lead}{key}: {value}"));
            lead = spaces(keys);
        }
        lines.join(newline)
    }
}

/// A file and the byte range of its YAML.
pub(crate) struct EditedFile<'text> {
    pub text: &'text str,
    pub range: Range<usize>,
    pub newline: &'static str,
}

/// Returns the nested keys of `path` with a list of one item, indented by `indent` and without a
/// final line break.
pub(crate) fn new_key(path: &[String], item: &Item, indent: usize, newline: &str) -> String {
    let (out, indent) = open_keys(path, indent, newline);
    out + &item.block(indent, indent + 2, newline)
}

/// Returns a line for each key of `path`, each two columns further than the one before, and the
/// column of what follows.
pub(crate) fn open_keys(path: &[impl AsRef<str>], indent: usize, newline: &str) -> (String, usize) {
    let lines = path.iter().enumerate().map(|(depth, key)| {
        let lead = spaces(indent + 2 * depth);
        format!("{lead}{}:{newline}", key.as_ref())
    });
    (lines.collect(), indent + 2 * path.len())
}

/// Returns the same on one line, `a: {b: [{…}]}`.
fn new_flow(path: &[String], item: &Item) -> String {
    let Some((last, outer)) = path.split_last() else {
        return String::new();
    };
    let mut out = format!("{last}: [{}]", item.flow());
    for key in outer.iter().rev() {
        out = format!("{key}: {{{out}}}");
    }
    out
}

/// Returns the edit that adds `item` to the list under the keys of `path`; `None` if the YAML does
/// not allow it.
pub(crate) fn item(
    doc: &EditedFile<'_>,
    root: Option<&Node>,
    path: &[String],
    item: &Item,
) -> Option<TextEdit> {
    let Some(root) = root else {
        return Some(at_end(doc, &new_key(path, item, 0, doc.newline)));
    };
    // The deepest existing map on the path, and the rest of the path.
    let (mut map, mut path) = (root, path);
    while let [key, rest @ ..] = path
        && let Some((_, value)) = map.entry(key).filter(|_| !rest.is_empty())
        && matches!(value.data, Data::Map { .. })
        && value.alias.is_none()
    {
        (map, path) = (value, rest);
    }
    let Data::Map { entries, flow } = &map.data else {
        return None;
    };
    let (key, deeper) = path.split_first()?;
    let Some((name, value)) = map.entry(key) else {
        if *flow {
            let new = new_flow(path, item);
            let last = entries.last().map(|(_, value)| value);
            return Some(in_flow(doc.text, map, last, &new, doc.newline));
        }
        let indent = column(doc.text, map.range.start);
        let new = new_key(path, item, indent, doc.newline);
        return Some(if std::ptr::eq(map, root) {
            at_end(doc, &new)
        } else {
            after(doc, map.last_leaf(), &new)
        });
    };
    if !deeper.is_empty() {
        // Only an empty `metadata:` can be filled; another value belongs to the author.
        if *flow || !value.is_null() || !value.range.is_empty() {
            return None;
        }
        let indent = column(doc.text, map.range.start) + 2;
        let new = new_key(deeper, item, indent, doc.newline);
        return Some(after(doc, name, &new));
    }
    if value.alias.is_some() {
        return None;
    }
    match &value.data {
        Data::List { items, flow: true } => {
            let (new, last) = (item.flow(), items.last());
            Some(in_flow(doc.text, value, last, &new, doc.newline))
        }
        Data::List { items, flow: false } => {
            let last = items.last()?;
            let dash = column(doc.text, value.range.start);
            let new = match &last.data {
                Data::Map { flow: true, .. } if last.alias.is_none() => {
                    format!("{}- {}", spaces(dash), item.flow())
                }
                _ => {
                    let keys = column(doc.text, last.here().start);
                    let keys = if dash + 1 < keys && last.alias.is_none() {
                        keys
                    } else {
                        dash + 2
                    };
                    item.block(dash, keys, doc.newline)
                }
            };
            Some(after(doc, last.last_leaf(), &new))
        }
        _ if value.is_null() && value.range.is_empty() => {
            let indent = column(doc.text, map.range.start);
            if *flow {
                return None;
            }
            let new = item.block(indent + 2, indent + 4, doc.newline);
            Some(after(doc, name, &new))
        }
        _ if value.is_null() => Some(TextEdit {
            range: value.range.clone(),
            new_text: format!("[{}]", item.flow()),
        }),
        _ => None,
    }
}

/// Returns the edit that adds an id to the case at `range`, an item of `cases`.
pub(crate) fn case_id(
    text: &str,
    cases: &Node,
    range: &Range<usize>,
    id: &str,
    newline: &str,
) -> Option<TextEdit> {
    let Data::List { items, .. } = &cases.data else {
        return None;
    };
    let case = items
        .iter()
        .find(|item| item.alias.is_none() && item.range == *range)?;
    let Data::Map { entries, flow } = &case.data else {
        return None;
    };
    let start = case.range.start;
    Some(if *flow {
        let comma = if entries.is_empty() { "" } else { ", " };
        insert(start + 1, format!("id: {id}{comma}"))
    } else {
        let indent = spaces(column(text, start));
        insert(start, format!("id: {id}{newline}{indent}"))
    })
}

/// Inserts lines after the YAML.
pub(crate) fn at_end(doc: &EditedFile<'_>, block: &str) -> TextEdit {
    let end = doc.range.end;
    let newline = doc.newline;
    if end == doc.text.len() {
        // A sidecar ends with its YAML; front matter continues with a line break and the fence.
        let ended = doc.text.is_empty() || doc.text.ends_with(['\n', '\r']);
        let lead = if ended { "" } else { newline };
        return insert(end, format!("{lead}{block}{newline}"));
    }
    insert(end, format!("{newline}{block}"))
}

/// Inserts lines after the line on which `leaf` ends.
pub(crate) fn after(doc: &EditedFile<'_>, leaf: &Node, block: &str) -> TextEdit {
    let end = leaf.here().end.min(doc.text.len());
    let before = doc.text.get(..end).unwrap_or_default();
    let is_block = matches!(leaf.data, Data::Scalar { block: true, .. });
    if is_block && before.ends_with(['\n', '\r']) {
        return insert(end, format!("{block}{}", doc.newline));
    }
    let rest = doc.text.get(end..).unwrap_or_default();
    let line = rest.find(['\n', '\r']).unwrap_or(rest.len());
    insert(end + line, format!("{}{block}", doc.newline))
}

/// Inserts after the last element of a flow collection, on a new line if that element has its own.
pub(crate) fn in_flow(
    text: &str,
    collection: &Node,
    last: Option<&Node>,
    new: &str,
    newline: &str,
) -> TextEdit {
    let Some(last) = last else {
        return insert(collection.range.start + 1, new.to_owned());
    };
    let here = last.here();
    let line = line_before(text, here.start);
    if !line.is_empty() && line.chars().all(|char| char == ' ') {
        return insert(here.end, format!(",{newline}{line}{new}"));
    }
    insert(here.end, format!(", {new}"))
}

pub(crate) fn insert(at: usize, new_text: String) -> TextEdit {
    TextEdit {
        range: at..at,
        new_text,
    }
}

fn line_before(text: &str, at: usize) -> &str {
    let before = text.get(..at).unwrap_or_default();
    before.rsplit(['\n', '\r']).next().unwrap_or_default()
}

/// Returns the number of columns before `at` on its line, as YAML counts indentation.
pub(crate) fn column(text: &str, at: usize) -> usize {
    line_before(text, at).chars().count()
}

pub(crate) fn spaces(count: usize) -> String {
    " ".repeat(count)
}
