//! Few-shot examples as lines with labels that repeat: `Q:`, `A:`, `Q:`, `A:`.

use std::ops::Range;

use crate::segments::lines::{is_blank, lines, trimmed};

/// The most characters of a label.
const LONGEST: usize = 24;

/// A line that begins with a label.
struct LabelledLine {
    line: Range<usize>,
    /// The label without digits and marks, in lower case.
    label: String,
    /// The byte after its colon.
    content: usize,
}

/// Returns the few-shot examples of `text[range]`: at least two times the same sequence of two or
/// more labels. An example whose last label has no text after it is the question, and is left out.
pub(crate) fn labelled_examples(text: &str, range: Range<usize>) -> Vec<Range<usize>> {
    let labelled: Vec<LabelledLine> = lines(text, range.clone())
        .filter_map(|line| labelled_line(text, line))
        .collect();
    let mut examples = Vec::new();
    let mut at = 0;
    while at < labelled.len() {
        let Some((period, count)) = repetition(&labelled[at..]) else {
            at += 1;
            continue;
        };
        for example in 0..count {
            let first = at + example * period;
            let last = &labelled[first + period - 1];
            let next = labelled.get(first + period);
            let limit = next.map_or(range.end, |next| next.line.start);
            let end = paragraph_end(text, last.line.start..limit);
            if !is_blank(text, last.content..end) {
                examples.push(trimmed(text, labelled[first].line.start..end));
            }
        }
        at += period * count;
    }
    examples
}

/// Returns the length of the sequence of labels that `lines` begin with and that repeats at once,
/// and how often it stands there.
fn repetition(lines: &[LabelledLine]) -> Option<(usize, usize)> {
    let first = lines.first()?;
    let period = 1 + lines[1..]
        .iter()
        .position(|line| line.label == first.label)?;
    if period < 2 {
        return None;
    }
    let pattern: Vec<&str> = labels(&lines[..period]);
    let count = lines
        .chunks_exact(period)
        .take_while(|chunk| labels(chunk) == pattern)
        .count();
    (count > 1).then_some((period, count))
}

fn labels(lines: &[LabelledLine]) -> Vec<&str> {
    lines.iter().map(|line| line.label.as_str()).collect()
}

fn labelled_line(text: &str, line: Range<usize>) -> Option<LabelledLine> {
    let shown = &text[line.clone()];
    let (label, after) = shown.split_once(':')?;
    // `https://…` has no label.
    if after.starts_with("//") || label.chars().count() > LONGEST {
        return None;
    }
    let is_mark = |char: char| char.is_whitespace() || "*_#>\"'`".contains(char);
    let is_part = |char: char| char.is_alphanumeric() || is_mark(char) || "()-".contains(char);
    let letters = |char: &char| char.is_alphabetic() || *char == ' ';
    let bare: String = label.chars().filter(letters).collect();
    let bare = bare.trim().to_lowercase();
    // List items are segments of their own.
    let is_item = label.trim_start().starts_with("- ") || label.trim_start().starts_with("* ");
    if bare.is_empty() || is_item || !label.chars().all(is_part) {
        return None;
    }
    Some(LabelledLine {
        content: line.start + label.len() + 1,
        line,
        label: bare,
    })
}

/// Returns where the paragraph that a range begins with ends: before the first empty line.
fn paragraph_end(text: &str, range: Range<usize>) -> usize {
    let end = range.end;
    let empty = lines(text, range).find(|line| is_blank(text, line.clone()));
    empty.map_or(end, |line| line.start)
}
