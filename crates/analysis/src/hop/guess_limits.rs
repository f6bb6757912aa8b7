//! Where a hop that nobody declared is looked for.

use crate::case::findings::CaseFindings;
use crate::case::prompt_reading::PromptReading;
use crate::hop::probe::Probes;
use crate::hop::undeclared::stated;
use hoplens_prompt::Facts;

/// The longest prompt in which a hop is guessed, in tokens. Longer prompts are instructions, and
/// each guess costs several passes over them.
const MAX_GUESS_TOKENS: usize = 300;
/// A model that gives its likeliest next token at least this probability knows how the prompt
/// continues, so no hop can be lost.
const SURE: f64 = 0.5;

/// Whether it is worth looking for a hop that nobody declared. A project's fact about a mention in
/// the prompt always is; a guess only in a short text to continue, whose continuation the model is
/// not sure of.
pub(crate) fn may_have_hop(case: &CaseFindings, probes: &Probes, facts: &Facts) -> bool {
    if !case.query.mentions.is_empty() {
        return false;
    }
    if stated(&case.query.prompt, facts).is_some() {
        return true;
    }
    let prompt = case.query.prompt.trim_end();
    let is_sure = probes.composed.top.first().is_some_and(|one| SURE <= one.p);
    case.reading == PromptReading::Continuation
        && case.tokens.len() <= MAX_GUESS_TOKENS
        && !prompt.ends_with(['.', '!', '…'])
        && !is_sure
}
