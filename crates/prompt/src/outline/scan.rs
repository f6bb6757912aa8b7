//! Block style: what a line's indentation says.

use std::ops::Range;

use crate::outline::{Outline, Spot, What, flow, unquoted};

/// Spots inside spots deeper than this are read as text.
const MAX_DEPTH: usize = 64;

/// The text, and what was found up to a place in it.
pub(crate) struct Scan<'text> {
    pub text: &'text str,
    pub end: usize,
    pub spots: Vec<Spot>,
    /// The spots in block style that the next line may stand in, outermost first.
    open: Vec<usize>,
    root_items: usize,
}

pub(crate) fn scan(text: &str, window: Range<usize>) -> Outline {
    let end = crate::text::change::snap(text, window.end);
    let mut scan = Scan {
        text,
        end,
        spots: Vec::new(),
        open: Vec::new(),
        root_items: 0,
    };
    let mut at = crate::text::change::snap(text, window.start).min(end);
    if at == 0 && text.starts_with('\u{feff}') {
        at = '\u{feff}'.len_utf8().min(end);
    }
    while at < end {
        at = scan.line(at).max(at + 1);
    }
    Outline { spots: scan.spots }
}

impl Scan<'_> {
    /// What is left of the window from `at`.
    pub fn rest(&self, at: usize) -> &str {
        self.text.get(at..self.end).unwrap_or_default()
    }

    /// The end of the line that holds `at`, before its line break.
    pub fn line_end(&self, at: usize) -> usize {
        let rest = self.rest(at);
        at + rest.find(['\n', '\r']).unwrap_or(rest.len())
    }

    /// The beginning of the line after the one that ends at `end`.
    pub fn next_line(&self, end: usize) -> usize {
        let rest = self.rest(end);
        end + match rest.as_bytes() {
            [b'\r', b'\n', ..] => 2,
            [] => 0,
            _ => 1,
        }
    }

    /// The next line's indentation and where its text begins; blank lines are skipped. `None` at
    /// the end.
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

    /// Reads the line that begins at `start`; the beginning of the next one to read.
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
                self.push(What::Item, at..at + 1, column);
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

    /// Closes what a line at `column` does not stand in. A list may stand in the column of its
    /// key.
    fn close_to(&mut self, column: usize, is_dash: bool) {
        while let Some(top) = self.open.last().map(|top| &self.spots[*top]) {
            let is_key = top.what == What::Entry && top.value.is_none();
            if top.column < column || (top.column == column && is_dash && is_key) {
                return;
            }
            self.open.pop();
        }
    }

    fn push(&mut self, what: What, label: Range<usize>, column: usize) -> usize {
        let parent = self.open.last().copied();
        let at = self.add(parent, what, label, column, false);
        if what != What::Word {
            self.open.push(at);
        }
        at
    }

    /// Adds a spot and says so to all that it stands in.
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

    /// Lets a spot and all that it stands in reach to `end`.
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

    /// Reads a key with its value, or a scalar.
    fn node(&mut self, at: usize, column: usize, end: usize) -> usize {
        if let Some((label, value)) = self.key(at, end) {
            self.close_to(column, false);
            if self.open.len() >= MAX_DEPTH {
                return self.next_line(end);
            }
            let spot = self.push(What::Entry, label, column);
            let value = self.skip_blanks(value, end);
            return self.value(value, spot, end);
        }
        self.close_to(column, false);
        let Some(top) = self.open.last().copied() else {
            self.push(What::Word, at..self.plain_end(at, end), column);
            return self.next_line(end);
        };
        let spot = &self.spots[top];
        if let Some(value) = spot.value.clone() {
            // A plain scalar that goes on.
            self.set_value(top, value.start..self.plain_end(at, end));
            return self.next_line(end);
        }
        if !spot.is_parent {
            return self.value(at, top, end);
        }
        self.push(What::Word, at..self.plain_end(at, end), column);
        self.next_line(end)
    }

    /// The bytes of a key at `at` and the place behind its colon.
    fn key(&self, at: usize, end: usize) -> Option<(Range<usize>, usize)> {
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

    /// Where a plain scalar ends that begins at `at`.
    fn plain_end(&self, at: usize, end: usize) -> usize {
        let line = &self.text[at..end];
        let length = line.find(" #").unwrap_or(line.len());
        at + line[..length].trim_end().len()
    }

    /// Reads the value of `spot` at `at`; the beginning of the next line to read.
    fn value(&mut self, at: usize, spot: usize, end: usize) -> usize {
        let mut at = at;
        // Anchors and tags stand before a value.
        while self.text[at..end].starts_with(['&', '!']) {
            let line = &self.text[at..end];
            at += line.find([' ', '\t']).unwrap_or(line.len());
            at = self.skip_blanks(at, end);
        }
        let line = &self.text[at..end];
        match line.chars().next() {
            None | Some('#') => self.next_line(end),
            Some('|' | '>') => {
                let last = self.block_end(spot, end);
                self.set_value(spot, at..last);
                self.next_line(last)
            }
            Some('[' | '{') => flow::read(self, at, spot),
            Some('"' | '\'') => {
                let last = self.quoted_end(at, self.spots[spot].column, end);
                self.set_value(spot, at..last);
                let end = self.line_end(last);
                self.next_line(end)
            }
            Some(_) => {
                let last = self.plain_end(at, end);
                self.set_value(spot, at..last);
                self.next_line(end)
            }
        }
    }

    /// Where the lines end that are indented deeper than `spot`.
    fn block_end(&self, spot: usize, end: usize) -> usize {
        let column = self.spots[spot].column;
        let mut last = end;
        while let Some((indent, start)) = self.indentation(self.next_line(last)) {
            if indent <= column {
                break;
            }
            last = self.line_end(start);
        }
        last
    }

    /// The end of a quoted scalar, which may go on over lines deeper than `column`; the line's end
    /// where nothing closes it.
    pub fn quoted_end(&self, at: usize, column: usize, end: usize) -> usize {
        let mut last = end;
        loop {
            if let Some(length) = quoted_length(&self.text[at..last]) {
                return at + length;
            }
            match self.indentation(self.next_line(last)) {
                Some((indent, start)) if indent > column && last < self.end => {
                    let line_end = self.line_end(start);
                    // A line with a key of its own begins something new.
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

/// Bytes of the quoted scalar that `text` begins with, if it ends.
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
