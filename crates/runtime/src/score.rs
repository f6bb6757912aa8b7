//! Scores of the accepted answers of prompts.

use crate::activation_cache::ActivationCache;
use crate::error::ModelError;
use crate::hooks::{CancelToken, Hooks, Intervention, Positions};
use crate::logits::{RankedToken, log_softmax_at, log_sum, rank_of, top_k};
use crate::model::Model;
use crate::query::{Answer, PromptQuery};

/// How probable the accepted answers are after a prompt.
#[derive(Debug, Clone, PartialEq)]
pub struct Score {
    /// Log of the summed probabilities of the whole answers, in nats.
    pub logp: f64,
    /// Log of the summed probabilities of the answers' distinct first tokens, in nats.
    pub logp_first: f64,
    /// How many tokens are more probable than the best first token (0 = top).
    pub rank: usize,
    /// The ten most probable next tokens, best first.
    pub top: Vec<RankedToken>,
}

/// Where the results of one query are in a pass.
struct QueryRows {
    /// The first sequence of the query.
    first_sequence: usize,
    /// The first of its rows of logits.
    first_row: usize,
}

impl Model {
    /// Scores the accepted answers after a prompt, with the interventions of `hooks` applied:
    /// [`Model::score_all`] for one query.
    ///
    /// # Errors
    /// As [`Model::score_all`].
    pub fn score(
        &self,
        prompt: &[u32],
        answers: &[Answer],
        hooks: &Hooks,
        cancel: &CancelToken,
    ) -> Result<(Score, ActivationCache), ModelError> {
        let query = PromptQuery {
            answers: answers.to_vec(),
            interventions: hooks.interventions.clone(),
            ..PromptQuery::from_ids(prompt)
        };
        let (mut scores, cache) = self.score_all(&[query], hooks, cancel)?;
        match scores.pop() {
            Some((score, _)) => Ok((score, cache)),
            None => Err(ModelError::EmptyPrompt),
        }
    }

    /// Scores the accepted answers of several queries in one pass; for a query without answers,
    /// the model's own top token. Each score comes with the index of the query's first sequence
    /// in the cache, whose logits are those that the scores were read from.
    ///
    /// Answers of several tokens are appended to the prompt. An intervention on every position
    /// therefore also changes their positions; one on a range of the prompt does not.
    ///
    /// # Errors
    /// As [`Model::forward`]; [`ModelError::EmptyPrompt`] where a prompt has no tokens;
    /// [`ModelError::NotFinite`] where an injection makes the logits overflow.
    pub fn score_all(
        &self,
        queries: &[PromptQuery],
        hooks: &Hooks,
        cancel: &CancelToken,
    ) -> Result<(Vec<(Score, usize)>, ActivationCache), ModelError> {
        let mut sequences = Vec::new();
        let mut hooks = Hooks {
            interventions: Vec::new(),
            ..hooks.clone()
        };
        let mut query_rows = Vec::new();
        let mut row = 0;
        for query in queries {
            let prompt = query.ids();
            if prompt.is_empty() {
                return Err(ModelError::EmptyPrompt);
            }
            let first = sequences.len();
            query_rows.push(QueryRows {
                first_sequence: first,
                first_row: row,
            });
            let is_long = |answer: &&Answer| answer.ids.len() > 1;
            for answer in query.answers.iter().filter(is_long) {
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
        let tokens: Vec<&[u32]> = sequences
            .iter()
            .map(|(tokens, _)| tokens.as_slice())
            .collect();
        let cache = self.forward(&tokens, &hooks, cancel)?;
        if cache.logits.data.iter().any(|logit| !logit.is_finite()) {
            return Err(ModelError::NotFinite {
                model: self.info.name.clone(),
            });
        }
        let scores = queries
            .iter()
            .zip(&query_rows)
            .map(|(query, rows)| {
                let score = score_rows(&query.answers, &cache, rows.first_row);
                (score, rows.first_sequence)
            })
            .collect();
        Ok((scores, cache))
    }
}

/// Scores answers from the rows of logits that start with the prompt's last position, row `first`.
fn score_rows(answers: &[Answer], cache: &ActivationCache, first: usize) -> Score {
    let first_row = cache.logits.row(first);
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
                logp += log_softmax_at(cache.logits.row(row + offset), *token as usize);
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
