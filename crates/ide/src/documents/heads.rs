//! Every head at one token of a prompt.

use crate::documents::asked::Asked;
use crate::documents::error::ShowError;
use crate::documents::rows::{
    Ablate, BridgeRow, BridgeText, HeadRow, LensResult, WordTexts, head_row, spoken_row,
    token_texts,
};
use crate::documents::words::{bridge, word_tokens};
use hoplens_interp::lens::trained::{AnyLens, HeadAt};
use hoplens_interp::lens::{
    Ablation, LogitAttribution, Run, ablate_heads, estimate_ablations, rank_words, read_heads,
};
use hoplens_runtime::{Cancel, Matrix, Model, top_k};

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
    let Some(prefix) = ids.get(..=position) else {
        return Err(ShowError::Asked(format!(
            "there is no token {position}: the prompt has {}",
            ids.len()
        )));
    };
    let run = Run {
        // What stands behind a token does not change what the model does at it.
        tokens: prefix,
        interventions: &asked.interventions,
    };
    let target = target(model, &asked, run, cancel)?;
    let mut reading = read_heads(model, run, target, options.top, cancel)?;
    if let AnyLens::Trained(_) = options.lens {
        retrain(options.lens, options.top, model, run, &mut reading, cancel)?;
    }
    let places: Vec<(usize, usize)> = reading.heads.iter().map(|h| (h.layer, h.head)).collect();
    let ablate = options.ablate;
    let changes = ablations(ablate, model, run, target, &places, reading.logp, cancel)?;
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
        Some(words) => Some(speak_words(model, options, words, run, &mut rows, cancel)?),
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
    model: &Model,
    options: &HeadsOptions<'_>,
    words: &[String],
    run: Run<'_>,
    heads: &mut [HeadRow],
    cancel: &Cancel,
) -> Result<WordTexts, ShowError> {
    let (tokens, unknown) = word_tokens(model, words);
    if tokens.is_empty() {
        return Err(ShowError::Asked(format!(
            "{} has no token for any of the words; give others",
            model.info.name
        )));
    }
    let end = run.tokens.len();
    let first = if options.anywhere { 0 } else { end - 1 };
    let read = token_texts(model, run.tokens);
    for found in rank_words(model, run, first..end, &tokens, options.lens, cancel)? {
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
fn target(model: &Model, asked: &Asked, run: Run<'_>, cancel: &Cancel) -> Result<u32, ShowError> {
    let is_end = run.tokens.len() == asked.tokens.len();
    let of_prompt = asked.case.is_none();
    if is_end || of_prompt {
        let read = if is_end {
            asked.prompt.clone()
        } else {
            model.tokenizer.decode(run.tokens)
        };
        let first = hoplens_analysis::first_tokens(model, &read, &asked.expect)?;
        if let Some(token) = first.first() {
            return Ok(*token);
        }
    }
    Ok(hoplens_interp::lens::read_token(model, run, None, 0, cancel)?.target_id)
}

/// Reads the heads' words with a trained lens instead; those that it has no map for keep none.
fn retrain(
    lens: AnyLens<'_>,
    top: usize,
    model: &Model,
    run: Run<'_>,
    reading: &mut LogitAttribution,
    cancel: &Cancel,
) -> Result<(), ShowError> {
    let outputs = hoplens_interp::lens::last_outputs(model, run, cancel)?;
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
        let mut scores = lens.scores(model, at, &own)?.data;
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
    model: &Model,
    run: Run<'_>,
    target: u32,
    heads: &[(usize, usize)],
    logp: f64,
    cancel: &Cancel,
) -> Result<Vec<f64>, ShowError> {
    let measured = |ablation| -> Result<Vec<f64>, ShowError> {
        let logps = ablate_heads(model, run, &[target], heads, ablation, cancel)?;
        Ok(logps.into_iter().map(|without| without - logp).collect())
    };
    match ablate {
        Ablate::None => Ok(Vec::new()),
        Ablate::Zero => measured(Ablation::Zero),
        Ablate::Mean => measured(Ablation::Mean),
        Ablate::Estimate => Ok(estimate_ablations(model, run, &[target], heads, cancel)?),
    }
}
