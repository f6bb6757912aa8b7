//! Finds names in running text and compares them.

use std::collections::HashSet;
use std::ops::Range;

use crate::hop::mentions::words::{Class, class, is_abbreviation};

/// The most words of a name.
const LONGEST: usize = 7;
/// The most words of a name in lower case ("the sperm whale").
const COMMON: usize = 3;

/// Returns the bytes of the name that `text` begins with, an article included: "Paris, the capital"
/// → "Paris". A name is a run of capitalized words, or a few lower-case words up to a function
/// word. Returns `None` if `text` begins with something else.
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

/// Returns the names inside a text with their positions, in order and each once: runs of
/// capitalized words. A single word at the beginning of a sentence does not count there.
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

/// Returns a key that is equal for names that mean the same: lower case, without article,
/// possessive ending or punctuation.
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

/// Returns whether a lower-case word may be part of a common noun.
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
    /// The word without punctuation around it and without a possessive ending.
    bare: &'a str,
    /// The first byte of `bare` in the text.
    start: usize,
    /// The byte after `bare` in the text.
    end: usize,
    /// Whether punctuation, a possessive ending or a line break follows.
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
    fn a_leading_name_ends_before_other_words() {
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
    fn names_inside_a_text_are_found_once() {
        let text = "Anna lives in New York. Paris is large. In Paris, Bob met Anna. The Eiffel Tower's top";
        let names: Vec<&str> = inside(text).into_iter().map(|(_, name)| name).collect();
        assert_eq!(
            names,
            ["New York", "Paris", "Bob", "Anna", "The Eiffel Tower"]
        );
    }

    #[test]
    fn name_keys_ignore_articles_and_punctuation() {
        assert_eq!(key("The Great Barrier-Reef"), "great barrierreef");
        assert_eq!(key("St. Peter's"), "st peter");
        assert_eq!(key("A"), "a");
    }

    proptest! {
        #[test]
        fn any_text_is_parsed(text in "([A-Z][a-zé☃]{0,3}|the|of|'s|[.,\n] | ){0,20}") {
            if let Some(name) = leading(&text) {
                prop_assert!(text.get(name).is_some());
            }
            for (at, name) in inside(&text) {
                prop_assert!(text[at..].starts_with(name) && !name.is_empty());
            }
        }
    }
}
