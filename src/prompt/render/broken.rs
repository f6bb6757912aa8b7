//! Why a Handlebars template is not one, in the words of its author.
//!
//! The library's parser says which rules of its grammar it would have liked to go on with, and
//! points at the beginning of an unclosed block's contents.

use std::ops::Range;

use handlebars::Template;

use super::super::tags::{Kind, Token};
use super::template::Failure;

/// What is wrong with the tags of a template that cannot be compiled; `None` where nothing is that
/// can be told from the tags alone.
pub(super) fn explain(body: &str, tokens: &[Token]) -> Option<Failure> {
    let mut open: Vec<(&str, &Range<usize>)> = Vec::new();
    for token in tokens {
        let tag = body.get(token.range.clone())?;
        let name = name(tag);
        let failed = |message: String| {
            Some(Failure {
                message,
                range: token.range.clone(),
            })
        };
        match token.kind {
            Kind::Open => open.push((name, &token.range)),
            Kind::Close => match open.pop() {
                Some((opened, _)) if opened == name => {}
                Some((opened, at)) => {
                    return failed(format!(
                        "`{{{{#{opened}}}}}` in line {} is closed by `{tag}`. Write \
                         `{{{{/{opened}}}}}` before it.",
                        line(body, at.start)
                    ));
                }
                None => {
                    return failed(format!(
                        "`{tag}` closes no block. Remove it, or write `{{{{#{name} …}}}}` before \
                         it."
                    ));
                }
            },
            Kind::Else if inverts(tag) => {
                return failed(format!(
                    "`{tag}` is not read. Write `{{{{#unless {name}}}}}…{{{{/unless}}}}`."
                ));
            }
            Kind::Else if open.is_empty() => {
                return failed(format!("`{tag}` stands in no block. Remove it."));
            }
            Kind::Text => {
                if let Some(at) = unended(tag) {
                    let start = token.range.start + at;
                    let end = tag[at..]
                        .find('\n')
                        .map_or(token.range.end, |end| start + end);
                    let message = format!(
                        "the tag that begins with `{}` does not end. Write `}}}}` behind it, or \
                         `\\{{{{` for braces that are text.",
                        shortened(&body[start..end])
                    );
                    return Some(Failure {
                        message,
                        range: start..end,
                    });
                }
            }
            Kind::Expression if Template::compile(tag).is_err() => {
                return failed(format!(
                    "`{}` is no tag of Handlebars. Write the name of a variable or of a helper, \
                     or `\\{{{{` for braces that are text.",
                    shortened(tag)
                ));
            }
            _ => {}
        }
    }
    let (opened, range) = open.last()?;
    Some(Failure {
        message: format!(
            "`{}` is never closed. Write `{{{{/{opened}}}}}` behind what belongs to it.",
            shortened(&body[(*range).clone()])
        ),
        range: (*range).clone(),
    })
}

/// The first name in a tag: of `{{#each xs}}` it is `each`.
fn name(tag: &str) -> &str {
    let inside = tag.trim_start_matches(['{', '~', '#', '/', '^', '*', '>', ' ', '\t', '\n', '\r']);
    let end = inside.find(|c: char| c.is_whitespace() || "}~|".contains(c));
    &inside[..end.unwrap_or(inside.len())]
}

/// Whether a tag is `{{^name}}`, which in Handlebars opens a block of its own.
fn inverts(tag: &str) -> bool {
    let inside = tag.trim_start_matches(['{', '~']);
    inside.starts_with('^') && !name(tag).is_empty()
}

/// Where a text has braces that begin a tag without an end.
fn unended(text: &str) -> Option<usize> {
    let mut from = 0;
    while let Some(at) = text.get(from..)?.find("{{").map(|at| from + at) {
        if !text[..at].ends_with('\\') {
            return Some(at);
        }
        from = at + 2;
    }
    None
}

fn line(body: &str, at: usize) -> usize {
    body.get(..at).unwrap_or_default().matches('\n').count() + 1
}

/// A tag as far as it is worth repeating.
fn shortened(tag: &str) -> String {
    const MOST: usize = 40;
    if tag.chars().count() <= MOST {
        return tag.to_owned();
    }
    let start: String = tag.chars().take(MOST).collect();
    format!("{start}…")
}

#[cfg(test)]
mod tests {
    use super::super::super::tags::tokens;
    use super::*;

    #[test]
    fn the_tag_that_is_wrong_is_named() {
        for (body, place, message) in [
            (
                "a {{#if x}}b",
                "{{#if x}}",
                "`{{#if x}}` is never closed. Write `{{/if}}`",
            ),
            (
                "{{#if x}}{{#each y}}b{{/each}}",
                "{{#if x}}",
                "is never closed",
            ),
            (
                "\n{{#if x}}a{{/each}}",
                "{{/each}}",
                "`{{#if}}` in line 2 is closed by `{{/each}}`. Write `{{/if}}`",
            ),
            ("{{x}} {{/if}}", "{{/if}}", "`{{/if}}` closes no block."),
            (
                "{{^x}}a{{/x}}",
                "{{^x}}",
                "Write `{{#unless x}}…{{/unless}}`.",
            ),
            (
                "a {{x\nb",
                "{{x",
                "the tag that begins with `{{x` does not end.",
            ),
            ("{{)}}", "{{)}}", "is no tag of Handlebars."),
            ("{{else}}", "{{else}}", "stands in no block."),
        ] {
            let failure = explain(body, &tokens(body)).unwrap_or_else(|| panic!("{body}"));
            assert_eq!(&body[failure.range], place, "{body}");
            assert!(
                failure.message.contains(message),
                "{body}: {}",
                failure.message
            );
        }
        assert!(explain("{{#if x}}a{{else}}b{{/if}} \\{{x", &[]).is_none());
    }
}
