//! Makes the text of a model safe for a terminal.

use std::borrow::Cow;

/// Returns a text with its control characters escaped (`\u{1b}`), except line feeds and tabs. A
/// terminal would interpret them, and a model may copy escape sequences that it read.
pub(super) fn without_controls(text: &str) -> Cow<'_, str> {
    let obeyed = |c: char| c.is_control() && !matches!(c, '\n' | '\t');
    if !text.contains(obeyed) {
        return text.into();
    }
    let mut shown = String::new();
    for c in text.chars() {
        if obeyed(c) {
            shown.extend(c.escape_default());
        } else {
            shown.push(c);
        }
    }
    shown.into()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn control_characters_are_escaped() {
        let title = "\u{1b}]0;owned\u{7}a\tb\r\nc\u{7f}\u{9b}2J";
        let shown = "\\u{1b}]0;owned\\u{7}a\tb\\r\nc\\u{7f}\\u{9b}2J";
        assert_eq!(without_controls(title), shown);
    }

    proptest! {
        #[test]
        fn other_text_is_unchanged(text in "[^\\p{Cc}]*", more in "[\n\ta☃💡]*") {
            prop_assert_eq!(without_controls(&text), text.as_str());
            prop_assert_eq!(without_controls(&more), more.as_str());
        }
    }
}
