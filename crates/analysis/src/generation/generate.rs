//! Continues a prompt with its injections in force.

use std::ops::ControlFlow;
use std::time::Instant;

use serde::Serialize;

use crate::case::query::CaseQuery;
use crate::case::query::interventions;
use crate::error::AnalysisError;
use crate::generation::stream::TextStream;
use hoplens_interp::ModelContext;
use hoplens_runtime::{
    BosPolicy, CancelToken, Model, ModelError, PromptQuery, Sampler, SamplingParams, log_softmax_at,
};

/// The settings of a generation.
#[derive(Debug, Clone, PartialEq)]
pub struct Generation {
    /// Whether BOS is prepended to the prompt.
    pub bos: BosPolicy,
    /// The most tokens that are generated.
    pub most: usize,
    /// How each token is chosen.
    pub sampling: SamplingParams,
    /// Stop texts, none of them empty. The generated text ends before the first of them.
    pub stops: Vec<String>,
}

/// The reason why a generated text ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum StopReason {
    /// The model generated an end token.
    Eos,
    /// The text has as many tokens as requested, or the context is full.
    Length,
    /// The text reached a stop text.
    StopText,
    /// The work was stopped on request.
    Interrupted,
}

/// One generated token.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GeneratedToken {
    /// Its id.
    pub id: u32,
    /// Its text. Bytes that are no complete character are U+FFFD.
    pub text: String,
    /// Its natural log-probability before temperature and truncation to the likeliest tokens.
    pub logp: f64,
}

/// A generated text.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Generated {
    /// The text, without the stop text.
    pub text: String,
    /// Its tokens, including those of the stop text.
    pub tokens: Vec<GeneratedToken>,
    /// Why it ends.
    pub stop: StopReason,
    /// The end token, if `stop` is `eos`. It is not part of the text.
    pub end: Option<GeneratedToken>,
    /// Whether the text ends because the model's context is full.
    pub context_full: bool,
    /// Number of tokens of the prompt.
    pub prompt_tokens: usize,
    /// Milliseconds for the prompt.
    pub prompt_ms: f64,
    /// The median of the milliseconds for each further token; `None` if there was none.
    pub ms_per_token: Option<f64>,
}

/// Continues a prompt with its injections in force. Scope `all` also acts on every new token;
/// `last` and `span` act on the prompt alone.
///
/// `sink` receives the text in pieces of whole characters and may stop the work. When `cancel` is
/// set, the text so far is the result.
///
/// # Errors
/// A memory, layer or span that does not exist; a prompt that is empty or longer than the model's
/// context; [`ModelError::NotFinite`] if an injection makes the logits overflow.
pub fn generate(
    model: &Model,
    query: &CaseQuery,
    settings: &Generation,
    cancel: &CancelToken,
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
        stop: StopReason::Length,
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
                written.stop = StopReason::Interrupted;
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
            written.stop = StopReason::Eos;
            written.end = Some(token);
            break;
        }
        written.tokens.push(token);
        let fed = stream.feed(&model.tokenizer.bytes(id));
        written.text.push_str(&fed.text);
        if sink(&fed.text).is_break() {
            written.stop = StopReason::Interrupted;
            break;
        }
        if fed.stopped {
            written.stop = StopReason::StopText;
            break;
        }
        next = vec![id];
        begin = Instant::now();
    }
    let rest = stream.rest();
    written.text.push_str(&rest);
    if !rest.is_empty() {
        // This is the last piece, so there is nothing left to stop.
        let _ = sink(&rest);
    }
    if let Some((first, others)) = times.split_first_mut() {
        written.prompt_ms = *first;
        others.sort_by(f64::total_cmp);
        written.ms_per_token = others.get(others.len() / 2).copied();
    }
    Ok(written)
}
