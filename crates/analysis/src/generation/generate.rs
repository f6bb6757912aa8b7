//! What a model writes behind a prompt, with its injections in force.

use std::ops::ControlFlow;
use std::time::Instant;

use serde::Serialize;

use crate::case::query::CaseQuery;
use crate::case::query::interventions;
use crate::error::AnalysisError;
use crate::generation::stream::TextStream;
use hoplens_interp::ModelContext;
use hoplens_runtime::{
    BosPolicy, Cancel, Model, ModelError, PromptQuery, Sampler, SamplingParams, log_softmax_at,
};

/// How a prompt is continued.
#[derive(Debug, Clone, PartialEq)]
pub struct Generation {
    /// Whether BOS stands before the prompt.
    pub bos: BosPolicy,
    /// The most tokens that are written.
    pub most: usize,
    /// How each is chosen.
    pub sampling: SamplingParams,
    /// Texts to stop before, none of them empty.
    pub stops: Vec<String>,
}

/// Why a text ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stop {
    /// The model ended it.
    Eos,
    /// There are as many tokens as were asked for, or as the model reads.
    Length,
    /// A text to stop at came.
    StopText,
    /// The work was stopped on request.
    Interrupted,
}

/// One token that was written.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GeneratedToken {
    /// Its id.
    pub id: u32,
    /// As text; bytes that are no character alone are U+FFFD.
    pub text: String,
    /// Its natural log-probability before temperature and the choice among the likeliest.
    pub logp: f64,
}

/// What was written behind a prompt.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Generated {
    /// The text, without a text to stop at.
    pub text: String,
    /// Its tokens, those of a text to stop at included.
    pub tokens: Vec<GeneratedToken>,
    /// Why it ends.
    pub stop: Stop,
    /// The token with which the model ended it, where `stop` is `eos`; it is no part of the text.
    pub end: Option<GeneratedToken>,
    /// Whether it ends because the model reads no more tokens.
    pub context_full: bool,
    /// Tokens of the prompt.
    pub prompt_tokens: usize,
    /// Milliseconds for the prompt.
    pub prompt_ms: f64,
    /// The median of the milliseconds for each further token; absent where there was none.
    pub ms_per_token: Option<f64>,
}

/// Continues a prompt, its injections in force: scope `all` goes on acting on every new token,
/// `last` and `span` act on the prompt alone.
///
/// `sink` gets the text piece by piece, whole characters only, and may stop the work. What was
/// written until `cancel` was set is a result.
///
/// # Errors
/// A memory, layer or span that does not exist; a prompt that is empty or longer than the model
/// reads; [`ModelError::NotFinite`] where an injection made the logits overflow.
pub fn generate(
    model: &Model,
    query: &CaseQuery,
    settings: &Generation,
    cancel: &Cancel,
    sink: &mut dyn FnMut(&str) -> ControlFlow<()>,
) -> Result<Generated, AnalysisError> {
    let start = Instant::now();
    model.check_text(&query.prompt)?;
    let prompt = PromptQuery::new(&model.tokenizer, query.prompt.as_str(), settings.bos);
    let context = ModelContext::new(model, cancel);
    let changes = interventions(context, &prompt, &query.injections)?;
    let tokens = prompt.tokens;
    let mut sequence = model.continuation(&changes)?;
    let ids: Vec<u32> = tokens.iter().map(|token| token.id).collect();
    let mut written = Generated {
        text: String::new(),
        tokens: Vec::new(),
        stop: Stop::Length,
        end: None,
        context_full: false,
        prompt_tokens: ids.len(),
        prompt_ms: 0.0,
        ms_per_token: None,
    };
    let mut sampler = Sampler::new(settings.sampling);
    let mut stream = TextStream::new(&settings.stops);
    let mut times = Vec::new();
    let mut next = ids;
    let mut begin = start;
    while written.tokens.len() < settings.most {
        if sequence.tokens().len() + next.len() > model.config().context && !times.is_empty() {
            written.context_full = true;
            break;
        }
        match sequence.push(&next, cancel) {
            Ok(_) => {}
            Err(ModelError::Cancelled) => {
                written.stop = Stop::Interrupted;
                break;
            }
            Err(error) => return Err(error.into()),
        }
        let id = sampler.next(sequence.logits());
        times.push(begin.elapsed().as_secs_f64() * 1e3);
        let token = GeneratedToken {
            id,
            text: model.tokenizer.text(id),
            logp: log_softmax_at(sequence.logits(), id as usize),
        };
        if model.config().eos.contains(&id) {
            written.stop = Stop::Eos;
            written.end = Some(token);
            break;
        }
        written.tokens.push(token);
        let fed = stream.feed(&model.tokenizer.bytes(id));
        written.text.push_str(&fed.text);
        if sink(&fed.text).is_break() {
            written.stop = Stop::Interrupted;
            break;
        }
        if fed.stopped {
            written.stop = Stop::StopText;
            break;
        }
        next = vec![id];
        begin = Instant::now();
    }
    let rest = stream.rest();
    written.text.push_str(&rest);
    if !rest.is_empty() {
        // Nothing comes after it that could be stopped.
        let _ = sink(&rest);
    }
    if let Some((first, others)) = times.split_first_mut() {
        written.prompt_ms = *first;
        others.sort_by(f64::total_cmp);
        written.ms_per_token = others.get(others.len() / 2).copied();
    }
    Ok(written)
}
