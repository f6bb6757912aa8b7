//! Reads every head at one token of a prompt.

use crate::documents::error::DocumentError;
use crate::documents::heads::bridge::{find_bridge, word_tokens};
use crate::documents::heads::options::{AblationMethod, HeadsOptions};
use crate::documents::heads::query::HeadsQuery;
use crate::documents::heads::rows::{
    BridgeRow, BridgeText, HeadRow, HeadsDocument, WordTexts, head_row, token_texts, word_rank_row,
};
use hoplens_interp::lens::trained::{AnyLens, HeadAt};
use hoplens_interp::lens::{
    Ablation, HeadReadout, Run, ablate_heads, estimate_ablations, last_outputs, rank_words,
    read_heads, read_token,
};
use hoplens_runtime::{Cancel, Matrix, Model, top_k};

/// Reads every head at a token.
///
/// # Errors
/// The prompt has no such token, the vocabulary has none of the words, or the model fails.
pub fn heads_document(
    model: &Model,
    query: HeadsQuery,
    options: &HeadsOptions<'_>,
    cancel: &Cancel,
) -> Result<HeadsDocument, DocumentError> {
    let (ids, position) = (query.ids(), options.position);
    let Some(prefix) = ids.get(..=position) else {
        return Err(DocumentError::NoSuchToken {
            position,
            tokens: ids.len(),
        });
    };
    let pass = HeadsPass {
        model,
        run: Run {
            // What stands behind a token does not change what the model does at it.
            tokens: prefix,
            interventions: &query.interventions,
        },
        cancel,
    };
    let target = pass.target(&query)?;
    let mut reading = read_heads(model, pass.run, target, options.top, cancel)?;
    if let AnyLens::Trained(_) = options.lens {
        pass.replace_words(options, &mut reading.heads)?;
    }
    let places: Vec<(usize, usize)> = reading.heads.iter().map(|h| (h.layer, h.head)).collect();
    let ablate = options.ablate;
    let changes = pass.ablation_changes(ablate, target, &places, reading.logp)?;
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
        Some(words) => Some(pass.find_words(options, words, &mut rows)?),
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

/// The model and the prompt up to the token that is read.
#[derive(Clone, Copy)]
struct HeadsPass<'a> {
    model: &'a Model,
    run: Run<'a>,
    cancel: &'a Cancel,
}

impl HeadsPass<'_> {
    /// Returns the token that heads are measured by: the first token of an answer at the prompt's
    /// end; elsewhere, and without an answer, the model's own next token.
    fn target(&self, query: &HeadsQuery) -> Result<u32, DocumentError> {
        let Self { model, run, cancel } = *self;
        let is_end = run.tokens.len() == query.tokens.len();
        let of_prompt = query.case.is_none();
        if is_end || of_prompt {
            let read = if is_end {
                query.prompt.clone()
            } else {
                model.tokenizer.decode(run.tokens)
            };
            let first = hoplens_analysis::first_tokens(model, &read, &query.expect)?;
            if let Some(token) = first.first() {
                return Ok(*token);
            }
        }
        Ok(read_token(model, run, None, 0, cancel)?.target_id)
    }

    /// Replaces the heads' words by those of a trained lens; heads without a map lose theirs.
    fn replace_words(
        &self,
        options: &HeadsOptions<'_>,
        heads: &mut [HeadReadout],
    ) -> Result<(), DocumentError> {
        let (model, lens) = (self.model, options.lens);
        let outputs = last_outputs(model, self.run, self.cancel)?;
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
            let mut scores = lens.scores(model, at, &own)?.data;
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

    /// Returns the Δlog p of each head's ablation, in nats; none without an ablation. `logp` is
    /// the target's log-probability without one.
    fn ablation_changes(
        &self,
        method: AblationMethod,
        target: u32,
        heads: &[(usize, usize)],
        logp: f64,
    ) -> Result<Vec<f64>, DocumentError> {
        let Self { model, run, cancel } = *self;
        let measured = |ablation| -> Result<Vec<f64>, DocumentError> {
            let logps = ablate_heads(model, run, &[target], heads, ablation, cancel)?;
            Ok(logps.into_iter().map(|without| without - logp).collect())
        };
        match method {
            AblationMethod::None => Ok(Vec::new()),
            AblationMethod::Zero => measured(Ablation::Zero),
            AblationMethod::Mean => measured(Ablation::Mean),
            AblationMethod::Estimate => {
                Ok(estimate_ablations(model, run, &[target], heads, cancel)?)
            }
        }
    }

    /// Ranks the words in each head's read-outs and adds the best to its row.
    fn find_words(
        &self,
        options: &HeadsOptions<'_>,
        words: &[String],
        heads: &mut [HeadRow],
    ) -> Result<WordTexts, DocumentError> {
        let Self { model, run, cancel } = *self;
        let (tokens, unknown) = word_tokens(model, words);
        if tokens.is_empty() {
            return Err(DocumentError::UnknownWords {
                model: model.info.name.clone(),
            });
        }
        let end = run.tokens.len();
        let first = if options.anywhere { 0 } else { end - 1 };
        let read = token_texts(model, run.tokens);
        for found in rank_words(model, run, first..end, &tokens, options.lens, cancel)? {
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
}
