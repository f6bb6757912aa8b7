//! What a declared case expects, as the model's next words or of a whole reply.

use hoplens_prompt::{AnswerMatch, Case, InputValue, MappedText, Rendered, Turn};

use crate::case::free_text::{Reference, ReplyTest};
use crate::case::prompt_reading::PromptReading;

/// What a case expects behind its prompt.
#[derive(Debug, Default)]
pub(crate) struct Expectation {
    /// The first words of the reply, which are given.
    prefill: MappedText,
    /// The words between `prefill` and the marked part of the reference; empty without such a part.
    lead: String,
    /// Accepted answers as the next words behind both.
    pub(crate) expect: Vec<String>,
    /// Whether the reply must end behind the answer.
    pub(crate) ends_reply: bool,
    /// What a whole reply must have.
    pub(crate) reply_test: Option<ReplyTest>,
    /// A whole reply that is scored; its prompt is not set yet.
    pub(crate) reference: Option<Reference>,
}

impl Expectation {
    /// Returns what `case` expects.
    ///
    /// The marked part of a reference is the expected answer of a case without another one: the
    /// words before the part are given, like a prefill.
    pub(crate) fn of(case: &Case) -> Self {
        let answers = || case.expect.iter().map(|answer| answer.value.clone());
        let mut expectation = Self {
            prefill: prefill(case),
            ..Self::default()
        };
        let is_whole = case.answer_match == AnswerMatch::Equals;
        if case.answer_match.is_search() || is_whole {
            expectation.reply_test = (!case.expect.is_empty()).then(|| ReplyTest {
                answers: answers().collect(),
                answer_match: case.answer_match,
                requires_all: case.requires_all,
            });
        }
        if !case.answer_match.is_search() {
            expectation.expect = answers().collect();
            expectation.ends_reply = is_whole;
        }
        if is_whole {
            // White space at the end of a reply does not count, and a reply ends without it.
            for answer in &mut expectation.expect {
                answer.truncate(answer.trim_end().len());
            }
        }
        let Some(reference) = &case.reference else {
            return expectation;
        };
        expectation.reference = Some(Reference {
            prompt: String::new(),
            text: reference.text.clone(),
            part: reference.part.clone(),
        });
        let part = reference.part.clone().filter(|_| case.expect.is_empty());
        if let Some(part) = part.and_then(|part| {
            let before = reference.text.get(..part.start)?;
            Some((before, reference.text.get(part)?))
        }) {
            let (before, answer) = part;
            // A space belongs to the token that it precedes.
            let lead = before.trim_end_matches(' ');
            lead.clone_into(&mut expectation.lead);
            expectation.expect = vec![format!("{}{answer}", &before[lead.len()..])];
        }
        expectation
    }

    /// Appends the given words to the prompt: to the last message if it is the model's own, else as
    /// the beginning of the model's message.
    pub(crate) fn extend(&self, rendered: &mut Rendered, reading: PromptReading) {
        let mut words = self.prefill.clone();
        words.append(&self.lead, &MappedText::default());
        if words.text.is_empty() || rendered.turns.is_empty() {
            return;
        }
        let continues = reading == PromptReading::Continuation || rendered.ends_with_reply();
        if let Some(last) = rendered.turns.last_mut().filter(|_| continues) {
            let space = if needs_space(&last.text.text, &words.text) {
                " "
            } else {
                ""
            };
            last.text.append(space, &words);
            return;
        }
        rendered.turns.push(Turn {
            role: Some("model".to_owned()),
            text: words,
        });
    }

    /// Returns the expectation behind `prompt`, which ends with the given words. `begins_reply` says
    /// that the reply has no words yet: a reply begins without a space, however the answer is
    /// declared.
    pub(crate) fn behind(mut self, prompt: &str, begins_reply: bool) -> Self {
        if begins_reply && self.prefill.text.is_empty() && self.lead.is_empty() {
            for answer in &mut self.expect {
                let words = answer.trim_start_matches(' ');
                if !words.is_empty() {
                    *answer = words.to_owned();
                }
            }
        }
        if let Some(reference) = &mut self.reference {
            let own = match prompt.strip_suffix(self.lead.as_str()) {
                Some(own) if !self.lead.is_empty() => own.trim_end_matches(' '),
                _ => prompt,
            };
            let text = spaced(own, &reference.text);
            let shift = text.len() - reference.text.len();
            reference.part = reference
                .part
                .take()
                .map(|part| part.start + shift..part.end + shift);
            reference.prompt = own.to_owned();
            reference.text = text;
        }
        self
    }
}

/// Returns the first words of the reply, mapped to their scalar so that a rewording changes them
/// too. A scalar with line breaks or escapes cannot be edited in place.
fn prefill(case: &Case) -> MappedText {
    let Some(prefill) = &case.prefill else {
        return MappedText::default();
    };
    let length = prefill.value.len();
    let is_simple = [length, length + 2].contains(&prefill.range.len());
    if prefill.value.contains('\n') || !is_simple {
        let mut words = MappedText::default();
        words.append(&prefill.value, &MappedText::default());
        return words;
    }
    MappedText::of_scalar(InputValue {
        case: Some(case.range.clone()),
        name: "prefill".to_owned(),
        value: prefill.value.clone(),
        range: prefill.range.clone(),
        origin: case.origin,
    })
}

/// Returns the words as a continuation of `text`: with a space before them if there is none.
fn spaced(text: &str, words: &str) -> String {
    let space = if needs_space(text, words) { " " } else { "" };
    format!("{space}{words}")
}

fn needs_space(text: &str, words: &str) -> bool {
    !text.is_empty()
        && !text.ends_with(char::is_whitespace)
        && !words.starts_with(char::is_whitespace)
}
