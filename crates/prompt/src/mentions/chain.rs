//! A chain of hops in a prompt: where each mention stands, and the prompt with one bridge after
//! another named.

use std::ops::Range;

use crate::mentions::naming::{memory_text, substitute};
use crate::render::source_map::{find_phrase, match_loosely};

/// A hop, as words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Link<'text> {
    /// The mention as it was declared.
    pub mention: &'text str,
    /// The bridge, if the author named it.
    pub bridge: Option<&'text str>,
}

/// The prompt after one more bridge was named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RewriteStep {
    /// Index of the hop.
    pub hop: usize,
    /// The mention as it stands once the bridges before are named.
    pub phrase: String,
    /// The bridge.
    pub bridge: String,
    /// The prompt with this bridge and those before named; the prompt itself where it names them
    /// all beside their mentions already.
    pub prompt: String,
}

/// Where a mention stands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MentionPlaces {
    /// The bytes that a bridge takes the place of, in order, none inside another: every occurrence
    /// of the mention, with the bridge that stands in apposition to it.
    pub ranges: Vec<Range<usize>>,
    /// Whether the bridge is named beside one: in apposition, or as what the mention "is".
    pub named: bool,
}

/// Every place where the words of a mention stand, as [`find_phrase`] compares them. The first that
/// it finds counts as it is, others as whole words.
pub fn places(text: &str, mention: &str, bridge: Option<&str>) -> MentionPlaces {
    let mut found = MentionPlaces::default();
    for range in occurrences(text, mention) {
        let apposed = bridge.and_then(|bridge| apposed(text, &range, bridge));
        let stated = || bridge.is_some_and(|bridge| stated(text, &range, bridge));
        found.named |= apposed.is_some() || stated();
        let range = apposed.unwrap_or(range);
        if found
            .ranges
            .last()
            .is_none_or(|last| last.end <= range.start)
        {
            found.ranges.push(range);
        }
    }
    found
}

/// Names the bridges in the order of the hops. The last step is the explicit prompt.
///
/// A later mention may be written as it stands in the prompt, around an earlier one ("the mother
/// of the president of France"), or as it stands once the earlier bridge is named. A hop without
/// a bridge and one whose mention is not there are passed over.
pub fn name_bridges(prompt: &str, links: &[Link<'_>]) -> Vec<RewriteStep> {
    walk(prompt, links).0
}

/// For each hop whether its mention stands in the prompt when the bridges before it are named.
pub fn stands(prompt: &str, links: &[Link<'_>]) -> Vec<bool> {
    walk(prompt, links).1
}

/// Where the words of each hop's mention stand in the prompt as it is written. A mention that is
/// declared with an earlier bridge in it stands where that bridge's mention is in the bridge's place.
pub fn where_written(prompt: &str, links: &[Link<'_>]) -> Vec<Option<Range<usize>>> {
    let steps = name_bridges(prompt, links);
    let place = |(hop, link): (usize, &Link<'_>)| {
        let before = steps.iter().filter(|step| step.hop < hop).rev();
        let as_written = || {
            let words = before.fold(link.mention.to_owned(), |mut words, step| {
                if let Some(range) = find_phrase(&words, &step.bridge) {
                    // Just as it stands in the prompt, capital or not.
                    words.replace_range(range, &step.phrase);
                }
                words
            });
            find_phrase(prompt, &words)
        };
        find_phrase(prompt, link.mention).or_else(as_written)
    };
    links.iter().enumerate().map(place).collect()
}

/// The prompt with "it" in place of every mention and every bridge, so that nothing says any more
/// what is meant. `None` where no mention stands in it.
pub fn without(prompt: &str, links: &[Link<'_>]) -> Option<String> {
    let mut ranges: Vec<Range<usize>> = Vec::new();
    let written = where_written(prompt, links);
    for (link, range) in links.iter().zip(written) {
        let words = range.and_then(|range| prompt.get(range));
        let words = words.map(|words| places(prompt, words, link.bridge));
        ranges.extend(words.unwrap_or_default().ranges);
    }
    if ranges.is_empty() {
        return None;
    }
    for bridge in links.iter().filter_map(|link| link.bridge) {
        ranges.extend(spoken(prompt, bridge));
    }
    ranges.sort_by_key(|range| (range.start, std::cmp::Reverse(range.end)));
    let mut merged: Vec<Range<usize>> = Vec::new();
    for range in ranges {
        match merged.last_mut().filter(|last| range.start < last.end) {
            Some(last) => last.end = last.end.max(range.end),
            None => merged.push(range),
        }
    }
    Some(replaced(prompt, &merged, "it"))
}

/// The steps, and for each hop whether its mention was there.
fn walk(prompt: &str, links: &[Link<'_>]) -> (Vec<RewriteStep>, Vec<bool>) {
    let mut now = prompt.to_owned();
    let mut all_named = true;
    let mut steps: Vec<RewriteStep> = Vec::new();
    let mut there = Vec::with_capacity(links.len());
    for (hop, link) in links.iter().enumerate() {
        let later = steps.iter().fold(link.mention.to_owned(), |words, before| {
            in_place(&words, &before.phrase, &before.bridge)
        });
        let range = find_phrase(&now, link.mention).or_else(|| find_phrase(&now, &later));
        there.push(range.is_some());
        let (Some(range), Some(bridge)) = (range, link.bridge) else {
            continue;
        };
        let phrase = now.get(range).unwrap_or_default().to_owned();
        let found = places(&now, &phrase, Some(bridge));
        all_named &= found.named;
        now = replaced(&now, &found.ranges, bridge);
        steps.push(RewriteStep {
            hop,
            phrase,
            bridge: bridge.to_owned(),
            prompt: if all_named { prompt } else { &now }.to_owned(),
        });
    }
    (steps, there)
}

/// `text` with `words` in the place of each range; from the last, so that the others stay right.
fn replaced(text: &str, ranges: &[Range<usize>], words: &str) -> String {
    let from_last = ranges.iter().rev();
    from_last.fold(text.to_owned(), |text, range| {
        substitute(&text, range.clone(), words)
    })
}

/// `text` with `words` in place of a phrase that stands in it.
fn in_place(text: &str, phrase: &str, words: &str) -> String {
    match find_phrase(text, phrase) {
        Some(range) => substitute(text, range, words),
        None => text.to_owned(),
    }
}

fn occurrences(text: &str, mention: &str) -> Vec<Range<usize>> {
    let Some(first) = find_phrase(text, mention) else {
        return Vec::new();
    };
    let apart = |range: &Range<usize>| range.end <= first.start || first.end <= range.start;
    let mut found: Vec<Range<usize>> = whole(text, mention.trim()).filter(apart).collect();
    found.push(first.clone());
    found.sort_by_key(|range| range.start);
    found
}

/// Where a phrase stands as whole words.
fn whole<'text>(text: &'text str, phrase: &'text str) -> impl Iterator<Item = Range<usize>> {
    let mut free = 0;
    text.char_indices().filter_map(move |(start, _)| {
        if start < free || phrase.is_empty() || joins(text[..start].chars().next_back()) {
            return None;
        }
        let length = match_loosely(&text[start..], phrase)?;
        let end = start + length;
        (!joins(text[end..].chars().next())).then(|| {
            free = end;
            start..end
        })
    })
}

/// Whether a word goes on with this character.
fn joins(char: Option<char>) -> bool {
    char.is_some_and(char::is_alphanumeric)
}

/// A bridge as it may be written: with an article or without, the longer one first.
fn spellings(bridge: &str) -> Vec<String> {
    let bare = memory_text(bridge.trim());
    if bare.is_empty() {
        return Vec::new();
    }
    vec![format!("the {bare}"), bare.to_owned()]
}

/// Where a bridge stands in a prompt, its article with it.
fn spoken(text: &str, bridge: &str) -> Vec<Range<usize>> {
    let spelled = spellings(bridge);
    spelled
        .iter()
        .flat_map(|one| whole(text, one).collect::<Vec<_>>())
        .collect()
}

/// Bytes at the beginning of `text` that are the bridge as whole words.
fn begins(text: &str, bridge: &str) -> Option<usize> {
    let spelled = spellings(bridge);
    let lengths = spelled.iter().filter_map(|one| match_loosely(text, one));
    lengths
        .filter(|length| *length > 0 && !joins(text[*length..].chars().next()))
        .max()
}

/// What opens and closes an apposition.
const MARKS: [(&str, &str); 4] = [(", ", ","), (" (", ")"), (" – ", " –"), (" — ", " —")];

/// The mention at `at` with the bridge in apposition to it, marks included.
fn apposed(text: &str, at: &Range<usize>, bridge: &str) -> Option<Range<usize>> {
    let after = text.get(at.end..)?;
    for (open, close) in MARKS {
        let Some(rest) = after.strip_prefix(open) else {
            continue;
        };
        if let Some(length) = begins(rest, bridge) {
            let end = at.end + open.len() + length;
            let closes = text[end..].starts_with(close);
            return Some(at.start..end + if closes { close.len() } else { 0 });
        }
    }
    let before = text.get(..at.start)?.strip_suffix(", ")?;
    let start = whole_at_end(before, bridge)?;
    let end = at.end + usize::from(after.starts_with(','));
    Some(start..end)
}

/// Where the bridge begins with which `text` ends.
fn whole_at_end(text: &str, bridge: &str) -> Option<usize> {
    // No more than it can take, so that a long prompt is not read again for each mention.
    let from = crate::text::boundary::snap(text, text.len().saturating_sub(2 * bridge.len() + 16));
    let ends = spoken(&text[from..], bridge).into_iter();
    let ends = ends.filter(|range| from + range.end == text.len());
    ends.map(|range| from + range.start).min()
}

/// Whether the text says that the mention at `at` is the bridge.
fn stated(text: &str, at: &Range<usize>, bridge: &str) -> bool {
    let after = text.get(at.end..).unwrap_or_default();
    let verbs = [" is ", " was ", " are ", " were "];
    let mut rests = verbs.iter().filter_map(|verb| after.strip_prefix(verb));
    rests.any(|rest| begins(rest, bridge).is_some())
}

#[cfg(test)]
mod tests;
