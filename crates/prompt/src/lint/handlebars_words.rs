//! Splits the code of a Handlebars tag into words.

use std::ops::Range;

/// The kind of a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WordKind {
    /// A path, a number or a word such as `true`.
    Name,
    /// A text in quotes.
    Text,
    /// The key of `key=value`.
    Key,
    /// `(`.
    Open,
    /// `)`.
    Close,
    /// The `as` before the names of a block's parameters.
    As,
    /// The name of a block's parameter.
    Param,
}

/// A word of a tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Word {
    pub kind: WordKind,
    /// Its bytes, quotes included.
    pub range: Range<usize>,
}

impl Word {
    pub fn text<'body>(&self, body: &'body str) -> &'body str {
        body.get(self.range.clone()).unwrap_or_default()
    }

    /// Returns the bytes without quotes.
    pub fn inner(&self, body: &str) -> Range<usize> {
        let text = self.text(body);
        let quotes = ['"', '\'', '[', ']'];
        let start = text.len() - text.trim_start_matches(quotes).len();
        let end = text.trim_end_matches(quotes).len();
        self.range.start + start..self.range.start + end.max(start)
    }

    pub fn unquoted<'body>(&self, body: &'body str) -> &'body str {
        body.get(self.inner(body)).unwrap_or_default()
    }
}

/// Returns the words of the code at `range`.
pub(crate) fn words(body: &str, range: Range<usize>) -> Vec<Word> {
    let code = body.get(range.clone()).unwrap_or_default();
    let mut found: Vec<Word> = Vec::new();
    let mut in_params = false;
    let mut at = 0;
    while let Some(rest) = code.get(at..).filter(|rest| !rest.is_empty()) {
        let first = rest.chars().next().unwrap_or_default();
        let (kind, length) = match first {
            '(' => (Some(WordKind::Open), 1),
            ')' => (Some(WordKind::Close), 1),
            '"' | '\'' => (Some(WordKind::Text), quoted_length(rest, first)),
            '|' => {
                in_params = !in_params;
                (None, 1)
            }
            _ if first.is_whitespace() || first == '=' => (None, first.len_utf8()),
            _ => {
                let length = name_length(rest);
                let is_key = rest.get(length..).is_some_and(|rest| rest.starts_with('='));
                let opens_params = rest.get(length..).map(str::trim_start);
                let kind = if in_params {
                    WordKind::Param
                } else if is_key {
                    WordKind::Key
                } else if &rest[..length] == "as"
                    && opens_params.is_some_and(|rest| rest.starts_with('|'))
                {
                    WordKind::As
                } else {
                    WordKind::Name
                };
                (Some(kind), length)
            }
        };
        if let Some(kind) = kind {
            let range = range.start + at..range.start + at + length;
            found.push(Word { kind, range });
        }
        at += length;
    }
    found
}

/// Returns the length of a text in quotes; up to the end if it is not closed.
fn quoted_length(text: &str, quote: char) -> usize {
    let mut is_escaped = false;
    for (at, char) in text.char_indices().skip(1) {
        match char {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            _ if char == quote => return at + char.len_utf8(),
            _ => {}
        }
    }
    text.len()
}

/// Returns the length of a path; `[…]` in it may contain any character. At least one character.
fn name_length(text: &str) -> usize {
    let mut in_brackets = false;
    for (at, char) in text.char_indices() {
        match char {
            '[' => in_brackets = true,
            ']' => in_brackets = false,
            _ if in_brackets => {}
            _ if at > 0 && (char.is_whitespace() || "()=|\"'".contains(char)) => return at,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_tag_is_split_into_names_texts_keys_and_parameters() {
        let code = "each (f a.[b c] k=\"x y\") as |one two|";
        let found: Vec<(WordKind, &str)> = words(code, 0..code.len())
            .iter()
            .map(|word| (word.kind, word.text(code)))
            .collect();
        let expected = [
            (WordKind::Name, "each"),
            (WordKind::Open, "("),
            (WordKind::Name, "f"),
            (WordKind::Name, "a.[b c]"),
            (WordKind::Key, "k"),
            (WordKind::Text, "\"x y\""),
            (WordKind::Close, ")"),
            (WordKind::As, "as"),
            (WordKind::Param, "one"),
            (WordKind::Param, "two"),
        ];
        assert_eq!(found, expected);
    }

    proptest! {
        #[test]
        fn words_are_in_order_and_on_character_boundaries(code in "[a(\\[\\])=|\"' é\\\\.]{0,24}") {
            let mut end = 0;
            for word in words(&code, 0..code.len()) {
                prop_assert!(end <= word.range.start && code.get(word.range.clone()).is_some());
                prop_assert!(code.get(word.inner(&code)).is_some());
                end = word.range.end;
            }
        }
    }
}
