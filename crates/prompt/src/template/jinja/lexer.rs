//! Splits a Jinja template into tags and the text between them, as bytes of the template.
//!
//! The library parses the template. This lexer only finds where each tag ends.

use std::ops::Range;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum JinjaTokenKind {
    Text,
    /// The text in `{% raw %}…{% endraw %}`.
    Raw,
    /// `{{…}}`.
    Expression,
    /// `{%…%}`.
    Statement,
    Comment,
    /// An unclosed tag.
    Open,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct JinjaToken {
    pub kind: JinjaTokenKind,
    pub range: Range<usize>,
    /// Whether whitespace before the tag is removed (`{{-`).
    pub trim_before: bool,
    /// Whether whitespace after the tag is removed (`-}}`).
    pub trim_after: bool,
    /// Bytes between the delimiters, without the signs of whitespace control.
    pub inside: Range<usize>,
}

impl JinjaToken {
    fn text(kind: JinjaTokenKind, range: Range<usize>) -> Self {
        Self {
            kind,
            inside: range.clone(),
            range,
            trim_before: false,
            trim_after: false,
        }
    }
}

/// Splits `template` into tags and texts.
pub(crate) fn tokens(template: &str) -> Vec<JinjaToken> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while at < template.len() {
        let Some(open) = opening(template, at) else {
            tokens.push(JinjaToken::text(JinjaTokenKind::Text, at..template.len()));
            break;
        };
        if at < open {
            tokens.push(JinjaToken::text(JinjaTokenKind::Text, at..open));
        }
        let Some(token) = tag(template, open) else {
            tokens.push(JinjaToken::text(JinjaTokenKind::Open, open..template.len()));
            break;
        };
        at = token.range.end;
        let is_raw = token.kind == JinjaTokenKind::Statement && word(template, &token) == "raw";
        tokens.push(token);
        if is_raw {
            let Some(end) = end_of_raw(template, at) else {
                tokens.push(JinjaToken::text(JinjaTokenKind::Open, at..template.len()));
                break;
            };
            if at < end.range.start {
                tokens.push(JinjaToken::text(JinjaTokenKind::Raw, at..end.range.start));
            }
            at = end.range.end;
            tokens.push(end);
        }
    }
    tokens
}

/// Returns the inside of a tag without surrounding whitespace.
pub(crate) fn word<'text>(template: &'text str, token: &JinjaToken) -> &'text str {
    template
        .get(token.inside.clone())
        .unwrap_or_default()
        .trim()
}

fn opening(template: &str, from: usize) -> Option<usize> {
    let opens = |pair: &[u8]| matches!(pair, [b'{', b'{' | b'%' | b'#']);
    let rest = template.as_bytes().get(from..)?;
    rest.windows(2).position(opens).map(|at| from + at)
}

fn tag(template: &str, start: usize) -> Option<JinjaToken> {
    let inner = template.get(start + 2..)?;
    let (kind, length) = match template.as_bytes().get(start + 1)? {
        b'#' => (JinjaTokenKind::Comment, inner.find("#}")?),
        b'%' => (JinjaTokenKind::Statement, end(inner, "%}")?),
        _ => (JinjaTokenKind::Expression, end(inner, "}}")?),
    };
    let inside = inner.get(..length)?;
    let before = inside.starts_with(['-', '+']);
    let after = inside.len() > usize::from(before) && inside.ends_with(['-', '+']);
    Some(JinjaToken {
        kind,
        range: start..start + 2 + length + 2,
        trim_before: inside.starts_with('-'),
        trim_after: after && inside.ends_with('-'),
        inside: start + 2 + usize::from(before)..start + 2 + length - usize::from(after),
    })
}

/// Returns the offset of the delimiter that ends a tag, skipping quoted text and braces inside.
fn end(inner: &str, close: &str) -> Option<usize> {
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
            (None, '{' | '[' | '(') => braces += 1,
            (None, '}' | ']' | ')') if braces > 0 => braces -= 1,
            (None, '}' | '%') if inner.get(at..)?.starts_with(close) => return Some(at),
            _ => {}
        }
    }
    None
}

/// Returns the `{% endraw %}` that ends a raw text.
fn end_of_raw(template: &str, from: usize) -> Option<JinjaToken> {
    let mut at = from;
    loop {
        let start = at + template.get(at..)?.find("{%")?;
        at = start + 2;
        let rest = template.get(at..)?;
        let rest = rest.strip_prefix(['-', '+']).unwrap_or(rest);
        if let Some(rest) = rest.trim_start().strip_prefix("endraw") {
            let rest = rest.trim_start();
            if rest
                .strip_prefix(['-', '+'])
                .unwrap_or(rest)
                .starts_with("%}")
            {
                return tag(template, start);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_end_as_in_jinja() {
        let template =
            "a{{- \"}}\" }} {%+ if {'a': {}}['}'] -%}{# }} #}{% raw %}{{x}}{%endraw%}{{ y";
        let got: Vec<_> = tokens(template)
            .into_iter()
            .map(|token| {
                let trims = (token.trim_before, token.trim_after);
                (token.kind, &template[token.inside], trims)
            })
            .collect();
        let no = (false, false);
        assert_eq!(
            got,
            [
                (JinjaTokenKind::Text, "a", no),
                (JinjaTokenKind::Expression, " \"}}\" ", (true, false)),
                (JinjaTokenKind::Text, " ", no),
                (
                    JinjaTokenKind::Statement,
                    " if {'a': {}}['}'] ",
                    (false, true)
                ),
                (JinjaTokenKind::Comment, " }} ", no),
                (JinjaTokenKind::Statement, " raw ", no),
                (JinjaTokenKind::Raw, "{{x}}", no),
                (JinjaTokenKind::Statement, "endraw", no),
                (JinjaTokenKind::Open, "{{ y", no),
            ]
        );
    }
}
