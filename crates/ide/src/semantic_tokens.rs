//! Semantic tokens: declared keys and values, the template's tags, mentions, and the spans on which
//! injections act.

use std::ops::Range;

use crate::snapshot::Snapshot;
use crate::spans::{injected_spans, mention_spans};
use hoplens_prompt::declaration_sites::{DeclarationSite, PROMPTY, key_of, kinds};
use hoplens_prompt::keys::KeyKind;
use hoplens_prompt::outline::{Outline, OutlineNodeKind, PathStep, unquoted};
use hoplens_prompt::template_tags;

/// The type of a [`SemanticToken`], in the order of [`TOKEN_TYPES`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenKind {
    /// A key of hoplens.
    Property,
    /// A word from a fixed list.
    EnumMember,
    /// A number.
    Number,
    /// A memory, a bridge, a mention, or a span of the prompt.
    String,
    /// A tag of the template.
    Variable,
}

/// The names of the types in LSP, by [`TokenKind`].
pub const TOKEN_TYPES: [&str; 5] = ["property", "enumMember", "number", "string", "variable"];
/// The names of the modifiers: part of a mention, and part of a span on which an injection acts.
pub const TOKEN_MODIFIERS: [&str; 2] = ["mention", "injected"];

/// A range of one line of a document with its type; tokens do not overlap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SemanticToken {
    /// Bytes of the document.
    pub range: Range<usize>,
    /// The type.
    pub kind: TokenKind,
    /// Whether it belongs to a mention in the prompt.
    pub is_mention: bool,
    /// Whether it belongs to a span on which an injection acts.
    pub is_injected: bool,
}

impl SemanticToken {
    fn of(kind: TokenKind, range: Range<usize>) -> Self {
        Self {
            range,
            kind,
            is_mention: false,
            is_injected: false,
        }
    }

    /// Returns the modifiers as bits, in the order of [`TOKEN_MODIFIERS`].
    pub fn modifiers(&self) -> u32 {
        u32::from(self.is_mention) | u32::from(self.is_injected) << 1
    }
}

/// Returns the tokens of a document in order. `prompt` is the prompt if the document is one, and
/// `None` for a sidecar.
pub fn semantic_tokens(
    text: &str,
    sites: &[DeclarationSite],
    prompt: Option<&Snapshot>,
) -> Vec<SemanticToken> {
    let mut found: Vec<SemanticToken> =
        sites.iter().flat_map(|site| declared(text, site)).collect();
    if let Some(snapshot) = prompt {
        found.extend(in_prompt(snapshot));
    }
    found.sort_by_key(|token| token.range.start);
    let mut last = 0;
    found.retain(|token| {
        let is_free = last <= token.range.start;
        last = last.max(token.range.end);
        is_free
    });
    found
        .into_iter()
        .flat_map(|token| {
            lines(text, token.range.clone()).map(move |range| SemanticToken {
                range,
                ..token.clone()
            })
        })
        .collect()
}

/// Splits a range into lines, without indentation.
fn lines(text: &str, range: Range<usize>) -> impl Iterator<Item = Range<usize>> {
    let start = range.start;
    let inside = text.get(range).unwrap_or_default();
    let lines = inside
        .split_inclusive(['\n', '\r'])
        .scan(start, move |at, line| {
            let from = *at + line.len() - line.trim_start().len();
            let whole = *at..*at + line.trim_end().len();
            *at += line.len();
            Some(if whole.start == start {
                whole
            } else {
                from..whole.end
            })
        });
    lines.filter(|line| line.start < line.end)
}

fn declared(text: &str, site: &DeclarationSite) -> Vec<SemanticToken> {
    let outline = Outline::read(text, site.window.clone());
    let mut found = Vec::new();
    for (at, node) in outline.nodes.iter().enumerate() {
        let path = outline.path(at);
        let is_key = node.kind == OutlineNodeKind::Entry && key_of(site.keys, &path).is_some();
        // `metadata` is Prompty's own key.
        let is_ours = site.keys != PROMPTY || path.len() > 1;
        if is_key && is_ours {
            found.push(SemanticToken::of(TokenKind::Property, node.label.clone()));
        }
        if let Some(value) = &node.value {
            let raw = text.get(value.clone()).unwrap_or_default();
            let kind = of_value(&kinds(site.keys, &path), &path, &unquoted(raw));
            found.extend(kind.map(|kind| SemanticToken::of(kind, value.clone())));
        }
    }
    found
}

fn of_value(kinds: &[KeyKind], path: &[PathStep], value: &str) -> Option<TokenKind> {
    let last = path.iter().rev().find_map(|step| match step {
        PathStep::Key(name) => Some(name.as_str()),
        PathStep::Item(_) => None,
    });
    kinds.iter().find_map(|kind| match kind {
        KeyKind::Word(words) => words.contains(&value).then_some(TokenKind::EnumMember),
        KeyKind::Index(_) | KeyKind::Number | KeyKind::Probability | KeyKind::Version(_) => {
            value.parse::<f64>().is_ok().then_some(TokenKind::Number)
        }
        KeyKind::Flag => ["true", "false"]
            .contains(&value)
            .then_some(TokenKind::EnumMember),
        KeyKind::Text => {
            let texts = ["memory", "bridge", "mention", "subject", "span"];
            let is_text = last.is_some_and(|last| texts.contains(&last));
            is_text.then_some(TokenKind::String)
        }
        _ => None,
    })
}

/// Returns tags, mentions and injected spans of the prompt, split where they overlap.
fn in_prompt(snapshot: &Snapshot) -> Vec<SemanticToken> {
    let tags = template_tags(&snapshot.file, &snapshot.text).into_iter();
    let tags: Vec<Range<usize>> = tags.map(|tag| tag.range).collect();
    let mentions = mention_spans(snapshot);
    let injected = injected_spans(snapshot);
    let all = || tags.iter().chain(&mentions).chain(&injected);
    let mut cuts: Vec<usize> = all().flat_map(|range| [range.start, range.end]).collect();
    cuts.sort_unstable();
    cuts.dedup();
    let mut found: Vec<SemanticToken> = Vec::new();
    let (mut tags, mut mentions, mut injected) =
        (Cover::new(tags), Cover::new(mentions), Cover::new(injected));
    for pair in cuts.windows(2) {
        let &[start, end] = pair else { continue };
        let is_tag = tags.holds(start);
        let (is_mention, is_injected) = (mentions.holds(start), injected.holds(start));
        if !(is_tag || is_mention || is_injected) {
            continue;
        }
        let kind = if is_tag {
            TokenKind::Variable
        } else {
            TokenKind::String
        };
        let token = SemanticToken {
            range: start..end,
            kind,
            is_mention,
            is_injected,
        };
        match found.last_mut() {
            Some(last) if !is_tag && last.range.end == start && is_alike(last, &token) => {
                last.range.end = end;
            }
            _ => found.push(token),
        }
    }
    found
}

fn is_alike(a: &SemanticToken, b: &SemanticToken) -> bool {
    a.kind == b.kind && a.modifiers() == b.modifiers()
}

/// Ranges that are queried in the order of the text.
struct Cover {
    ranges: std::iter::Peekable<std::vec::IntoIter<Range<usize>>>,
    until: usize,
}

impl Cover {
    fn new(mut ranges: Vec<Range<usize>>) -> Self {
        ranges.sort_by_key(|range| range.start);
        Self {
            ranges: ranges.into_iter().peekable(),
            until: 0,
        }
    }

    /// Returns whether a range contains `at`, which must not decrease between calls.
    fn holds(&mut self, at: usize) -> bool {
        while let Some(range) = self.ranges.next_if(|range| range.start <= at) {
            self.until = self.until.max(range.end);
        }
        at < self.until
    }
}

#[cfg(test)]
mod tests;
