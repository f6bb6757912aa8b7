//! What a model answers by itself where nobody said what is expected.

use std::ops::ControlFlow;

use crate::case::query::CaseQuery;
use crate::context::AnalysisContext;
use crate::error::AnalysisError;
use crate::generation::generate::generate;
use crate::generation::generate::{Generation, Stop};
use crate::hop::probe::Probe;
use crate::hop::prompt_query::{ask, asked};
use hoplens_runtime::{Capture, SamplingParams};

/// Tokens in which an answer has to end.
const MOST: usize = 8;

/// An answer that the model gives, and how probable all of it is.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelAnswer {
    /// With its leading space.
    pub text: String,
    /// Its probability behind the prompt, injections in force.
    pub p: f64,
}

/// The model's own answer, its likeliest token each time: all that it says where it ends by
/// itself, else its first word. `None` where it says nothing, or where a `chat` would be cut off.
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
        Stop::Eos => written.text.trim_end(),
        _ if has_ended => word(&said),
        _ => return Ok(None),
    };
    if text.trim().is_empty() {
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

/// The first word with the space before it; a sentence's end is no part of it.
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
    fn a_word_ends_where_the_next_begins() {
        assert_eq!(word(" Paris, the"), " Paris");
        assert_eq!(word(" Pa"), " Pa");
        assert_eq!(word(" 1789."), " 1789");
        assert_eq!(word("  "), "  ");
        assert_eq!(word("."), "");
    }
}
