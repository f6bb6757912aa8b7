//! The sentences of a paragraph.

use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation;

use crate::segments::lines::{lines, trimmed};

/// Abbreviations that end in a full stop and do not end a sentence.
const ABBREVIATIONS: [&str; 15] = [
    "approx.", "cf.", "dr.", "e.g.", "eg.", "esp.", "fig.", "i.e.", "ie.", "incl.", "mr.", "mrs.",
    "ms.", "prof.", "vs.",
];

/// The width from which lines may be wrapped ones.
const WRAPPED: usize = 60;

/// Returns the sentences of `text[range]`: the sentences of UAX #29, in which a line break ends a
/// sentence unless the paragraph is wrapped there. Each is without the white space around it.
pub(crate) fn sentences(text: &str, range: Range<usize>) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    for run in joined_lines(text, range) {
        // UAX #29 ends a sentence at each line break; here it is a space of the same length.
        let flat = text[run.clone()].replace(['\n', '\r'], " ");
        let first = found.len();
        for (at, sentence) in flat.split_sentence_bound_indices() {
            let start = run.start + at;
            let piece = trimmed(text, start..start + sentence.len());
            if piece.is_empty() {
                continue;
            }
            match found[first..].last_mut() {
                Some(last) if !ends(&text[last.clone()], &text[piece.clone()]) => {
                    last.end = piece.end;
                }
                Some(last) => {
                    let (last, piece) = split(text, last.clone(), piece);
                    if let Some(before) = found.last_mut() {
                        *before = last;
                    }
                    found.extend(piece);
                }
                None => found.push(piece),
            }
        }
    }
    found
}

/// Returns whether a sentence ends between two pieces: not after an abbreviation or an initial, and
/// not before a piece without a letter or digit.
fn ends(before: &str, after: &str) -> bool {
    let word = before.split_whitespace().next_back().unwrap_or_default();
    let word = word.trim_start_matches(|char: char| "([\"'*_".contains(char));
    let mut letters = word.chars();
    let is_initial = letters.next().is_some_and(char::is_uppercase)
        && letters.next() == Some('.')
        && letters.next().is_none();
    let is_number = word.strip_suffix('.').is_some_and(|digits| {
        !digits.is_empty() && digits.chars().all(|char| char.is_ascii_digit())
    }) && word.len() == before.trim().len();
    let is_abbreviation = ABBREVIATIONS.contains(&word.to_lowercase().as_str());
    let has_words = before.chars().any(char::is_alphanumeric);
    has_words
        && !(is_initial || is_abbreviation || is_number)
        && after.chars().any(char::is_alphanumeric)
}

/// Gives the marks that close emphasis, code or a quotation behind a full stop to the sentence
/// before them.
fn split(
    text: &str,
    before: Range<usize>,
    after: Range<usize>,
) -> (Range<usize>, Option<Range<usize>>) {
    let is_closing = |char: char| "*_`~\"')]}”’»".contains(char);
    let shown = &text[after.clone()];
    let marks = shown.len() - shown.trim_start_matches(is_closing).len();
    let rest = &shown[marks..];
    if before.end != after.start || marks == 0 || !rest.starts_with(char::is_whitespace) {
        return (before, Some(after));
    }
    let rest = trimmed(text, after.start + marks..after.end);
    let before = before.start..after.start + marks;
    (before, Some(rest).filter(|rest| !rest.is_empty()))
}

/// Returns runs of lines: a line break inside a run is one of a wrapped paragraph.
fn joined_lines(text: &str, range: Range<usize>) -> Vec<Range<usize>> {
    let lines: Vec<Range<usize>> = lines(text, range)
        .map(|line| trimmed(text, line))
        .filter(|line| !line.is_empty())
        .collect();
    let width = |line: &Range<usize>| text[line.clone()].chars().count();
    let widest = lines.iter().map(width).max().unwrap_or_default();
    let mut runs: Vec<Range<usize>> = Vec::new();
    for line in lines {
        let next = &text[line.clone()];
        match runs.last_mut() {
            Some(run) if is_wrapped(&text[run.clone()], next, widest) => run.end = line.end,
            _ => runs.push(line),
        }
    }
    runs
}

/// Returns whether a paragraph, whose longest line has `widest` characters, is wrapped between the
/// lines `before` and the line `next`.
fn is_wrapped(before: &str, next: &str, widest: usize) -> bool {
    let last = before.lines().next_back().unwrap_or_default().trim();
    if last.ends_with([':', '.', '!', '?', ';', '。', '！', '？']) {
        // A sentence may end here: UAX #29 decides, except after a colon, where a line begins
        // something new.
        return !last.ends_with([':', ';']) && next.starts_with(char::is_lowercase);
    }
    if next.starts_with(char::is_lowercase) {
        return true;
    }
    let first_word = next.split_whitespace().next().unwrap_or_default();
    let needed = last.chars().count() + 1 + first_word.chars().count();
    widest >= WRAPPED && needed > widest
}
