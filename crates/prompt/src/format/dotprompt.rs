//! dotprompt: where the front matter ends and what belongs to the template.
//!
//! The rules are those of dotprompt's own `parse.ts`, because one newline more or less changes the
//! next token. Blank lines and `#` lines may precede the first fence, and whitespace may follow a
//! fence. The body is trimmed if there is front matter, and unchanged if there is none.

use std::collections::HashSet;
use std::ops::Range;

use crate::diagnostics::code::Code;
use crate::diagnostics::problem::Problems;
use crate::format::split::{BOM, Split, hidden_by_bom};
use crate::yaml::node::{Data, Node};

const FENCE: &str = "---";

/// Splits a `.prompt` file.
pub(crate) fn split(text: &str) -> Split {
    let mut problems = Vec::new();
    let opening = preamble(text);
    let after_fence = text
        .get(opening..)
        .and_then(|rest| rest.strip_prefix(FENCE));
    if text
        .strip_prefix(BOM)
        .is_some_and(|rest| rest[preamble(rest)..].starts_with(FENCE))
    {
        problems.push(hidden_by_bom("dotprompt"));
    }
    let start = after_fence.and_then(|rest| Some(text.len() - rest.len() + fence_end(rest)?));
    if let Some(start) = start {
        if let Some((front_matter, rest)) = close(text, start) {
            return Split {
                body: trimmed(text, rest),
                front_matter: Some(front_matter),
                problems,
            };
        }
        problems.push((
            opening..opening + FENCE.len(),
            "The front matter does not end, or is empty, so dotprompt takes the whole file as the \
             prompt. Add a line `---` after its last key."
                .to_owned(),
        ));
    }
    Split {
        body: 0..text.len(),
        front_matter: None,
        problems,
    }
}

/// Whether a character is whitespace for JavaScript's `trim` and `\s`.
fn is_js_space(char: char) -> bool {
    char == '\u{feff}' || (char.is_whitespace() && char != '\u{85}')
}

/// Returns the range from `from` to the end without whitespace at both ends.
pub(crate) fn trimmed(text: &str, from: usize) -> Range<usize> {
    let body = text.get(from..).unwrap_or_default();
    let left = body.trim_start_matches(is_js_space);
    let start = from + body.len() - left.len();
    start..start + left.trim_end_matches(is_js_space).len()
}

/// Whether dotprompt cannot read the front matter with this root, of which `problems` has the
/// errors so far. It then sends the whole file, and a problem says so.
pub(crate) fn refuses(root: &Node, problems: &mut Problems) -> bool {
    const CONSEQUENCE: &str = "dotprompt then sends the whole file to the model, front matter \
                               included, and drops what it declares";
    let mut errors = problems.list.iter_mut();
    if let Some(error) = errors.find(|one| one.code == Code::InvalidYaml) {
        error.message = error
            .message
            .replace("The part before the error is used", CONSEQUENCE);
        return true;
    }
    let Some((key, name)) = repeated_key(root) else {
        return false;
    };
    let message =
        format!("The front matter has the key `{name}` twice. {CONSEQUENCE}. Remove one.");
    problems.error(Code::InvalidYaml, key.here(), message);
    true
}

/// Returns the first key that its map has twice; the package's YAML parser refuses that.
fn repeated_key(node: &Node) -> Option<(&Node, &str)> {
    match &node.data {
        Data::Map { entries, .. } => {
            let mut seen = HashSet::new();
            entries.iter().find_map(|(key, value)| {
                let name = key.text().unwrap_or_default();
                if seen.insert(name) {
                    repeated_key(value)
                } else {
                    Some((key, name))
                }
            })
        }
        Data::List { items, .. } => items.iter().find_map(repeated_key),
        Data::Scalar { .. } => None,
    }
}

/// Returns the number of bytes of the blank lines and comment lines before the first fence.
fn preamble(text: &str) -> usize {
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let blank = line.trim_matches([' ', '\t']) == "\n";
        if !(blank || (line.starts_with('#') && line.ends_with('\n'))) {
            break;
        }
        at += line.len();
    }
    at
}

/// Returns the offset after the last line break in the whitespace that follows `---`.
fn fence_end(rest: &str) -> Option<usize> {
    let spaces = rest.len() - rest.trim_start_matches(is_js_space).len();
    rest.get(..spaces)?.rfind(['\n', '\r']).map(|at| at + 1)
}

/// Returns the front matter that begins at `start`, and where the rest of the file begins.
fn close(text: &str, start: usize) -> Option<(Range<usize>, usize)> {
    let body = text.get(start..)?;
    let mut from = 0;
    loop {
        let found = from + body.get(from..)?.find(FENCE)?;
        from = found + FENCE.len();
        let before = body.get(..found)?;
        let Some(content) = before
            .strip_suffix("\r\n")
            .or_else(|| before.strip_suffix(['\n', '\r']))
        else {
            continue;
        };
        let after = body.get(from..)?;
        // dotprompt requires a line break after the fence. While the author types there is none
        // yet, and the fence counts all the same.
        let end = if after.trim_matches([' ', '\t']).is_empty() {
            Some(after.len())
        } else {
            fence_end(after)
        };
        if let Some(end) = end {
            if content.is_empty() {
                return None;
            }
            return Some((start..start + content.len(), start + from + end));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, front_matter: Option<&str>, body: &str) {
        let split = split(text);
        assert_eq!(split.front_matter.map(|range| &text[range]), front_matter);
        assert_eq!(&text[split.body], body);
    }

    #[test]
    fn the_body_is_trimmed_only_after_front_matter() {
        check("---\nmodel: x\n---\n\n Hello \n", Some("model: x"), "Hello");
        check(" Hello \n", None, " Hello \n");
    }

    #[test]
    fn fences_are_found_as_in_dotprompt() {
        check("# licence\n\n---  \r\na: 1\r\n--- \r\nx", Some("a: 1"), "x");
        check(
            "---\na: ---\nb: 2\n----\nc: 3\n---\nx",
            Some("a: ---\nb: 2\n----\nc: 3"),
            "x",
        );
        check("---\na: 1\n---\nx\n---\ny", Some("a: 1"), "x\n---\ny");
        check("text\n---\na: 1\n---\nx", None, "text\n---\na: 1\n---\nx");
        check("---\na: 1\n---", Some("a: 1"), "");
    }

    #[test]
    fn unclosed_or_empty_front_matter_belongs_to_the_prompt() {
        for text in ["---\na: 1\n", "---\n---\nx"] {
            check(text, None, text);
            assert_eq!(split(text).problems.len(), 1);
        }
        assert!(split("--- a dash").problems.is_empty());
    }
}
