//! Looks for an answer in the replies that a model writes.

use std::ops::ControlFlow;

use serde::Serialize;

use crate::case::free_text::ReplyTest;
use crate::case::query::CaseQuery;
use crate::context::{AnalysisContext, AnalysisProgress};
use crate::error::AnalysisError;
use crate::generation::generate::{Generation, StopReason, generate};
use hoplens_prompt::AnswerMatch;
use hoplens_runtime::{ModelError, SamplingParams};

/// The temperature of the sampled replies.
const TEMPERATURE: f64 = 0.8;

/// The replies that a model wrote, and whether they have what the case expects.
#[derive(Debug, Clone, PartialEq, Serialize, Default)]
pub struct ReplySearch {
    /// The likeliest reply, token by token. It ends as soon as it has the answer, or cannot equal
    /// it any more.
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

/// Generates the likeliest reply and sampled ones, as many and as long as the settings say, and
/// looks for the answer in each. A reply ends as soon as it has what is looked for. The samples
/// depend on nothing but the model and the prompt. Reports the text of each reply as it grows.
///
/// # Errors
/// As [`generate`].
pub(crate) fn search_replies(
    context: &mut AnalysisContext<'_>,
    query: &CaseQuery,
    test: &ReplyTest,
) -> Result<ReplySearch, AnalysisError> {
    let greedy = reply(context, query, test, SamplingParams::GREEDY)?;
    let samples = context.settings.replies.samples as u64;
    let sampled = (0..samples).map(|seed| {
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
    context: &mut AnalysisContext<'_>,
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
        most: settings.replies.tokens,
        sampling,
        stops: Vec::new(),
    };
    let must_end = test.answer_match == AnswerMatch::Equals;
    let mut text = String::new();
    let written = generate(model, query, &generation, cancel, &mut |piece| {
        text.push_str(piece);
        context.report(AnalysisProgress::Replying(&text));
        // Further words cannot undo what a reply has, unless it must have nothing else.
        let is_decided = if must_end {
            !test.may_accept(&text)
        } else {
            test.accepts(&text)
        };
        if is_decided {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    })?;
    if cancel.is_cancelled() {
        return Err(ModelError::Cancelled.into());
    }
    let is_whole = written.stop == StopReason::Eos;
    let passes = test.accepts(&text) && (is_whole || !must_end);
    Ok(Reply { text, passes })
}
