//! Hops about whole sentences: what a customer says, and the rule that follows from it.
//!
//! "They are on the Pro plan." and "Customers on the Pro plan have 100 days." cannot replace each
//! other, as a description and a name can: both are needed. So the bridge is stated behind the
//! sentence of the mention.

use std::ops::Range;

/// The fewest words of a statement.
const FEWEST_WORDS: usize = 4;
/// Abbreviations at the end of names.
const ABBREVIATIONS: [&str; 8] = ["Jr", "Sr", "Inc", "Ltd", "Co", "Corp", "St", "Bros"];
/// The marks at the end of a sentence.
const ENDS: [char; 6] = ['.', '!', '?', '\u{3002}', '\u{ff01}', '\u{ff1f}'];

/// Whether a mention or a bridge is a whole sentence.
pub(crate) fn is_statement(words: &str) -> bool {
    let words = words.trim();
    let Some(before) = words.strip_suffix(ENDS) else {
        return false;
    };
    if !words.ends_with('.') {
        return true;
    }
    let last = before.split_whitespace().next_back().unwrap_or_default();
    let is_name = ABBREVIATIONS.contains(&last) || last.contains('.');
    !is_name && FEWEST_WORDS <= words.split_whitespace().count()
}

/// Returns where a bridge is stated behind the sentence of a mention, and what goes before it.
pub fn statement_place(text: &str, mention: &Range<usize>) -> (usize, &'static str) {
    let words = text.get(mention.clone()).unwrap_or_default();
    if words.trim_end().ends_with(ENDS) {
        return (mention.end, " ");
    }
    let rest = text.get(mention.end..).unwrap_or_default();
    let mut chars = rest.char_indices().peekable();
    while let Some((at, char)) = chars.next() {
        let next = chars.peek().map(|(_, next)| *next);
        if ENDS.contains(&char) && !next.is_some_and(char::is_alphanumeric) {
            return (mention.end + at + char.len_utf8(), " ");
        }
        // The sentence ends with its line or its message.
        if char == '\n' || char == '<' {
            break;
        }
    }
    (mention.end, ". ")
}

/// Returns whether a bridge stands directly behind the sentence of a mention.
pub(crate) fn is_stated_behind(text: &str, mention: &Range<usize>, bridge: &str) -> bool {
    let (at, _) = statement_place(text, mention);
    let rest = text.get(at..).unwrap_or_default();
    rest.trim_start().starts_with(bridge.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_are_statements_and_names_are_not() {
        for (words, is) in [
            (
                "Customers on the Pro plan have 100 days to return an order.",
                true,
            ),
            ("Does it rain?", true),
            ("My trip goes to Berlin.", true),
            ("Berlin", false),
            ("the capital of France", false),
            ("Martin Luther King Jr.", false),
            ("the capital Washington D.C.", false),
            ("the firm Smith and Co.", false),
            ("Mr. Smith.", false),
        ] {
            assert_eq!(is_statement(words), is, "{words}");
        }
    }

    #[test]
    fn a_bridge_is_stated_behind_the_sentence_of_its_mention() {
        for (text, mention, expected) in [
            (
                "I am on Pro. How long?",
                "I am on Pro.",
                "I am on Pro.| How long?",
            ),
            (
                "I have 6.5 years here, so how long?<|end|>",
                "6.5 years",
                "I have 6.5 years here, so how long?|<|end|>",
            ),
            ("I am on Pro<|end|>\n", "on Pro", "I am on Pro|<|end|>\n"),
            (
                "I am on Pro\nHow long?",
                "I am on Pro",
                "I am on Pro|\nHow long?",
            ),
        ] {
            let start = text.find(mention).unwrap();
            let (at, between) = statement_place(text, &(start..start + mention.len()));
            assert_eq!(format!("{}|{}", &text[..at], &text[at..]), expected);
            assert_eq!(between == ". ", expected.contains("Pro|"));
        }
    }
}
