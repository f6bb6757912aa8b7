//! Names in running text: where the one at its beginning ends, those inside, and when two are one.

use std::collections::HashSet;
use std::ops::Range;

use crate::hop::mentions::words::{Class, class, is_abbreviation};

/// Most words of a name.
const LONGEST: usize = 7;
/// Most words of one that is written small ("the sperm whale").
const COMMON: usize = 3;

/// The bytes of the name that `text` begins with, an article included: "Paris, the capital" →
/// "Paris". A run
/// of words in capitals, or a few in small letters up to a function word. `None` where it begins
/// with something else, or with more than a name can be.
pub(super) fn leading(text: &str) -> Option<Range<usize>> {
    let start = text.len() - text.trim_start_matches([' ', '"', '“', '*']).len();
    let mut words = words(&text[start..]).peekable();
    let mut end = None;
    let mut kept = 0;
    let mut proper = false;
    let mut first = true;
    while let Some(word) = words.next() {
        let kind = class(&word.bare.to_lowercase());
        let article = first && (matches!(kind, Class::Definite) || is_indefinite(word.bare));
        first = false;
        if article && !word.closes {
            continue;
        }
        let large = is_large(word.bare);
        let connects = matches!(kind, Class::Of | Class::Definite)
            || matches!(
                word.bare,
                "de" | "von" | "van" | "der" | "del" | "da" | "la" | "al"
            );
        let joins = connects
            && kept > 0
            && proper
            && !word.closes
            && words
                .peek()
                .is_some_and(|next| is_large(next.bare) || class(next.bare) == Class::Definite);
        if kept == 0 {
            proper = large;
        }
        let fits = if proper {
            large || joins
        } else {
            is_common(word.bare, kind) && kept < COMMON
        };
        if !fits {
            break;
        }
        kept += 1;
        if large || !proper {
            end = Some(start + word.end);
        }
        if word.closes || kept == LONGEST {
            break;
        }
    }
    let range = start..end?;
    let says = text.get(range.clone())?.chars().any(char::is_alphanumeric);
    says.then_some(range)
}

/// The names inside a text and where they stand, in order and each once: runs of words in
/// capitals. What begins a sentence counts only if it is more than one word or comes again.
pub(super) fn inside(text: &str) -> Vec<(usize, &str)> {
    let mut found: Vec<(usize, &str)> = Vec::new();
    let mut seen = HashSet::new();
    let mut skip = 0;
    let mut fresh = true;
    for word in words(text) {
        if word.start >= skip && is_large(word.bare) && word.bare.starts_with(char::is_uppercase) {
            let kind = class(&word.bare.to_lowercase());
            if let Some(name) = leading(&text[word.start..]).map(|name| &text[word.start..][name])
                && matches!(
                    kind,
                    Class::Open | Class::S | Class::Ed | Class::Superlative | Class::Definite
                )
            {
                skip = word.start + name.len();
                let single = !name.contains(char::is_whitespace);
                if !(fresh && single) && seen.insert(name) {
                    found.push((word.start, name));
                }
            }
        }
        fresh = word.ends_sentence;
    }
    found
}

/// What two names have in common that mean the same: small letters, no article, possessive
/// ending or marks.
pub fn key(name: &str) -> String {
    let small = name.to_lowercase().replace('’', "'");
    let small = small.strip_suffix("'s").unwrap_or(&small);
    let mut words: Vec<String> = small
        .split_whitespace()
        .map(|word| word.chars().filter(|c| c.is_alphanumeric()).collect())
        .filter(|word: &String| !word.is_empty())
        .collect();
    if words.len() > 1 && matches!(words[0].as_str(), "the" | "a" | "an") {
        words.remove(0);
    }
    words.join(" ")
}

/// Whether a word that is written small may be one of a common noun.
fn is_common(word: &str, kind: Class) -> bool {
    word.starts_with(char::is_alphabetic)
        && word.chars().count() > 2
        && matches!(kind, Class::Open | Class::S | Class::Ed)
        && !word.ends_with("ing")
}

fn is_indefinite(word: &str) -> bool {
    matches!(word, "a" | "an" | "A" | "An")
}

fn is_large(word: &str) -> bool {
    word.starts_with(|c: char| c.is_uppercase() || c.is_numeric())
}

/// A word between spaces.
struct Word<'a> {
    /// Without marks around it and without a possessive ending.
    bare: &'a str,
    /// Bytes of the text.
    start: usize,
    /// The end of `bare`.
    end: usize,
    /// Whether a mark or a possessive ending stands behind it.
    closes: bool,
    ends_sentence: bool,
}

fn words(text: &str) -> impl Iterator<Item = Word<'_>> {
    let mut at = 0;
    text.split_inclusive(char::is_whitespace)
        .filter_map(move |piece| {
            let begin = at;
            at += piece.len();
            let word = piece.trim_end();
            let lead = word.len()
                - word
                    .trim_start_matches(|c: char| !c.is_alphanumeric())
                    .len();
            let mut bare = word[lead..].trim_end_matches(|c: char| !c.is_alphanumeric());
            if bare.is_empty() {
                return None;
            }
            let mut rest = &word[lead + bare.len()..];
            if rest.starts_with('.') && is_abbreviation(bare) {
                bare = &word[lead..=lead + bare.len()];
                rest = &rest[1..];
            }
            let mut closes = !rest.is_empty() || piece.ends_with('\n');
            for ending in ["'s", "’s"] {
                if let Some(owner) = bare.strip_suffix(ending) {
                    bare = owner;
                    closes = true;
                }
            }
            Some(Word {
                bare,
                start: begin + lead,
                end: begin + lead + bare.len(),
                closes,
                ends_sentence: rest.starts_with(['.', '!', '?', ':']) || piece.ends_with('\n'),
            })
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_name_ends_where_other_words_begin() {
        for (text, expected) in [
            (" George Washington, who was", Some("George Washington")),
            (
                " the Great Barrier Reef in Australia",
                Some("the Great Barrier Reef"),
            ),
            (
                " Martin Luther King Jr. was",
                Some("Martin Luther King Jr."),
            ),
            (
                " the University of Oxford is",
                Some("the University of Oxford"),
            ),
            (" \"Anna\" and", Some("Anna")),
            (" water. It", Some("water")),
            (" a sperm whale that", Some("a sperm whale")),
            (" located in", Some("located")),
            (" in Paris", None),
            ("", None),
        ] {
            assert_eq!(leading(text).map(|name| &text[name]), expected, "{text}");
        }
    }

    #[test]
    fn names_inside_a_text_come_once() {
        let text = "Anna lives in New York. Paris is large. In Paris, Bob met Anna. The Eiffel Tower's top";
        let names: Vec<&str> = inside(text).into_iter().map(|(_, name)| name).collect();
        assert_eq!(
            names,
            ["New York", "Paris", "Bob", "Anna", "The Eiffel Tower"]
        );
    }

    #[test]
    fn names_are_compared_without_articles_and_marks() {
        assert_eq!(key("The Great Barrier-Reef"), "great barrierreef");
        assert_eq!(key("St. Peter's"), "st peter");
        assert_eq!(key("A"), "a");
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in "([A-Z][a-zé☃]{0,3}|the|of|'s|[.,\n] | ){0,20}") {
            if let Some(name) = leading(&text) {
                prop_assert!(text.get(name).is_some());
            }
            for (at, name) in inside(&text) {
                prop_assert!(text[at..].starts_with(name) && !name.is_empty());
            }
        }
    }
}
