//! Plain text: the whole file is the prompt, and all declarations are in the sidecar.

use crate::format::split::Split;

/// Splits a plain text: it has no front matter, and only the final line break that editors add is
/// removed. With it, a model would have to continue on a new line.
pub(crate) fn split(text: &str) -> Split {
    let before = text.strip_suffix("\r\n").or(text.strip_suffix('\n'));
    let end = before.unwrap_or(text).len();
    Split {
        body: 0..end,
        front_matter: None,
        problems: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn one_final_line_break_does_not_belong_to_the_prompt() {
        for (text, end) in [
            ("a", 1),
            ("a\n", 1),
            ("a\r\n", 1),
            ("a\n\n", 2),
            ("a ", 2),
            ("", 0),
        ] {
            assert_eq!(split(text).body, 0..end, "{text:?}");
        }
    }
}
