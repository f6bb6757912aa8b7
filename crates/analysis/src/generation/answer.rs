//! The model's own answer to a prompt without an expected answer.

use std::ops::ControlFlow;

use crate::case::query::CaseQuery;
use crate::context::AnalysisContext;
use crate::error::AnalysisError;
use crate::generation::generate::generate;
use crate::generation::generate::{Generation, StopReason};
use crate::hop::probe::Probe;
use crate::hop::prompt_query::{ask, asked};
use hoplens_runtime::{Capture, SamplingParams};

/// The most tokens of an answer.
const MOST: usize = 8;

/// An answer of the model with the probability of all its tokens.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelAnswer {
    /// The text of the answer, with its leading space.
    pub text: String,
    /// Its probability after the prompt, with the injections in force.
    pub p: f64,
}

/// Returns the model's own answer, decoded greedily: the whole text if the model ends it by itself,
/// else its first word. Returns `None` if the answer is empty or does not end within eight tokens.
/// The answer of a `chat` must end by itself, so it is never cut off after its first word.
///
/// # Errors
/// As [`generate`].
pub fn answer(
    context: &AnalysisContext<'_>,
    query: &CaseQuery,
    is_chat: bool,
) -> Result<Option<ModelAnswer>, AnalysisError> {
    let AnalysisContext {
        model,
        settings,
        cancel,
        ..
    } = *context;
    let greedy = Generation {
        bos: settings.bos,
        most: MOST,
        sampling: SamplingParams::GREEDY,
        stops: Vec::new(),
    };
    let mut said = String::new();
    let mut has_ended = false;
    let written = generate(model, query, &greedy, cancel, &mut |piece| {
        said.push_str(piece);
        has_ended = !is_chat && word(&said).len() < said.len();
        if has_ended {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    })?;
    let text = match written.stop {
        StopReason::Eos => written.text.trim_end(),
        _ if has_ended => word(&said),
        _ => return Ok(None),
    };
    // No author can expect a part of a character.
    if text.trim().is_empty() || text.contains(char::REPLACEMENT_CHARACTER) {
        return Ok(None);
    }
    let answered = CaseQuery {
        expect: vec![text.to_owned()],
        ..query.clone()
    };
    let question = asked(context, &answered, query.prompt.clone())?;
    let (probes, _) = ask(context, &[question], Capture::default())?;
    let p = probes.first().map(|(probe, _): &(Probe, usize)| probe.p);
    Ok(p.map(|p| ModelAnswer {
        text: text.to_owned(),
        p,
    }))
}

/// Returns the first word with the white space before it and without the punctuation after it.
fn word(text: &str) -> &str {
    let begin = text.len() - text.trim_start().len();
    let rest = text.get(begin..).unwrap_or_default();
    let ends =
        |char: char| char.is_whitespace() || matches!(char, '.' | ',' | ';' | ':' | '!' | '?');
    let end = rest.find(ends).unwrap_or(rest.len());
    text.get(..begin + end).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_ends_at_white_space_or_punctuation() {
        assert_eq!(word(" Paris, the"), " Paris");
        assert_eq!(word(" Pa"), " Pa");
        assert_eq!(word(" 1789."), " 1789");
        assert_eq!(word("  "), "  ");
        assert_eq!(word("."), "");
    }
}
