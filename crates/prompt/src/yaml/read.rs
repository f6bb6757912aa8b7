//! Builds the tree from the parser's events.

use std::collections::BTreeMap;
use std::ops::Range;

use saphyr::Scalar;
use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Span};

use crate::yaml::node::{Data, Node, Plain};

/// Lists and maps nested deeper than this are rejected.
const MAX_DEPTH: usize = 64;
/// Maximum number of nodes, including the copies that aliases refer to.
const MAX_NODES: usize = 50_000;

/// The tree of a YAML text, up to its first error.
#[derive(Debug)]
pub(crate) struct Tree {
    /// `None` for an empty text.
    pub root: Option<Node>,
    /// The first error, with its bytes; `root` contains the nodes before it.
    pub error: Option<(Range<usize>, String)>,
}

enum Kind {
    List(Vec<Node>),
    Map(Vec<(Node, Node)>, Option<Node>),
}

struct Open {
    kind: Kind,
    flow: bool,
    start: usize,
    anchor: usize,
}

impl Open {
    fn close(self, end: usize) -> Node {
        let start = self.start;
        let flow = self.flow;
        let (data, last) = match self.kind {
            Kind::List(items) => {
                let last = items.last().map(|item| item.here().end);
                (Data::List { items, flow }, last)
            }
            Kind::Map(mut entries, key) => {
                if let Some(key) = key {
                    let value = null(key.range.end);
                    entries.push((key, value));
                }
                let last = entries
                    .last()
                    .map(|(key, value)| value.here().end.max(key.here().end));
                (Data::Map { entries, flow }, last)
            }
        };
        let end = if flow { end } else { last.unwrap_or(end) };
        Node {
            range: start..end.max(start),
            data,
            alias: None,
        }
    }
}

fn null(at: usize) -> Node {
    Node {
        range: at..at,
        data: Data::Scalar {
            text: String::new(),
            value: Plain::Null,
            block: false,
        },
        alias: None,
    }
}

struct Builder<'text> {
    text: &'text str,
    /// Byte offset of every character, because the parser counts characters.
    chars: Vec<usize>,
    base: usize,
    open: Vec<Open>,
    root: Option<Node>,
    anchors: BTreeMap<usize, Node>,
    nodes: usize,
}

/// Reads the first document of `text`; every range is moved by `base`.
pub(crate) fn read(text: &str, base: usize) -> Tree {
    let mut builder = Builder {
        text,
        chars: text.char_indices().map(|(at, _)| at).collect(),
        base,
        open: Vec::new(),
        root: None,
        anchors: BTreeMap::new(),
        nodes: 0,
    };
    let error = builder.run();
    // Closes the collections that were open when an error occurred.
    while let Some(open) = builder.open.pop() {
        let anchor = open.anchor;
        let node = open.close(base + text.len());
        builder.attach(node, anchor);
    }
    Tree {
        root: builder.root,
        error,
    }
}

impl Builder<'_> {
    fn run(&mut self) -> Option<(Range<usize>, String)> {
        let mut parser = Parser::new_from_str(self.text);
        let mut documents = 0;
        loop {
            let (event, span) = match parser.next_event()? {
                Ok(next) => next,
                Err(error) => {
                    let at = self.byte(*error.marker());
                    return Some((self.line_from(at), error.info().to_owned()));
                }
            };
            if let Event::DocumentStart(_) = event {
                documents += 1;
                if documents > 1 {
                    let message = "a second YAML document begins here; keep a single one";
                    return Some((self.line_from(self.byte(span.start)), message.to_owned()));
                }
            }
            if matches!(event, Event::StreamEnd) {
                return None;
            }
            if let Err(message) = self.event(event, span) {
                return Some((self.range(span), message));
            }
        }
    }

    fn event(&mut self, event: Event<'_>, span: Span) -> Result<(), String> {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                self.count(1)?;
                let value =
                    Scalar::parse_from_cow_and_metadata(text.as_ref().into(), style, tag.as_ref());
                let mut range = self.range(span);
                if let Some(length) = self.quoted_length(range.start, style) {
                    range.end = range.start + length;
                }
                let node = Node {
                    range,
                    data: Data::Scalar {
                        value: plain(value.as_ref()),
                        text: text.into_owned(),
                        block: matches!(style, ScalarStyle::Literal | ScalarStyle::Folded),
                    },
                    alias: None,
                };
                self.attach(node, anchor);
            }
            Event::Alias(anchor) => {
                let range = self.range(span);
                let Some(target) = self.anchors.get(&anchor) else {
                    return Err("this alias refers to itself; write the value out".to_owned());
                };
                let mut node = target.clone();
                let size = node.size();
                node.alias = Some(range);
                self.count(size)?;
                self.attach(node, 0);
            }
            Event::SequenceStart(anchor, _) => {
                self.begin(Kind::List(Vec::new()), span, anchor)?;
            }
            Event::MappingStart(anchor, _) => {
                self.begin(Kind::Map(Vec::new(), None), span, anchor)?;
            }
            Event::SequenceEnd | Event::MappingEnd => {
                if let Some(mut open) = self.open.pop() {
                    open.start = self.dash(&open);
                    let anchor = open.anchor;
                    let end = self.byte(span.end);
                    let node = open.close(end);
                    self.attach(node, anchor);
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn begin(&mut self, kind: Kind, span: Span, anchor: usize) -> Result<(), String> {
        self.count(1)?;
        if self.open.len() >= MAX_DEPTH {
            return Err(format!(
                "lists and maps are nested deeper than {MAX_DEPTH} levels; flatten them"
            ));
        }
        let start = self.byte(span.start);
        let first = self.text.as_bytes().get(start - self.base);
        self.open.push(Open {
            kind,
            flow: matches!(first, Some(b'[' | b'{')) && self.byte(span.end) > start,
            start,
            anchor,
        });
        Ok(())
    }

    fn count(&mut self, nodes: usize) -> Result<(), String> {
        self.nodes += nodes;
        if self.nodes > MAX_NODES {
            return Err(format!(
                "more than {MAX_NODES} values (aliases count as often as they are used); \
                 write fewer"
            ));
        }
        Ok(())
    }

    fn attach(&mut self, mut node: Node, anchor: usize) {
        if anchor != 0 {
            // The anchor's copy counts too; otherwise nested anchors could grow without limit.
            self.nodes += node.size();
            self.anchors.insert(anchor, node.clone());
        }
        match self.open.last_mut().map(|open| &mut open.kind) {
            Some(Kind::List(items)) => items.push(node),
            Some(Kind::Map(entries, key)) => match key.take() {
                Some(key) => {
                    if node.range.is_empty() {
                        node.range = after_colon(self.text, self.base, &key);
                    }
                    entries.push((key, node));
                }
                None => *key = Some(node),
            },
            None => self.root = self.root.take().or(Some(node)),
        }
    }

    fn byte(&self, marker: Marker) -> usize {
        let at = self.chars.get(marker.index()).copied();
        self.base + at.unwrap_or(self.text.len())
    }

    fn range(&self, span: Span) -> Range<usize> {
        let start = self.byte(span.start);
        let end = self.byte(span.end).max(start);
        let text = self
            .text
            .get(start - self.base..end - self.base)
            .unwrap_or_default();
        start..start + text.trim_end_matches([' ', '\t']).len()
    }

    /// Returns the start of a block list. The parser reports it after the dash if the list is not
    /// indented.
    fn dash(&self, open: &Open) -> usize {
        let before = self.text.get(..open.start - self.base).unwrap_or_default();
        match &open.kind {
            Kind::List(_) if !open.flow && !self.text[before.len()..].starts_with('-') => {
                let trimmed = before.trim_end();
                let dash = trimmed.strip_suffix('-').map(str::len);
                self.base + dash.unwrap_or(before.len())
            }
            _ => open.start,
        }
    }

    /// Returns the length of a quoted scalar, quotes included; the parser's span may include a
    /// comment.
    fn quoted_length(&self, start: usize, style: ScalarStyle) -> Option<usize> {
        let (quote, escape) = match style {
            ScalarStyle::SingleQuoted => ('\'', None),
            ScalarStyle::DoubleQuoted => ('"', Some('\\')),
            _ => return None,
        };
        let text = self.text.get(start - self.base..)?;
        let mut chars = text.char_indices().skip(1).peekable();
        while let Some((at, char)) = chars.next() {
            let next = chars.peek().map(|(_, next)| *next);
            let doubled = escape.is_none() && char == quote && next == Some(quote);
            if doubled || Some(char) == escape {
                chars.next();
            } else if char == quote {
                return Some(at + 1);
            }
        }
        None
    }

    /// Returns the range from `at` to the end of its line, or the line before if the rest is blank.
    fn line_from(&self, at: usize) -> Range<usize> {
        let offset = at - self.base;
        let rest = self.text.get(offset..).unwrap_or_default();
        let line = rest.split(['\n', '\r']).next().unwrap_or_default();
        if !line.trim().is_empty() {
            return at..at + line.trim_end().len();
        }
        let before = self.text.get(..offset).unwrap_or_default().trim_end();
        let start = before.rfind(['\n', '\r']).map_or(0, |at| at + 1);
        self.base + start..self.base + before.len()
    }
}

/// Returns the position of an empty value: after its key's colon, if there is one.
fn after_colon(text: &str, base: usize, key: &Node) -> Range<usize> {
    let end = key.here().end;
    let rest = text.get(end - base..).unwrap_or_default();
    let colon = rest.trim_start_matches([' ', '\t']);
    let at = if colon.starts_with(':') {
        end + rest.len() - colon.len() + 1
    } else {
        end
    };
    at..at
}

fn plain(value: Option<&Scalar<'_>>) -> Plain {
    match value {
        Some(Scalar::Null) => Plain::Null,
        Some(Scalar::Boolean(value)) => Plain::Bool(*value),
        Some(Scalar::Integer(value)) => Plain::Integer(*value),
        Some(Scalar::FloatingPoint(value)) => Plain::Float(value.into_inner()),
        Some(Scalar::String(_)) | None => Plain::String,
    }
}
