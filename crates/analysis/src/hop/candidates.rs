//! Which entity a mention stands for, where nobody said it.

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

/// What completions are tried: each costs a row of every further pass.
const EFFORT: Effort = Effort {
    beams: 8,
    with_article: 3,
    tokens: 6,
};
/// First tokens that heads retrieve and that are tried.
const SEEDS: usize = 2;
/// Candidates that are weighed by how well the mention follows from them.
const WEIGHED: usize = 12;
/// Names elsewhere in the prompt that are weighed, the nearest to the mention.
const NAMES: usize = 2;
/// How much the way back counts; see `docs/candidates.md`.
const REVERSE: f64 = 0.3;

/// Where a candidate comes from.
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
    /// the model's completion would not have first_answer_token with.
    Heads,
}

/// What a mention may stand for.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Candidate {
    /// The entity, as it would stand in the mention's place.
    pub text: String,
    /// Where it comes from.
    pub source: CandidateSource,
    /// Natural log-probability of the entity as the mention's line in a glossary.
    pub logp: f64,
    /// Natural log-probability of the mention as the entity's line in the reversed glossary.
    pub reverse_logp: f64,
    /// `logp + 0.3·reverse_logp`: what candidates of one mention are ranked by. Facts stand before
    /// all others.
    pub score: f64,
}

/// A candidate before it is weighed.
struct Draft {
    text: String,
    source: CandidateSource,
    logp: Option<f64>,
}

/// The entities that `mention`, bytes of `prompt`, may stand for, likeliest first: at most twelve.
///
/// They are what `facts` says, the model's completions of the mention's line in a glossary, names
/// elsewhere in the prompt, and names that heads retrieve. What only repeats words of the mention
/// is no candidate.
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
    // The names are few, and what the model completes best stands first among the rest.
    let drafts = distinct(phrase, stated.chain(names).chain(own));
    score_drafts(context, phrase, &line, drafts)
}

/// Each entity once, and none that says nothing new.
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
    fn each_entity_comes_once_and_the_mention_never() {
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
