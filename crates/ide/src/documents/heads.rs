//! Every head at one token of a prompt.

use crate::documents::asked::Asked;
use crate::documents::error::ShowError;
use crate::documents::rows::{
    Ablate, BridgeRow, BridgeText, HeadRow, LensResult, WordTexts, head_row, spoken_row,
    token_texts,
};
use crate::documents::words::{bridge, word_tokens};
use hoplens_interp::ModelContext;
use hoplens_interp::lens::{
    Ablation, AnyLens, HeadAt, LogitAttribution, WordSearch, ablate_heads, estimate_ablations,
    last_outputs, rank_words, read_heads, read_token,
};
use hoplens_runtime::{Answer, Cancel, Matrix, Model, PromptQuery, top_k};

/// What is to be read of the heads.
#[derive(Debug, Clone)]
pub struct HeadsOptions<'a> {
    /// The token, from 0.
    pub position: usize,
    /// Words a head.
    pub top: usize,
    pub ablate: Ablate,
    /// Whether the heads that speak the case's bridge are looked for, in two passes more.
    pub bridge: bool,
    pub lens: AnyLens<'a>,
    /// Words to look for.
    pub words: Option<Vec<String>>,
    /// Look for them at every token up to this one.
    pub anywhere: bool,
}

/// Reads every head at a token.
///
/// # Errors
/// The prompt has no such token, the vocabulary none of the words, or the model fails.
pub fn heads(
    model: &Model,
    asked: Asked,
    options: &HeadsOptions<'_>,
    cancel: &Cancel,
) -> Result<LensResult, ShowError> {
    let (ids, position) = (asked.ids(), options.position);
    let Some(prefix) = asked.tokens.get(..=position) else {
        return Err(ShowError::Asked(format!(
            "there is no token {position}: the prompt has {}",
            ids.len()
        )));
    };
    let context = ModelContext::new(model, cancel);
    let mut query = PromptQuery {
        // What follows a token does not change what the model does at it.
        tokens: prefix.to_vec(),
        interventions: asked.interventions.clone(),
        ..PromptQuery::default()
    };
    let target = target(context, &asked, &query)?;
    query.answers = vec![Answer::from_token(target)];
    let mut reading = read_heads(context, &query, target, options.top)?;
    if let AnyLens::Trained(_) = options.lens {
        retrain(options.lens, options.top, context, &query, &mut reading)?;
    }
    let at = reading.heads.iter().map(|one| HeadAt {
        layer: one.layer,
        head: one.head,
    });
    let at: Vec<HeadAt> = at.collect();
    let ablate = options.ablate;
    let changes = ablations(ablate, context, &query, &at, reading.logp)?;
    let read = reading.heads.into_iter().enumerate();
    let mut rows: Vec<HeadRow> = read
        .map(|(index, head)| head_row(model, head, ablate, changes.get(index).copied()))
        .collect();
    let tokens = token_texts(model, &ids);
    let spoken = if options.bridge {
        bridge(model, &asked, options.lens, cancel)?
    } else {
        None
    };
    let bridge = spoken.map(|found| {
        let explicit = model.tokenizer.encode(&found.explicit_prompt, asked.bos);
        let explicit: Vec<u32> = explicit.iter().map(|token| token.id).collect();
        let explicit = token_texts(model, &explicit);
        for (composed, named) in found.composed.iter().zip(&found.explicit) {
            if let Some(head) = row_of(&mut rows, composed.at) {
                head.bridge = Some(BridgeRow {
                    composed: spoken_row(model, composed, &tokens),
                    explicit: spoken_row(model, named, &explicit),
                });
            }
        }
        BridgeText {
            text: found.bridge,
            tokens: token_texts(model, &found.tokens),
            explicit_prompt: found.explicit_prompt,
            explicit_tokens: explicit,
        }
    });
    let words = match &options.words {
        Some(words) => Some(speak_words(context, options, words, &query, &mut rows)?),
        None => None,
    };
    let (path, case) = asked.case.unzip();
    Ok(LensResult {
        path,
        case,
        prompt: asked.prompt,
        position,
        target: model.tokenizer.text(target),
        logp: reading.logp,
        lens: match options.lens {
            AnyLens::Unembed => "unembed",
            AnyLens::Trained(_) => "trained",
        },
        injections: asked.injections,
        residual_norm: reading.residual_norm,
        bridge,
        words,
        heads: rows,
        tokens,
    })
}

/// The row of a head: layer after layer, head after head.
fn row_of(heads: &mut [HeadRow], at: HeadAt) -> Option<&mut HeadRow> {
    let mut heads = heads.iter_mut();
    heads.find(|row| (row.layer, row.head) == (at.layer, at.head))
}

fn speak_words(
    context: ModelContext<'_>,
    options: &HeadsOptions<'_>,
    words: &[String],
    query: &PromptQuery,
    heads: &mut [HeadRow],
) -> Result<WordTexts, ShowError> {
    let model = context.model;
    let (tokens, unknown) = word_tokens(model, words);
    if tokens.is_empty() {
        return Err(ShowError::Asked(format!(
            "{} has no token for any of the words; give others",
            model.info.name
        )));
    }
    let end = query.tokens.len();
    let first = if options.anywhere { 0 } else { end - 1 };
    let read = token_texts(model, &query.ids());
    let search = WordSearch {
        positions: first..end,
        words: &tokens,
        lens: options.lens,
    };
    for found in rank_words(context, query, &search)? {
        if let Some(head) = row_of(heads, found.at) {
            head.words = Some(spoken_row(model, &found, &read));
        }
    }
    Ok(WordTexts {
        words: words.to_vec(),
        tokens: token_texts(model, &tokens),
        unknown,
    })
}

/// The token that heads are measured by: the first of an answer at the prompt's end, elsewhere and
/// without an answer the model's own next one.
fn target(context: ModelContext<'_>, asked: &Asked, query: &PromptQuery) -> Result<u32, ShowError> {
    let model = context.model;
    let is_end = query.tokens.len() == asked.tokens.len();
    let of_prompt = asked.case.is_none();
    if is_end || of_prompt {
        let read = if is_end {
            asked.prompt.clone()
        } else {
            model.tokenizer.decode(&query.ids())
        };
        let answers = hoplens_analysis::answers(model, &read, &asked.expect)?;
        if let Some(token) = answers.iter().map(|answer| answer.ids[0]).min() {
            return Ok(token);
        }
    }
    Ok(read_token(context, query, None, 0)?.target_id)
}

/// Reads the heads' words with a trained lens instead; those that it has no map for keep none.
fn retrain(
    lens: AnyLens<'_>,
    top: usize,
    context: ModelContext<'_>,
    query: &PromptQuery,
    reading: &mut LogitAttribution,
) -> Result<(), ShowError> {
    let outputs = last_outputs(context, query)?;
    for (head, output) in reading.heads.iter_mut().zip(0..outputs.rows) {
        let at = HeadAt {
            layer: head.layer,
            head: head.head,
        };
        head.top.clear();
        if !lens.covers(at) {
            continue;
        }
        let own = Matrix {
            rows: 1,
            cols: outputs.cols,
            data: outputs.row(output).to_vec(),
        };
        let mut scores = lens.scores(context.model, at, &own)?.data;
        // What the head adds: the bias would have every head say the likeliest words of all.
        for (score, bias) in scores.iter_mut().zip(lens.bias()) {
            *score -= bias;
        }
        head.top = top_k(&scores, top)
            .iter()
            .map(|best| (best.token, scores[best.token as usize]))
            .collect();
    }
    Ok(())
}

/// Δlog p of each head's ablation; none where it is not asked for.
fn ablations(
    ablate: Ablate,
    context: ModelContext<'_>,
    query: &PromptQuery,
    heads: &[HeadAt],
    logp: f64,
) -> Result<Vec<f64>, ShowError> {
    let measured = |ablation| -> Result<Vec<f64>, ShowError> {
        let logps = ablate_heads(context, query, heads, ablation)?;
        Ok(logps.into_iter().map(|without| without - logp).collect())
    };
    match ablate {
        Ablate::None => Ok(Vec::new()),
        Ablate::Zero => measured(Ablation::Zero),
        Ablate::Mean => measured(Ablation::Mean),
        Ablate::Estimate => Ok(estimate_ablations(context, query, heads)?),
    }
}
