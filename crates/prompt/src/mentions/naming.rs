//! Replaces a mention by its bridge.

use std::ops::Range;

/// Replaces the bytes `range` of `prompt` by `bridge`, whose first letter takes the case of the
/// replaced phrase. A range that is not on character boundaries changes nothing.
pub fn substitute(prompt: &str, range: Range<usize>, bridge: &str) -> String {
    let (Some(before), Some(phrase), Some(after)) = (
        prompt.get(..range.start),
        prompt.get(range.clone()),
        prompt.get(range.end..),
    ) else {
        return prompt.to_owned();
    };
    format!("{before}{}{after}", match_case(phrase, bridge))
}

/// Returns the bridge in the case of `phrase`: capitalized if the phrase is, and with a lowercase
/// article otherwise.
pub fn match_case(phrase: &str, bridge: &str) -> String {
    let mut letters = bridge.chars();
    let Some(first) = letters.next() else {
        return String::new();
    };
    if phrase.starts_with(char::is_uppercase) {
        return first.to_uppercase().chain(letters).collect();
    }
    match split_article(bridge) {
        Some((article, rest)) => format!("{} {rest}", article.to_lowercase()),
        None => bridge.to_owned(),
    }
}

/// Returns the bridge as the text of a memory: without a leading article, which carries no meaning.
pub fn memory_text(bridge: &str) -> &str {
    split_article(bridge).map_or(bridge, |(_, rest)| rest)
}

fn split_article(text: &str) -> Option<(&str, &str)> {
    let (first, rest) = text.split_once(' ')?;
    let is_article = ["the", "a", "an"]
        .iter()
        .any(|article| first.eq_ignore_ascii_case(article));
    (is_article && !rest.trim().is_empty()).then_some((first, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bridge_takes_the_case_of_the_mention() {
        let prompt = "The largest reef is off";
        assert_eq!(
            substitute(prompt, 0..16, "the Great Barrier Reef"),
            "The Great Barrier Reef is off"
        );
        let prompt = "I swam at the largest reef.";
        assert_eq!(
            substitute(prompt, 10..26, "The Great Barrier Reef"),
            "I swam at the Great Barrier Reef."
        );
        assert_eq!(
            substitute("a man fought", 0..5, "George Washington"),
            "George Washington fought"
        );
    }

    #[test]
    fn an_invalid_range_changes_nothing() {
        assert_eq!(substitute("é is", 1..2, "x"), "é is");
        assert_eq!(substitute("short", 2..90, "x"), "short");
    }

    #[test]
    fn memory_text_drops_the_article() {
        assert_eq!(memory_text("the Great Barrier Reef"), "Great Barrier Reef");
        assert_eq!(memory_text("The"), "The");
        assert_eq!(memory_text("Anna"), "Anna");
    }
}
