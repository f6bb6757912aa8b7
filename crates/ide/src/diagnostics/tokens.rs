//! `trailing-space` and `token-split`: what the split into tokens costs.

use std::ops::Range;

use crate::diagnostics::diagnostic::Diagnostic;
use crate::numbers::{factor, is_whole_text, percent, quoted, token_label};
use crate::snapshot::Snapshot;
use hoplens_analysis::{
    CaseFindings, CaseOutcome, Probe, RepairChange, Thresholds, Variant, Wording,
};
use hoplens_prompt::{Code, Origin, Severity};

/// Returns the findings about the tokens of one case's prompt, answers and memories, each with its
/// measured cost.
pub(super) fn diagnostics(
    snapshot: &Snapshot,
    index: usize,
    case: &CaseFindings,
    thresholds: &Thresholds,
) -> Vec<Diagnostic> {
    let Ok(outcome) = &case.outcome else {
        return Vec::new();
    };
    let finding = |code, message, place: Option<(Range<usize>, Origin)>| {
        let (range, origin) = place?;
        Some(Diagnostic {
            case: Some(index),
            ..Diagnostic::new(code, message, range, origin)
        })
    };
    // A spelling that may well be intended.
    let hint = |message, place| {
        Some(Diagnostic {
            severity: Severity::Hint,
            ..finding(Code::TokenSplit, message, place)?
        })
    };
    let mut found = Vec::new();
    if let Some(message) = trailing_space_message(case, outcome, thresholds) {
        let end = case.rendered.written();
        let start = end.trim_end_matches([' ', '\t']).len();
        let range = case.rendered.to_source(start..end.len());
        let place = range.map(|range| (range, Origin::FrontMatter));
        found.extend(finding(Code::TrailingSpace, message, place));
    }
    let declared = case.case.and_then(|at| snapshot.file.cases.get(at));
    let expect = declared.and_then(|case| Some((case.expect.first()?.range.clone(), case.origin)));
    if let Some(message) = missing_space_message(case, outcome, thresholds) {
        let spaceless = declared.and_then(|case| {
            let answers = &mut case.expect.iter();
            let answer = answers.find(|one| !one.value.starts_with(char::is_whitespace))?;
            Some((answer.range.clone(), case.origin))
        });
        found.extend(hint(message, spaceless));
    }
    if let Some(message) = shared_token_message(case, outcome) {
        found.extend(finding(Code::TokenSplit, message, expect));
    }
    for (at, injection) in case.query.injections.iter().enumerate() {
        // Its effect on cases that it is not meant for says nothing about its memory.
        if injection.case.is_none() && snapshot.file.cases.len() > 1 {
            continue;
        }
        if let Some(message) =
            unspaced_memory_message(outcome, at, &injection.memory.value, thresholds)
        {
            let place = Some((injection.memory.range.clone(), injection.origin));
            found.extend(hint(message, place));
        }
    }
    for (range, message) in spelling_messages(case, outcome) {
        let place = range.map(|range| (range, Origin::FrontMatter));
        found.extend(finding(Code::TokenSplit, message, place));
    }
    found
}

fn is_better(probe: &Probe, than: &Probe, thresholds: &Thresholds) -> bool {
    probe.logp - than.logp >= thresholds.gain_factor.ln()
}

/// Returns a message if the space at the end of the prompt lowers the answer's probability.
fn trailing_space_message(
    case: &CaseFindings,
    outcome: &CaseOutcome,
    thresholds: &Thresholds,
) -> Option<String> {
    if case.has_holes {
        return None;
    }
    let composed = &outcome.probes.composed;
    let trimmed = outcome.probes.variant(Variant::Trimmed)?;
    let why = "most words begin with a space in the same token, which they cannot do after a space";
    if let Some(expect) = case.query.expect.first() {
        return is_better(trimmed, composed, thresholds).then(|| {
            format!(
                "the prompt ends in a space: P({}) is {} with it and {} without ({}). Remove it: {why}.",
                quoted(expect),
                percent(composed.p),
                percent(trimmed.p),
                factor(trimmed.p / composed.p)
            )
        });
    }
    let (with, without) = (composed.top.first()?, trimmed.top.first()?);
    (with.token.trim() != without.token.trim()).then(|| {
        format!(
            "the prompt ends in a space: it continues with {} ({}), without the space with {} ({}). \
             Remove it: {why}.",
            token_label(&with.token),
            percent(with.p),
            token_label(&without.token),
            percent(without.p)
        )
    })
}

/// Returns a message if an answer declared without a leading space would be more probable without
/// the space that hoplens adds.
fn missing_space_message(
    case: &CaseFindings,
    outcome: &CaseOutcome,
    thresholds: &Thresholds,
) -> Option<String> {
    let composed = &outcome.probes.composed;
    let literal = outcome.probes.variant(Variant::Literal)?;
    if !is_better(literal, composed, thresholds) {
        return None;
    }
    let spaceless = |answer: &&String| !answer.starts_with(char::is_whitespace);
    let expect = case.query.expect.iter().find(spaceless)?;
    Some(format!(
        "hoplens measures {}, with a space before it ({}), and without one it would be {} ({}). If \
         the answer follows the prompt directly, move the prompt's last word into it.",
        quoted(&format!(" {}", expect.trim_start())),
        percent(composed.p),
        percent(literal.p),
        factor(literal.p / composed.p)
    ))
}

/// Returns a message if the answer shares its first token with an answer that the model prefers.
///
/// It explains ranks and injections, so it is of no use in a case without hops and injections. The
/// digits of a number are tokens of their own, which no author can change.
fn shared_token_message(case: &CaseFindings, outcome: &CaseOutcome) -> Option<String> {
    let query = &case.query;
    if query.mentions.is_empty() && query.injections.is_empty() {
        return None;
    }
    let answer = query.expect.first()?.trim_start();
    if answer.starts_with(|first: char| first.is_numeric()) {
        return None;
    }
    let composed = &outcome.probes.composed;
    let next = outcome
        .probes
        .variant(Variant::FirstAnswerToken)?
        .top
        .first()
        .filter(|next| is_whole_text(&next.token))?;
    let expect = case.query.expect.first()?;
    Some(format!(
        "{} shares its first token with another answer: the token has {}, the whole answer {}; \
         after it the model continues with {} ({}). Ranks and injections that look at the first token \
         alone say little here.",
        quoted(expect),
        percent(composed.logp_first.exp()),
        percent(composed.p),
        quoted(&next.token),
        percent(next.p)
    ))
}

/// Returns a message if a memory without a leading space would have a larger effect with one.
fn unspaced_memory_message(
    outcome: &CaseOutcome,
    index: usize,
    memory: &str,
    thresholds: &Thresholds,
) -> Option<String> {
    let composed = &outcome.probes.composed;
    let spaced = outcome.probes.variant(Variant::Spaced(index))?;
    let without = outcome.probes.without(index)?;
    // An injection that suppresses has a larger effect if the answer becomes less probable.
    let more = if composed.logp >= without.logp {
        is_better(spaced, composed, thresholds)
    } else {
        is_better(composed, spaced, thresholds)
    };
    more.then(|| {
        format!(
            "the memory has no space before it, so its first token is not one that begins a word: P \
             of the answer is {} with this memory and {} with {}.",
            percent(composed.p),
            percent(spaced.p),
            quoted(&format!(" {memory}"))
        )
    })
}

/// Returns a message for each measured spelling among the repairs, except for the space at the end.
fn spelling_messages(
    case: &CaseFindings,
    outcome: &CaseOutcome,
) -> Vec<(Option<Range<usize>>, String)> {
    let repairs = outcome.repairs.as_deref().unwrap_or_default();
    repairs
        .iter()
        .filter_map(|repair| match &repair.change {
            RepairChange::Words {
                wording: Wording::Retokenize,
                range,
                was,
                text,
                ..
            } if !text.is_empty() => {
                let (before, after) = (repair.logp_before.exp(), repair.logp_after.exp());
                let message = format!(
                    "{} splits into tokens that make the answer less probable: {} as written, {} with {} ({}).",
                    quoted(was),
                    percent(before),
                    percent(after),
                    quoted(text),
                    factor(after / before)
                );
                Some((case.rendered.to_source(range.clone()), message))
            }
            _ => None,
        })
        .collect()
}
