//! Finds spellings that give the same words better tokens: without stray or odd spaces, and without
//! words split into many tokens.

use std::ops::Range;

use crate::case::findings::CaseFindings;
use crate::case::trailing_space::trailing_space;
use hoplens_runtime::Model;

/// The most spellings that are measured for one prompt.
const MOST: usize = 12;

/// The fewest tokens of a word that counts as split.
const SPLIT: usize = 3;

/// A replacement for a part of a prompt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Spelling {
    /// Bytes of the prompt.
    pub(crate) range: Range<usize>,
    /// The replacement.
    pub(crate) text: String,
}

/// Returns the spellings that may improve the tokens: without spaces at the end, with plain single
/// spaces, and with words of many tokens written in another case that takes fewer. Text that is not
/// in the file is not changed.
pub(crate) fn spellings(model: &Model, case: &CaseFindings) -> Vec<Spelling> {
    let prompt = &case.query.prompt;
    let mut found = space_at_end(case);
    // Around a hole, spaces are odd because a word is missing.
    if !case.has_holes {
        found.extend(odd_spaces(prompt));
    }
    found.extend(split_words(model, case));
    found.retain(|one| case.rendered.to_source(one.range.clone()).is_some());
    found.truncate(MOST);
    found
}

/// Returns a spelling without the spaces at the end of a case's prompt, if they are in the file and
/// the prompt has no hole.
pub(crate) fn space_at_end(case: &CaseFindings) -> Vec<Spelling> {
    let found = trailing_space(&case.query.prompt)
        .filter(|range| !case.has_holes && case.rendered.to_source(range.clone()).is_some())
        .map(|range| Spelling {
            range,
            text: String::new(),
        });
    found.into_iter().collect()
}

/// Returns replacements for runs of several spaces inside a line, and for spaces other than the
/// plain one.
fn odd_spaces(prompt: &str) -> Vec<Spelling> {
    let is_space = |char: char| char.is_whitespace() && char != '\n' && char != '\r';
    let mut found = Vec::new();
    let mut run: Option<usize> = None;
    let mut inside = false;
    for (at, char) in prompt.char_indices() {
        if is_space(char) {
            run = run.or(Some(at));
            continue;
        }
        if let Some(start) = run.take()
            && inside
            && !char.is_control()
            && prompt.get(start..at) != Some(" ")
        {
            found.push(Spelling {
                range: start..at,
                text: " ".into(),
            });
        }
        inside = !matches!(char, '\n' | '\r');
    }
    found
}

/// Returns words of many tokens in another case that takes fewer, the largest saving first.
fn split_words(model: &Model, case: &CaseFindings) -> Vec<Spelling> {
    let prompt = &case.query.prompt;
    let mut found: Vec<(usize, Spelling)> = Vec::new();
    for range in words(prompt) {
        let word = &prompt[range.clone()];
        let tokens = case
            .tokens
            .iter()
            .filter(|token| token.range.start < range.end && range.start < token.range.end);
        let count = tokens.count();
        if count < SPLIT {
            continue;
        }
        let before = if prompt[..range.start].ends_with(' ') {
            " "
        } else {
            ""
        };
        let cost = |text: &str| {
            model
                .tokenizer
                .continuation(&format!("{before}{text}"))
                .len()
        };
        let best = other_cases(word)
            .into_iter()
            .map(|text| (cost(&text), text))
            .filter(|(cost, _)| *cost > 0 && *cost < count)
            .min();
        if let Some((cost, text)) = best {
            found.push((count - cost, Spelling { range, text }));
        }
    }
    found.sort_by_key(|(saved, _)| std::cmp::Reverse(*saved));
    found.into_iter().map(|(_, one)| one).collect()
}

/// Returns the runs of letters in a text.
fn words(text: &str) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    for (at, char) in text.char_indices() {
        if !char.is_alphabetic() {
            continue;
        }
        let end = at + char.len_utf8();
        match found.last_mut() {
            Some(last) if last.end == at => last.end = end,
            _ => found.push(at..end),
        }
    }
    found
}

/// Returns the word in lower case and capitalized, without the form that it already has.
fn other_cases(word: &str) -> Vec<String> {
    let small = word.to_lowercase();
    let mut letters = small.chars();
    let capital: String = letters
        .next()
        .into_iter()
        .flat_map(char::to_uppercase)
        .chain(letters)
        .collect();
    let mut found = vec![small, capital];
    found.retain(|other| other != word);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_spaces_become_plain_ones() {
        let text = "A  b\u{a0}c\n    indented d\te  ";
        let found: Vec<&str> = odd_spaces(text)
            .iter()
            .map(|one| &text[one.range.clone()])
            .collect();
        assert_eq!(found, ["  ", "\u{a0}", "\t"]);
    }

    #[test]
    fn words_are_runs_of_letters() {
        let text = "Ünlü's 3D-reef";
        let found: Vec<&str> = words(text).into_iter().map(|range| &text[range]).collect();
        assert_eq!(found, ["Ünlü", "s", "D", "reef"]);
        assert_eq!(other_cases("REEF"), ["reef", "Reef"]);
        assert_eq!(other_cases("reef"), ["Reef"]);
    }
}
