//! The measurement of one row.

use crate::data::{DataSet, Example};
use crate::error::EvalError;
use crate::experiment::{Experiment, RowShard, ScopeKind};
use crate::memories::{Memories, WordChoice, memories_of};
use crate::record::RowRecord;
use hoplens_analysis::answers;
use hoplens_interp::ModelContext;
use hoplens_interp::memory::{measure, resolve_scope, sweep_past_overflows};
use hoplens_runtime::{BosPolicy, FirstTokenScore, Model, PromptQuery};

/// Checks, before anything is measured, that every row of the run can be measured: its prompts fit
/// the model, its answer and memories have tokens, its mention occurs in its prompt.
///
/// # Errors
/// The first row that cannot be measured, with its line.
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
            Memories::Words { list, .. } => list.clone(),
            Memories::ExplicitEntity => String::new(),
        };
        return Err(EvalError::Words { name, reason });
    }
    let context = model.config().context;
    for example in data.examples()? {
        let example = example?;
        if shard.is_some_and(|shard| !shard.contains(example.row)) {
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
            answers(model, text, std::slice::from_ref(&example.answer))
                .map_err(|error| wrong(format!("answer: {error}")))?;
        }
        if choice.is_none() && model.tokenizer.ids(&example.explicit_entity).is_empty() {
            return Err(wrong(
                "explicit_entity has no tokens for this model, so it cannot be injected. Change it."
                    .into(),
            ));
        }
    }
    Ok(())
}

/// What the rows of a run are measured with.
#[derive(Debug, Clone, Copy)]
pub struct ExperimentRun<'a> {
    /// The model, and the flag that stops the run.
    pub context: ModelContext<'a>,
    /// What is measured.
    pub experiment: &'a Experiment,
    /// The list that memories are drawn from; `None` to inject each row's bridge.
    pub choice: Option<&'a WordChoice>,
}

/// Measures every cell of a row with each of its memories; `progress` receives the number of cells
/// that are done. A cell whose logits overflow has no number. The result does not depend on what
/// the model read before.
///
/// # Errors
/// As [`sweep_past_overflows`]; an answer without tokens.
pub fn measure_row(
    run: ExperimentRun<'_>,
    example: &Example,
    progress: &mut dyn FnMut(usize),
) -> Result<RowRecord, EvalError> {
    let ExperimentRun {
        context,
        experiment,
        choice,
    } = run;
    // Cached runs agree within rounding only, and a resumed run must agree exactly.
    context.model.clear_cache();
    let query =
        |sentence: &str| row_query(context.model, sentence, &example.answer, experiment.bos);
    let explicit = query(&example.explicit_sentence)?;
    let (explicit, _) = measure(context, &explicit, &[], &mut |_| ())?;
    let obscure = query(&example.obscure_sentence)?;
    let grid = experiment.grid(example);
    let memories = memories_of(example, choice);
    let mut record = RowRecord {
        row: example.row,
        obscure: FirstTokenScore {
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
        let progress = &mut |done| progress(before + done);
        let swept = sweep_past_overflows(context, &obscure, memory, &grid, progress)?;
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

/// Returns the query of a sentence of the data set.
///
/// # Errors
/// An answer without tokens.
pub(super) fn row_query(
    model: &Model,
    sentence: &str,
    answer: &str,
    bos: BosPolicy,
) -> Result<PromptQuery, EvalError> {
    Ok(PromptQuery {
        answers: answers(model, sentence, &[answer.to_owned()])?,
        ..PromptQuery::new(&model.tokenizer, sentence, bos)
    })
}
