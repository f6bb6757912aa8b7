//! `.prompt.md`: where the front matter ends, and the variables of the text after it.

use std::ops::Range;

use crate::format::split::{BOM, Split, hidden_by_bom};

const FENCE: &str = "---";

/// Splits a `.prompt.md` file. Fences are lines of their own, and the first one is the file's first
/// line. The text after them is unchanged except for the final line break, which is removed so that
/// the model need not continue on a new line.
pub(crate) fn split(text: &str) -> Split {
    let mut problems = Vec::new();
    let start = text.len() - text.strip_prefix(BOM).unwrap_or(text).len();
    let before = text.strip_suffix("\r\n").or(text.strip_suffix('\n'));
    let end = before.unwrap_or(text).len().max(start);
    let mut lines = Lines { text, at: start };
    let mut front_matter = None;
    let mut body = start;
    if let Some(first) = lines.next().filter(|line| is_fence(text, line)) {
        let from = lines.at;
        if start > 0 {
            problems.push(hidden_by_bom("VS Code"));
        }
        match lines.find(|line| is_fence(text, line)) {
            Some(line) => {
                let yaml = text.get(from..line.start).unwrap_or_default();
                let yaml = yaml
                    .strip_suffix("\r\n")
                    .or_else(|| yaml.strip_suffix(['\n', '\r']))
                    .unwrap_or(yaml);
                front_matter = Some(from..from + yaml.len());
                body = lines.at;
            }
            None => problems.push((
                first.start..first.start + FENCE.len(),
                "The front matter does not end, so the whole file is the prompt. Add a line `---` \
                 after its last key."
                    .to_owned(),
            )),
        }
    }
    Split {
        body: body..end.max(body),
        front_matter,
        problems,
    }
}

/// Iterates over lines, including their line breaks.
struct Lines<'text> {
    text: &'text str,
    at: usize,
}

impl Iterator for Lines<'_> {
    type Item = Range<usize>;

    fn next(&mut self) -> Option<Range<usize>> {
        let rest = self.text.get(self.at..).filter(|rest| !rest.is_empty())?;
        let length = rest.find('\n').map_or(rest.len(), |at| at + 1);
        let start = self.at;
        self.at += length;
        Some(start..self.at)
    }
}

fn is_fence(text: &str, line: &Range<usize>) -> bool {
    let line = text.get(line.clone()).unwrap_or_default();
    line.strip_prefix(FENCE)
        .is_some_and(|rest| rest.trim().is_empty())
}

/// A variable `${input:name}` or `${input:name:placeholder}`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Variable<'body> {
    /// Bytes of the body.
    pub range: Range<usize>,
    pub name: &'body str,
}

/// Returns the variables of a body in text order.
pub(crate) fn variables(body: &str) -> impl Iterator<Item = Variable<'_>> {
    const OPEN: &str = "${input:";
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            let start = at + body.get(at..)?.find(OPEN)?;
            let inner = start + OPEN.len();
            at = inner;
            // A variable that its line does not close is text, and so is one with another `${` in
            // it.
            let rest = body.get(inner..)?;
            let Some(length) = rest.find(['}', '\n', '\r']) else {
                at = body.len();
                return None;
            };
            if !rest[length..].starts_with('}') {
                continue;
            }
            let end = inner + length + 1;
            let name = rest[..length].split(':').next().unwrap_or_default().trim();
            if name.is_empty() || name.contains("${") {
                continue;
            }
            at = end;
            return Some(Variable {
                range: start..end,
                name,
            });
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_body_is_not_trimmed_except_for_the_final_line_break() {
        for (text, front_matter, body) in [
            ("---\nmode: ask\n---\n\n Hi \n", Some("mode: ask"), "\n Hi "),
            ("---\r\na: 1\r\n---\r\nHi\r\n", Some("a: 1"), "Hi"),
            ("---\na: ---\n--- x\n---\nHi", Some("a: ---\n--- x"), "Hi"),
            ("---\n---\nHi", Some(""), "Hi"),
            ("\n---\na: 1\n---\n", None, "\n---\na: 1\n---"),
            ("\u{feff}Hi", None, "Hi"),
            ("---\na: 1\n", None, "---\na: 1"),
            ("---\na: 1\n---", Some("a: 1"), ""),
        ] {
            let split = split(text);
            assert_eq!(split.front_matter.map(|r| &text[r]), front_matter, "{text}");
            assert_eq!(&text[split.body], body);
        }
    }

    #[test]
    fn only_closed_input_variables_are_found() {
        let body = "${input:a} ${input: b :type here} ${input:} ${input:x\n} ${file} ${input:c";
        let found: Vec<_> = variables(body)
            .map(|found| (found.name, &body[found.range]))
            .collect();
        assert_eq!(
            found,
            [("a", "${input:a}"), ("b", "${input: b :type here}")]
        );
    }
}
