//! Builds the tree from the parser's events.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};
use std::ops::Range;

use granit_parser::{ErrorKind, Event, Parser, ScalarStyle, Span, StructureStyle, Tag, options};

use crate::yaml::dialect::Dialect;
use crate::yaml::entries;
use crate::yaml::node::{Data, Node};
use crate::yaml::open::{Fault, Kind, Open, after_colon, null, refused_key};
use crate::yaml::peculiarities;
use crate::yaml::scalar;

/// Lists and maps nested deeper than this are rejected.
const MAX_DEPTH: usize = 64;
/// Maximum number of nodes, including the copies that aliases refer to.
const MAX_NODES: usize = 50_000;
/// Maximum number of bytes that are read again because the parser is stricter than the dialect's
/// reader: every place that is replaced is one more pass.
const MAX_READ_AGAIN: usize = 8 << 20;

/// The tree of a YAML text, up to its first error.
#[derive(Debug)]
pub(crate) struct Tree {
    /// `None` for an empty text.
    pub root: Option<Node>,
    /// The first error, with its bytes; `root` contains the nodes before it.
    pub error: Option<Fault>,
    /// Keys that have no effect because the same key follows in the same map.
    pub overridden: Vec<Range<usize>>,
}

struct Builder<'text> {
    text: &'text str,
    /// `text` as the parser reads it, with the same offsets.
    source: &'text str,
    base: usize,
    dialect: Dialect,
    open: Vec<Open>,
    root: Option<Node>,
    anchors: BTreeMap<usize, Node>,
    nodes: usize,
    overridden: Vec<Range<usize>>,
    /// The end of the last event, as an offset in `text`.
    read_to: usize,
}

/// Reads the first document of `text` in YAML 1.2; every range is moved by `base`.
pub(crate) fn read(text: &str, base: usize) -> Tree {
    read_as(text, base, Dialect::Core)
}

/// Reads the first document of `text` like the dialect's reader; every range is moved by `base`.
pub(crate) fn read_as(text: &str, base: usize, dialect: Dialect) -> Tree {
    let mut source = Cow::Borrowed(text);
    let mut read_again = 0;
    loop {
        let (tree, stop) = build(text, &source, base, dialect);
        let Some((at, kind)) = stop.filter(|_| read_again < MAX_READ_AGAIN) else {
            return tree;
        };
        if !peculiarities::replace(source.to_mut(), at, &kind, dialect) {
            return tree;
        }
        read_again += at + 1;
    }
}

/// Returns the tree, and where and why the parser stopped before the end.
fn build(
    text: &str,
    source: &str,
    base: usize,
    dialect: Dialect,
) -> (Tree, Option<(usize, ErrorKind)>) {
    let mut builder = Builder {
        text,
        source,
        base,
        dialect,
        open: Vec::new(),
        root: None,
        anchors: BTreeMap::new(),
        nodes: 0,
        overridden: Vec::new(),
        read_to: 0,
    };
    let mut stop = None;
    let error = builder.run(&mut stop);
    // Closes the collections that were open when an error occurred.
    while let Some(open) = builder.open.pop() {
        // The first error is the one that is reported.
        let _ = builder.close(open, base + text.len());
    }
    let tree = Tree {
        root: builder.root,
        error,
        overridden: builder.overridden,
    };
    (tree, stop)
}

impl Builder<'_> {
    fn run(&mut self, stop: &mut Option<(usize, ErrorKind)>) -> Option<Fault> {
        let options = options! {
            emit_comments: false,
            // Both packages read it so, and what the author sees is a character like others.
            bom_inside_document_as_content: true,
            block_scalar_eof_without_line_feed: self.dialect == Dialect::PyYaml,
        };
        let mut parser = Parser::new_from_str_with_options(self.source, options);
        let mut documents = 0;
        loop {
            let (event, span) = match parser.next()? {
                Ok(next) => next,
                Err(error) => {
                    let at = error.marker().byte_offset().unwrap_or(self.text.len());
                    *stop = Some((at, error.kind().clone()));
                    return Some((self.line_from(self.base + at), error.info()));
                }
            };
            if let Event::DocumentStart(..) = event {
                documents += 1;
                if documents > 1 {
                    let message = "a second YAML document begins here; keep a single one";
                    let at = self.range(&span).start;
                    return Some((self.line_from(at), message.to_owned()));
                }
            }
            if let Err(fault) = self.check_tabs(&event, &span) {
                return Some(fault);
            }
            if matches!(event, Event::StreamEnd) {
                return None;
            }
            if let Err(fault) = self.event(event, &span) {
                return Some(fault);
            }
        }
    }

    fn event(&mut self, event: Event<'_>, span: &Span) -> Result<(), Fault> {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                self.count(1)
                    .map_err(|message| (self.range(span), message))?;
                let node = self.scalar(text, style, tag.as_deref(), span)?;
                self.attach(node, anchor)
            }
            Event::Alias(anchor) => {
                let range = self.range(span);
                let Some(target) = self.anchors.get(&anchor) else {
                    let message = "this alias refers to itself; write the value out";
                    return Err((range, message.to_owned()));
                };
                let mut node = target.clone();
                self.count(node.size())
                    .map_err(|message| (range.clone(), message))?;
                node.alias = Some(range);
                self.attach(node, 0)
            }
            Event::SequenceStart(style, anchor, tag) => {
                let flow = style == StructureStyle::Flow;
                let list = Kind::List(Vec::new());
                self.begin(list, flow, anchor, tag.as_deref(), span)
            }
            Event::MappingStart(style, anchor, tag) => {
                let flow = style == StructureStyle::Flow;
                let map = Kind::Map(Vec::new(), None);
                self.begin(map, flow, anchor, tag.as_deref(), span)
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let Some(open) = self.open.pop() else {
                    return Ok(());
                };
                let end = self.range(span).end;
                if open.flow {
                    self.check_layout(open.start..end)?;
                }
                self.close(open, end)
            }
            _ => Ok(()),
        }
    }

    fn scalar(
        &self,
        text: Cow<'_, str>,
        style: ScalarStyle,
        tag: Option<&Tag>,
        span: &Span,
    ) -> Result<Node, Fault> {
        let range = self.range(span);
        if matches!(style, ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted) {
            self.check_layout(range.clone())?;
        }
        let mut text = text.into_owned();
        if style == ScalarStyle::Plain {
            let written = self.slice(&range);
            if written.is_empty() || self.is_replaced(&range) {
                written.clone_into(&mut text);
            }
        }
        let value = scalar::resolve(&text, style, tag, self.dialect)
            .map_err(|message| (range.clone(), message))?;
        Ok(Node {
            range,
            data: Data::Scalar {
                text,
                value,
                block: matches!(style, ScalarStyle::Literal | ScalarStyle::Folded),
                dialect: self.dialect,
            },
            alias: None,
        })
    }

    fn begin(
        &mut self,
        kind: Kind,
        flow: bool,
        anchor: usize,
        tag: Option<&Tag>,
        span: &Span,
    ) -> Result<(), Fault> {
        let range = self.range(span);
        let refused = if self.open.len() >= MAX_DEPTH {
            Some(format!(
                "lists and maps are nested deeper than {MAX_DEPTH} levels; flatten them"
            ))
        } else {
            scalar::refused_collection(tag, self.dialect).or_else(|| self.count(1).err())
        };
        if let Some(message) = refused {
            return Err((range, message));
        }
        self.open.push(Open {
            kind,
            // A single pair in a list in brackets has none of its own.
            flow: flow && !range.is_empty(),
            start: range.start,
            anchor,
            keys: HashSet::new(),
        });
        Ok(())
    }

    fn close(&mut self, mut open: Open, end: usize) -> Result<(), Fault> {
        open.start = self.dash(&open);
        let mut fault = Ok(());
        if let Kind::Map(entries, key) = &mut open.kind {
            if let Some(key) = key.take() {
                let value = null(key.here().end, self.dialect);
                entries.push((key, value));
            }
            fault = self.settle(entries);
        }
        let anchor = open.anchor;
        let node = open.close(end);
        self.attach(node, anchor).and(fault)
    }

    /// Applies the dialect's rules for repeated keys and merge keys to the entries of a map.
    fn settle(&mut self, list: &mut Vec<(Node, Node)>) -> Result<(), Fault> {
        if self.dialect == Dialect::PyYaml {
            self.overridden.extend(entries::keep_last(list));
        }
        let (text, base) = (self.text, self.base);
        let is_merge = |key: &Node| {
            let written = text.get(key.range.start - base..).unwrap_or_default();
            entries::is_merge_key(key, written)
        };
        if !self.dialect.merges() || !list.iter().any(|(key, _)| is_merge(key)) {
            return Ok(());
        }
        let own = list.iter().filter(|(key, _)| !is_merge(key));
        let mut known = own.filter_map(|(key, _)| key.key_identity()).collect();
        let mut fault = Ok(());
        for (key, value) in std::mem::take(list) {
            if !is_merge(&key) {
                list.push((key, value));
                continue;
            }
            let added = entries::merged(&value, &mut known).and_then(|added| {
                let size = added.iter().map(|(key, value)| key.size() + value.size());
                self.count(size.sum()).map(|()| added)
            });
            match added {
                Ok(added) => list.extend(added),
                Err(message) => fault = Err((value.here().clone(), message)),
            }
        }
        fault
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

    fn attach(&mut self, mut node: Node, anchor: usize) -> Result<(), Fault> {
        if anchor != 0 {
            // The anchor's copy counts too; otherwise nested anchors could grow without limit.
            self.nodes += node.size();
            self.anchors.insert(anchor, node.clone());
        }
        let Some(open) = self.open.last_mut() else {
            self.root = self.root.take().or(Some(node));
            return Ok(());
        };
        match &mut open.kind {
            Kind::List(items) => items.push(node),
            Kind::Map(entries, key) => {
                let Some(name) = key.take() else {
                    let fault = refused_key(&node, &mut open.keys, self.dialect);
                    *key = Some(node);
                    return fault;
                };
                if node.range.is_empty() {
                    node.range = after_colon(self.text, self.base, &name);
                }
                entries.push((name, node));
            }
        }
        Ok(())
    }

    /// Checks the lines of a quoted scalar or a list or map in brackets, which npm `yaml` does.
    fn check_layout(&self, range: Range<usize>) -> Result<(), Fault> {
        let is_outermost = !self.open.iter().any(|open| open.flow);
        let Some(parent) = self.open.last().filter(|_| is_outermost) else {
            return Ok(());
        };
        if self.dialect != Dialect::NpmYaml {
            return Ok(());
        }
        let before = &self.text[..self.dash(parent) - self.base];
        let column = before.len() - before.rfind('\n').map_or(0, |at| at + 1);
        let bytes = range.start - self.base..range.end - self.base;
        match peculiarities::too_far_left(self.text, &bytes, column) {
            Some(line) => Err((
                line.start + self.base..line.end + self.base,
                "this line continues a value and has to be indented more than its key".to_owned(),
            )),
            None => Ok(()),
        }
    }

    /// Checks the bytes since the last event for tabs that `PyYAML` refuses.
    fn check_tabs(&mut self, event: &Event<'_>, span: &Span) -> Result<(), Fault> {
        if self.dialect != Dialect::PyYaml {
            return Ok(());
        }
        let range = self.range(span);
        let (start, end) = (range.start - self.base, range.end - self.base);
        let to = match event {
            Event::Scalar(_, ScalarStyle::Plain, ..) => end,
            Event::StreamEnd => self.text.len(),
            // The bytes of an implied start or end of a document are those of other events.
            Event::StreamStart | Event::DocumentStart(..) | Event::DocumentEnd => return Ok(()),
            _ => start,
        };
        let gap = self.source.get(self.read_to..to).unwrap_or_default();
        if let Some(at) = peculiarities::tab(gap) {
            let at = self.base + self.read_to + at;
            let message = "Prompty takes no tab here; use spaces".to_owned();
            return Err((at..at + 1, message));
        }
        self.read_to = self.read_to.max(end);
        Ok(())
    }

    fn slice(&self, range: &Range<usize>) -> &str {
        let range = range.start - self.base..range.end - self.base;
        self.text.get(range).unwrap_or_default()
    }

    /// Whether the parser reads other bytes here than the file has.
    fn is_replaced(&self, range: &Range<usize>) -> bool {
        let bytes = range.start - self.base..range.end - self.base;
        self.source.get(bytes) != Some(self.slice(range))
    }

    fn range(&self, span: &Span) -> Range<usize> {
        let bytes = span
            .byte_range()
            .unwrap_or(self.text.len()..self.text.len());
        let end = bytes.end.max(bytes.start);
        let text = self.text.get(bytes.start..end).unwrap_or_default();
        let start = self.base + bytes.start;
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
