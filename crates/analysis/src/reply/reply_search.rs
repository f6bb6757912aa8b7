//! Looks for an answer in the replies that a model writes.

use std::ops::ControlFlow;

use serde::Serialize;

use crate::case::free_text::ReplyTest;
use crate::case::query::CaseQuery;
use crate::context::AnalysisContext;
use crate::error::AnalysisError;
use crate::generation::generate::{Generation, generate};
use hoplens_runtime::{ModelError, SamplingParams};

/// How many replies are sampled beside the likeliest one.
pub const REPLY_SAMPLES: usize = 4;
/// The most tokens of a reply.
pub const REPLY_TOKENS: usize = 64;
/// The temperature of the sampled replies.
const TEMPERATURE: f64 = 0.8;

/// The replies that a model wrote, and whether they have what the case expects.
#[derive(Debug, Clone, PartialEq, Serialize, Default)]
pub struct ReplySearch {
    /// The likeliest reply, token by token. It ends as soon as it has the answer.
    pub greedy: Reply,
    /// The sampled replies, in the order of their seeds, from 0.
    pub sampled: Vec<Reply>,
}

/// One generated reply.
#[derive(Debug, Clone, PartialEq, Serialize, Default)]
pub struct Reply {
    /// Its text, as far as it was generated.
    pub text: String,
    /// Whether it has what the case expects.
    pub passes: bool,
}

impl ReplySearch {
    /// Returns how many of the sampled replies pass.
    pub fn sampled_passes(&self) -> usize {
        self.sampled.iter().filter(|reply| reply.passes).count()
    }
}

/// Generates the likeliest reply and [`REPLY_SAMPLES`] sampled ones, each of at most
/// [`REPLY_TOKENS`] tokens, and looks for the answer in each. A reply ends as soon as it has what
/// is looked for. The samples depend on nothing but the model and the prompt.
///
/// # Errors
/// As [`generate`].
pub(crate) fn search_replies(
    context: &AnalysisContext<'_>,
    query: &CaseQuery,
    test: &ReplyTest,
) -> Result<ReplySearch, AnalysisError> {
    let greedy = reply(context, query, test, SamplingParams::GREEDY)?;
    let sampled = (0..REPLY_SAMPLES as u64).map(|seed| {
        let sampling = SamplingParams {
            temperature: TEMPERATURE,
            top_k: None,
            top_p: None,
            seed,
        };
        reply(context, query, test, sampling)
    });
    Ok(ReplySearch {
        greedy,
        sampled: sampled.collect::<Result<_, _>>()?,
    })
}

fn reply(
    context: &AnalysisContext<'_>,
    query: &CaseQuery,
    test: &ReplyTest,
    sampling: SamplingParams,
) -> Result<Reply, AnalysisError> {
    let AnalysisContext {
        model,
        settings,
        cancel,
        ..
    } = *context;
    let generation = Generation {
        bos: settings.bos,
        most: REPLY_TOKENS,
        sampling,
        stops: Vec::new(),
    };
    let mut text = String::new();
    generate(model, query, &generation, cancel, &mut |piece| {
        text.push_str(piece);
        // Further words cannot undo what a reply has.
        if test.accepts(&text) {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    })?;
    if cancel.is_cancelled() {
        return Err(ModelError::Cancelled.into());
    }
    let passes = test.accepts(&text);
    Ok(Reply { text, passes })
}
