//! Splits a Handlebars template into tags and the text between them, as bytes of the template.
//!
//! The library parses the template. This lexer only finds where each tag ends, which the library
//! does not report.

use std::ops::Range;

/// Blocks nested deeper than this are rejected before the library's recursive parser sees them.
const MAX_BLOCKS: usize = 48;
/// Parentheses and brackets nested deeper than this inside one tag are rejected.
const MAX_NESTING: usize = 16;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HandlebarsTokenKind {
    Text,
    /// `{{#…}}`, `{{^…}}` or `{{{{…}}}}`.
    Open,
    /// `{{/…}}` or `{{{{/…}}}}`.
    Close,
    /// `{{else}}`, `{{^}}`, `{{else if …}}`.
    Else,
    Comment,
    /// `{{…}}`, `{{{…}}}`, `{{> …}}`, `{{* …}}`.
    Expression,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HandlebarsToken {
    pub kind: HandlebarsTokenKind,
    pub range: Range<usize>,
}

/// Splits `template` into tags and texts; an unclosed tag is text.
pub(crate) fn tokens(template: &str) -> Vec<HandlebarsToken> {
    let mut tokens = Vec::new();
    let mut at = 0;
    let mut raw = false;
    while at < template.len() {
        let rest = template.get(at..).unwrap_or_default();
        let text = text_length(rest, if raw { "{{{{" } else { "{{" });
        let tag = rest.get(text..).and_then(tag);
        let text = if tag.is_some() { text } else { rest.len() };
        if text > 0 {
            let range = at..at + text;
            let kind = HandlebarsTokenKind::Text;
            tokens.push(HandlebarsToken { kind, range });
            at += text;
        }
        if let Some((kind, length)) = tag {
            let four = template.get(at..).is_some_and(|t| t.starts_with("{{{{"));
            raw = four && kind == HandlebarsTokenKind::Open;
            let range = at..at + length;
            tokens.push(HandlebarsToken { kind, range });
            at += length;
        }
    }
    tokens
}

/// Returns the first tag that nests too deeply for the library's recursive parser.
pub(crate) fn too_deep(template: &str, tokens: &[HandlebarsToken]) -> Option<Range<usize>> {
    // Every `else if` nests the rest of its chain until the block is closed.
    let mut open: Vec<usize> = Vec::new();
    let mut blocks = 0usize;
    for token in tokens {
        match (token.kind, open.last_mut()) {
            (HandlebarsTokenKind::Open, _) => {
                open.push(1);
                blocks += 1;
            }
            (HandlebarsTokenKind::Else, Some(levels)) => {
                *levels += 1;
                blocks += 1;
            }
            (HandlebarsTokenKind::Close, _) => blocks -= open.pop().unwrap_or_default(),
            _ => {}
        }
        let text = template.get(token.range.clone()).unwrap_or_default();
        let code = !matches!(
            token.kind,
            HandlebarsTokenKind::Text | HandlebarsTokenKind::Comment
        );
        if blocks > MAX_BLOCKS || (code && nesting(text) > MAX_NESTING) {
            return Some(token.range.clone());
        }
    }
    // Unclosed tags still reach the parser.
    let last = tokens.last()?;
    let text = template.get(last.range.clone()).unwrap_or_default();
    let unclosed = text.matches("{{").count() > MAX_BLOCKS || nesting(text) > 4 * MAX_BLOCKS;
    (last.kind == HandlebarsTokenKind::Text && unclosed).then(|| last.range.clone())
}

fn nesting(tag: &str) -> usize {
    let (mut depth, mut deepest) = (0usize, 0);
    for byte in tag.bytes() {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}

/// Returns the number of bytes before the next tag that is not escaped.
fn text_length(text: &str, open: &str) -> usize {
    let mut at = 0;
    while let Some(rest) = text.get(at..) {
        if rest.is_empty() || rest.starts_with(open) {
            break;
        }
        at += match escape(rest) {
            Some(length) => length,
            None => rest.chars().next().map_or(1, char::len_utf8),
        };
    }
    at.min(text.len())
}

/// Returns the length of the escape that `text` begins with; its first byte is the backslash to
/// remove.
pub(crate) fn escape(text: &str) -> Option<usize> {
    let slashes = text.len() - text.trim_start_matches('\\').len();
    if !text.get(slashes..)?.starts_with("{{") {
        return None;
    }
    match slashes {
        0 => None,
        1 if text.starts_with("\\{{{{") => Some(5),
        1 => Some(3),
        _ => Some(slashes),
    }
}

/// Returns the kind and length of the tag that `text` begins with.
fn tag(text: &str) -> Option<(HandlebarsTokenKind, usize)> {
    if let Some(inner) = text.strip_prefix("{{{{") {
        let end = inner.find("}}}}")?;
        let name = inner.trim_start_matches(['~', ' ', '\t', '\n', '\r']);
        let kind = if name.starts_with('/') {
            HandlebarsTokenKind::Close
        } else {
            HandlebarsTokenKind::Open
        };
        return Some((kind, end + 8));
    }
    let inner = text.strip_prefix("{{")?;
    if let Some(comment) = inner.strip_prefix('!') {
        let long = comment.trim_start_matches([' ', '\t', '\n', '\r']);
        let skipped = comment.len() - long.len();
        let end = long
            .strip_prefix("--")
            .and_then(|long| long.find("--}}"))
            .map(|end| skipped + 2 + end + 4)
            .or_else(|| comment.find("}}").map(|end| end + 2))?;
        return Some((HandlebarsTokenKind::Comment, 3 + end));
    }
    let end = expression_end(inner)?;
    let code = inner
        .get(..end)?
        .trim_start_matches(['~', ' ', '\t', '\n', '\r']);
    let inverse = code.strip_prefix('^').map(str::trim);
    let kind = if code.starts_with('#') || inverse.is_some_and(|rest| !matches!(rest, "" | "~")) {
        HandlebarsTokenKind::Open
    } else if code.starts_with('/') {
        HandlebarsTokenKind::Close
    } else if code.starts_with('^') || is_else(code) {
        HandlebarsTokenKind::Else
    } else {
        HandlebarsTokenKind::Expression
    };
    Some((kind, 2 + end + 2))
}

fn is_else(code: &str) -> bool {
    code.strip_prefix("else")
        .is_some_and(|rest| !rest.starts_with(|char: char| char.is_alphanumeric() || char == '_'))
}

/// Returns the offset of the `}}` that ends an expression, skipping quotes and braces inside it.
fn expression_end(inner: &str) -> Option<usize> {
    let mut quote = None;
    let mut braces = 0usize;
    let mut chars = inner.char_indices();
    while let Some((at, char)) = chars.next() {
        match (quote, char) {
            (Some(_), '\\') => {
                chars.next();
            }
            (Some(open), _) if char == open => quote = None,
            (None, '"' | '\'') => quote = Some(char),
            (None, '{') => braces += 1,
            (None, '}') if braces > 0 => braces -= 1,
            (None, '}') if inner.get(at..)?.starts_with("}}") => return Some(at),
            _ => {}
        }
    }
    None
}

/// Returns the variable's name if the tag is only `{{name}}` or `{{{name}}}`.
pub(crate) fn simple_name(tag: &str) -> Option<&str> {
    let name = tag
        .trim_start_matches('{')
        .trim_end_matches('}')
        .trim_matches(['~', ' ']);
    let plain = |char: char| char.is_alphanumeric() || char == '_' || char == '-';
    (!name.is_empty() && name.chars().all(plain)).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_end_as_in_handlebars() {
        let template = "a \\{{b}} {{f \"}}\" x={\"k\": 1}}}{{{v}}}{{!-- }} --}}{{#if c}}\n{{else}}{{/if}}{{{{r}}}}{{x}}{{{{/r}}}}{{open";
        let got: Vec<_> = tokens(template)
            .into_iter()
            .map(|token| (token.kind, &template[token.range]))
            .collect();
        assert_eq!(
            got,
            [
                (HandlebarsTokenKind::Text, "a \\{{b}} "),
                (HandlebarsTokenKind::Expression, "{{f \"}}\" x={\"k\": 1}}}"),
                (HandlebarsTokenKind::Expression, "{{{v}}}"),
                (HandlebarsTokenKind::Comment, "{{!-- }} --}}"),
                (HandlebarsTokenKind::Open, "{{#if c}}"),
                (HandlebarsTokenKind::Text, "\n"),
                (HandlebarsTokenKind::Else, "{{else}}"),
                (HandlebarsTokenKind::Close, "{{/if}}"),
                (HandlebarsTokenKind::Open, "{{{{r}}}}"),
                (HandlebarsTokenKind::Text, "{{x}}"),
                (HandlebarsTokenKind::Close, "{{{{/r}}}}"),
                (HandlebarsTokenKind::Text, "{{open"),
            ]
        );
    }

    #[test]
    fn escapes_and_simple_names_are_recognized() {
        assert_eq!(escape("\\{{a"), Some(3));
        assert_eq!(escape("\\\\{{a"), Some(2));
        assert_eq!(escape("\\a{{"), None);
        assert_eq!(simple_name("{{ thing }}"), Some("thing"));
        assert_eq!(simple_name("{{a.b}}"), None);
        assert_eq!(simple_name("{{#if}}"), None);
    }
}
