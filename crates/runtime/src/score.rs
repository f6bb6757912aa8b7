//! Log-probabilities, ranks and top tokens of a row of logits.

use serde::Serialize;

use crate::error::ModelError;
use crate::hooks::Cancel;
use crate::hooks::{Hooks, Intervention, Positions};
use crate::ops::log_sum_exp;
use crate::query::{Answer, PromptQuery};
use crate::resident::Model;
use crate::trace::Trace;

/// A token with its probability at one position.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ranked {
    /// Token id.
    pub token: u32,
    /// Its natural log-probability.
    pub logp: f64,
}

/// How likely the accepted answers begin after a prompt.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Reading {
    /// Log of the summed probabilities of the answers' first tokens; NaN (`null` in JSON) where
    /// an injection made the logits overflow.
    pub logp_first: f64,
    /// How many tokens are more likely than the likeliest of them (0 = top); the vocabulary's size
    /// where the logits overflowed.
    pub rank: usize,
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
    pub top: Vec<Ranked>,
}

/// Natural log-probability of every token of a row of logits.
pub fn log_softmax(logits: &[f32]) -> Vec<f64> {
    let normalizer = log_sum_exp(logits);
    logits
        .iter()
        .map(|logit| f64::from(*logit) - normalizer)
        .collect()
}

/// Natural log-probability of one token of a row of logits.
pub fn log_softmax_at(logits: &[f32], token: usize) -> f64 {
    f64::from(logits[token]) - log_sum_exp(logits)
}

/// KL(before ‖ after) = Σ p_before·(log p_before − log p_after) of two rows of logits, in nats; NaN
/// where one of them is not finite.
///
/// # Shapes
/// Both `[vocab]`.
pub fn kl(before: &[f32], after: &[f32]) -> f64 {
    let (from, to) = (log_sum_exp(before), log_sum_exp(after));
    let divergence: f64 = before
        .iter()
        .zip(after)
        .map(|(before, after)| {
            let (before, after) = (f64::from(*before) - from, f64::from(*after) - to);
            before.exp() * (before - after)
        })
        .sum();
    // Rounding may leave two equal distributions a little less than nothing apart.
    if divergence < 0.0 { 0.0 } else { divergence }
}

/// How many tokens are more likely than `token` (0 = top).
pub fn rank_of(logits: &[f32], token: u32) -> usize {
    let own = logits[token as usize];
    logits.iter().filter(|logit| **logit > own).count()
}

/// The `count` likeliest tokens, best first; ties by token id.
pub fn top_k(logits: &[f32], count: usize) -> Vec<Ranked> {
    let normalizer = log_sum_exp(logits);
    let mut order: Vec<u32> = (0..logits.len() as u32).collect();
    let better = |a: &u32, b: &u32| {
        logits[*b as usize]
            .total_cmp(&logits[*a as usize])
            .then(a.cmp(b))
    };
    let count = count.min(order.len());
    if count == 0 {
        return Vec::new();
    }
    order.select_nth_unstable_by(count - 1, better);
    order.truncate(count);
    order.sort_by(better);
    order
        .into_iter()
        .map(|token| Ranked {
            token,
            logp: f64::from(logits[token as usize]) - normalizer,
        })
        .collect()
}

/// Log of the sum of probabilities given by their logs.
fn log_sum(logps: impl Iterator<Item = f64>) -> f64 {
    let logps: Vec<f64> = logps.collect();
    let top = logps.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if top == f64::NEG_INFINITY {
        return top;
    }
    top + logps
        .iter()
        .map(|logp| (logp - top).exp())
        .sum::<f64>()
        .ln()
}

/// What a row of logits says of distinct first tokens; not empty.
///
/// # Shapes
/// `logits`: `[vocab]`.
pub(super) fn read(logits: &[f32], first_tokens: &[u32]) -> Reading {
    let normalizer = log_sum_exp(logits);
    if !normalizer.is_finite() {
        return Reading {
            logp_first: f64::NAN,
            rank: logits.len(),
        };
    }
    let logps = first_tokens
        .iter()
        .map(|token| f64::from(logits[*token as usize]) - normalizer);
    let likeliest = first_tokens
        .iter()
        .copied()
        .max_by(|a, b| logits[*a as usize].total_cmp(&logits[*b as usize]));
    Reading {
        logp_first: log_sum(logps),
        rank: likeliest.map_or(0, |token| rank_of(logits, token)),
    }
}

/// The rows of one query in a pass.
struct Asked {
    /// Its first sequence.
    first: usize,
    /// The first of its rows of logits.
    row: usize,
}

impl Model {
    /// Scores accepted answers after a prompt, with the interventions of `hooks` in force:
    /// [`Model::score_all`] for one query.
    ///
    /// # Errors
    /// As [`Model::score_all`].
    pub fn score(
        &self,
        prompt: &[u32],
        answers: &[Answer],
        hooks: &Hooks,
        cancel: &Cancel,
    ) -> Result<(Score, Trace), ModelError> {
        let query = PromptQuery {
            answers: answers.to_vec(),
            interventions: hooks.interventions.clone(),
            ..PromptQuery::from_ids(prompt)
        };
        let (mut scores, trace) = self.score_all(&[query], hooks, cancel)?;
        match scores.pop() {
            Some((score, _)) => Ok((score, trace)),
            None => Err(ModelError::EmptyPrompt),
        }
    }

    /// Scores the accepted answers of several queries in one pass; for a query without answers,
    /// the model's own top token. With each score comes the index of the query's first sequence in
    /// the trace, of what the hooks' capture keeps; its logits are those of the scores.
    ///
    /// Answers of several tokens are appended to the prompt, so that an intervention on every
    /// position also acts on them; one on a range of the prompt does not.
    ///
    /// # Errors
    /// As [`Model::forward`]; [`ModelError::EmptyPrompt`] where a prompt has no tokens;
    /// [`ModelError::NotFinite`] where an injection made the logits overflow.
    pub fn score_all(
        &self,
        queries: &[PromptQuery],
        hooks: &Hooks,
        cancel: &Cancel,
    ) -> Result<(Vec<(Score, usize)>, Trace), ModelError> {
        let mut sequences = Vec::new();
        let mut hooks = Hooks {
            interventions: Vec::new(),
            ..hooks.clone()
        };
        let mut asked = Vec::new();
        let mut row = 0;
        for query in queries {
            let prompt = query.ids();
            if prompt.is_empty() {
                return Err(ModelError::EmptyPrompt);
            }
            let first = sequences.len();
            asked.push(Asked { first, row });
            let long = |answer: &&Answer| answer.ids.len() > 1;
            for answer in query.answers.iter().filter(long) {
                let mut tokens = prompt.clone();
                tokens.extend(&answer.ids[..answer.ids.len() - 1]);
                sequences.push((tokens, prompt.len() - 1));
                row += answer.ids.len();
            }
            // The prompt alone is needed only where no longer sequence holds its last position.
            if sequences.len() == first {
                let last = prompt.len() - 1;
                sequences.push((prompt, last));
                row += 1;
            }
            for sequence in first..sequences.len() {
                hooks
                    .interventions
                    .extend(query.interventions.iter().map(|change| Intervention {
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
        let scores = queries
            .iter()
            .zip(&asked)
            .map(|(query, asked)| (score_rows(&query.answers, &trace, asked.row), asked.first))
            .collect();
        Ok((scores, trace))
    }
}

/// Scores answers from the rows of logits that begin with the prompt's last position.
fn score_rows(answers: &[Answer], trace: &Trace, first: usize) -> Score {
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
