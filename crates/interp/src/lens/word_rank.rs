//! The rank that each head's lens gives to some words: the bridge of a hop, or a list of words.

use std::ops::Range;

use rayon::prelude::*;
use serde::Serialize;

use crate::context::ModelContext;
use crate::lens::any_lens::AnyLens;
use crate::lens::head_at::HeadAt;
use crate::lens::heads::head_outputs;
use crate::lens::trained::LensError;
use hoplens_runtime::{Capture, Hooks, Positions, PromptQuery, Reuse, log_sum_exp};

/// The words to look for, and where.
#[derive(Debug, Clone)]
pub struct WordSearch<'a> {
    /// The positions of the prompt that are read.
    pub positions: Range<usize>,
    /// The words' tokens; not empty.
    pub words: &'a [u32],
    /// The lens that reads the heads.
    pub lens: AnyLens<'a>,
}

/// The position at which a head's lens gives one of the words its best rank.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct WordRank {
    /// The head.
    #[serde(flatten)]
    pub at: HeadAt,
    /// The position, from 0.
    pub position: usize,
    /// The word's token.
    pub token: u32,
    /// The number of tokens with a higher score there (0 = top).
    pub rank: usize,
    /// The token's score there.
    pub score: f32,
    /// The probability of all words together there: softmax of the scores over the vocabulary.
    pub share: f64,
}

/// Finds, for every head that the lens covers, the position at which it gives one of the words its
/// best rank.
///
/// # Errors
/// As [`hoplens_runtime::Model::forward`] and [`AnyLens::scores`].
pub fn rank_words(
    context: ModelContext<'_>,
    query: &PromptQuery,
    search: &WordSearch<'_>,
) -> Result<Vec<WordRank>, LensError> {
    let WordSearch {
        positions,
        words,
        lens,
    } = search;
    let model = context.model;
    let hooks = Hooks {
        reuse: Reuse::Keys,
        interventions: query.interventions.clone(),
        ..Hooks::capture(Capture {
            z: Positions::From(vec![positions.start]),
            ..Capture::default()
        })
    };
    let trace = model.forward(&[&query.ids()], &hooks, context.cancel)?;
    let heads: Vec<HeadAt> = (0..model.info.layers)
        .flat_map(|layer| (0..model.info.heads).map(move |head| HeadAt { layer, head }))
        .filter(|at| lens.covers(*at))
        .collect();
    let read = |at: &HeadAt| -> Result<Option<WordRank>, LensError> {
        let outputs = head_outputs(model, *at, &trace.layers[at.layer].z)?;
        let count = positions.len().min(outputs.rows);
        let scores = lens.scores(model, *at, &outputs)?;
        let found = (0..count).filter_map(|row| {
            let best = best_word(scores.row(row), words)?;
            Some(WordRank {
                at: *at,
                position: positions.start + row,
                ..best
            })
        });
        Ok(found.min_by(|a, b| a.rank.cmp(&b.rank).then(b.share.total_cmp(&a.share))))
    };
    let found: Result<Vec<Option<WordRank>>, LensError> = heads.par_iter().map(read).collect();
    Ok(found?.into_iter().flatten().collect())
}

/// Returns the word with the highest score, at head and position 0.
fn best_word(scores: &[f32], words: &[u32]) -> Option<WordRank> {
    let score = |token: u32| scores.get(token as usize).copied();
    let (token, top) = words
        .iter()
        .filter_map(|token| Some((*token, score(*token)?)))
        .max_by(|a, b| a.1.total_cmp(&b.1))?;
    let normaliser = log_sum_exp(scores);
    let shares = words.iter().filter_map(|token| score(*token));
    Some(WordRank {
        at: HeadAt { layer: 0, head: 0 },
        position: 0,
        token,
        rank: scores.iter().filter(|other| **other > top).count(),
        score: top,
        share: shares
            .map(|score| (f64::from(score) - normaliser).exp())
            .sum(),
    })
}
