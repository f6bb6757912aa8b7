//! A chain of hops in a prompt: finds each mention and replaces one after another by its bridge.

use std::ops::Range;

use crate::mentions::naming::{memory_text, substitute};
use crate::mentions::statement::{is_stated_behind, is_statement, statement_place};
use crate::render::source_map::{find_phrase, match_loosely};

/// The words of a hop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HopText<'text> {
    /// The mention as the author declared it.
    pub mention: &'text str,
    /// The bridge, if the author named it.
    pub bridge: Option<&'text str>,
}

impl HopText<'_> {
    /// Whether the hop is about whole sentences, of which neither can stand in the place of the
    /// other.
    pub fn is_statement(&self) -> bool {
        is_statement(self.mention) || self.bridge.is_some_and(is_statement)
    }
}

/// The prompt after one more mention was replaced by its bridge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RewriteStep {
    /// Index of the hop.
    pub hop: usize,
    /// The mention as it reads once the earlier bridges are named.
    pub phrase: String,
    /// The bridge.
    pub bridge: String,
    /// Whether the bridge is stated behind the mention's sentence, instead of in the mention's
    /// place.
    pub is_statement: bool,
    /// The prompt with this bridge and the earlier ones named. If the prompt already names all of
    /// them next to their mentions, the unchanged prompt.
    pub prompt: String,
}

/// The occurrences of a mention.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MentionMatches {
    /// The byte ranges that a bridge replaces, in order and without overlap: every occurrence of
    /// the mention, including a bridge in apposition to it.
    pub ranges: Vec<Range<usize>>,
    /// Whether the bridge is named next to an occurrence: in apposition, or after "is".
    pub named: bool,
}

/// Returns every occurrence of a mention, compared as [`find_phrase`] compares phrases. The first
/// match of [`find_phrase`] counts as it is; the others must be whole words.
pub fn find_mentions(text: &str, mention: &str, bridge: Option<&str>) -> MentionMatches {
    let mut found = MentionMatches::default();
    for range in occurrences(text, mention) {
        let apposed = bridge.and_then(|bridge| apposition_range(text, &range, bridge));
        let stated = || bridge.is_some_and(|bridge| states_bridge(text, &range, bridge));
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

/// Replaces the mentions by their bridges in the order of the hops. The last step contains the
/// explicit prompt.
///
/// A later mention may be written in the prompt's own words, around an earlier mention ("the
/// mother of the president of France"), or in the words that result once the earlier bridge is
/// named. Hops without a bridge and hops whose mention is not in the prompt are skipped.
pub fn name_bridges(prompt: &str, hops: &[HopText<'_>]) -> Vec<RewriteStep> {
    substitute_bridges(prompt, hops).0
}

/// Returns for each hop whether the prompt contains its mention once the earlier bridges are named.
pub fn contains_mentions(prompt: &str, hops: &[HopText<'_>]) -> Vec<bool> {
    substitute_bridges(prompt, hops).1
}

/// Returns the range of each hop's mention in the prompt as it is written. A mention that is
/// declared with an earlier bridge is searched for with that bridge's own mention in its place.
pub fn mention_ranges(prompt: &str, hops: &[HopText<'_>]) -> Vec<Option<Range<usize>>> {
    let steps = name_bridges(prompt, hops);
    let place = |(hop, hop_text): (usize, &HopText<'_>)| {
        let before = steps.iter().filter(|step| step.hop < hop).rev();
        let as_written = || {
            let words = before.fold(hop_text.mention.to_owned(), |mut words, step| {
                if let Some(range) = find_phrase(&words, &step.bridge) {
                    // With the prompt's own capitals.
                    words.replace_range(range, &step.phrase);
                }
                words
            });
            find_phrase(prompt, &words)
        };
        find_phrase(prompt, hop_text.mention).or_else(as_written)
    };
    hops.iter().enumerate().map(place).collect()
}

/// Returns the prompt with "it" in place of every mention and every bridge, so that no word
/// identifies the entities. `None` if the prompt contains no mention.
pub fn mask_mentions(prompt: &str, hops: &[HopText<'_>]) -> Option<String> {
    let mut ranges: Vec<Range<usize>> = Vec::new();
    let written = mention_ranges(prompt, hops);
    for (hop_text, range) in hops.iter().zip(written) {
        if hop_text.is_statement() {
            ranges.extend(range);
            continue;
        }
        let words = range.and_then(|range| prompt.get(range));
        let words = words.map(|words| find_mentions(prompt, words, hop_text.bridge));
        ranges.extend(words.unwrap_or_default().ranges);
    }
    if ranges.is_empty() {
        return None;
    }
    // A rule of the prompt says nothing without the sentence that it applies to.
    let names = hops.iter().filter(|hop_text| !hop_text.is_statement());
    for bridge in names.filter_map(|hop_text| hop_text.bridge) {
        ranges.extend(bridge_occurrences(prompt, bridge));
    }
    ranges.sort_by_key(|range| (range.start, std::cmp::Reverse(range.end)));
    let mut merged: Vec<Range<usize>> = Vec::new();
    for range in ranges {
        match merged.last_mut().filter(|last| range.start < last.end) {
            Some(last) => last.end = last.end.max(range.end),
            None => merged.push(range),
        }
    }
    Some(replace_ranges(prompt, &merged, "it"))
}

/// Returns the steps, and for each hop whether its mention was found.
fn substitute_bridges(prompt: &str, hops: &[HopText<'_>]) -> (Vec<RewriteStep>, Vec<bool>) {
    let mut rewritten = prompt.to_owned();
    let mut all_named = true;
    let mut steps: Vec<RewriteStep> = Vec::new();
    let mut is_found = Vec::with_capacity(hops.len());
    for (hop, hop_text) in hops.iter().enumerate() {
        let later = steps
            .iter()
            .fold(hop_text.mention.to_owned(), |words, before| {
                replace_phrase(&words, &before.phrase, &before.bridge)
            });
        let range =
            find_phrase(&rewritten, hop_text.mention).or_else(|| find_phrase(&rewritten, &later));
        is_found.push(range.is_some());
        let (Some(range), Some(bridge)) = (range, hop_text.bridge) else {
            continue;
        };
        let phrase = rewritten.get(range.clone()).unwrap_or_default().to_owned();
        let is_statement = hop_text.is_statement();
        if is_statement {
            if !is_stated_behind(&rewritten, &range, bridge) {
                all_named = false;
                let (at, between) = statement_place(&rewritten, &range);
                rewritten.insert_str(at, &format!("{between}{}", bridge.trim()));
            }
        } else {
            let found = find_mentions(&rewritten, &phrase, Some(bridge));
            all_named &= found.named;
            rewritten = replace_ranges(&rewritten, &found.ranges, bridge);
        }
        steps.push(RewriteStep {
            hop,
            phrase,
            bridge: bridge.to_owned(),
            is_statement,
            prompt: if all_named { prompt } else { &rewritten }.to_owned(),
        });
    }
    (steps, is_found)
}

/// Replaces each range by `words`, from the last to the first so that earlier ranges stay valid.
fn replace_ranges(text: &str, ranges: &[Range<usize>], words: &str) -> String {
    let from_last = ranges.iter().rev();
    from_last.fold(text.to_owned(), |text, range| {
        substitute(&text, range.clone(), words)
    })
}

/// Replaces the first occurrence of `phrase` by `words`.
fn replace_phrase(text: &str, phrase: &str, words: &str) -> String {
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
    let mut found: Vec<Range<usize>> = whole_word_occurrences(text, mention.trim())
        .filter(apart)
        .collect();
    found.push(first.clone());
    found.sort_by_key(|range| range.start);
    found
}

/// Returns the occurrences of a phrase as whole words.
fn whole_word_occurrences<'text>(
    text: &'text str,
    phrase: &'text str,
) -> impl Iterator<Item = Range<usize>> {
    let mut free = 0;
    text.char_indices().filter_map(move |(start, _)| {
        if start < free || phrase.is_empty() || continues_word(text[..start].chars().next_back()) {
            return None;
        }
        let length = match_loosely(&text[start..], phrase)?;
        let end = start + length;
        (!continues_word(text[end..].chars().next())).then(|| {
            free = end;
            start..end
        })
    })
}

/// Whether the character continues a word.
fn continues_word(char: Option<char>) -> bool {
    char.is_some_and(char::is_alphanumeric)
}

/// Returns the spellings of a bridge, with "the" and without; the longer one comes first.
fn spellings(bridge: &str) -> Vec<String> {
    let bare = memory_text(bridge.trim());
    if bare.is_empty() {
        return Vec::new();
    }
    vec![format!("the {bare}"), bare.to_owned()]
}

/// Returns the occurrences of a bridge, including its article.
fn bridge_occurrences(text: &str, bridge: &str) -> Vec<Range<usize>> {
    let spelled = spellings(bridge);
    spelled
        .iter()
        .flat_map(|one| whole_word_occurrences(text, one).collect::<Vec<_>>())
        .collect()
}

/// Returns the number of bytes at the beginning of `text` that are the bridge as whole words.
fn bridge_prefix_length(text: &str, bridge: &str) -> Option<usize> {
    let spelled = spellings(bridge);
    let lengths = spelled.iter().filter_map(|one| match_loosely(text, one));
    lengths
        .filter(|length| *length > 0 && !continues_word(text[*length..].chars().next()))
        .max()
}

/// The marks that open and close an apposition.
const MARKS: [(&str, &str); 4] = [(", ", ","), (" (", ")"), (" – ", " –"), (" — ", " —")];

/// Returns the range of the mention at `at` and the bridge in apposition to it, marks included.
fn apposition_range(text: &str, at: &Range<usize>, bridge: &str) -> Option<Range<usize>> {
    let after = text.get(at.end..)?;
    for (open, close) in MARKS {
        let Some(rest) = after.strip_prefix(open) else {
            continue;
        };
        if let Some(length) = bridge_prefix_length(rest, bridge) {
            let end = at.end + open.len() + length;
            let closes = text[end..].starts_with(close);
            return Some(at.start..end + if closes { close.len() } else { 0 });
        }
    }
    let before = text.get(..at.start)?.strip_suffix(", ")?;
    let start = bridge_start_at_end(before, bridge)?;
    let end = at.end + usize::from(after.starts_with(','));
    Some(start..end)
}

/// Returns where the bridge begins if `text` ends with it.
fn bridge_start_at_end(text: &str, bridge: &str) -> Option<usize> {
    // Only as many bytes as the bridge can occupy, so that each mention does not cost a scan of
    // the whole prompt.
    let from = crate::text::boundary::snap(text, text.len().saturating_sub(2 * bridge.len() + 16));
    let ends = bridge_occurrences(&text[from..], bridge).into_iter();
    let ends = ends.filter(|range| from + range.end == text.len());
    ends.map(|range| from + range.start).min()
}

/// Whether the text states that the mention at `at` is the bridge.
fn states_bridge(text: &str, at: &Range<usize>, bridge: &str) -> bool {
    let after = text.get(at.end..).unwrap_or_default();
    let verbs = [" is ", " was ", " are ", " were "];
    let mut rests = verbs.iter().filter_map(|verb| after.strip_prefix(verb));
    rests.any(|rest| bridge_prefix_length(rest, bridge).is_some())
}

#[cfg(test)]
mod tests;
