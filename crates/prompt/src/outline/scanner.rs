//! The scanned text and the spots that were found.

use std::ops::Range;

use crate::outline::spot::{Spot, What, unquoted};

/// The text, and the spots found so far.
pub(crate) struct Scan<'text> {
    pub text: &'text str,
    pub end: usize,
    pub spots: Vec<Spot>,
    /// The block-style spots that may contain the next line, outermost first.
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

    /// Adds a spot and extends its ancestors to contain it.
    pub fn add(
        &mut self,
        parent: Option<usize>,
        what: What,
        label: Range<usize>,
        column: usize,
        flow: bool,
    ) -> usize {
        let items = match parent {
            Some(parent) => {
                self.spots[parent].is_parent = true;
                &mut self.spots[parent].items
            }
            None => &mut self.root_items,
        };
        let index = *items;
        *items += usize::from(what == What::Item);
        let name = match what {
            What::Item => String::new(),
            _ => unquoted(&self.text[label.clone()]),
        };
        self.spots.push(Spot {
            parent,
            what,
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
        let at = self.spots.len() - 1;
        self.grow(at, self.spots[at].end);
        at
    }

    /// Extends a spot and its ancestors to `end`.
    pub fn grow(&mut self, spot: usize, end: usize) {
        let mut at = Some(spot);
        while let Some(here) = at {
            let one = &mut self.spots[here];
            one.end = one.end.max(end);
            at = one.parent;
        }
    }

    pub fn set_value(&mut self, spot: usize, range: Range<usize>) {
        let end = range.end;
        self.spots[spot].value = Some(range);
        self.grow(spot, end);
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
