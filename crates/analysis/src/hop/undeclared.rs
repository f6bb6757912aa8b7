//! Finds the hop of a prompt that declares none, and whether the model answers consistently once
//! its bridge is named. This needs no labels.

use std::ops::Range;

use serde::Serialize;

use crate::case::query::{CaseQuery, Mention};
use crate::context::AnalysisContext;
use crate::error::AnalysisError;
use crate::hop::candidates::candidates;
use crate::hop::candidates::{Candidate, CandidateSource};
use crate::hop::mentions::mentions;
use crate::hop::probe::{Probe, Probes, TokenProbability};
use crate::hop::run_probes::run_probes;
use crate::hop::verdict::Verdict;
use crate::hop::verdict::verdict;
use hoplens_prompt::{Facts, find_phrase};

/// An undeclared hop. All of it is guessed: the mention by a grammar, the bridge by the model.
/// Where a facts file contains the mention, both are from that file.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Undeclared {
    /// Bytes of the mention in the rendered prompt.
    pub mention: Range<usize>,
    /// The entities that it may stand for, likeliest first.
    pub candidates: Vec<Candidate>,
    /// Present if the model answers differently once the bridge is named.
    pub inconsistent: Option<Inconsistency>,
    /// The case's verdict as if the likeliest bridge were declared. Present if the case expects an
    /// answer and the bridge is likely enough.
    pub guessed: Option<Guessed>,
}

/// Different answers to one question, as written and with the bridge named.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Inconsistency {
    /// The bridge that was named.
    pub bridge: String,
    /// The prompt with the bridge in place of the mention.
    pub prompt: String,
    /// The likeliest next token as written, and its probability there.
    pub written: TokenProbability,
    /// The likeliest next token with the bridge named, and its probability there.
    pub named: TokenProbability,
    /// The probability of `written`'s token with the bridge named.
    pub written_when_named: f64,
    /// The probability of `named`'s token as written.
    pub named_as_written: f64,
}

/// A verdict that depends on a guessed bridge.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Guessed {
    /// The bridge.
    pub bridge: String,
    /// The probes with this bridge declared.
    pub probes: Probes,
    /// The verdict.
    pub verdict: Verdict,
}

/// A bridge is likely enough if the model completes the glossary with it with at least this
/// probability. A bridge from a facts file always is. This value and the next are measured in
/// `docs/candidates.md`.
const LIKELY: f64 = 0.05;
/// Two answers differ if each is at least this many times as probable as the other in its own
/// prompt.
const FACTOR: f64 = 1.2;

/// Looks for the hop of a prompt without declared ones; `None` if a hop is declared, the prompt has
/// no mention, or `settings` restricts the analysis to declared hops.
///
/// # Errors
/// As [`candidates`]; an injection that cannot be placed.
pub fn undeclared(
    context: &AnalysisContext<'_>,
    query: &CaseQuery,
    facts: &Facts,
) -> Result<Option<Undeclared>, AnalysisError> {
    let settings = context.settings;
    if settings.declared_only || !query.mentions.is_empty() {
        return Ok(None);
    }
    // A fact declares its mention, so the grammar is not needed.
    let stated = stated(&query.prompt, facts);
    let guessed = || mentions(&query.prompt).into_iter().next();
    let Some(mention) = stated.or_else(guessed) else {
        return Ok(None);
    };
    let candidates = candidates(context, &query.prompt, mention.clone(), facts)?;
    let mut undeclared = Undeclared {
        mention,
        candidates,
        inconsistent: None,
        guessed: None,
    };
    let likely = |one: &&Candidate| one.source == CandidateSource::Facts || one.logp >= LIKELY.ln();
    let Some(best) = undeclared.candidates.first().filter(likely) else {
        return Ok(Some(undeclared));
    };
    let bridge = best.text.clone();
    let declared = CaseQuery {
        mentions: vec![Mention {
            phrase: query.prompt[undeclared.mention.clone()].to_owned(),
            range: Some(undeclared.mention.clone()),
            bridge: Some(bridge.clone()),
        }],
        ..query.clone()
    };
    let (probes, _) = run_probes(context, &declared)?;
    if let Some(explicit) = probes.explicit() {
        undeclared.inconsistent = inconsistency(&bridge, &probes.composed, explicit);
    }
    if !query.expect.is_empty() {
        undeclared.guessed = Some(Guessed {
            verdict: verdict(&probes, &settings.thresholds),
            bridge,
            probes,
        });
    }
    Ok(Some(undeclared))
}

/// Returns the longest mention of a fact that is in the prompt as whole words.
pub(crate) fn stated(prompt: &str, facts: &Facts) -> Option<Range<usize>> {
    let whole = |range: &Range<usize>| {
        let letter = |char: Option<char>| char.is_some_and(char::is_alphanumeric);
        !letter(prompt[..range.start].chars().next_back())
            && !letter(prompt[range.end..].chars().next())
    };
    let found = facts
        .list
        .iter()
        .filter_map(|fact| find_phrase(prompt, &fact.mention.value));
    found.filter(whole).max_by_key(Range::len)
}

/// Returns the inconsistency of the two prompts' answers, if they differ by more than a small
/// margin.
fn inconsistency(bridge: &str, written: &Probe, named: &Probe) -> Option<Inconsistency> {
    let (first, second) = (written.top.first()?, named.top.first()?);
    if first.token == second.token
        || !says_something(&first.token)
        || !says_something(&second.token)
    {
        return None;
    }
    // A token that is not among the likeliest ten is at most as probable as the last of them.
    let p = |probe: &Probe, token: &str| {
        let known = probe.top.iter().find(|one| one.token == token);
        known.or(probe.top.last()).map_or(0.0, |one| one.p)
    };
    let named_as_written = p(written, &second.token);
    let written_when_named = p(named, &first.token);
    let differ = first.p >= FACTOR * named_as_written && second.p >= FACTOR * written_when_named;
    differ.then(|| Inconsistency {
        bridge: bridge.to_owned(),
        prompt: named.prompt.clone(),
        written: first.clone(),
        named: second.clone(),
        written_when_named,
        named_as_written,
    })
}

/// Returns whether a token is more than a function word or a mark. " the" and " a" may begin the
/// same answer.
fn says_something(token: &str) -> bool {
    let word = token.trim();
    word.chars().any(char::is_alphanumeric) && crate::hop::mentions::is_content(word)
}
