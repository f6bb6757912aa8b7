//! One row, measured.

use crate::data::{DataSet, Example};
use crate::error::EvalError;
use crate::experiment::{Experiment, RowShard, ScopeKind};
use crate::journal::RowRecord;
use crate::memories::WordChoice;
use crate::memories::memories_of;
use hoplens_analysis::first_tokens;
use hoplens_interp::memory::{Subject, measure, resolve_scope, sweep_past_overflows};
use hoplens_runtime::{BosPolicy, Cancel, Model, Reading, Token};

/// Checks, before anything is measured, that every row of the run can be: prompts that fit the
/// model, answers and memories with tokens, mentions that stand in their prompts.
///
/// # Errors
/// The first row that cannot, with its line.
pub fn check_rows(
    model: &Model,
    data: &DataSet,
    experiment: &Experiment,
    choice: Option<&WordChoice>,
    shard: Option<RowShard>,
) -> Result<(), EvalError> {
    for layer in &experiment.layers {
        model.check_layer(*layer)?;
    }
    let words = choice.map_or(&[][..], |choice| &choice.words);
    if let Some(word) = words
        .iter()
        .find(|word| model.tokenizer.ids(word).is_empty())
    {
        let reason = format!("\"{word}\" has no tokens for this model. Take it out of the list.");
        let name = match &experiment.memories {
            super::Memories::Words { list, .. } => list.clone(),
            super::Memories::ExplicitEntity => String::new(),
        };
        return Err(EvalError::Words { name, reason });
    }
    let context = model.config().context;
    for example in data.examples()? {
        let example = example?;
        if shard.is_some_and(|shard| !shard.holds(example.row)) {
            continue;
        }
        let wrong = |reason: String| data.line(example.byte, reason);
        for (column, text) in [
            ("obscure_sentence", &example.obscure_sentence),
            ("explicit_sentence", &example.explicit_sentence),
        ] {
            let tokens = model.tokenizer.encode(text, experiment.bos);
            if tokens.len() > context {
                let count = tokens.len();
                return Err(wrong(format!(
                    "{column} has {count} tokens, and {} reads at most {context}. Shorten it.",
                    model.info.name
                )));
            }
            if tokens.is_empty() {
                return Err(wrong(format!(
                    "{column} has no tokens for this model. Write a prompt there."
                )));
            }
            if column == "obscure_sentence" && experiment.scopes.contains(&ScopeKind::Span) {
                let scope = ScopeKind::Span.of(&example);
                resolve_scope(&scope, text, &tokens)
                    .map_err(|error| wrong(format!("obscure_entity: {error}")))?;
            }
            first_tokens(model, text, std::slice::from_ref(&example.answer))
                .map_err(|error| wrong(format!("answer: {error}")))?;
        }
        if choice.is_none() && model.tokenizer.ids(&example.explicit_entity).is_empty() {
            return Err(wrong(
                "explicit_entity has no tokens for this model, so it is no memory. Change it."
                    .into(),
            ));
        }
    }
    Ok(())
}

/// Measures every cell of a row with each of its memories; `progress` hears how many cells are
/// done. A cell that overflows has no number. Nothing depends on what the model read before.
///
/// # Errors
/// As [`sweep_past_overflows`].
pub fn measure_row(
    model: &Model,
    experiment: &Experiment,
    choice: Option<&WordChoice>,
    example: &Example,
    cancel: &Cancel,
    progress: &mut dyn FnMut(usize),
) -> Result<RowRecord, EvalError> {
    // What is recalled agrees within rounding only, and a resumed run must agree exactly.
    model.forget();
    let explicit = Asked::new(
        model,
        &example.explicit_sentence,
        &example.answer,
        experiment.bos,
    )?;
    let (explicit, _) = measure(model, &explicit.subject(), &[], cancel, &mut |_| ())?;
    let asked = Asked::new(
        model,
        &example.obscure_sentence,
        &example.answer,
        experiment.bos,
    )?;
    let grid = experiment.grid(example);
    let memories = memories_of(example, choice);
    let mut record = RowRecord {
        row: example.row,
        obscure: Reading {
            logp_first: f64::NAN,
            rank: 0,
        }
        .into(),
        explicit: explicit.into(),
        memories: memories.iter().map(|&memory| memory.to_owned()).collect(),
        logp: Vec::with_capacity(memories.len()),
        rank: Vec::with_capacity(memories.len()),
    };
    for (index, memory) in memories.into_iter().enumerate() {
        let before = index * experiment.cells();
        let swept = sweep_past_overflows(
            model,
            &asked.subject(),
            memory,
            &grid,
            cancel,
            &mut |done| {
                progress(before + done);
            },
        )?;
        if index == 0 {
            record.obscure = swept.baseline.into();
        }
        let logp = swept.cells.iter().map(|cell| cell.logp_first as f32);
        record.logp.push(logp.collect());
        record
            .rank
            .push(swept.cells.iter().map(|cell| cell.rank).collect());
    }
    Ok(record)
}

/// A prompt of the data set as the model reads it.
pub(super) struct Asked<'a> {
    text: &'a str,
    tokens: Vec<Token>,
    first_tokens: Vec<u32>,
    bos: BosPolicy,
}

impl<'a> Asked<'a> {
    pub(super) fn new(
        model: &Model,
        text: &'a str,
        answer: &String,
        bos: BosPolicy,
    ) -> Result<Self, EvalError> {
        Ok(Self {
            text,
            tokens: model.tokenizer.encode(text, bos),
            first_tokens: first_tokens(model, text, std::slice::from_ref(answer))?,
            bos,
        })
    }

    pub(super) fn subject(&self) -> Subject<'_> {
        Subject {
            text: self.text,
            tokens: &self.tokens,
            first_tokens: &self.first_tokens,
            bos: self.bos,
            interventions: &[],
        }
    }
}
