//! Scores of accepted answers after prompts.

use crate::activation_cache::ActivationCache;
use crate::error::ModelError;
use crate::hooks::Cancel;
use crate::hooks::{Hooks, Intervention, Positions};
use crate::logits::{RankedToken, log_softmax_at, log_sum, rank_of, top_k};
use crate::model::Model;

/// An accepted answer as the model would continue with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The text, with the leading space that the tokenizer sees.
    pub text: String,
    /// Its tokens; never empty.
    pub ids: Vec<u32>,
}

/// How probable the accepted answers are after a prompt.
#[derive(Debug, Clone, PartialEq)]
pub struct Score {
    /// Log of the summed probabilities of the whole answers.
    pub logp: f64,
    /// Log of the summed probabilities of the answers' distinct first tokens.
    pub logp_first: f64,
    /// How many tokens are more likely than the likeliest first token (0 = top).
    pub rank: usize,
    /// The likeliest next tokens, best first.
    pub top: Vec<RankedToken>,
}

/// One prompt and what may continue it.
#[derive(Debug, Clone)]
pub struct Question<'a> {
    /// The prompt's tokens.
    pub prompt: &'a [u32],
    /// The accepted answers; without any the model's own top token stands for them.
    pub answers: &'a [Answer],
    /// What acts on this prompt; `sequence` is ignored.
    pub interventions: &'a [Intervention],
}

/// One question's rows in a pass.
struct QuestionRows {
    /// Its first sequence.
    first: usize,
    /// The first of its rows of logits.
    row: usize,
}

impl Model {
    /// Scores accepted answers after a prompt, with the interventions of `hooks` in force: one
    /// question of [`Model::score_all`].
    ///
    /// # Errors
    /// As [`Model::score_all`].
    pub fn score(
        &self,
        prompt: &[u32],
        answers: &[Answer],
        hooks: &Hooks,
        cancel: &Cancel,
    ) -> Result<(Score, ActivationCache), ModelError> {
        let question = Question {
            prompt,
            answers,
            interventions: &hooks.interventions,
        };
        let (mut scores, trace) = self.score_all(&[question], hooks, cancel)?;
        match scores.pop() {
            Some((score, _)) => Ok((score, trace)),
            None => Err(ModelError::EmptyPrompt),
        }
    }

    /// Scores the accepted answers of several questions in one pass. With each score comes the
    /// index of the question's first sequence in the trace, of what the hooks' capture keeps; its
    /// logits are those of the scores.
    ///
    /// Answers of several tokens are appended to the prompt, so that an intervention on every
    /// position also acts on them; one on a range of the prompt does not.
    ///
    /// # Errors
    /// As [`Model::forward`]; [`ModelError::EmptyPrompt`] where a prompt has no tokens;
    /// [`ModelError::NotFinite`] where an injection made the logits overflow.
    pub fn score_all(
        &self,
        questions: &[Question<'_>],
        hooks: &Hooks,
        cancel: &Cancel,
    ) -> Result<(Vec<(Score, usize)>, ActivationCache), ModelError> {
        let mut sequences = Vec::new();
        let mut hooks = Hooks {
            interventions: Vec::new(),
            ..hooks.clone()
        };
        let mut asked = Vec::new();
        let mut row = 0;
        for question in questions {
            if question.prompt.is_empty() {
                return Err(ModelError::EmptyPrompt);
            }
            let first = sequences.len();
            asked.push(QuestionRows { first, row });
            let long = |answer: &&Answer| answer.ids.len() > 1;
            for answer in question.answers.iter().filter(long) {
                let mut tokens = question.prompt.to_vec();
                tokens.extend(&answer.ids[..answer.ids.len() - 1]);
                sequences.push((tokens, question.prompt.len() - 1));
                row += answer.ids.len();
            }
            // The prompt alone is needed only where no longer sequence holds its last position.
            if sequences.len() == first {
                sequences.push((question.prompt.to_vec(), question.prompt.len() - 1));
                row += 1;
            }
            for sequence in first..sequences.len() {
                hooks
                    .interventions
                    .extend(question.interventions.iter().map(|change| Intervention {
                        sequence: Some(sequence),
                        ..change.clone()
                    }));
            }
        }
        hooks.capture.logits = Positions::From(sequences.iter().map(|(_, last)| *last).collect());
        let rows: Vec<&[u32]> = sequences
            .iter()
            .map(|(tokens, _)| tokens.as_slice())
            .collect();
        let trace = self.forward(&rows, &hooks, cancel)?;
        if trace.logits.data.iter().any(|logit| !logit.is_finite()) {
            return Err(ModelError::NotFinite {
                model: self.info.name.clone(),
            });
        }
        let scores = questions
            .iter()
            .zip(&asked)
            .map(|(question, asked)| (score_rows(question.answers, &trace, asked.row), asked.first))
            .collect();
        Ok((scores, trace))
    }
}

/// Scores answers from the rows of logits that begin with the prompt's last position.
fn score_rows(answers: &[Answer], trace: &ActivationCache, first: usize) -> Score {
    let first_row = trace.logits.row(first);
    let own: Vec<Answer>;
    let answers = if answers.is_empty() {
        let ids = top_k(first_row, 1).iter().map(|top| top.token).collect();
        own = vec![Answer {
            text: String::new(),
            ids,
        }];
        &own
    } else {
        answers
    };
    let mut logps = Vec::with_capacity(answers.len());
    let mut row = first;
    for answer in answers {
        let mut logp = log_softmax_at(first_row, answer.ids[0] as usize);
        if answer.ids.len() > 1 {
            for (offset, token) in answer.ids.iter().enumerate().skip(1) {
                logp += log_softmax_at(trace.logits.row(row + offset), *token as usize);
            }
            row += answer.ids.len();
        }
        logps.push(logp);
    }
    let mut firsts: Vec<u32> = answers.iter().map(|answer| answer.ids[0]).collect();
    firsts.sort_unstable();
    firsts.dedup();
    let rank = firsts
        .iter()
        .map(|token| rank_of(first_row, *token))
        .min()
        .unwrap_or(0);
    Score {
        logp: log_sum(logps.into_iter()),
        logp_first: log_sum(
            firsts
                .iter()
                .map(|token| log_softmax_at(first_row, *token as usize)),
        ),
        rank,
        top: top_k(first_row, 10),
    }
}
