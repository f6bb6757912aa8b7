//! Removes an entry or an item from YAML.

use std::ops::Range;

use crate::edit::file_edit::TextEdit;
use crate::yaml::node::{Data, Node};

/// A map or list, and the index of the entry or item to remove.
struct Container<'node> {
    node: &'node Node,
    at: usize,
}

impl Container<'_> {
    fn len(&self) -> usize {
        match &self.node.data {
            Data::Map { entries, .. } => entries.len(),
            Data::List { items, .. } => items.len(),
            Data::Scalar { .. } => 0,
        }
    }

    /// Returns the bytes of a child, its key included.
    fn child(&self, at: usize) -> Option<Range<usize>> {
        match &self.node.data {
            Data::Map { entries, .. } => {
                let (key, value) = entries.get(at)?;
                let end = value.last_leaf().here().end;
                Some(key.here().start..end.max(key.here().end))
            }
            Data::List { items, .. } => {
                let item = items.get(at)?;
                Some(item.here().start..item.last_leaf().here().end.max(item.here().end))
            }
            Data::Scalar { .. } => None,
        }
    }
}

/// Returns the edit that removes the entry or item that `path` leads to, and the maps and lists
/// that would be empty without it. `None` if it shares its line with something that stays.
pub(crate) fn removal(text: &str, root: &Node, path: &[usize]) -> Option<TextEdit> {
    let mut containers = Vec::new();
    let mut node = root;
    for at in path {
        if node.alias.is_some() {
            return None;
        }
        containers.push(Container { node, at: *at });
        node = match &node.data {
            Data::Map { entries, .. } => &entries.get(*at)?.1,
            Data::List { items, .. } => items.get(*at)?,
            Data::Scalar { .. } => return None,
        };
    }
    while containers.len() > 1 && containers.last().is_some_and(|last| last.len() == 1) {
        containers.pop();
    }
    let container = containers.pop()?;
    let own = container.child(container.at)?;
    let is_flow = match &container.node.data {
        Data::Map { flow, .. } | Data::List { flow, .. } => *flow,
        Data::Scalar { .. } => return None,
    };
    let range = if is_flow {
        let next = container.child(container.at + 1);
        let before = container
            .at
            .checked_sub(1)
            .and_then(|at| container.child(at));
        match (next, before) {
            (Some(next), _) => own.start..next.start,
            (None, Some(before)) => before.end..own.end,
            (None, None) => own,
        }
    } else {
        lines(text, &own, matches!(container.node.data, Data::List { .. }))?
    };
    Some(TextEdit {
        range,
        new_text: String::new(),
    })
}

/// Returns the whole lines of a child of a block; `None` if something else begins on its first line.
fn lines(text: &str, own: &Range<usize>, is_item: bool) -> Option<Range<usize>> {
    let before = text.get(..own.start)?;
    let start = before.rfind(['\n', '\r']).map_or(0, |at| at + 1);
    let lead = before.get(start..)?.trim_start();
    let lead = if is_item {
        lead.strip_prefix('-')?.trim_start()
    } else {
        lead
    };
    if !lead.is_empty() {
        return None;
    }
    let inside = text.get(own.clone())?;
    if inside.ends_with(['\n', '\r']) {
        return Some(start..own.end);
    }
    let rest = text.get(own.end..)?;
    let end = match rest.find('\n') {
        Some(at) => own.end + at + 1,
        None => text.len(),
    };
    Some(start..end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml::read::read;

    #[track_caller]
    fn check(text: &str, path: &[usize], after: Option<&str>) {
        let root = read(text, 0).root.unwrap();
        let edit = removal(text, &root, path).map(|edit| {
            let mut text = text.to_owned();
            text.replace_range(edit.range, &edit.new_text);
            text
        });
        assert_eq!(edit.as_deref(), after, "{text}");
    }

    #[test]
    fn entries_and_items_are_removed_in_every_style() {
        check(
            "a:\n  b: 1 # x\n  c: 2\nd: 3\n",
            &[0, 0],
            Some("a:\n  c: 2\nd: 3\n"),
        );
        check(
            "a:\n  b: 1\n  c: |\n    x\n    y\nd: 3\n",
            &[0, 1],
            Some("a:\n  b: 1\nd: 3\n"),
        );
        check("a: {b: 1, c: 2}\n", &[0, 0], Some("a: {c: 2}\n"));
        check("a: {b: 1, c: 2}\n", &[0, 1], Some("a: {b: 1}\n"));
        check("a: {b: {c: 1}}\nd: 1\n", &[0, 0, 0], Some("d: 1\n"));
        check(
            "a:\n- n: x\n  m: y\n- n: z\n",
            &[0, 0],
            Some("a:\n- n: z\n"),
        );
        check("a:\n- n: x\n  m: y\n", &[0, 0, 0], None);
        check("a:\n  b:\n  c: 2\n", &[0, 0], Some("a:\n  c: 2\n"));
    }
}
