//! Marks in a compiled template that show which tag or text produced which output.
//!
//! The library compiles the template, with all its rules about whitespace. Then a mark, a short raw
//! string, is inserted before every element. The output without the marks must equal the output of
//! the template as compiled, which [`super::render`] checks.

use std::ops::Range;
use std::vec::IntoIter;

use handlebars::template::{HelperTemplate, Template, TemplateElement};

use crate::template::handlebars::lexer::{HandlebarsToken, HandlebarsTokenKind, escape};

/// The origin of the output that follows a mark.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mark {
    /// Bytes of the template.
    pub source: Range<usize>,
    /// Whether the output is a copy of `source`.
    pub verbatim: bool,
    /// Whether the tag is outside all blocks, so that its variables are the prompt's own.
    pub top: bool,
}

/// Inserts marks into `template`, compiled from `body`; `None` if the two do not correspond.
pub(crate) fn mark(
    template: &mut Template,
    body: &str,
    tokens: Vec<HandlebarsToken>,
    marker: char,
) -> Option<Vec<Mark>> {
    let mut walk = Walk {
        body,
        marker,
        tokens: tokens.into_iter().peekable(),
        marks: Vec::new(),
        depth: 0,
    };
    walk.template(template)?;
    walk.text();
    walk.tokens.next().is_none().then_some(walk.marks)
}

/// Returns `text` without the marks, but with all other signals.
pub(crate) fn without_marks(text: &str, marker: char) -> String {
    let mut out = String::with_capacity(text.len());
    for (at, part) in text.split(marker).enumerate() {
        if at % 2 == 0 {
            out.push_str(part);
        } else if part.parse::<usize>().is_err() {
            out.push(marker);
            out.push_str(part);
            out.push(marker);
        }
    }
    out
}

struct Walk<'body> {
    body: &'body str,
    marker: char,
    tokens: std::iter::Peekable<IntoIter<HandlebarsToken>>,
    marks: Vec<Mark>,
    depth: usize,
}

impl Walk<'_> {
    fn template(&mut self, template: &mut Template) -> Option<()> {
        let elements = std::mem::take(&mut template.elements);
        // The library looks up the line of an error by the element's index.
        let lines = std::mem::take(&mut template.mapping);
        for (at, mut element) in elements.into_iter().enumerate() {
            let line = lines.get(at);
            let mut push = |element| {
                template.elements.push(element);
                template.mapping.extend(line.cloned());
            };
            match &mut element {
                TemplateElement::RawString(text) => {
                    for (range, part) in self.raw(text)? {
                        push(self.mark(range, true));
                        push(TemplateElement::RawString(part));
                    }
                    continue;
                }
                TemplateElement::Comment(_) => {
                    self.tag(HandlebarsTokenKind::Comment)?;
                }
                TemplateElement::HelperBlock(helper) => {
                    let open = self.tag(HandlebarsTokenKind::Open)?;
                    push(self.mark(open, false));
                    self.depth += 1;
                    self.block(helper)?;
                    self.tag(HandlebarsTokenKind::Close)?;
                    self.depth -= 1;
                }
                TemplateElement::DecoratorBlock(_) | TemplateElement::PartialBlock(_) => {
                    let range = self.skip_block()?;
                    push(self.mark(range, false));
                }
                _ => {
                    let tag = self.tag(HandlebarsTokenKind::Expression)?;
                    push(self.mark(tag, false));
                }
            }
            push(element);
        }
        Some(())
    }

    /// Marks the inside of a block, including `else` branches, up to its closing tag.
    fn block(&mut self, helper: &mut HelperTemplate) -> Option<()> {
        if let Some(template) = &mut helper.template {
            self.template(template)?;
        }
        self.text();
        let Some(inverse) = &mut helper.inverse else {
            return Some(());
        };
        self.tag(HandlebarsTokenKind::Else)?;
        match inverse.elements.as_mut_slice() {
            [TemplateElement::HelperBlock(next)] if next.is_chained() => self.block(next),
            _ => self.template(inverse),
        }
    }

    /// Returns a mark. It is text of its own, so it never takes part in whitespace control.
    fn mark(&mut self, source: Range<usize>, verbatim: bool) -> TemplateElement {
        let id = self.marks.len();
        self.marks.push(Mark {
            source,
            verbatim,
            top: self.depth == 0,
        });
        let marker = self.marker;
        TemplateElement::RawString(format!("{marker}{id}{marker}"))
    }

    /// Consumes the text before the next tag, if there is any.
    fn text(&mut self) -> Option<Range<usize>> {
        let next = self
            .tokens
            .next_if(|token| token.kind == HandlebarsTokenKind::Text)?;
        Some(next.range)
    }

    /// Consumes the next tag, which must be of this kind, and any text before it.
    fn tag(&mut self, kind: HandlebarsTokenKind) -> Option<Range<usize>> {
        self.text();
        let next = self.tokens.next_if(|token| token.kind == kind)?;
        Some(next.range)
    }

    fn skip_block(&mut self) -> Option<Range<usize>> {
        let open = self.tag(HandlebarsTokenKind::Open)?;
        let mut depth = 1;
        let mut end = open.end;
        while depth > 0 {
            let token = self.tokens.next()?;
            match token.kind {
                HandlebarsTokenKind::Open => depth += 1,
                HandlebarsTokenKind::Close => depth -= 1,
                _ => {}
            }
            end = token.range.end;
        }
        Some(open.start..end)
    }

    /// Returns where the parts of a raw string are in the body; escapes split it.
    fn raw(&mut self, text: &str) -> Option<Vec<(Range<usize>, String)>> {
        if text.is_empty() {
            return Some(Vec::new());
        }
        let region = self.text()?;
        let source = self.body.get(region.clone())?;
        let kept = unescape(source);
        let whole: String = kept
            .iter()
            .filter_map(|range| source.get(range.clone()))
            .collect();
        let offset = offset_in(&whole, text)?;
        let wanted = offset..offset + text.len();
        let mut parts = Vec::new();
        let mut at = 0;
        for range in kept {
            let start = wanted.start.max(at);
            let end = wanted.end.min(at + range.len());
            if start < end {
                let from = range.start + (start - at);
                let to = range.start + (end - at);
                let part = source.get(from..to)?.to_owned();
                parts.push((region.start + from..region.start + to, part));
            }
            at += range.len();
        }
        Some(parts)
    }
}

/// Returns the ranges of `source` that remain after the backslash of every escape is removed.
fn unescape(source: &str) -> Vec<Range<usize>> {
    let mut kept = Vec::new();
    let (mut from, mut at) = (0, 0);
    while let Some(slash) = source.get(at..).and_then(|rest| rest.find('\\')) {
        at += slash;
        let rest = source.get(at..).unwrap_or_default();
        match escape(rest) {
            Some(length) => {
                kept.push(from..at);
                from = at + 1;
                at += length;
            }
            // None of these backslashes begins an escape.
            None => at += rest.len() - rest.trim_start_matches('\\').len(),
        }
    }
    kept.push(from..source.len());
    kept
}

/// Returns where `text` is in `whole`; it lacks only whitespace at the ends.
fn offset_in(whole: &str, text: &str) -> Option<usize> {
    if text.trim().is_empty() {
        // Whitespace control may cut blank text at both ends, and any equal part of it will do.
        return if whole.ends_with(text) {
            Some(whole.len() - text.len())
        } else {
            whole.find(text)
        };
    }
    let blank = |text: &str| text.len() - text.trim_start().len();
    let offset = blank(whole).checked_sub(blank(text))?;
    whole.get(offset..)?.starts_with(text).then_some(offset)
}
