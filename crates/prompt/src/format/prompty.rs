//! Prompty: where the front matter ends, what belongs to the template, and what a role line is.
//!
//! The rules are those of the PyPI package (2.1). Its expression for the front matter,
//! `^\s*(?:---|\+\+\+)(.*?)(?:---|\+\+\+)\s*(.+)$`, is not bound to lines. The first `---` or `+++`
//! after the opening one therefore ends the front matter, even inside a string or a comment.

pub(crate) mod shape;
pub(crate) mod shorthand;
pub(crate) mod version;

use std::ops::Range;

use crate::format::split::{BOM, Split, hidden_by_bom};

const FENCES: [&str; 2] = ["---", "+++"];
const FENCE: usize = 3;

/// The roles that a role line may name.
pub(crate) const ROLES: [&str; 4] = ["assistant", "developer", "system", "user"];

/// Splits a `.prompty` file.
pub(crate) fn split(text: &str) -> Split {
    let mut problems = Vec::new();
    let after_bom = text.strip_prefix(BOM).unwrap_or(text);
    let opening = text.len() - after_bom.trim_start_matches(is_space).len();
    let rest = text.get(opening..).unwrap_or_default();
    let whole = |problems| Split {
        body: text.len() - after_bom.len()..text.len(),
        front_matter: None,
        problems,
    };
    if !FENCES.iter().any(|fence| rest.starts_with(fence)) {
        if !text.trim().is_empty() && shorthand::read(text).is_none() {
            let line = rest.lines().next().unwrap_or_default();
            let message = "Prompty's Python runtime reads a file without front matter as YAML, \
                           which this is not. Begin with a line `---`, a line `name: …`, and a \
                           line `---`.";
            let line = line.trim_end();
            problems.push((opening..opening + line.len(), message.to_owned()));
        }
        return whole(problems);
    }
    if after_bom.len() < text.len() {
        problems.push(hidden_by_bom("Prompty"));
    }
    let fence = opening..opening + FENCE;
    if rest.starts_with('+') {
        let message = "Prompty's Python runtime knows only `---` at the top. Write `---`.";
        problems.push((fence.clone(), message.to_owned()));
    }
    let Some(close) = find_fence(text, fence.end) else {
        let message = "The front matter does not end, so Prompty refuses the file. Add a line \
                       `---` after its last key.";
        problems.push((fence, message.to_owned()));
        return whole(problems);
    };
    let end = close + FENCE;
    let front_matter = inner(text, fence.end..close);
    let line_start = text
        .get(..close)
        .and_then(|before| before.rfind(['\n', '\r']));
    let before = text.get(line_start.map_or(0, |at| at + 1)..close);
    if before.is_some_and(|before| !before.trim().is_empty()) {
        let message = "Prompty ends the front matter at the first `---` or `+++`, even inside a \
                       text or a comment: what follows is the prompt. Write `\"-\\u002d-\"` in a \
                       quoted text, or other characters.";
        problems.push((close..end, message.to_owned()));
    }
    let rest = text.get(end..).unwrap_or_default();
    if rest.is_empty() {
        let message = "Prompty refuses a file that ends with its front matter. Write the prompt \
                       below this line.";
        problems.push((close..end, message.to_owned()));
    }
    let body = rest.trim_start_matches(is_space);
    Split {
        body: text.len() - body.len()..text.len(),
        front_matter: Some(front_matter),
        problems,
    }
}

/// Returns the offset of the next fence, at any position on its line.
fn find_fence(text: &str, from: usize) -> Option<usize> {
    let rest = text.get(from..)?;
    let found = FENCES.iter().filter_map(|fence| rest.find(fence)).min()?;
    Some(from + found)
}

/// Returns the YAML without the line breaks that belong to the fences.
fn inner(text: &str, range: Range<usize>) -> Range<usize> {
    let yaml = text.get(range.clone()).unwrap_or_default();
    let blank = yaml.len() - yaml.trim_start_matches([' ', '\t']).len();
    let lead = yaml.get(blank..).map_or(0, line_break);
    let start = if lead > 0 { blank + lead } else { 0 };
    let yaml = yaml.get(start..).unwrap_or_default();
    let end = yaml
        .strip_suffix("\r\n")
        .or_else(|| yaml.strip_suffix(['\n', '\r']))
        .unwrap_or(yaml);
    range.start + start..range.start + start + end.len()
}

/// Returns the length of the line break that a text begins with, by Python's universal newlines.
pub(crate) fn line_break(text: &str) -> usize {
    match text.as_bytes() {
        [b'\r', b'\n', ..] => 2,
        [b'\r' | b'\n', ..] => 1,
        _ => 0,
    }
}

/// Whether a character is whitespace for Python's `\s` and `strip`.
pub(crate) fn is_space(char: char) -> bool {
    char.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&char)
}

/// Returns the role that a role line names: `system:`, `# User:`, `user[name="A"]:`.
pub(crate) fn role_of_line(line: &str) -> Option<&'static str> {
    let line = line.trim_matches(is_space);
    // Most lines do not end with a colon, so this is the cheapest test.
    let line = line.strip_suffix(':')?.trim_end_matches(is_space);
    let line = line.strip_prefix('#').unwrap_or(line);
    let line = line.trim_start_matches(is_space);
    let role = ROLES.into_iter().find(|role| {
        let head = line.get(..role.len());
        head.is_some_and(|head| head.eq_ignore_ascii_case(role))
    })?;
    let attributes = line.get(role.len()..)?;
    (attributes.is_empty() || are_attributes(attributes)).then_some(role)
}

/// Whether the text is `[key=value, key="value"]`.
fn are_attributes(text: &str) -> bool {
    let Some(mut rest) = text.strip_prefix('[').and_then(|t| t.strip_suffix(']')) else {
        return false;
    };
    let skip = |text: &mut &str| *text = text.trim_start_matches(is_space);
    loop {
        let word = rest.trim_start_matches(|char: char| char.is_alphanumeric() || char == '_');
        if word.len() == rest.len() {
            return false;
        }
        rest = word;
        skip(&mut rest);
        let Some(value) = rest.strip_prefix('=') else {
            return false;
        };
        rest = value;
        skip(&mut rest);
        let quoted = rest.strip_prefix('"').and_then(|value| value.find('"'));
        rest = match quoted {
            Some(end) => &rest[end + 2..],
            None => rest.trim_start_matches(|char| !matches!(char, '"' | ',' | ']')),
        };
        skip(&mut rest);
        rest = rest.strip_prefix(',').unwrap_or(rest);
        skip(&mut rest);
        if rest.is_empty() {
            return true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, front_matter: Option<&str>, body: &str, problems: usize) {
        let split = split(text);
        assert_eq!(split.front_matter.map(|range| &text[range]), front_matter);
        assert_eq!(&text[split.body], body);
        assert_eq!(split.problems.len(), problems, "{:?}", split.problems);
    }

    #[test]
    fn the_first_fence_anywhere_ends_the_front_matter() {
        check("---\nname: x\n---\n\n Hi \n", Some("name: x"), "Hi \n", 0);
        check("\n ---  \r\na: 1\r\n---\r\nHi", Some("a: 1"), "Hi", 0);
        check("---\na: b---c\n---\nHi", Some("a: b"), "c\n---\nHi", 1);
        check(
            "---\n# ----\na: 1\n---\nHi",
            Some("# "),
            "-\na: 1\n---\nHi",
            1,
        );
        check("+++\na: 1\n+++\nHi", Some("a: 1"), "Hi", 1);
        check("---\na: 1\n+++\nHi", Some("a: 1"), "Hi", 0);
    }

    #[test]
    fn files_that_prompty_rejects_are_reported() {
        check("---\na: 1\n", None, "---\na: 1\n", 1);
        check("user:\nHi", None, "user:\nHi", 1);
        // A text, or a map with `instructions`, is YAML that Prompty reads.
        check("Hi\nthere", None, "Hi\nthere", 0);
        let map = "instructions: |\n  user:\n  Hi\n";
        check(map, None, map, 0);
        check("\u{feff}---\na: 1\n---\nHi", Some("a: 1"), "Hi", 1);
        check("---\na: 1\n---\n", Some("a: 1"), "", 0);
        check("---\na: 1\n---", Some("a: 1"), "", 1);
        check("", None, "", 0);
    }

    #[test]
    fn role_lines_are_recognized() {
        for (line, role) in [
            ("system:", Some("system")),
            ("  # User : ", Some("user")),
            ("#assistant:", Some("assistant")),
            ("DEVELOPER:", Some("developer")),
            ("user[name=\"A, B\", age=7]:", Some("user")),
            ("user[name=]:", Some("user")),
            ("user[]:", None),
            ("user[a]:", None),
            ("user[a=\"b]:", None),
            ("## user:", None),
            ("user: hi", None),
            ("users:", None),
            ("tool:", None),
            ("", None),
        ] {
            assert_eq!(role_of_line(line), role, "{line}");
        }
    }
}
