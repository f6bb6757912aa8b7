//! Block style: structure by indentation.

use std::ops::Range;

use crate::outline::flow;
use crate::outline::node::{OutlineNode, OutlineNodeKind};
use crate::outline::scanner::Scan;

/// Nodes nested deeper than this are read as text.
const MAX_DEPTH: usize = 64;

pub(crate) fn scan(text: &str, window: Range<usize>) -> Vec<OutlineNode> {
    let end = crate::text::boundary::snap(text, window.end);
    let mut scan = Scan {
        text,
        end,
        nodes: Vec::new(),
        open: Vec::new(),
        root_items: 0,
    };
    let mut at = crate::text::boundary::snap(text, window.start).min(end);
    if at == 0 && text.starts_with('\u{feff}') {
        at = '\u{feff}'.len_utf8().min(end);
    }
    while at < end {
        at = scan.line(at).max(at + 1);
    }
    scan.nodes
}

impl Scan<'_> {
    /// Reads the line that begins at `start`. Returns the start of the next line to read.
    fn line(&mut self, start: usize) -> usize {
        let end = self.line_end(start);
        let mut at = self.skip_blanks(start, end);
        let marks = ["---", "...", "+++"];
        let is_mark = at == start && marks.contains(&self.text[at..end].trim_end());
        while !is_mark && at < end && !self.text[at..end].starts_with('#') {
            let column = at - start;
            let is_dash = self.text[at..end].strip_prefix('-');
            if is_dash.is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t'])) {
                self.close_to(column, true);
                if self.open.len() >= MAX_DEPTH {
                    break;
                }
                self.push(OutlineNodeKind::Item, at..at + 1, column);
                at = self.skip_blanks(at + 1, end);
                continue;
            }
            return self.node(at, column, end);
        }
        self.next_line(end)
    }

    fn skip_blanks(&self, at: usize, end: usize) -> usize {
        let rest = &self.text[at..end];
        at + rest.len() - rest.trim_start_matches([' ', '\t']).len()
    }

    /// Closes the nodes that do not contain a line at `column`. A list may be at the column of its
    /// key.
    fn close_to(&mut self, column: usize, is_dash: bool) {
        while let Some(top) = self.open.last().map(|top| &self.nodes[*top]) {
            let is_key = top.kind == OutlineNodeKind::Entry && top.value.is_none();
            if top.column < column || (top.column == column && is_dash && is_key) {
                return;
            }
            self.open.pop();
        }
    }

    fn push(&mut self, kind: OutlineNodeKind, label: Range<usize>, column: usize) -> usize {
        let parent = self.open.last().copied();
        let at = self.add(parent, kind, label, column, false);
        if kind != OutlineNodeKind::Word {
            self.open.push(at);
        }
        at
    }

    /// Reads a key with its value, or a scalar.
    fn node(&mut self, at: usize, column: usize, end: usize) -> usize {
        if let Some((label, value)) = self.key(at, end) {
            self.close_to(column, false);
            if self.open.len() >= MAX_DEPTH {
                return self.next_line(end);
            }
            let node = self.push(OutlineNodeKind::Entry, label, column);
            let value = self.skip_blanks(value, end);
            return self.value(value, node, end);
        }
        self.close_to(column, false);
        let Some(top) = self.open.last().copied() else {
            self.push(OutlineNodeKind::Word, at..self.plain_end(at, end), column);
            return self.next_line(end);
        };
        let node = &self.nodes[top];
        if let Some(value) = node.value.clone() {
            // A continued plain scalar.
            self.set_value(top, value.start..self.plain_end(at, end));
            return self.next_line(end);
        }
        if !node.is_parent {
            return self.value(at, top, end);
        }
        self.push(OutlineNodeKind::Word, at..self.plain_end(at, end), column);
        self.next_line(end)
    }

    /// Returns the end of the plain scalar that begins at `at`.
    fn plain_end(&self, at: usize, end: usize) -> usize {
        let line = &self.text[at..end];
        let length = line.find(" #").unwrap_or(line.len());
        at + line[..length].trim_end().len()
    }

    /// Reads the value of `node` at `at`. Returns the start of the next line to read.
    fn value(&mut self, at: usize, node: usize, end: usize) -> usize {
        let mut at = at;
        // Anchors and tags precede a value.
        while self.text[at..end].starts_with(['&', '!']) {
            let line = &self.text[at..end];
            at += line.find([' ', '\t']).unwrap_or(line.len());
            at = self.skip_blanks(at, end);
        }
        let line = &self.text[at..end];
        match line.chars().next() {
            None | Some('#') => self.next_line(end),
            Some('|' | '>') => {
                let last = self.block_end(node, end);
                self.set_value(node, at..last);
                self.next_line(last)
            }
            Some('[' | '{') => flow::read(self, at, node),
            Some('"' | '\'') => {
                let last = self.quoted_end(at, self.nodes[node].column, end);
                self.set_value(node, at..last);
                let end = self.line_end(last);
                self.next_line(end)
            }
            Some(_) => {
                let last = self.plain_end(at, end);
                self.set_value(node, at..last);
                self.next_line(end)
            }
        }
    }

    /// Returns the end of the lines that are indented deeper than `node`.
    fn block_end(&self, node: usize, end: usize) -> usize {
        let column = self.nodes[node].column;
        let mut last = end;
        while let Some((indent, start)) = self.indentation(self.next_line(last)) {
            if indent <= column {
                break;
            }
            last = self.line_end(start);
        }
        last
    }
}
