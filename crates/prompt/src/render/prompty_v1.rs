//! Prompty v1: the rendered text, split into messages at its role lines.
//!
//! The rules are those of the PyPI package 0.1.50: the text is split at the expression
//! `^\s*#?\s*(assistant|function|system|user)\s*:\s*\n`, in values of variables too, blank parts are
//! dropped, and the rest are roles and messages by turns.

use std::ops::Range;

use crate::declarations::input_value::InputValue;
use crate::diagnostics::code::Code;
use crate::diagnostics::problem::Problem;
use crate::diagnostics::severity::Severity;
use crate::format::prompty::is_space;
use crate::render::rendered::{Rendered, Turn};
use crate::render::source_map::MappedText;
use crate::template::output::TemplateOutput;

const ROLES: [&str; 4] = ["assistant", "function", "system", "user"];

/// Splits the output into messages.
pub(crate) fn messages(
    written: &TemplateOutput,
    template: &MappedText,
    value: &dyn Fn(&str) -> Option<InputValue>,
) -> Rendered {
    let mapped = written.mapped(template, value);
    let mut rendered = Rendered::default();
    let text = mapped.text.as_str();
    let mut chunks = chunks(text);
    let role = |chunk: &Range<usize>| role(text.get(chunk.clone()).unwrap_or_default());
    if chunks.last().is_some_and(|last| role(last).is_some()) && chunks.len() > 1 {
        chunks.pop();
    }
    let Some(first) = chunks.first() else {
        return rendered;
    };
    let mut rest = chunks.as_slice();
    if role(first).is_none() {
        rendered.turns.push(turn("system", first, &mapped));
        rest = rest.get(1..).unwrap_or_default();
    }
    if rest.len() % 2 == 1 {
        let mut pairs = rest.windows(2);
        let doubled = pairs.find(|pair| pair.iter().all(|chunk| role(chunk).is_some()));
        let chunk = doubled.and_then(|pair| pair.first()).unwrap_or(first);
        let message = "Prompty refuses a message without text before the next role line. Write the \
                       text, or remove the role line.";
        let (code, severity) = (Code::InvalidRoleLine, Severity::Error);
        let range = mapped.to_source(chunk.clone()).unwrap_or(0..0);
        let problem = Problem::new(code, severity, range, message.to_owned());
        rendered.problems.push(problem);
        return rendered;
    }
    for pair in rest.chunks(2) {
        // Like the package, this takes every other part as a role.
        if let [name, content] = pair {
            let name = text.get(name.clone()).unwrap_or_default().to_lowercase();
            rendered.turns.push(turn(&name, content, &mapped));
        }
    }
    let mut at = 0;
    while let Some(image) = image(text, at..text.len()) {
        at = image.end;
        if let Some(source) = mapped.to_source(image) {
            rendered.add_media(source);
        }
    }
    rendered
}

/// Returns the role whose name is the whole text.
fn role(text: &str) -> Option<&'static str> {
    let text = text.trim_matches(is_space);
    ROLES
        .into_iter()
        .find(|role| text.eq_ignore_ascii_case(role))
}

/// Returns the parts of the text between role lines, and the roles, without blank parts.
fn chunks(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut add = |range: Range<usize>| {
        let part = text.get(range.clone()).unwrap_or_default();
        let words = part.trim_matches(is_space);
        if !words.is_empty() {
            let start = range.start + part.len() - part.trim_start_matches(is_space).len();
            found.push(start..start + words.len());
        }
    };
    let (mut from, mut line) = (0, 0);
    while line <= text.len() {
        if let Some((role, end)) = role_line(text, line) {
            add(from..line);
            add(role);
            from = end;
            line = end;
            // The match ends with a line break, so another line begins here.
            continue;
        }
        match text.get(line..).and_then(|rest| rest.find('\n')) {
            Some(length) => line += length + 1,
            None => break,
        }
    }
    add(from..text.len());
    found
}

/// Returns the role's bytes and the end of the role line that begins at `line`, which may begin
/// with blank lines.
fn role_line(text: &str, line: usize) -> Option<(Range<usize>, usize)> {
    let rest = text.get(line..)?;
    let after = rest.trim_start_matches(is_space);
    let after = after.strip_prefix('#').unwrap_or(after);
    let after = after.trim_start_matches(is_space);
    let name = ROLES.into_iter().find(|role| {
        let head = after.get(..role.len());
        head.is_some_and(|head| head.eq_ignore_ascii_case(role))
    })?;
    let start = text.len() - after.len();
    let behind = after.get(name.len()..)?.trim_start_matches(is_space);
    let behind = behind.strip_prefix(':')?;
    let spaces = behind.len() - behind.trim_start_matches(is_space).len();
    let last_break = behind.get(..spaces)?.rfind('\n')?;
    let end = text.len() - behind.len() + last_break + 1;
    Some((start..start + name.len(), end))
}

/// Returns a message without its images `![…](…)`.
fn turn(role: &str, content: &Range<usize>, mapped: &MappedText) -> Turn {
    let mut text = MappedText::default();
    let mut add = |range: Range<usize>| {
        let part = mapped.text.get(range.clone()).unwrap_or_default();
        let words = part.trim_matches(is_space);
        let start = range.start + part.len() - part.trim_start_matches(is_space).len();
        text.append("", &mapped.part(start..start + words.len()));
    };
    let mut at = content.start;
    while let Some(image) = image(&mapped.text, at..content.end) {
        add(at..image.start);
        at = image.end;
    }
    add(at..content.end);
    Turn {
        role: Some(role.to_owned()),
        text,
    }
}

/// Returns the next `![alt](address)`, whose address is on one line.
fn image(text: &str, within: Range<usize>) -> Option<Range<usize>> {
    let mut at = within.start;
    loop {
        let start = at + text.get(at..within.end)?.find("![")?;
        at = start + 2;
        let inner = text.get(at..within.end)?;
        let alt = inner.find(']')?;
        let Some(address) = inner.get(alt + 1..)?.strip_prefix('(') else {
            continue;
        };
        let Some(end) = address.find([')', '\n']) else {
            continue;
        };
        if address.get(end..)?.starts_with(')') {
            return Some(start..within.end - address.len() + end + 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str) -> Vec<&str> {
        chunks(text).into_iter().map(|range| &text[range]).collect()
    }

    #[test]
    fn role_lines_need_a_line_break_and_may_stand_after_blank_lines() {
        assert_eq!(
            parts("\n # System :\n\n a\n\nuser:\nb\nassistant: c\nassistant:"),
            ["System", "a", "user", "b\nassistant: c\nassistant:"]
        );
        assert_eq!(parts("developer:\nx"), ["developer:\nx"]);
        assert_eq!(parts(" \n"), [""; 0]);
    }

    #[test]
    fn images_end_at_the_first_parenthesis_of_their_line() {
        let found = |text: &str| image(text, 0..text.len()).map(|range| text[range].to_owned());
        assert_eq!(found("a ![x](u \"t\") b").as_deref(), Some("![x](u \"t\")"));
        assert_eq!(found("![x] (u)"), None);
        assert_eq!(found("![x](u\n)"), None);
        assert_eq!(found("![ ![y](v)").as_deref(), Some("![ ![y](v)"));
    }
}
