//! Text of a model on a terminal.

use std::borrow::Cow;

/// A text whose control characters are written out (`\u{1b}`), all but line feeds and tabs: a
/// terminal would obey them, and a model may have read escape sequences and write them.
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
    fn a_terminal_gets_nothing_to_obey() {
        let title = "\u{1b}]0;owned\u{7}a\tb\r\nc\u{7f}\u{9b}2J";
        let shown = "\\u{1b}]0;owned\\u{7}a\tb\\r\nc\\u{7f}\\u{9b}2J";
        assert_eq!(without_controls(title), shown);
    }

    proptest! {
        #[test]
        fn other_text_stays(text in "[^\\p{Cc}]*", more in "[\n\ta☃💡]*") {
            prop_assert_eq!(without_controls(&text), text.as_str());
            prop_assert_eq!(without_controls(&more), more.as_str());
        }
    }
}
