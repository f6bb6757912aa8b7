//! Which heads speak some words: the bridge of a hop, or a list of words.

use std::ops::Range;

use rayon::prelude::*;
use serde::Serialize;

use crate::lens::heads::own_outputs;
use crate::lens::run::Run;
use crate::lens::trained::{AnyLens, HeadAt, LensError};
use hoplens_runtime::{Cancel, Capture, Hooks, Model, Positions, Reuse, log_sum_exp};

/// Where a head's lens ranks one of the words highest.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct WordRank {
    /// The head.
    #[serde(flatten)]
    pub at: HeadAt,
    /// The position where it does, from 0.
    pub position: usize,
    /// The word's token.
    pub token: u32,
    /// How many tokens the lens ranks higher there (0 = it says the word first).
    pub rank: usize,
    /// The token's score there.
    pub score: f32,
    /// The share of the lens' probability, softmax over the vocabulary, that all words together
    /// have there.
    pub share: f64,
}

/// For every head that `lens` reads, where among `positions` it ranks one of `words` (tokens; not
/// empty) highest.
///
/// # Errors
/// As [`Model::forward`] and [`AnyLens::scores`].
pub fn rank_words<'a>(
    model: &Model,
    run: impl Into<Run<'a>>,
    positions: Range<usize>,
    words: &[u32],
    lens: AnyLens<'_>,
    cancel: &Cancel,
) -> Result<Vec<WordRank>, LensError> {
    let run = run.into();
    let hooks = Hooks {
        reuse: Reuse::Keys,
        ..Hooks::capture(Capture {
            z: Positions::From(vec![positions.start]),
            ..Capture::default()
        })
    };
    let trace = model.forward(&[run.tokens], &run.hooks(hooks), cancel)?;
    let heads: Vec<HeadAt> = (0..model.info.layers)
        .flat_map(|layer| (0..model.info.heads).map(move |head| HeadAt { layer, head }))
        .filter(|at| lens.covers(*at))
        .collect();
    let read = |at: &HeadAt| -> Result<Option<WordRank>, LensError> {
        let outputs = own_outputs(model, at.layer, at.head, &trace.layers[at.layer].z)?;
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

/// The word that the scores rank highest.
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
