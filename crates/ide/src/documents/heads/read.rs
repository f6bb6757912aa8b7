//! Reads every head at one token of a prompt.

use crate::documents::error::DocumentError;
use crate::documents::heads::bridge::{find_bridge, word_tokens};
use crate::documents::heads::options::{AblationMethod, HeadsOptions};
use crate::documents::heads::query::HeadsQuery;
use crate::documents::heads::rows::{
    BridgeRow, BridgeText, HeadRow, HeadsDocument, WordTexts, head_row, token_texts, word_rank_row,
};
use hoplens_interp::ModelContext;
use hoplens_interp::lens::{
    Ablation, AnyLens, HeadAt, HeadReadout, WordSearch, ablate_heads, estimate_ablations,
    last_outputs, rank_words, read_heads, read_token,
};
use hoplens_runtime::{Answer, CancelToken, Matrix, Model, PromptQuery, top_k};

/// Reads every head at a token.
///
/// # Errors
/// The prompt has no such token, the vocabulary has none of the words, or the model fails.
pub fn heads_document(
    model: &Model,
    query: HeadsQuery,
    options: &HeadsOptions<'_>,
    cancel: &CancelToken,
) -> Result<HeadsDocument, DocumentError> {
    let (ids, position) = (query.ids(), options.position);
    let Some(prefix) = query.tokens.get(..=position) else {
        return Err(DocumentError::NoSuchToken {
            position,
            tokens: ids.len(),
        });
    };
    let context = ModelContext::new(model, cancel);
    let mut read_query = PromptQuery {
        // What follows a token does not change what the model does at it.
        tokens: prefix.to_vec(),
        interventions: query.interventions.clone(),
        ..PromptQuery::default()
    };
    let target = target(context, &query, &read_query)?;
    read_query.answers = vec![Answer::from_token(target)];
    let mut reading = read_heads(context, &read_query, target, options.top)?;
    if let AnyLens::Trained(_) | AnyLens::Jacobian(_) = options.lens {
        replace_words(context, &read_query, options, &mut reading.heads)?;
    }
    let heads: Vec<HeadAt> = reading
        .heads
        .iter()
        .map(|head| HeadAt {
            layer: head.layer,
            head: head.head,
        })
        .collect();
    let ablate = options.ablate;
    let changes = ablation_changes(context, &read_query, ablate, &heads, reading.logp)?;
    let read = reading.heads.into_iter().enumerate();
    let mut rows: Vec<HeadRow> = read
        .map(|(index, head)| head_row(model, head, ablate, changes.get(index).copied()))
        .collect();
    let tokens = token_texts(model, &ids);
    let found = if options.bridge {
        find_bridge(model, &query, options.lens, cancel)?
    } else {
        None
    };
    let bridge = found.map(|found| {
        let explicit = model.tokenizer.encode(&found.explicit_prompt, query.bos);
        let explicit: Vec<u32> = explicit.iter().map(|token| token.id).collect();
        let explicit = token_texts(model, &explicit);
        for (composed, named) in found.composed.iter().zip(&found.explicit) {
            if let Some(head) = row_of(&mut rows, composed.at) {
                head.bridge = Some(BridgeRow {
                    composed: word_rank_row(model, composed, &tokens),
                    explicit: word_rank_row(model, named, &explicit),
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
        Some(words) => Some(find_words(context, &read_query, options, words, &mut rows)?),
        None => None,
    };
    let (path, case) = query.case.unzip();
    Ok(HeadsDocument {
        path,
        case,
        prompt: query.prompt,
        position,
        target: model.tokenizer.text(target),
        logp: reading.logp,
        lens: match options.lens {
            AnyLens::Unembed => "unembed",
            AnyLens::Trained(_) => "trained",
            AnyLens::Jacobian(_) => "jacobian",
        },
        injections: query.injections,
        residual_norm: reading.residual_norm,
        bridge,
        words,
        heads: rows,
        tokens,
    })
}

/// Returns the row of a head; rows are in the order of layers, then heads.
fn row_of(heads: &mut [HeadRow], at: HeadAt) -> Option<&mut HeadRow> {
    let mut heads = heads.iter_mut();
    heads.find(|row| (row.layer, row.head) == (at.layer, at.head))
}

/// Returns the token that heads are measured by: the first token of an answer at the prompt's end;
/// elsewhere, and without an answer, the model's own next token.
fn target(
    context: ModelContext<'_>,
    query: &HeadsQuery,
    read_query: &PromptQuery,
) -> Result<u32, DocumentError> {
    let model = context.model;
    let is_end = read_query.tokens.len() == query.tokens.len();
    let of_prompt = query.case.is_none();
    if is_end || of_prompt {
        let read = if is_end {
            query.prompt.clone()
        } else {
            model.tokenizer.decode(&read_query.ids())
        };
        let answers = hoplens_analysis::answers(model, &read, &query.expect)?;
        if let Some(token) = answers.iter().map(|answer| answer.ids[0]).min() {
            return Ok(token);
        }
    }
    Ok(read_token(context, read_query, None, 0)?.target_id)
}

/// Replaces the heads' words by those of another lens; heads without a map lose theirs.
fn replace_words(
    context: ModelContext<'_>,
    query: &PromptQuery,
    options: &HeadsOptions<'_>,
    heads: &mut [HeadReadout],
) -> Result<(), DocumentError> {
    let lens = options.lens;
    let outputs = last_outputs(context, query)?;
    for (head, output) in heads.iter_mut().zip(0..outputs.rows) {
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
        // Without the bias: with it every head would list the likeliest words of all.
        for (score, bias) in scores.iter_mut().zip(lens.bias()) {
            *score -= bias;
        }
        head.top = top_k(&scores, options.top)
            .iter()
            .map(|best| (best.token, scores[best.token as usize]))
            .collect();
    }
    Ok(())
}

/// Returns the Δlog p of each head's ablation, in nats; none without an ablation. `logp` is the
/// target's log-probability without one.
fn ablation_changes(
    context: ModelContext<'_>,
    query: &PromptQuery,
    method: AblationMethod,
    heads: &[HeadAt],
    logp: f64,
) -> Result<Vec<f64>, DocumentError> {
    let measured = |ablation| -> Result<Vec<f64>, DocumentError> {
        let logps = ablate_heads(context, query, heads, ablation)?;
        Ok(logps.into_iter().map(|without| without - logp).collect())
    };
    match method {
        AblationMethod::None => Ok(Vec::new()),
        AblationMethod::Zero => measured(Ablation::Zero),
        AblationMethod::Mean => measured(Ablation::Mean),
        AblationMethod::Estimate => Ok(estimate_ablations(context, query, heads)?),
    }
}

/// Ranks the words in each head's read-outs and adds the best to its row.
fn find_words(
    context: ModelContext<'_>,
    query: &PromptQuery,
    options: &HeadsOptions<'_>,
    words: &[String],
    heads: &mut [HeadRow],
) -> Result<WordTexts, DocumentError> {
    let model = context.model;
    let (tokens, unknown) = word_tokens(model, words);
    if tokens.is_empty() {
        return Err(DocumentError::UnknownWords {
            model: model.info.name.clone(),
        });
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
            head.words = Some(word_rank_row(model, &found, &read));
        }
    }
    Ok(WordTexts {
        words: words.to_vec(),
        tokens: token_texts(model, &tokens),
        unknown,
    })
}
