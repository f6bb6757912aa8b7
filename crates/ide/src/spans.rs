//! Ranges of mentions, injected spans and messages in a prompt file.

use std::collections::BTreeSet;
use std::ops::Range;

use crate::snapshot::Snapshot;
use hoplens_injection::Scope;
use hoplens_prompt::{find_mentions, render};

/// Most cases that are rendered; the rows of a matrix mostly have the same ranges.
const MAX_CASES: usize = 64;

/// Returns the bytes of the prompt file that contain the mentions of all cases, in order.
pub(super) fn mention_spans(snapshot: &Snapshot) -> Vec<Range<usize>> {
    let mut spans = BTreeSet::new();
    let file = &snapshot.file;
    for case in file.cases.iter().take(MAX_CASES) {
        if case.hops.is_empty() {
            continue;
        }
        let prompt = render(file, &snapshot.text, Some(case)).joined();
        for hop in &case.hops {
            let found = find_mentions(&prompt.text, &hop.mention.value, None)
                .ranges
                .into_iter();
            let found = found.filter_map(|range| prompt.to_source(range));
            spans.extend(found.map(|range| (range.start, range.end)));
        }
    }
    spans.into_iter().map(|(start, end)| start..end).collect()
}

/// Returns the bytes of the prompt file on which injections of scope `span` act, in order.
pub(super) fn injected_spans(snapshot: &Snapshot) -> Vec<Range<usize>> {
    let file = &snapshot.file;
    let mut spans = BTreeSet::new();
    let scopes = file.injections.iter().filter_map(|one| match &one.scope {
        Scope::Span(span) => Some((one, span)),
        Scope::All | Scope::Last => None,
    });
    let scopes: Vec<_> = scopes.collect();
    if scopes.is_empty() {
        return Vec::new();
    }
    let cases = file.cases.iter().map(Some).take(MAX_CASES);
    let none = file.cases.is_empty().then_some(None);
    for (number, case) in cases.chain(none).enumerate() {
        let id = case.and_then(|case| case.id.as_ref());
        let id = id.map_or_else(|| format!("#{}", number + 1), |id| id.value.clone());
        let prompt = render(file, &snapshot.text, case).joined();
        for (injection, span) in &scopes {
            if span.text.is_empty() || !injection.acts_on(case, &id) {
                continue;
            }
            let mut found = prompt.text.match_indices(&span.text);
            let start = found.nth(span.nth.max(1) - 1).map(|(start, _)| start);
            let range = start.and_then(|at| prompt.to_source(at..at + span.text.len()));
            spans.extend(range.map(|range| (range.start, range.end)));
        }
    }
    spans.into_iter().map(|(start, end)| start..end).collect()
}

/// A message of the prompt.
pub(super) struct PromptMessage {
    /// The role.
    pub role: String,
    /// The beginning of its text.
    pub begins: String,
    /// Bytes of the prompt file: the message, with the tag or line that names the role.
    pub range: Range<usize>,
}

/// Returns the messages of a prompt, in order.
pub(super) fn messages(snapshot: &Snapshot) -> Vec<PromptMessage> {
    let (file, text) = (&snapshot.file, &snapshot.text);
    let mut found: Vec<PromptMessage> = Vec::new();
    let fences = file.fences.iter();
    let prompts = if file.fences.is_empty() {
        vec![file]
    } else {
        fences.collect()
    };
    for prompt in prompts {
        for turn in render(prompt, text, prompt.cases.first()).turns {
            let (Some(role), length) = (turn.role, turn.text.text.len()) else {
                continue;
            };
            let Some(source) = turn.text.to_source(0..length.max(1)) else {
                continue;
            };
            let begins = turn.text.text.trim().lines().next().unwrap_or_default();
            let begins: String = begins.chars().take(60).collect();
            let after = found.last().map_or(0, |last| last.range.end);
            let start = role_start(text, after..source.start, &role);
            // A loop renders one range of the file several times.
            if start < after || source.end <= start {
                continue;
            }
            found.push(PromptMessage {
                role,
                begins,
                range: start..source.end,
            });
        }
    }
    found
}

/// Returns the start of the line that names the role of the message behind `gap`; the start of the
/// message if no line does.
fn role_start(text: &str, gap: Range<usize>, role: &str) -> usize {
    let before = text.get(gap.start..gap.end).unwrap_or_default();
    let written = before.trim_end().len();
    let line = before[..written].rfind(['\n', '\r']).map_or(0, |at| at + 1);
    if before[line..written].contains(role) {
        gap.start + line
    } else {
        gap.end
    }
}
