//! Mustache as `chevron` reads it, the library of Prompty's Python runtime.
//!
//! This is a separate implementation because no crate reports which tag produced which output, and
//! because chevron has its own rule for the line break after a tag that is alone on its line.

use std::ops::Range;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MustacheTokenKind {
    Text,
    /// `{{name}}`, HTML characters escaped.
    Escaped,
    /// `{{{name}}}` or `{{& name}}`.
    Bare,
    /// `{{#name}}`.
    Section,
    /// `{{^name}}`.
    Inverted,
    /// `{{/name}}`.
    End,
    /// `{{> name}}`.
    Partial,
}

/// A tag or a text. Comments and changes of delimiters take effect but are not tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MustacheToken<'text> {
    pub kind: MustacheTokenKind,
    pub range: Range<usize>,
    /// The name in the tag.
    pub key: &'text str,
}

/// Why a template is rejected, and the tag.
pub(crate) type Refusal = (String, Range<usize>);

/// Splits a template into tags and texts.
pub(crate) fn tokens(template: &str) -> Result<Vec<MustacheToken<'_>>, Refusal> {
    let mut tokens = Vec::new();
    let mut open: Vec<(&str, Range<usize>)> = Vec::new();
    let (mut left, mut right) = ("{{", "}}");
    let mut at = 0;
    let mut alone = true;
    while at < template.len() {
        let rest = &template[at..];
        let found = rest
            .find(left)
            .filter(|found| at + found + left.len() < template.len());
        let Some(found) = found else {
            // chevron drops a delimiter at the very end.
            let text = rest.find(left).map_or(rest, |found| &rest[..found]);
            push_text(&mut tokens, at..at + text.len());
            break;
        };
        let literal = &rest[..found];
        let start = at + found;
        let before = literal.rsplit('\n').next().unwrap_or_default();
        let may = (literal.contains('\n') || alone) && blank(before);
        let mut tag = tag(template, start, left, right)?;
        match tag.kind {
            Some(MustacheTokenKind::Section | MustacheTokenKind::Inverted) => {
                open.push((tag.key, tag.range.clone()));
            }
            Some(MustacheTokenKind::End) => match open.pop() {
                Some((name, _)) if name == tag.key => {}
                Some((name, _)) => {
                    let message = format!(
                        "`{{{{/{}}}}}` stands where the section `{name}` is to be closed. Write \
                         `{{{{/{name}}}}}`.",
                        tag.key
                    );
                    return Err((message, tag.range));
                }
                None => {
                    let message = format!(
                        "`{{{{/{0}}}}}` closes a section that was not opened. Write `{{{{#{0}}}}}` \
                         where it begins, or take the tag out.",
                        tag.key
                    );
                    return Err((message, tag.range));
                }
            },
            _ => {}
        }
        if let Some((first, last)) = tag.delimiters {
            (left, right) = (first, last);
        }
        let behind = &template[tag.end..];
        let line = behind.split('\n').next().unwrap_or_default();
        let inline = matches!(
            tag.kind,
            Some(MustacheTokenKind::Escaped | MustacheTokenKind::Bare)
        ) && !tag.odd;
        alone = may && !inline && blank(line);
        let mut text = literal;
        if alone {
            if behind.len() > line.len() {
                tag.end += line.len() + 1;
            }
            if tag.kind != Some(MustacheTokenKind::Partial) {
                text = literal.trim_end_matches(' ');
            }
        }
        push_text(&mut tokens, at..at + text.len());
        if let Some(kind) = tag.kind.filter(|_| !tag.odd) {
            tokens.push(MustacheToken {
                kind,
                range: tag.range,
                key: tag.key,
            });
        }
        at = tag.end;
    }
    match open.pop() {
        Some((name, range)) => {
            let tag = &template[range.clone()];
            let message = format!(
                "the section `{tag}` is never closed. Write `{{{{/{name}}}}}` where it ends."
            );
            Err((message, range))
        }
        None => Ok(tokens),
    }
}

fn push_text(tokens: &mut Vec<MustacheToken<'_>>, range: Range<usize>) {
    if !range.is_empty() {
        tokens.push(MustacheToken {
            kind: MustacheTokenKind::Text,
            range,
            key: "",
        });
    }
}

fn blank(text: &str) -> bool {
    text.chars().all(char::is_whitespace)
}

struct Tag<'text> {
    /// `None` for comments and delimiters.
    kind: Option<MustacheTokenKind>,
    key: &'text str,
    range: Range<usize>,
    /// Where the text after the tag begins.
    end: usize,
    delimiters: Option<(&'text str, &'text str)>,
    /// Whether it is `{{{name}}` with a missing brace, which renders nothing.
    odd: bool,
}

fn tag<'text>(
    template: &'text str,
    start: usize,
    left: &str,
    right: &str,
) -> Result<Tag<'text>, Refusal> {
    let inner = &template[start + left.len()..];
    let line = inner.lines().next().unwrap_or_default().len();
    let here = start..start + left.len() + line;
    let Some(length) = inner.find(right) else {
        let tag = &template[here.clone()];
        let message = format!("the tag `{tag}` does not end. Write `{right}` behind it.");
        return Err((message, here));
    };
    let inside = &inner[..length];
    let mut end = start + left.len() + length + right.len();
    let (kind, key) = match inside.chars().next() {
        None => {
            let message = format!("the tag `{left}{right}` is empty. Write a name into it.");
            return Err((message, start..end));
        }
        Some('!' | '=') => (None, ""),
        Some('#') => (Some(MustacheTokenKind::Section), &inside[1..]),
        Some('^') => (Some(MustacheTokenKind::Inverted), &inside[1..]),
        Some('/') => (Some(MustacheTokenKind::End), &inside[1..]),
        Some('>') => (Some(MustacheTokenKind::Partial), &inside[1..]),
        Some('{' | '&') => (Some(MustacheTokenKind::Bare), &inside[1..]),
        Some(_) => (Some(MustacheTokenKind::Escaped), inside),
    };
    let mut odd = false;
    if inside.starts_with('{') {
        odd = !(left == "{{" && right == "}}" && template[end..].starts_with('}'));
        end += usize::from(!odd);
    }
    let mut delimiters = None;
    if let Some(change) = inside.strip_prefix('=') {
        let Some(change) = change.strip_suffix('=') else {
            let message =
                "the change of delimiters does not end with `=`. Write `{{=<% %>=}}`.".to_owned();
            return Err((message, start..end));
        };
        let mut words = change.split_whitespace();
        let first = words.next();
        delimiters = first.map(|first| (first, words.last().unwrap_or(first)));
        if delimiters.is_none() {
            let message = "the change of delimiters names none. Write `{{=<% %>=}}`.".to_owned();
            return Err((message, start..end));
        }
    }
    Ok(Tag {
        kind,
        key: key.trim(),
        range: start..end,
        end,
        delimiters,
        odd,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(template: &str) -> Vec<&str> {
        let tokens = tokens(template).unwrap();
        let shown = tokens.into_iter().map(|token| &template[token.range]);
        shown.collect()
    }

    #[test]
    fn a_tag_alone_on_its_line_removes_the_line() {
        let got = show("a\n  {{#x}}  \nb {{x}}\n{{/x}}\n{{! c }}\nd{{=<% %>=}}<% y %>{{z}}");
        let expected = [
            "a\n", "{{#x}}", "b ", "{{x}}", "\n", "{{/x}}", "d", "<% y %>", "{{z}}",
        ];
        assert_eq!(got, expected);
        assert_eq!(show("{{{a}}}{{& b}} {{"), ["{{{a}}}", "{{& b}}", " "]);
        assert_eq!(show("{{>p}}\n x"), ["{{>p}}", " x"]);
    }

    #[test]
    fn templates_that_chevron_rejects_are_errors() {
        for (template, at) in [
            ("{{#a}}x", "{{#a}}"),
            ("{{/a}}", "{{/a}}"),
            ("{{#a}}{{/b}}", "{{/b}}"),
            ("a {{b\nc", "{{b"),
            ("{{}}x", "{{}}"),
            ("{{=<%}}", "{{=<%}}"),
        ] {
            let (_, range) = tokens(template).unwrap_err();
            assert_eq!(&template[range], at);
        }
    }
}
