//! Candidates for the entity that an undeclared mention stands for.

mod complete;
mod glossary;
mod heads;
mod name;

use std::ops::Range;

use serde::Serialize;

use crate::context::AnalysisContext;
use crate::error::AnalysisError;
use complete::{Effort, complete};
use glossary::{described, glossary, reversed};
use hoplens_prompt::Facts;
use hoplens_runtime::{Answer, Capture, Hooks, PromptQuery, Reuse};

pub use name::key as name_key;

/// The completions that are tried. Each adds a row to every further pass.
const EFFORT: Effort = Effort {
    beams: 8,
    with_article: 3,
    tokens: 6,
};
/// How many first tokens that heads retrieve are tried.
const SEEDS: usize = 2;
/// The most candidates that are scored by how well the mention follows from them.
const WEIGHED: usize = 12;
/// The most names elsewhere in the prompt that are scored: those nearest to the mention.
const NAMES: usize = 2;
/// The weight of the reverse log-probability; see `docs/candidates.md`.
const REVERSE: f64 = 0.3;

/// The origin of a candidate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum CandidateSource {
    /// The workspace's facts file.
    Facts,
    /// The model's own completion of the mention's line in a glossary.
    Completion,
    /// A name elsewhere in the prompt.
    Text,
    /// A name whose first token heads retrieve at the end of the mention or of the prompt, and
    /// which the model's own completions do not begin with.
    Heads,
}

/// An entity that a mention may stand for.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Candidate {
    /// The entity, as it would replace the mention.
    pub text: String,
    /// Its origin.
    pub source: CandidateSource,
    /// Natural log-probability of the entity as the mention's line in a glossary.
    pub logp: f64,
    /// Natural log-probability of the mention as the entity's line in the reversed glossary.
    pub reverse_logp: f64,
    /// `logp + 0.3·reverse_logp`, which ranks the candidates of one mention. Facts come before all
    /// others.
    pub score: f64,
}

/// A candidate without a score.
struct Draft {
    text: String,
    source: CandidateSource,
    logp: Option<f64>,
}

/// Returns the entities that `mention`, bytes of `prompt`, may stand for, likeliest first: at most
/// twelve.
///
/// The sources are `facts`, the model's completions of the mention's line in a glossary, names
/// elsewhere in the prompt, and names that heads retrieve. An entity that only repeats words of the
/// mention is no candidate, unless it is from `facts`.
///
/// # Errors
/// As [`hoplens_runtime::Model::forward`].
pub fn candidates(
    context: &AnalysisContext<'_>,
    prompt: &str,
    mention: Range<usize>,
    facts: &Facts,
) -> Result<Vec<Candidate>, AnalysisError> {
    let AnalysisContext {
        model,
        settings,
        cancel,
        ..
    } = *context;
    let Some(phrase) = prompt
        .get(mention.clone())
        .filter(|phrase| !phrase.is_empty())
    else {
        return Ok(Vec::new());
    };
    let tokens = model.tokenizer.encode(prompt, settings.bos);
    let seeds = heads::head_tokens(model, &tokens, mention.end, SEEDS, cancel)?;
    let line = glossary(phrase);
    let mut completions = complete(context, &line, &seeds, EFFORT)?;
    completions.sort_by(|a, b| b.logp.total_cmp(&a.logp));
    let stated = facts.bridges(phrase).map(|bridge| Draft {
        text: bridge.to_owned(),
        source: CandidateSource::Facts,
        logp: None,
    });
    let own = completions.into_iter().map(|completion| Draft {
        text: completion.text,
        source: if completion.seeded {
            CandidateSource::Heads
        } else {
            CandidateSource::Completion
        },
        logp: Some(completion.logp),
    });
    let mut names = name::inside(prompt);
    names.sort_by_key(|(at, _)| at.abs_diff(mention.start));
    let names = names
        .into_iter()
        .filter(|(at, _)| !mention.contains(at))
        .take(NAMES)
        .map(|(_, name)| Draft {
            text: name.to_owned(),
            source: CandidateSource::Text,
            logp: None,
        });
    // Names in the prompt come before completions, because they are few and the list is truncated.
    // The completions are sorted, so the likeliest ones stay.
    let drafts = distinct(phrase, stated.chain(names).chain(own));
    score_drafts(context, phrase, &line, drafts)
}

/// Returns each entity once, without those that only repeat words of `phrase`. Facts are never
/// dropped as repetitions.
fn distinct(phrase: &str, drafts: impl Iterator<Item = Draft>) -> Vec<Draft> {
    let own = name_key(phrase);
    let own: Vec<&str> = own.split(' ').collect();
    let mut kept: Vec<(String, Draft)> = Vec::new();
    for draft in drafts {
        let key = name_key(&draft.text);
        if draft.source != CandidateSource::Facts && key.split(' ').all(|word| own.contains(&word))
        {
            continue;
        }
        match kept.iter_mut().find(|(known, _)| *known == key) {
            Some((_, known)) => known.logp = known.logp.or(draft.logp),
            None => kept.push((key, draft)),
        }
    }
    let mut kept: Vec<Draft> = kept.into_iter().map(|(_, draft)| draft).collect();
    kept.truncate(WEIGHED);
    kept
}

/// Scores every candidate on one scale, in one pass.
fn score_drafts(
    context: &AnalysisContext<'_>,
    phrase: &str,
    line: &str,
    drafts: Vec<Draft>,
) -> Result<Vec<Candidate>, AnalysisError> {
    let AnalysisContext {
        model,
        settings,
        cancel,
        ..
    } = *context;
    let described = described(phrase);
    let mut queries: Vec<PromptQuery> = Vec::new();
    let mut ask = |prompt: &str, answer: String| {
        let query = PromptQuery::new(&model.tokenizer, prompt, settings.bos);
        let ids = model.tokenizer.continuation(&answer);
        // A text without tokens has no probability.
        if !query.tokens.is_empty() && !ids.is_empty() {
            queries.push(PromptQuery {
                answers: vec![Answer { text: answer, ids }],
                ..query
            });
            return Some(queries.len() - 1);
        }
        None
    };
    let rows: Vec<_> = drafts
        .into_iter()
        .filter_map(|draft| {
            let back = ask(&reversed(&draft.text), described.clone())?;
            let forth = match draft.logp {
                Some(_) => None,
                None => Some(ask(line, format!(" {}", draft.text))?),
            };
            Some((draft, back, forth))
        })
        .collect();
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let hooks = Hooks {
        reuse: Reuse::Keys,
        ..Hooks::capture(Capture::default())
    };
    let (scores, _) = model.score_all(&queries, &hooks, cancel)?;
    let found = rows.into_iter().map(|(draft, back, forth)| {
        let measured = forth.map(|at| scores[at].0.logp);
        let logp = draft.logp.or(measured).unwrap_or(f64::NEG_INFINITY);
        let reverse_logp = scores[back].0.logp;
        Candidate {
            text: draft.text,
            source: draft.source,
            logp,
            reverse_logp,
            score: logp + REVERSE * reverse_logp,
        }
    });
    let mut found: Vec<Candidate> = found.collect();
    let stated = |one: &Candidate| one.source == CandidateSource::Facts;
    found.sort_by(|a, b| stated(b).cmp(&stated(a)).then(b.score.total_cmp(&a.score)));
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn candidates_are_distinct_and_do_not_repeat_the_mention() {
        let draft = |text: &str, source, logp| Draft {
            text: text.to_owned(),
            source,
            logp,
        };
        let drafts = [
            draft("the Nile", CandidateSource::Text, None),
            draft("Nile", CandidateSource::Completion, Some(-1.0)),
            draft("longest river", CandidateSource::Completion, Some(-2.0)),
            draft("Congo", CandidateSource::Completion, Some(-3.0)),
        ];
        let kept = distinct("The longest river in Africa", drafts.into_iter());
        let kept: Vec<_> = kept
            .iter()
            .map(|one| (one.text.as_str(), one.logp))
            .collect();
        assert_eq!(kept, [("the Nile", Some(-1.0)), ("Congo", Some(-3.0))]);
    }
}
