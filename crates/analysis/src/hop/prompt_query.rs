//! Prompts to run, with what is in force on them.

use crate::case::query::{CaseQuery, answers, interventions};
use crate::context::AnalysisContext;
use crate::error::AnalysisError;
use crate::hop::probe::{Probe, TokenProbability};
use hoplens_runtime::{
    Answer, Capture, Hooks, Intervention, Model, Question, Reuse, Score, Token, Trace,
};

/// A prompt to be asked, with what is in force on it.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    /// The prompt's text.
    pub(crate) prompt: String,
    /// Its tokens.
    pub(crate) tokens: Vec<Token>,
    /// The accepted answers; without one the model's own top token stands for them.
    pub(crate) answers: Vec<Answer>,
    /// What acts on it.
    pub(crate) interventions: Vec<Intervention>,
}

impl Asked {
    /// The distinct first tokens of the accepted answers.
    pub(crate) fn first_tokens(&self) -> Vec<u32> {
        let firsts = self.answers.iter().map(|answer| answer.ids[0]);
        let mut firsts: Vec<u32> = firsts.collect();
        firsts.sort_unstable();
        firsts.dedup();
        firsts
    }
}

/// Asks several prompts in one pass. What `capture` keeps comes back as well, with the index of
/// each prompt's first sequence in it.
///
/// # Errors
/// As [`Model::score_all`].
pub(crate) fn ask(
    context: &AnalysisContext<'_>,
    asked: &[Asked],
    capture: Capture,
) -> Result<(Vec<(Probe, usize)>, Trace), AnalysisError> {
    let AnalysisContext { model, cancel, .. } = *context;
    let ids: Vec<Vec<u32>> = asked
        .iter()
        .map(|asked| asked.tokens.iter().map(|token| token.id).collect())
        .collect();
    let questions: Vec<Question<'_>> = asked
        .iter()
        .zip(&ids)
        .map(|(asked, ids)| Question {
            prompt: ids,
            answers: &asked.answers,
            interventions: &asked.interventions,
        })
        .collect();
    let hooks = Hooks {
        reuse: Reuse::Keys,
        ..Hooks::capture(capture)
    };
    let (scores, trace) = model.score_all(&questions, &hooks, cancel)?;
    let probes = asked
        .iter()
        .zip(scores)
        .map(|(asked, (score, sequence))| (probe(model, &asked.prompt, &score), sequence))
        .collect();
    Ok((probes, trace))
}

fn probe(model: &Model, prompt: &str, score: &Score) -> Probe {
    let top = score
        .top
        .iter()
        .map(|ranked| TokenProbability {
            token: model.tokenizer.text(ranked.token),
            p: ranked.logp.exp(),
        })
        .collect();
    Probe {
        prompt: prompt.to_owned(),
        p: score.logp.exp(),
        logp: score.logp,
        logp_first: score.logp_first,
        rank: score.rank,
        top,
    }
}

/// A prompt with the case's answers and its injections in force.
///
/// # Errors
/// An injection that cannot be placed, an answer without tokens.
pub(crate) fn asked(
    context: &AnalysisContext<'_>,
    query: &CaseQuery,
    prompt: String,
) -> Result<Asked, AnalysisError> {
    let AnalysisContext {
        model,
        settings,
        cancel,
        ..
    } = *context;
    let tokens = model.tokenizer.encode(&prompt, settings.bos);
    let answers = answers(model, &prompt, &query.expect)?;
    let interventions = interventions(
        model,
        &prompt,
        &tokens,
        &query.injections,
        settings.bos,
        cancel,
    )?;
    Ok(Asked {
        prompt,
        tokens,
        answers,
        interventions,
    })
}
