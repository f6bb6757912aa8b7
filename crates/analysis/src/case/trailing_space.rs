//! Finds the spaces and tabs at the end of a prompt.

use std::ops::Range;

/// Returns the bytes of the spaces and tabs at the end of a prompt; `None` if there are none, or if
/// the prompt contains nothing else.
pub(crate) fn trailing_space(prompt: &str) -> Option<Range<usize>> {
    let kept = prompt.trim_end_matches([' ', '\t']);
    (kept.len() < prompt.len() && !kept.is_empty()).then_some(kept.len()..prompt.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trailing_spaces_and_tabs_are_found() {
        assert_eq!(trailing_space("The capital is \t"), Some(14..16));
        assert_eq!(trailing_space("The capital is"), None);
        // A line break is part of the question, and white space alone is not a prompt.
        assert_eq!(trailing_space("Answer:\n"), None);
        assert_eq!(trailing_space("  "), None);
    }
}
