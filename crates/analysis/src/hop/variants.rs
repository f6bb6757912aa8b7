//! Builds variants of a prompt that measure one thing each: an injection, a space, the rest of an
//! answer.

use crate::case::query::CaseQuery;
use crate::case::query::{answers, disjoint, interventions, with_end};
use crate::case::trailing_space::trailing_space;
use crate::context::AnalysisContext;
use crate::error::AnalysisError;
use crate::hop::probe::Probe;
use crate::hop::variant::Variant;
use crate::settings::AnalysisSettings;
use hoplens_runtime::{Answer, Model, PromptQuery, Token};

/// The most injections of a prompt that are varied one by one.
const INJECTIONS: usize = 8;

/// Returns the variants of a prompt as `written`.
///
/// # Errors
/// An injection that cannot be placed.
pub(crate) fn variants(
    context: &AnalysisContext<'_>,
    query: &CaseQuery,
    written: &PromptQuery,
) -> Result<Vec<(Variant, PromptQuery)>, AnalysisError> {
    let AnalysisContext {
        model, settings, ..
    } = *context;
    let mut found = Vec::new();
    // With a single injection, the probe without injections already measures it.
    if query.injections.len() > 1 {
        for index in 0..query.injections.len().min(INJECTIONS) {
            let mut asked = written.clone();
            asked.interventions.remove(index);
            found.push((Variant::Without(index), asked));
        }
    }
    for (index, injection) in query.injections.iter().enumerate().take(INJECTIONS) {
        if injection.memory.value.starts_with(char::is_whitespace) {
            continue;
        }
        let mut spaced = injection.clone();
        spaced.memory.value.insert(0, ' ');
        let placed = interventions(context.model_context(), written, &[spaced])?;
        let mut asked = written.clone();
        if let (Some(old), Some(new)) = (
            asked.interventions.get_mut(index),
            placed.into_iter().next(),
        ) {
            *old = new;
            found.push((Variant::Spaced(index), asked));
        }
    }
    let spaced = |answer: &Answer| !query.expect.contains(&answer.text);
    if written.answers.iter().any(spaced)
        && let Some(answers) = literal(model, query)
    {
        let mut asked = written.clone();
        asked.answers = answers;
        found.push((Variant::Literal, asked));
    }
    if query.ends_reply {
        let mut asked = written.clone();
        asked.answers = answers(model, &query.prompt, &query.expect)?;
        found.push((Variant::Begins, asked));
    }
    if let Some(space) = trailing_space(&query.prompt) {
        let prompt = &query.prompt[..space.start];
        let mut asked = PromptQuery::new(&model.tokenizer, prompt, settings.bos);
        // An injection whose span ends in the space cannot be placed here.
        if let Ok(placed) = interventions(context.model_context(), &asked, &query.injections) {
            asked.interventions = placed;
            asked.answers = query.answers(model, prompt)?;
            found.push((Variant::Trimmed, asked));
        }
    }
    Ok(found)
}

/// Returns the answers tokenized exactly as declared; `None` if one has no tokens.
fn literal(model: &Model, query: &CaseQuery) -> Option<Vec<Answer>> {
    let answer = |text: &String| Answer {
        text: text.clone(),
        ids: model.tokenizer.continuation(text),
    };
    let found: Vec<Answer> = query.expect.iter().map(answer).collect();
    let whole = found.iter().all(|answer| !answer.ids.is_empty());
    let found = if query.ends_reply {
        with_end(&model.config().eos, found)
    } else {
        found
    };
    whole.then(|| disjoint(found))
}

/// Returns the prompt with the first token of its only answer appended. Returns `None` unless the
/// model begins the answer and then continues differently: most of the first token's probability
/// belongs to another answer. Where the reply must end behind the answer, most may belong to the
/// answer and what the model adds to it.
pub(crate) fn first_answer_token(
    query: &CaseQuery,
    written: &PromptQuery,
    composed: &Probe,
    settings: &AnalysisSettings,
) -> Option<PromptQuery> {
    if query.ends_reply {
        return None;
    }
    let [answer] = written.answers.as_slice() else {
        return None;
    };
    let first = composed.logp_first.exp();
    let begins = first >= settings.thresholds.known && composed.p < first / 2.0;
    if answer.ids.len() < 2 || !begins {
        return None;
    }
    let mut asked = written.clone();
    let end = asked.text.len();
    asked.tokens.push(Token {
        id: answer.ids[0],
        range: end..end,
    });
    asked.answers.clear();
    Some(asked)
}
