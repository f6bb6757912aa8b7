//! Numbers and tokens for people; the only place where results are rounded.

/// Formats a probability: `23.5 %`, `0.05 %`, `0.0012 %`, `1.2e-6 %`.
pub fn percent(p: f64) -> String {
    let percent = 100.0 * p;
    if percent >= 9.95 {
        format!("{percent:.1} %")
    } else if percent >= 0.095 {
        format!("{percent:.2} %")
    } else if percent >= 1e-5 {
        let digits = 1 - percent.log10().floor() as i32;
        format!("{percent:.*} %", digits.max(0) as usize)
    } else if percent > 0.0 {
        format!("{percent:.1e} %")
    } else {
        "0 %".into()
    }
}

/// Formats a ratio of probabilities: `×1.7`, `×12`, `×0.13`, and `×>1000` or `×<0.01` beyond those
/// limits.
pub fn factor(factor: f64) -> String {
    if factor > 1000.0 {
        "×>1000".into()
    } else if factor >= 9.95 {
        format!("×{factor:.0}")
    } else if factor < 0.005 {
        "×<0.01".into()
    } else if factor < 0.95 {
        format!("×{factor:.2}")
    } else {
        format!("×{factor:.1}")
    }
}

/// Formats a percentile among random memories, rounded down: `better than 97 % of 40 random memories`.
/// `memories` says which.
pub fn better_than(percentile: f64, memories: &str) -> String {
    if percentile >= 100.0 {
        format!("better than all {memories}")
    } else {
        format!("better than {:.0} % of {memories}", percentile.floor())
    }
}

/// Formats a divergence in nats: `0.02`, `3.1e-5`.
pub fn nats(nats: f64) -> String {
    if nats >= 0.0095 {
        format!("{nats:.2}")
    } else if nats >= 0.000_95 {
        format!("{nats:.3}")
    } else if nats > 0.0 {
        format!("{nats:.1e}")
    } else if nats.is_nan() {
        "?".into()
    } else {
        "0".into()
    }
}

/// Whether a token's text consists of whole characters. A token may be a part of an emoji, which no
/// author can write.
pub(crate) fn is_whole_text(token: &str) -> bool {
    !token.contains(char::REPLACEMENT_CHARACTER)
}

/// Quotes a token of the model; one that is a part of a character is named as such, because its
/// bytes alone are no text.
pub fn token_label(token: &str) -> String {
    if is_whole_text(token) {
        quoted(token)
    } else {
        "(part of a character)".to_owned()
    }
}

/// Returns a generated text without the beginning of a character at its end, where the generation
/// stopped, and with "…" for other bytes that are no character.
pub(crate) fn whole_characters(text: &str) -> String {
    let text = text.trim_end_matches(char::REPLACEMENT_CHARACTER);
    text.replace(char::REPLACEMENT_CHARACTER, "…")
}

/// Quotes a token or answer and escapes control characters and quotes.
pub fn quoted(text: &str) -> String {
    let mut shown = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => shown.push_str("\\\""),
            '\\' => shown.push_str("\\\\"),
            '\n' => shown.push_str("\\n"),
            '\r' => shown.push_str("\\r"),
            '\t' => shown.push_str("\\t"),
            // So do those that turn the direction of what follows.
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => shown.extend(c.escape_unicode()),
            c if c.is_control() => shown.extend(c.escape_unicode()),
            c => shown.push(c),
        }
    }
    shown.push('"');
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_probabilities_keep_two_digits() {
        assert_eq!(percent(0.2354), "23.5 %");
        assert_eq!(percent(0.0123), "1.23 %");
        assert_eq!(percent(0.000_012_3), "0.0012 %");
        assert_eq!(percent(0.000_5), "0.050 %");
        assert_eq!(percent(0.000_000_012_3), "1.2e-6 %");
        assert_eq!(percent(0.0), "0 %");
        assert_eq!(percent(1.0), "100.0 %");
        assert_eq!(factor(1.74), "×1.7");
        assert_eq!(factor(123.4), "×123");
        assert_eq!(factor(1e30), "×>1000");
        assert_eq!(
            (factor(0.13), factor(0.004)),
            ("×0.13".into(), "×<0.01".into())
        );
    }

    #[test]
    fn percentiles_are_rounded_down() {
        assert_eq!(
            better_than(97.5, "40 words"),
            "better than 97 % of 40 words"
        );
        assert_eq!(better_than(99.9, "words"), "better than 99 % of words");
        assert_eq!(better_than(100.0, "40 words"), "better than all 40 words");
        assert_eq!(better_than(0.0, "words"), "better than 0 % of words");
        let shown = [0.0, 2.04e-5, 0.0021, 0.0149, 1.236].map(nats);
        assert_eq!(shown, ["0", "2.0e-5", "0.002", "0.01", "1.24"]);
    }

    #[test]
    fn tokens_are_shown_on_one_line() {
        assert_eq!(quoted(" a\n\"b\\\u{1b}"), "\" a\\n\\\"b\\\\\\u{1b}\"");
    }
}
