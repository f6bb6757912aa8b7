//! Plain text: the whole file is the prompt, and everything declared is in the sidecar.

use crate::format::split::Split;

/// Nothing is front matter, and nothing is trimmed but the line break that editors put at the end
/// of a file: a model would have to continue after it, on a new line.
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
    fn one_final_line_break_is_no_part_of_the_prompt() {
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
