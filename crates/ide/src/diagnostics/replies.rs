//! Findings about answers that are looked for in the model's replies.

use std::ops::Range;

use crate::diagnostics::diagnostic::Diagnostic;
use crate::numbers::quoted;
use crate::snapshot::Snapshot;
use hoplens_analysis::{CaseFindings, ReplySearch, ReplyTest};
use hoplens_prompt::{Code, Origin, Severity};

/// The most characters of a reply in a message.
const SHOWN: usize = 80;

/// Returns the finding that the likeliest reply misses the expected answer, at `range`. It is a
/// warning if the sampled replies miss it too.
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
    let replies = case.outcome.as_ref().ok()?.replies.as_ref()?;
    let test = case.query.reply_test.as_ref()?;
    if replies.greedy.passes {
        return None;
    }
    let severity = if replies.sampled_passes() == 0 {
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
    let found = match replies.sampled_passes() {
        0 => "none does".to_owned(),
        1 => "1 does".to_owned(),
        count => format!("{count} do"),
    };
    let reply = beginning(&replies.greedy.text);
    let reply = if reply.is_empty() {
        "The reply is empty".to_owned()
    } else {
        format!("The reply begins {}", quoted(&reply))
    };
    format!(
        "the model's likeliest reply does not contain {all}{}; of {} sampled replies {found}. \
         {reply}. Make the prompt ask for it more clearly, or accept other words.",
        answers.join(if test.requires_all { ", " } else { " or " }),
        replies.sampled.len(),
    )
}

fn beginning(reply: &str) -> String {
    let reply = reply.trim();
    match reply.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &reply[..end]),
        None => reply.to_owned(),
    }
}
