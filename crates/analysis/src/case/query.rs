//! A rendered prompt with what its case declares, and its tokens for one model.

use std::ops::Range;

use hoplens_interp::ModelContext;
use hoplens_interp::memory::{MemoryError, place, resolve_scope};
use hoplens_prompt::Injection;
use hoplens_runtime::{Answer, BosPolicy, CancelToken, Intervention, Model, PromptQuery, Token};

use crate::case::free_text::{Reference, ReplyTest};
use crate::case::injection::memory_injection;
use crate::error::AnalysisError;

/// A rendered prompt with what its author declared about it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CaseQuery {
    /// The rendered prompt, with the given first words of the reply (`prefill`).
    pub prompt: String,
    /// The byte of `prompt` where the model's reply begins, if a chat template was applied.
    pub reply_start: Option<usize>,
    /// Accepted answers as the next words; empty if the case expects none.
    pub expect: Vec<String>,
    /// Whether the reply must end behind the answer (`match: equals`). The probability of an answer
    /// then includes that of the end.
    pub ends_reply: bool,
    /// What a whole reply must have.
    pub reply_test: Option<ReplyTest>,
    /// A whole reply that is scored.
    pub reference: Option<Reference>,
    /// The declared mentions, in the order of the hops.
    pub mentions: Vec<Mention>,
    /// Injections in force.
    pub injections: Vec<Injection>,
}

/// An obscure mention and the entity it stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mention {
    /// The phrase as declared.
    pub phrase: String,
    /// Bytes of the phrase in the rendered prompt; `None` if the prompt does not contain it.
    ///
    /// If the phrase is declared with an earlier bridge in it, these are the bytes that become the
    /// phrase once that bridge is named.
    pub range: Option<Range<usize>>,
    /// The bridge, if it is declared.
    pub bridge: Option<String>,
}

impl CaseQuery {
    /// Returns the first mention that is in the prompt and has a declared bridge.
    pub fn bridged(&self) -> Option<(&Mention, &str)> {
        self.mentions
            .iter()
            .filter(|mention| mention.range.is_some())
            .find_map(|mention| Some((mention, mention.bridge.as_deref()?)))
    }

    /// Returns the accepted answers as continuations of `prompt`, which is the case's prompt or a
    /// variant of it. If the reply must end behind the answer, each has an end token as its last
    /// one; the probabilities of a model's several ends add up.
    ///
    /// # Errors
    /// As [`answers`].
    pub fn answers(&self, model: &Model, prompt: &str) -> Result<Vec<Answer>, MemoryError> {
        let answers = tokenized(model, prompt, &self.expect)?;
        Ok(disjoint(if self.ends_reply {
            with_end(&model.config().eos, answers)
        } else {
            answers
        }))
    }
}

/// Returns each answer with each end token of a model behind it. A model without one never ends a
/// reply, so its answers stay as they are.
pub(crate) fn with_end(ends: &[u32], answers: Vec<Answer>) -> Vec<Answer> {
    if ends.is_empty() {
        return answers;
    }
    let ended = answers.iter().flat_map(|answer| {
        ends.iter().map(|end| {
            let mut answer = answer.clone();
            answer.ids.push(*end);
            answer
        })
    });
    ended.collect()
}

/// Returns the accepted answers as continuations of `prompt`. An answer gets a leading space unless
/// it starts with white space or the prompt ends in it.
///
/// The probabilities of the answers are summed, so no returned answer begins with another: the
/// shorter answer covers the longer one, which is dropped.
///
/// # Errors
/// [`MemoryError::NoAnswer`] if an answer is empty or the model's tokenizer returns no tokens for
/// it.
pub fn answers(model: &Model, prompt: &str, expect: &[String]) -> Result<Vec<Answer>, MemoryError> {
    Ok(disjoint(tokenized(model, prompt, expect)?))
}

/// Returns every accepted answer as a continuation of `prompt`.
fn tokenized(model: &Model, prompt: &str, expect: &[String]) -> Result<Vec<Answer>, MemoryError> {
    let needs_space = !prompt.is_empty() && !prompt.ends_with(char::is_whitespace);
    expect
        .iter()
        .map(|answer| {
            let text = if needs_space && !answer.starts_with(char::is_whitespace) {
                format!(" {answer}")
            } else {
                answer.clone()
            };
            let ids = model.tokenizer.continuation(&text);
            if ids.is_empty() || answer.is_empty() {
                return Err(MemoryError::NoAnswer {
                    text: answer.clone(),
                });
            }
            Ok(Answer { text, ids })
        })
        .collect()
}

/// Drops every answer that begins with another one. Returns the rest, shortest first.
pub(crate) fn disjoint(mut answers: Vec<Answer>) -> Vec<Answer> {
    answers.sort_by_key(|answer| answer.ids.len());
    let mut kept: Vec<Answer> = Vec::new();
    for answer in answers {
        if !kept
            .iter()
            .any(|shorter| answer.ids.starts_with(&shorter.ids))
        {
            kept.push(answer);
        }
    }
    kept
}

/// Returns the tokens of a case's prompt and the interventions that are in force on them.
///
/// # Errors
/// A memory without tokens, a layer or span that does not exist.
pub fn in_force(
    model: &Model,
    query: &CaseQuery,
    bos: BosPolicy,
    cancel: &CancelToken,
) -> Result<(Vec<Token>, Vec<Intervention>), AnalysisError> {
    let CaseQuery {
        prompt, injections, ..
    } = query;
    let query = PromptQuery::new(&model.tokenizer, prompt.as_str(), bos);
    let placed = interventions(ModelContext::new(model, cancel), &query, injections)?;
    Ok((query.tokens, placed))
}

/// Returns injections as interventions on a prompt.
///
/// # Errors
/// A memory without tokens, a layer or span that does not exist.
pub(crate) fn interventions(
    context: ModelContext<'_>,
    query: &PromptQuery,
    injections: &[Injection],
) -> Result<Vec<Intervention>, AnalysisError> {
    injections
        .iter()
        .map(|injection| {
            context.model.check_layer(injection.layer.value)?;
            let injection = memory_injection(injection);
            let placement = &injection.placement;
            let vector = injection.vector(context, query.bos)?;
            let at = resolve_scope(&placement.scope, &query.text, &query.tokens)?;
            Ok(place(&vector, placement.layer, placement.tau, at)?)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_that_begin_with_another_answer_are_dropped() {
        let answer = |ids: &[u32]| Answer {
            text: String::new(),
            ids: ids.to_vec(),
        };
        let all = vec![
            answer(&[3, 4]),
            answer(&[3]),
            answer(&[5, 6]),
            answer(&[5, 6]),
        ];
        assert_eq!(disjoint(all), [answer(&[3]), answer(&[5, 6])]);
    }

    #[test]
    fn every_end_follows_every_answer() {
        let answer = |ids: &[u32]| Answer {
            text: String::new(),
            ids: ids.to_vec(),
        };
        // With an end behind it, an answer is not the beginning of another.
        let answers = vec![answer(&[3]), answer(&[3, 4])];
        let expected = [[3, 0].as_slice(), &[3, 9], &[3, 4, 0], &[3, 4, 9]].map(answer);
        assert_eq!(disjoint(with_end(&[0, 9], answers.clone())), expected);
        assert_eq!(with_end(&[], answers.clone()), answers);
    }
}
