//! One case as the model meets it.

use std::ops::Range;

use hoplens_interp::ModelContext;
use hoplens_interp::memory::{MemoryError, place, resolve_scope};
use hoplens_prompt::Injection;
use hoplens_runtime::{Answer, BosPolicy, Cancel, Intervention, Model, PromptQuery, Token};

use crate::case::injection::memory_injection;
use crate::error::AnalysisError;

/// A rendered prompt with what its author declared about it.
#[derive(Debug, Clone, PartialEq)]
pub struct CaseQuery {
    /// The rendered prompt.
    pub prompt: String,
    /// Accepted answers; empty if none were named.
    pub expect: Vec<String>,
    /// The mentions that were declared, in the order of the hops.
    pub mentions: Vec<Mention>,
    /// Injections in force.
    pub injections: Vec<Injection>,
}

/// An obscure mention and the entity it stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mention {
    /// The phrase as it was declared.
    pub phrase: String,
    /// Bytes of the rendered prompt: the phrase, or where it is declared with an earlier bridge in
    /// it, those words that become it once that bridge is named. `None` where they are not there.
    pub range: Option<Range<usize>>,
    /// The bridge, if the author named it.
    pub bridge: Option<String>,
}

impl CaseQuery {
    /// The first mention that stands in the prompt and whose bridge is named.
    pub fn bridged(&self) -> Option<(&Mention, &str)> {
        self.mentions
            .iter()
            .filter(|mention| mention.range.is_some())
            .find_map(|mention| Some((mention, mention.bridge.as_deref()?)))
    }
}

/// The accepted answers as they continue `prompt`: a leading space is added unless an answer has
/// one or the prompt ends in white space.
///
/// Their probabilities are to add up, so an answer that another one begins with says all that the
/// longer one could, and the longer one is left out.
///
/// # Errors
/// [`MemoryError::NoAnswer`] where the model's tokenizer makes nothing of an answer.
pub fn answers(model: &Model, prompt: &str, expect: &[String]) -> Result<Vec<Answer>, MemoryError> {
    let needs_space = !prompt.is_empty() && !prompt.ends_with(char::is_whitespace);
    let answers: Result<Vec<Answer>, MemoryError> = expect
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
        .collect();
    Ok(disjoint(answers?))
}

/// Answers of which none begins with another.
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

/// The tokens of a case's prompt, and what is in force at them.
///
/// # Errors
/// A memory without tokens, a layer or span that does not exist.
pub fn in_force(
    model: &Model,
    query: &CaseQuery,
    bos: BosPolicy,
    cancel: &Cancel,
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
    fn no_probability_counts_twice() {
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
}
