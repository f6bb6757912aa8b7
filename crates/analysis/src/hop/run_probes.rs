//! Runs the probes of a case.

use crate::case::query::{CaseQuery, answers as accepted_answers};
use crate::context::AnalysisContext;
use crate::error::AnalysisError;
use crate::hop::chain::{completions, question_in_context, step_question, steps, without_subject};
use crate::hop::probe::{HopProbe, Probes, TokenReading};
use crate::hop::prompt_query::{ask, asked};
use crate::hop::variant::Variant;
use crate::hop::variants::{first_answer_token, variants};
use hoplens_runtime::{
    ActivationCache, Answer, Capture, Model, ModelError, PromptQuery, Sequences, Token,
};

/// Runs the probes in one pass; [`Variant::FirstAnswerToken`] takes a second one. The probes are the
/// prompt as written, with its bridges named, each mention alone and behind the facts of the prompt
/// (the model knows the bridge if it knows it in either), the prompt without its subject, and its
/// variants. Returns the probes and a reading of each token of the prompt as written.
///
/// # Errors
/// As [`Model::score_all`]; an injection that cannot be placed.
pub fn run_probes(
    context: &AnalysisContext<'_>,
    query: &CaseQuery,
) -> Result<(Probes, Vec<TokenReading>), AnalysisError> {
    let AnalysisContext {
        model, settings, ..
    } = *context;
    let written = asked(context, query, query.prompt.clone())?;
    let tokens = written.tokens.clone();
    let injected = !written.interventions.is_empty();
    let bare = |prompt: String, answers: Vec<Answer>| PromptQuery {
        answers,
        ..PromptQuery::new(&model.tokenizer, prompt, settings.bos)
    };
    let answers = written.answers.clone();
    let steps = steps(query);
    // The prompt without its subject detects shortcuts to an answer, so it needs an answer.
    let nobody = without_subject(query).filter(|_| !answers.is_empty());
    let mut prompts = vec![written];
    if injected {
        prompts.push(bare(query.prompt.clone(), answers.clone()));
    }
    for step in &steps {
        let in_context = question_in_context(query, step);
        let forms = if step.is_statement {
            vec![step.bridge.clone()]
        } else {
            completions(&step.bridge)
        };
        for question in std::iter::once(step_question(step)).chain(in_context) {
            let bridges = accepted_answers(model, &question, &forms)?;
            prompts.push(bare(question, bridges));
        }
        prompts.push(bare(step.prompt.clone(), answers.clone()));
    }
    let asks_nobody = nobody.is_some();
    prompts.extend(nobody.map(|prompt| bare(prompt, answers)));
    let (kinds, varied): (Vec<Variant>, Vec<PromptQuery>) =
        variants(context, query, &prompts[0])?.into_iter().unzip();
    prompts.extend(varied);
    let capture = Capture {
        token_logps: Sequences::First,
        ..Capture::default()
    };
    let (probes, trace) = ask(context, &prompts, capture)?;
    let mut found = probes.into_iter().map(|(probe, _)| probe);
    let mut next = || found.next().ok_or(ModelError::EmptyPrompt);
    let composed = next()?;
    let without_injections = injected.then(&mut next).transpose()?;
    let mut hops = Vec::with_capacity(steps.len());
    for step in steps {
        let alone = next()?;
        let in_context = question_in_context(query, &step)
            .map(|_| next())
            .transpose()?;
        hops.push(HopProbe {
            index: step.hop,
            mention: step.phrase,
            bridge: step.bridge,
            is_statement: step.is_statement,
            known: match in_context {
                Some(in_context) if alone.logp < in_context.logp => in_context,
                _ => alone,
            },
            explicit: next()?,
        });
    }
    let mut probes = Probes {
        composed,
        without_injections,
        no_subject: asks_nobody.then(&mut next).transpose()?,
        hops,
        variants: kinds.into_iter().zip(found).collect(),
    };
    if let Some(asked) = first_answer_token(query, &prompts[0], &probes.composed, settings) {
        let (found, _) = ask(context, &[asked], Capture::default())?;
        let found = found
            .into_iter()
            .map(|(probe, _)| (Variant::FirstAnswerToken, probe));
        probes.variants.extend(found);
    }
    Ok((probes, readings(model, tokens, &trace)))
}

/// Returns the tokens of a prompt with their log-probabilities from a pass over the prompt, with or
/// without an answer after it.
fn readings(model: &Model, tokens: Vec<Token>, trace: &ActivationCache) -> Vec<TokenReading> {
    let logps = trace.token_logps.first().map_or(&[][..], Vec::as_slice);
    let reading = |(index, token): (usize, Token)| TokenReading {
        id: token.id,
        text: model.tokenizer.text(token.id),
        logp: index
            .checked_sub(1)
            .and_then(|before| logps.get(before))
            .map(|logp| f64::from(*logp)),
        range: token.range,
    };
    tokens.into_iter().enumerate().map(reading).collect()
}
