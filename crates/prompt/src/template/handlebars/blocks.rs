//! The blocks of a Handlebars template: checks that they close, and rewrites inverse blocks into a
//! form that the library parses.

use std::ops::Range;

use crate::template::failure::Failure;
use crate::template::handlebars::lexer::{HandlebarsToken, HandlebarsTokenKind};

/// An open block.
struct Open<'body> {
    token: usize,
    name: &'body str,
    /// Whether it is `{{^name}}`.
    inverse: bool,
    /// Whether its `{{else}}` was found.
    has_else: bool,
}

/// Returns the template with every `{{^name}}` as `{{#SIGN name}}`, because the library does not
/// parse inverse blocks otherwise. The template must not contain `sign`. The order of the tags
/// stays the same, so that the tokens of both templates correspond.
///
/// # Errors
/// Returns the first tag that opens, divides or closes a block incorrectly.
pub(crate) fn readable(
    body: &str,
    tokens: &[HandlebarsToken],
    sign: char,
) -> Result<String, Failure> {
    let mut open: Vec<Open<'_>> = Vec::new();
    let mut out = String::with_capacity(body.len());
    for (at, token) in tokens.iter().enumerate() {
        let tag = body.get(token.range.clone()).unwrap_or_default();
        let fail = |message| Err(failure(message, token.range.clone()));
        match token.kind {
            HandlebarsTokenKind::Text => {
                if let Some(range) = unclosed(tag, at + 1 == tokens.len()) {
                    let range = token.range.start + range.start..token.range.start + range.end;
                    let message = format!(
                        "the tag `{}` does not end. Write `}}}}` behind it, or `\\{{{{` for the \
                         characters themselves.",
                        short(&body[range.clone()])
                    );
                    return Err(failure(message, range));
                }
            }
            HandlebarsTokenKind::Open => {
                let name = name(tag);
                let inverse = is_inverse(tag);
                open.push(Open {
                    token: at,
                    name,
                    inverse,
                    has_else: false,
                });
                if inverse {
                    match opened(tag, name, sign) {
                        Ok(opened) => out.push_str(&opened),
                        Err(message) => return fail(message),
                    }
                    continue;
                }
            }
            HandlebarsTokenKind::Else => {
                let Some(block) = open.last_mut() else {
                    let message = format!(
                        "`{}` stands in no block. Write `{{{{#if name}}}}` before it, or take it \
                         out.",
                        short(tag)
                    );
                    return fail(message);
                };
                let chained = !name(tag).is_empty();
                let why = match (block.has_else, chained && block.inverse) {
                    (true, _) => "the block already has an `{{else}}`",
                    (_, true) => "an inverse block has only a plain `{{else}}`",
                    _ => "",
                };
                if !why.is_empty() {
                    let begun = short(&body[tokens[block.token].range.clone()]);
                    let tag = short(tag);
                    return fail(format!(
                        "`{tag}` cannot stand here in `{begun}`: {why}. Take it out, or write a \
                         block of its own."
                    ));
                }
                block.has_else = !chained;
            }
            HandlebarsTokenKind::Close => {
                let closes = name(tag);
                let Some(block) = open.pop() else {
                    let message = format!(
                        "`{}` closes a block that was not opened. Write `{{{{#{closes}}}}}` where \
                         it begins, or take the tag out.",
                        short(tag)
                    );
                    return fail(message);
                };
                if closes != block.name {
                    let begun = short(&body[tokens[block.token].range.clone()]);
                    let message = format!(
                        "`{}` stands where `{begun}` is to be closed. Write `{{{{/{}}}}}`.",
                        short(tag),
                        block.name
                    );
                    return fail(message);
                }
                if block.inverse {
                    let new = opposite(block.name).map_or(sign.to_string(), str::to_owned);
                    out.push_str(&tag.replacen(block.name, &new, 1));
                    continue;
                }
            }
            HandlebarsTokenKind::Comment | HandlebarsTokenKind::Expression => {}
        }
        out.push_str(tag);
    }
    match open.pop() {
        None => Ok(out),
        Some(block) => {
            let range = tokens[block.token].range.clone();
            let message = format!(
                "the block `{}` is never closed. Write `{{{{/{}}}}}` where it ends.",
                short(&body[range.clone()]),
                block.name
            );
            Err(failure(message, range))
        }
    }
}

fn failure(message: String, range: Range<usize>) -> Failure {
    Failure::new(message, range)
}

/// Returns the opening tag of an inverse block in a form that the library parses, or an error.
fn opened(tag: &str, name: &str, sign: char) -> Result<String, String> {
    let (head, rest) = tag.split_once('^').unwrap_or((tag, ""));
    let more = rest.trim_start().strip_prefix(name).unwrap_or(rest);
    if let Some(opposite) = opposite(name) {
        return Ok(format!("{head}#{opposite}{more}"));
    }
    if !more
        .trim_matches(['}', '~', ' ', '\n', '\r', '\t'])
        .is_empty()
    {
        return Err(format!(
            "`{}` is the inverse of a helper, which hoplens does not read. Write `{{{{#{name} \
             …}}}}{{{{else}}}}…{{{{/{name}}}}}`.",
            short(tag)
        ));
    }
    Ok(format!("{head}#{sign} {rest}"))
}

/// Returns the helper that is equivalent to the inverse block of a helper.
fn opposite(name: &str) -> Option<&'static str> {
    Some(match name {
        "if" => "unless",
        "unless" => "if",
        "ifEquals" => "unlessEquals",
        "unlessEquals" => "ifEquals",
        _ => return None,
    })
}

/// The characters that may precede the code in a tag.
const LEAD: [char; 9] = ['{', '~', '#', '/', '^', ' ', '\t', '\n', '\r'];

/// Returns the name of a block from any of its tags; `if` for `{{else if x}}`.
fn name(tag: &str) -> &str {
    let code = tag.trim_start_matches(LEAD);
    let code = match code.strip_prefix("else") {
        Some(rest) if !tag.contains(['#', '/', '^']) => rest.trim_start(),
        _ => code,
    };
    let code = code.trim_start_matches(['>', '*', ' ']);
    let end = |char: char| char.is_whitespace() || "}~(|".contains(char);
    code.split(end).next().unwrap_or_default()
}

fn is_inverse(tag: &str) -> bool {
    tag.trim_start_matches(['{', '~']).starts_with('^')
}

/// Returns a tag as messages quote it.
pub(crate) fn short(tag: &str) -> String {
    let line = tag.lines().next().unwrap_or_default().trim_end();
    let cut: String = line.chars().take(60).collect();
    if cut.len() < tag.trim_end().len() {
        format!("{cut}…")
    } else {
        cut
    }
}

/// Returns the first unclosed tag in a text, up to the end of its line.
fn unclosed(text: &str, last: bool) -> Option<Range<usize>> {
    // Only the last text can contain one: everything that closes is a tag.
    let mut at = 0;
    while last && at < text.len() {
        let rest = &text[at..];
        if let Some(length) = crate::template::handlebars::lexer::escape(rest) {
            at += length;
        } else if rest.starts_with("{{") {
            let line = rest.lines().next().unwrap_or_default().trim_end();
            return Some(at..at + line.len());
        } else {
            at += rest.chars().next().map_or(1, char::len_utf8);
        }
    }
    None
}
