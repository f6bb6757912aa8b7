//! Findings about answers that are looked for in the model's replies.

use std::ops::Range;

use crate::diagnostics::diagnostic::Diagnostic;
use crate::numbers::{quoted, whole_characters};
use crate::snapshot::Snapshot;
use hoplens_analysis::{CaseFindings, ReplySearch, ReplyTest};
use hoplens_prompt::{AnswerMatch, Code, Origin, Severity};

/// The most characters of a reply in a message.
const SHOWN: usize = 80;

/// Returns the finding that the likeliest reply misses the expected answer, at `range`. It is a
/// warning if the sampled replies miss it too, unless the answer has a probability of its own: then
/// the verdict decides, and a case that it fails has no second finding.
pub(super) fn diagnostic(
    snapshot: &Snapshot,
    index: usize,
    case: &CaseFindings,
    range: impl FnOnce(&Snapshot, &CaseFindings) -> Range<usize>,
) -> Option<Diagnostic> {
    // The reply to a prompt with an unset variable means nothing.
    if case.has_holes {
        return None;
    }
    let outcome = case.outcome.as_ref().ok()?;
    let replies = outcome.replies.as_ref()?;
    let test = case.query.reply_test.as_ref()?;
    if replies.greedy.passes || outcome.fails() {
        return None;
    }
    let is_scored = outcome.verdict.is_some();
    let severity = if replies.sampled_passes() == 0 && !is_scored {
        Severity::Warning
    } else {
        Severity::Information
    };
    let message = message(test, replies);
    Some(Diagnostic {
        severity,
        case: Some(index),
        ..Diagnostic::new(
            Code::ReplyMissesAnswer,
            message,
            range(snapshot, case),
            Origin::FrontMatter,
        )
    })
}

fn message(test: &ReplyTest, replies: &ReplySearch) -> String {
    let answers: Vec<String> = test.answers.iter().map(|answer| quoted(answer)).collect();
    let all = if test.requires_all && 1 < answers.len() {
        "all of "
    } else {
        ""
    };
    let must_equal = test.answer_match == AnswerMatch::Equals;
    let (what, verb) = if must_equal {
        ("is not exactly", ["is", "is", "are"])
    } else {
        ("does not contain", ["does", "does", "do"])
    };
    let found = match replies.sampled_passes() {
        0 => format!("none {}", verb[0]),
        1 => format!("1 {}", verb[1]),
        count => format!("{count} {}", verb[2]),
    };
    let sampled = match replies.sampled.len() {
        0 => String::new(),
        1 => format!("; of 1 sampled reply {found}"),
        count => format!("; of {count} sampled replies {found}"),
    };
    let reply = beginning(&replies.greedy.text);
    let reply = if reply.is_empty() {
        "The reply is empty".to_owned()
    } else {
        format!("The reply begins {}", quoted(&reply))
    };
    format!(
        "the model's likeliest reply {what} {all}{}{sampled}. {reply}. Make the prompt ask for it \
         more clearly, or accept other words.",
        answers.join(if test.requires_all { ", " } else { " or " }),
    )
}

fn beginning(reply: &str) -> String {
    let reply = whole_characters(reply.trim());
    let reply = reply.trim_end();
    match reply.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &reply[..end]),
        None => reply.to_owned(),
    }
}
