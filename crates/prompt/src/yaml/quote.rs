//! Writes YAML scalars.

use std::fmt::Write;

/// Returns `text` as a double-quoted YAML scalar on one line.
///
/// Besides the characters that YAML requires, it escapes three kinds of text that other readers
/// of the file misread even inside quotes: `---` and `+++` end Prompty's front matter, `${` is a
/// reference there, and dotprompt's formatter rewrites double braces.
pub(crate) fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for char in text.chars() {
        match char {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            _ if printable(char) => out.push(char),
            _ => {
                let code = u32::from(char);
                let (letter, digits) = match code {
                    0..=0xff => ('x', 2),
                    0x100..=0xffff => ('u', 4),
                    _ => ('U', 8),
                };
                // Writing to a string cannot fail.
                let _ = write!(out, "\\{letter}{code:0digits$x}");
            }
        }
    }
    out.push('"');
    for (trap, escaped) in [
        ("---", "-\\u002d-"),
        ("+++", "+\\u002b+"),
        ("${", "$\\u007b"),
        ("{{", "{\\u007b"),
        ("}}", "}\\u007d"),
    ] {
        while out.contains(trap) {
            out = out.replace(trap, escaped);
        }
    }
    out
}

/// Returns an id, quoted only if necessary.
pub(crate) fn id(text: &str) -> String {
    let mut chars = text.chars();
    let plain = chars
        .next()
        .is_some_and(|first| first.is_ascii_alphabetic())
        && chars.all(|char| char.is_ascii_alphanumeric() || char == '_' || char == '-')
        && !text.contains("---");
    // Some YAML readers take these words for truth values or null.
    let word = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"];
    if plain && !word.contains(&text.to_ascii_lowercase().as_str()) {
        text.to_owned()
    } else {
        quoted(text)
    }
}

/// Returns a probability with three significant digits.
pub(crate) fn significant(number: f64) -> String {
    if number == 0.0 {
        return "0".to_owned();
    }
    let magnitude = number.abs().log10().floor();
    if magnitude < -6.0 {
        return format!("{number:.2e}");
    }
    let decimals = (2.0 - magnitude).max(0.0) as usize;
    format!("{number:.decimals$}")
}

fn printable(char: char) -> bool {
    !(char.is_control()
        || matches!(
            char,
            '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}'
        ))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::yaml;

    #[test]
    fn text_that_other_readers_misread_is_escaped() {
        assert_eq!(quoted("a---b"), r#""a-\u002d-b""#);
        assert_eq!(quoted("${x} {{y}}"), r#""$\u007bx} {\u007by}\u007d""#);
        assert_eq!(quoted("a \"b\"\n"), r#""a \"b\"\n""#);
        assert_eq!(
            (id("reef"), id("no"), id("#2")),
            ("reef".into(), "\"no\"".into(), "\"#2\"".into())
        );
    }

    #[test]
    fn three_significant_digits_are_kept() {
        let got: Vec<_> = [0.235_49, 0.41, 0.001_234, 1.0, 0.0, 1.234e-9, 12.34]
            .map(significant)
            .to_vec();
        assert_eq!(
            got,
            ["0.235", "0.410", "0.00123", "1.00", "0", "1.23e-9", "12.3"]
        );
    }

    proptest! {
        #[test]
        fn quoted_text_reads_back(text in "([-+${}\"\\\\'\n\t \u{0}\u{85}\u{feff}\u{2028}]|\\PC){0,30}") {
            let written = quoted(&text);
            for trap in ["---", "+++", "${", "{{", "\n"] {
                prop_assert!(!written.contains(trap));
            }
            let tree = yaml::read::read(&written, 0);
            let root = tree.root.unwrap();
            prop_assert_eq!(root.text(), Some(text.as_str()));
        }
    }
}
