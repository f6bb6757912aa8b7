//! The time to measure the influence of every sentence of a long prompt.

use std::fmt::Write as _;
use std::time::Instant;

use crate::cli::error::CliError;
use hoplens_analysis::{
    AnalysisContext, AnalysisSettings, FileInfluence, InfluenceMethod, InfluenceRequest,
    PromptSource, case_query, measure_influence,
};
use hoplens_prompt::parse;
use hoplens_runtime::{CancelToken, Model};

/// The number of sentences of the prompt.
const SENTENCES: usize = 40;

/// A measurement of every sentence of a prompt.
pub(super) struct InfluenceTime {
    /// The number of sentences.
    pub(super) sentences: usize,
    /// The number of tokens of the prompt.
    pub(super) tokens: usize,
    /// The time, in seconds.
    pub(super) seconds: f64,
}

/// Measures a support prompt of 40 sentences and some 700 tokens, with one expected answer; `None`
/// if the model's context is shorter.
///
/// # Errors
/// As [`measure_influence`].
pub(super) fn influence_time(
    model: &Model,
    method: InfluenceMethod,
) -> Result<Option<InfluenceTime>, CliError> {
    let text = prompt();
    let file = parse("bench.prompt", &text, None);
    let source = PromptSource::new(&file, &text);
    let query = case_query(model, source, Some(0))?;
    let tokens = model.tokenizer.ids(&query.prompt).len();
    if tokens + 16 > model.config().context {
        return Ok(None);
    }
    let (settings, cancel) = (AnalysisSettings::default(), CancelToken::new());
    let context = AnalysisContext::new(model, &settings, &cancel);
    let request = InfluenceRequest::all(file.clone(), text.clone(), method);
    let mut found = FileInfluence::new(method);
    // A new prompt has no cached passes.
    model.clear_cache();
    let start = Instant::now();
    measure_influence(request, &context, &mut |event| found.apply(event))?;
    Ok(Some(InfluenceTime {
        sentences: found.segments.len(),
        tokens,
        seconds: start.elapsed().as_secs_f64(),
    }))
}

/// Returns a chat prompt with rules, of which one sentence is the user's question.
fn prompt() -> String {
    let mut text =
        "---\nhoplens.cases: [{expect: \" 30 days\"}]\n---\n{{role \"system\"}}\n".to_owned();
    for number in 1..SENTENCES {
        // Writing to a string never fails.
        let _ = writeln!(
            text,
            "When a customer asks about topic {number}, answer in one short sentence."
        );
    }
    text.push_str("{{role \"user\"}}\nHow long can I return a book?\n{{role \"model\"}}\nYou have");
    text
}
