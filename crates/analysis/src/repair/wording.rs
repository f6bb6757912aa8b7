//! Measures changes of words as repairs: the bridge named in the text, and the same words in better
//! tokens.

use std::ops::Range;

use crate::case::findings::{CaseFindings, CaseOutcome};
use crate::context::AnalysisContext;
use crate::error::AnalysisError;
use crate::hop::chain::question;
use crate::hop::probe::HopProbe;
use crate::hop::prompt_query::{ask, asked};
use crate::hop::verdict::Verdict;
use crate::repair::change::{RepairChange, Wording};
use crate::repair::measured_repair::Repair;
use crate::repair::retokenize::{space_at_end, spellings};
use hoplens_interp::memory::MemoryError;
use hoplens_prompt::{MappedText, find_mentions, match_case, statement_place};
use hoplens_runtime::Capture;

/// Measures every change of words in one pass, with the file's injections in force. A change that
/// removes the words of an injection's span is dropped.
pub(crate) fn wording_repairs(
    context: &AnalysisContext<'_>,
    case: &CaseFindings,
    outcome: &CaseOutcome,
) -> Result<Vec<Repair>, AnalysisError> {
    let model = context.model;
    let query = &case.query;
    if query.expect.is_empty() {
        return Ok(Vec::new());
    }
    let probes = &outcome.probes;
    let is_well = outcome.verdict == Some(Verdict::Ok);
    let mut wanted = Vec::new();
    if let Some((_, hop)) = probes.weakest().filter(|_| !is_well) {
        let mention = query.mentions.get(hop.index);
        let range = mention.and_then(|mention| mention.range.clone());
        wanted.extend(namings(&case.rendered, hop, range));
    }
    let respelled = if is_well {
        space_at_end(case)
    } else {
        spellings(model, case)
    };
    wanted.extend(
        respelled
            .into_iter()
            .map(|one| words(&case.rendered, Wording::Retokenize, one.range, one.text)),
    );
    let mut changes = Vec::new();
    let mut prompts = Vec::new();
    for change in wanted {
        let Some(prompt) = reworded(&query.prompt, &change) else {
            continue;
        };
        let asked = match asked(context, query, prompt) {
            Err(AnalysisError::Memory(MemoryError::NoSuchSpan { .. })) => continue,
            asked => asked?,
        };
        let answer = asked.answers.iter().map(|answer| answer.ids.len()).max();
        // A prompt that exceeds the model's context is no repair.
        if asked.tokens.len() + answer.unwrap_or(0) <= model.config().context {
            prompts.push(asked);
            changes.push(change);
        }
    }
    if prompts.is_empty() {
        return Ok(Vec::new());
    }
    let (after, _) = ask(context, &prompts, Capture::default())?;
    let before = probes.composed.logp;
    let found = changes.into_iter().zip(after);
    Ok(found
        .map(|(change, (after, _))| Repair::new(change, before, &after))
        .collect())
}

/// Returns the prompt with its words changed; `None` for an injection, and if the words are not in
/// the prompt.
fn reworded(prompt: &str, change: &RepairChange) -> Option<String> {
    let RepairChange::Words {
        range, text, also, ..
    } = change
    else {
        return None;
    };
    let mut changes: Vec<(&Range<usize>, &String)> = vec![(range, text)];
    changes.extend(also.iter().map(|(range, text)| (range, text)));
    // Apply the last change first, so that the other ranges stay valid.
    changes.sort_by_key(|(range, _)| std::cmp::Reverse(range.start));
    changes
        .into_iter()
        .try_fold(prompt.to_owned(), |mut prompt, (range, text)| {
            prompt.get(range.clone())?;
            prompt.replace_range(range.clone(), text);
            Some(prompt)
        })
}

/// Returns the ways of stating what the mention stands for. If the bridge is already named beside
/// the mention, only a rewrite remains.
fn namings(
    rendered: &MappedText,
    hop: &HopProbe,
    range: Option<Range<usize>>,
) -> Vec<RepairChange> {
    let words = |wording, range, text| words(rendered, wording, range, text);
    if hop.is_statement {
        return statements(rendered, hop, range);
    }
    // If the mention is not in the prompt, the line goes before the last message.
    let place = range
        .as_ref()
        .map_or(rendered.text.len(), |range| range.start);
    let mention = range.clone().and_then(|range| rendered.text.get(range));
    let found = mention.map(|mention| find_mentions(&rendered.text, mention, Some(&hop.bridge)));
    let mut changes = Vec::new();
    let is_named = found.as_ref().is_some_and(|found| found.named);
    if !is_named {
        let begin = message_start(rendered, place);
        let line = format!(
            "{} {}.\n",
            question(&hop.mention),
            in_a_sentence(&hop.bridge)
        );
        changes.push(words(Wording::Fact, begin..begin, line));
    }
    if let Some(found) = found {
        changes.extend(rewritten(rendered, hop, found.ranges));
    }
    if let Some(range) = range.filter(|_| !is_named) {
        let next = rendered.text.get(range.end..).unwrap_or_default();
        // Punctuation after the mention closes the apposition.
        let close = if next.starts_with(|char: char| char.is_ascii_punctuation()) {
            ""
        } else {
            ","
        };
        let text = format!(", {}{close}", in_a_sentence(&hop.bridge));
        changes.push(words(Wording::Appositive, range.end..range.end, text));
    }
    changes
}

/// Returns the ways of stating a sentence: behind the mention's, and at the beginning of its message.
/// None if it is there already.
fn statements(
    rendered: &MappedText,
    hop: &HopProbe,
    range: Option<Range<usize>>,
) -> Vec<RepairChange> {
    let Some(range) = range else {
        return Vec::new();
    };
    let bridge = hop.bridge.trim();
    let (at, between) = statement_place(&rendered.text, &range);
    let behind = rendered.text.get(at..).unwrap_or_default();
    if behind.trim_start().starts_with(bridge) {
        return Vec::new();
    }
    let begin = message_start(rendered, range.start);
    let behind = format!("{between}{bridge}");
    vec![
        words(rendered, Wording::Appositive, at..at, behind),
        words(rendered, Wording::Fact, begin..begin, format!("{bridge}\n")),
    ]
}

/// Returns the change that puts the bridge in place of every occurrence of the mention.
fn rewritten(
    rendered: &MappedText,
    hop: &HopProbe,
    ranges: Vec<Range<usize>>,
) -> Option<RepairChange> {
    let mut all = ranges.into_iter().map(|range| {
        let phrase = rendered.text.get(range.clone()).unwrap_or_default();
        let bridge = match_case(phrase, &hop.bridge);
        (range, bridge)
    });
    let (first, bridge) = all.next()?;
    let mut change = words(rendered, Wording::Rewrite, first, bridge);
    if let RepairChange::Words { also, .. } = &mut change {
        also.extend(all);
    }
    Some(change)
}

fn words(
    rendered: &MappedText,
    wording: Wording,
    range: Range<usize>,
    text: String,
) -> RepairChange {
    let was = rendered.text.get(range.clone()).unwrap_or_default();
    RepairChange::Words {
        wording,
        was: was.to_owned(),
        range,
        text,
        also: Vec::new(),
    }
}

/// Returns the bridge in the case for the middle of a sentence.
fn in_a_sentence(bridge: &str) -> String {
    match_case("x", bridge)
}

/// Returns where the message around byte `at` of the prompt begins: after the text that the chat
/// template adds before it.
fn message_start(rendered: &MappedText, at: usize) -> usize {
    let (mut start, mut inside) = (0, false);
    for piece in &rendered.pieces {
        if piece.rendered.start > at {
            break;
        }
        let is_written = piece.source.is_some();
        if is_written && !inside {
            start = piece.rendered.start;
        }
        inside = is_written;
    }
    start
}
