//! The time to measure the repairs of a failing case, with the evidence for them.

use std::sync::Arc;
use std::time::Instant;

use crate::cli::error::CliError;
use hoplens_analysis::{AnalysisContext, AnalysisRequest, AnalysisSettings, RepairSelection, run};
use hoplens_prompt::parse;
use hoplens_runtime::{CancelToken, Model};

/// A case of 14 tokens whose first hop gets lost.
const PROMPT: &str = "---
hoplens.cases:
  - expect: \" Australia\"
    hops:
      - {mention: \"The largest coral reef system in the world\", bridge: the Great Barrier Reef}
---
The largest coral reef system in the world is located off the coast of
";

/// Measures the repairs of one case and the evidence for them; returns the time in seconds. Runs over
/// the reference prompts are left from earlier calls, as in a check of many files.
///
/// # Errors
/// As [`run`].
pub(super) fn repair_time(model: &Model) -> Result<f64, CliError> {
    let file = parse("bench.prompt", PROMPT, None);
    let request = AnalysisRequest {
        repairs: RepairSelection::All,
        other_cases: Arc::default(),
        ..AnalysisRequest::verdicts(file, PROMPT.to_owned())
    };
    let (settings, cancel) = (AnalysisSettings::default(), CancelToken::new());
    let mut context = AnalysisContext::new(model, &settings, &cancel);
    let start = Instant::now();
    run(request, &mut context, &mut |_| {})?;
    Ok(start.elapsed().as_secs_f64())
}
