//! Flow style: lists in brackets and maps in braces, which may span several lines.

use std::ops::Range;

use crate::outline::node::OutlineNodeKind;
use crate::outline::scanner::{Scan, quoted_length};

/// Brackets nested deeper than this are read as text.
const MAX_DEPTH: usize = 64;

/// A list or map that is not closed yet.
struct Open {
    is_map: bool,
    /// The node whose value it is.
    owner: usize,
    /// The last entry or word of a map, and whether its colon was found.
    last: Option<(usize, bool)>,
}

/// Reads the list or map at `at`, the value of `owner`. Returns the start of the next line to read.
///
/// An unclosed list or map ends before the first line that is not indented deeper than its key, so
/// that a missing bracket does not swallow the rest of the file.
pub(crate) fn read(scan: &mut Scan<'_>, at: usize, owner: usize) -> usize {
    let base = scan.nodes[owner].column;
    let mut stack: Vec<Open> = Vec::new();
    let mut at = at;
    while at < scan.end {
        let rest = scan.rest(at);
        let Some(first) = rest.chars().next() else {
            break;
        };
        match first {
            ' ' | '\t' => at += 1,
            '#' => at = scan.line_end(at),
            '\n' | '\r' => {
                let next = scan.next_line(at);
                match scan.indentation(next) {
                    Some((indent, start))
                        if indent > base || scan.rest(start).starts_with([']', '}', ',']) =>
                    {
                        at = start;
                    }
                    _ => return next,
                }
            }
            ',' => {
                if let Some(top) = stack.last_mut() {
                    top.last = None;
                }
                at += 1;
            }
            ']' | '}' => {
                at += 1;
                if let Some(closed) = stack.pop() {
                    scan.grow(closed.owner, at);
                }
                if stack.is_empty() {
                    break;
                }
            }
            '[' | '{' => {
                if stack.len() >= MAX_DEPTH {
                    break;
                }
                let owner = match stack.last_mut() {
                    None => owner,
                    Some(top) => element(scan, top, at..at),
                };
                let is_map = first == '{';
                stack.push(Open {
                    is_map,
                    owner,
                    last: None,
                });
                at += 1;
                scan.grow(owner, at);
            }
            ':' if is_colon(rest) => {
                at += 1;
                if let Some(top) = stack.last_mut()
                    && let Some((node, colon)) = &mut top.last
                {
                    *colon = true;
                    scan.nodes[*node].kind = OutlineNodeKind::Entry;
                    scan.grow(*node, at);
                }
            }
            _ => {
                let Some(top) = stack.last_mut() else { break };
                let end = scalar_end(scan, at, base);
                scalar(scan, top, at..end);
                at = end.max(at + first.len_utf8());
            }
        }
    }
    let end = scan.line_end(at);
    scan.next_line(end)
}

/// Whether the colon that `rest` begins with ends a key.
fn is_colon(rest: &str) -> bool {
    let behind = rest.get(1..).unwrap_or_default();
    behind.is_empty() || behind.starts_with([' ', '\t', '\n', '\r', ',', ']', '}', '[', '{'])
}

/// Returns the node of the value at `place`: a new item, or the entry whose colon was found.
fn element(scan: &mut Scan<'_>, top: &mut Open, place: Range<usize>) -> usize {
    if let (true, Some((node, true))) = (top.is_map, top.last) {
        return node;
    }
    let kind = if top.is_map {
        OutlineNodeKind::Word
    } else {
        OutlineNodeKind::Item
    };
    add(scan, top, kind, place)
}

fn add(scan: &mut Scan<'_>, top: &mut Open, kind: OutlineNodeKind, label: Range<usize>) -> usize {
    let before = scan.text.get(..label.start).unwrap_or_default();
    let column = label.start - before.rfind(['\n', '\r']).map_or(0, |at| at + 1);
    let node = scan.add(Some(top.owner), kind, label, column, true);
    top.last = Some((node, false));
    node
}

fn scalar(scan: &mut Scan<'_>, top: &mut Open, range: Range<usize>) {
    match (top.is_map, top.last) {
        (true, Some((node, true))) if scan.nodes[node].value.is_none() => {
            scan.set_value(node, range);
        }
        (true, None) => {
            add(scan, top, OutlineNodeKind::Word, range);
        }
        (true, Some((node, _))) => scan.grow(node, range.end),
        (false, _) => {
            let item = add(scan, top, OutlineNodeKind::Item, range.start..range.start);
            scan.set_value(item, range);
        }
    }
}

fn scalar_end(scan: &Scan<'_>, at: usize, base: usize) -> usize {
    let line_end = scan.line_end(at);
    let line = &scan.text[at..line_end];
    if line.starts_with(['"', '\'']) {
        return match quoted_length(line) {
            Some(length) => at + length,
            None => scan.quoted_end(at, base, line_end),
        };
    }
    let mut end = line.len();
    let mut before = ' ';
    for (offset, char) in line.char_indices() {
        let ends = match char {
            ',' | '[' | ']' | '{' | '}' => true,
            ':' => is_colon(&line[offset..]),
            '#' => before == ' ',
            _ => false,
        };
        if ends && offset > 0 {
            end = offset;
            break;
        }
        before = char;
    }
    at + line[..end].trim_end().len()
}
