//! The scanned text and the nodes that were found.

use std::ops::Range;

use crate::outline::node::{OutlineNode, OutlineNodeKind, unquoted};

/// The text, and the nodes found so far.
pub(crate) struct Scan<'text> {
    pub text: &'text str,
    pub end: usize,
    pub nodes: Vec<OutlineNode>,
    /// The block-style nodes that may contain the next line, outermost first.
    pub open: Vec<usize>,
    pub root_items: usize,
}

impl Scan<'_> {
    /// Returns the rest of the window from `at`.
    pub fn rest(&self, at: usize) -> &str {
        self.text.get(at..self.end).unwrap_or_default()
    }

    /// Returns the end of the line that contains `at`, before its line break.
    pub fn line_end(&self, at: usize) -> usize {
        let rest = self.rest(at);
        at + rest.find(['\n', '\r']).unwrap_or(rest.len())
    }

    /// Returns the start of the line after the one that ends at `end`.
    pub fn next_line(&self, end: usize) -> usize {
        let rest = self.rest(end);
        end + match rest.as_bytes() {
            [b'\r', b'\n', ..] => 2,
            [] => 0,
            _ => 1,
        }
    }

    /// Returns the indentation of the next line that is not blank, and where its text begins.
    /// `None` at the end.
    pub fn indentation(&self, mut at: usize) -> Option<(usize, usize)> {
        while at < self.end {
            let line = self.rest(at);
            let indent = line.len() - line.trim_start_matches(' ').len();
            let end = self.line_end(at);
            if !self.text[at..end].trim().is_empty() {
                return Some((indent, at + indent));
            }
            at = self.next_line(end);
        }
        None
    }

    /// Adds a node and extends its ancestors to contain it.
    pub fn add(
        &mut self,
        parent: Option<usize>,
        kind: OutlineNodeKind,
        label: Range<usize>,
        column: usize,
        flow: bool,
    ) -> usize {
        let items = match parent {
            Some(parent) => {
                self.nodes[parent].is_parent = true;
                &mut self.nodes[parent].items
            }
            None => &mut self.root_items,
        };
        let index = *items;
        *items += usize::from(kind == OutlineNodeKind::Item);
        let name = match kind {
            OutlineNodeKind::Item => String::new(),
            _ => unquoted(&self.text[label.clone()]),
        };
        self.nodes.push(OutlineNode {
            parent,
            kind,
            end: label.end,
            label,
            name,
            value: None,
            column,
            flow,
            index,
            items: 0,
            is_parent: false,
        });
        let at = self.nodes.len() - 1;
        self.grow(at, self.nodes[at].end);
        at
    }

    /// Extends a node and its ancestors to `end`.
    pub fn grow(&mut self, node: usize, end: usize) {
        let mut at = Some(node);
        while let Some(here) = at {
            let one = &mut self.nodes[here];
            one.end = one.end.max(end);
            at = one.parent;
        }
    }

    pub fn set_value(&mut self, node: usize, range: Range<usize>) {
        let end = range.end;
        self.nodes[node].value = Some(range);
        self.grow(node, end);
    }

    /// Returns the bytes of a key at `at` and the offset after its colon.
    pub fn key(&self, at: usize, end: usize) -> Option<(Range<usize>, usize)> {
        let line = self.text.get(at..end)?;
        let ends = |rest: &str| rest.is_empty() || rest.starts_with([' ', '\t']);
        let first = line.chars().next()?;
        if first == '"' || first == '\'' {
            let label = quoted_length(line)?;
            let rest = line[label..].trim_start_matches([' ', '\t']);
            let behind = rest.strip_prefix(':')?;
            return ends(behind).then(|| (at..at + label, end - behind.len()));
        }
        if "[]{},#|>@`&*!%".contains(first) {
            return None;
        }
        let colon = line
            .match_indices(':')
            .find(|(at, _)| ends(&line[at + 1..]));
        let (colon, _) = colon?;
        let label = line[..colon].trim_end();
        let comment = label.contains(" #");
        (!label.is_empty() && !comment).then(|| (at..at + label.len(), at + colon + 1))
    }

    /// Returns the end of a quoted scalar, which may continue on lines indented deeper than
    /// `column`; the end of its first line if it is not closed.
    pub fn quoted_end(&self, at: usize, column: usize, end: usize) -> usize {
        let mut last = end;
        loop {
            if let Some(length) = quoted_length(&self.text[at..last]) {
                return at + length;
            }
            match self.indentation(self.next_line(last)) {
                Some((indent, start)) if indent > column && last < self.end => {
                    let line_end = self.line_end(start);
                    // A line with a key begins a new entry.
                    if self.key(start, line_end).is_some() {
                        return end;
                    }
                    last = line_end;
                }
                _ => return end,
            }
        }
    }
}

/// Returns the length of the quoted scalar that `text` begins with, if it is closed.
pub(crate) fn quoted_length(text: &str) -> Option<usize> {
    let mut chars = text.char_indices();
    let (_, quote) = chars.next()?;
    while let Some((at, char)) = chars.next() {
        if char == '\\' && quote == '"' {
            chars.next();
        } else if char == quote {
            if quote == '\'' && text[at + 1..].starts_with('\'') {
                chars.next();
                continue;
            }
            return Some(at + 1);
        }
    }
    None
}
