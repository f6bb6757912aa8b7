//! Expected answers that were written as assertions of another tool.

use std::collections::HashSet;

use crate::declarations::answer_match::AnswerMatch;
use crate::declarations::case::Case;
use crate::declarations::reference_reply::ReferenceReply;
use crate::declarations::spanned::Spanned;

/// An assertion about the model's reply.
#[derive(Debug, Clone)]
pub(crate) struct ImportedAssertion {
    pub answer_match: AnswerMatch,
    /// Whether the reply must have all of the answers, and not only one of them.
    pub requires_all: bool,
    pub answers: Vec<Spanned<String>>,
}

/// What the assertions of one test say together, as far as a case can express it.
#[derive(Debug, Clone, Default)]
pub(crate) struct ImportedAnswers {
    first: Option<ImportedAssertion>,
    /// A reply that an assertion compares the model's with.
    pub reference: Option<ReferenceReply>,
}

impl ImportedAnswers {
    /// Adds an assertion; false if it cannot be joined to those before it.
    pub fn add(&mut self, assertion: ImportedAssertion) -> bool {
        let Some(first) = &mut self.first else {
            self.first = Some(assertion);
            return true;
        };
        let is_conjunction = |one: &ImportedAssertion| one.requires_all || one.answers.len() == 1;
        let is_joined = first.answer_match == assertion.answer_match
            && first.answer_match.is_search()
            && is_conjunction(first)
            && is_conjunction(&assertion);
        if is_joined {
            first.answers.extend(assertion.answers);
            first.requires_all = true;
        }
        is_joined
    }

    /// Writes the answers into a case.
    pub fn apply(self, case: &mut Case) {
        if let Some(first) = self.first {
            let answers = first.answers.iter();
            let mut seen = HashSet::new();
            case.expect = answers
                .flat_map(|answer| accepted(answer, first.answer_match))
                .filter(|answer| seen.insert(answer.value.clone()))
                .collect();
            case.answer_match = first.answer_match;
            case.requires_all = first.requires_all && case.expect.len() > 1;
        }
        let reference = self.reference;
        case.reference = reference.filter(|reply| !reply.text.trim().is_empty());
    }
}

/// Returns the accepted answers for an answer `text` of a tool that does not see tokens.
///
/// An answer that begins the reply is accepted as it is and after a space, because a model usually
/// continues a prompt with a space. One that is searched for needs no second form.
fn accepted(text: &Spanned<String>, answer_match: AnswerMatch) -> Vec<Spanned<String>> {
    let with = |value: &str| Spanned {
        value: value.to_owned(),
        range: text.range.clone(),
    };
    let trimmed = text.value.trim_end();
    if trimmed.trim().is_empty() {
        return Vec::new();
    }
    if answer_match.is_search() {
        return vec![with(&text.value)];
    }
    if trimmed.starts_with(char::is_whitespace) {
        return vec![with(trimmed)];
    }
    vec![with(&format!(" {trimmed}")), with(trimmed)]
}
