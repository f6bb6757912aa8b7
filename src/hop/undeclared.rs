//! A prompt whose author declared no hop: which one there is, and whether both ways of asking
//! agree. No label is needed for that.

use std::ops::Range;

use serde::Serialize;

use super::explicit::substitute;
use super::probe::{Asked, ask, asked};
use super::{
    Candidate, HopError, Probe, Probes, Settings, Subject, TokenProbability, Verdict, candidates,
    mentions, verdict,
};
use crate::model::{Cancel, Capture, Model};
use crate::prompt::Facts;

/// A hop that nobody declared. All of it is guessed: the mention by a grammar, the bridge by the
/// model.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Undeclared {
    /// Bytes of the rendered prompt: the phrase that describes something.
    pub mention: Range<usize>,
    /// What it may stand for, likeliest first.
    pub candidates: Vec<Candidate>,
    /// Present where the model answers otherwise once the bridge is named.
    pub inconsistent: Option<Inconsistency>,
    /// The case's verdict as if the likeliest bridge had been declared; present where the case
    /// expects an answer and the bridge is likely enough.
    pub guessed: Option<Guessed>,
}

/// Two answers to one question.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Inconsistency {
    /// The bridge that was named.
    pub bridge: String,
    /// The prompt with it in the mention's place.
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

/// A verdict that rests on a guessed bridge.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Guessed {
    /// The bridge.
    pub bridge: String,
    /// The prompt with it in the mention's place.
    pub explicit: Probe,
    /// The verdict.
    pub verdict: Verdict,
}

/// When a guess is worth saying; measured in `docs/candidates.md`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GuessThresholds {
    /// A bridge is likely enough where the model completes the glossary with it at least as
    /// probably as this. What a facts file states always is.
    pub bridge: f64,
    /// Two answers differ where each is at least this many times as probable as the other, each
    /// in its own prompt.
    pub factor: f64,
}

impl Default for GuessThresholds {
    fn default() -> Self {
        let d = std::env::var("DEV_G").unwrap_or("0.05,1.2".into());
        let (a, b) = d.split_once(',').unwrap();
        Self {
            bridge: a.parse().unwrap(),
            factor: b.parse().unwrap(),
        }
    }
}

/// Looks for the hop of a prompt without declared ones; `None` where a hop is declared or the
/// prompt has no mention.
///
/// # Errors
/// As [`candidates`]; an injection that cannot be placed.
pub fn undeclared(
    model: &Model,
    subject: &Subject,
    facts: &Facts,
    settings: &Settings,
    cancel: &Cancel,
) -> Result<Option<Undeclared>, HopError> {
    if !subject.mentions.is_empty() {
        return Ok(None);
    }
    // A fact says what its mention is: it needs no grammar to be found first.
    let found = mentions(&subject.prompt);
    let stated = |range: &&Range<usize>| facts.bridges(&subject.prompt[(*range).clone()]).next().is_some();
    let Some(mention) = found.iter().find(stated).or(found.first()).cloned() else {
        return Ok(None);
    };
    let candidates = candidates(
        model,
        &subject.prompt,
        mention.clone(),
        facts,
        settings,
        cancel,
    )?;
    let mut undeclared = Undeclared {
        mention,
        candidates,
        inconsistent: None,
        guessed: None,
    };
    let thresholds = GuessThresholds::default();
    let likely = |one: &&Candidate| {
        one.source == super::Source::Facts || one.logp >= thresholds.bridge.ln()
    };
    let Some(best) = undeclared.candidates.first().filter(likely) else {
        return Ok(Some(undeclared));
    };
    let bridge = best.text.clone();
    let (written, named) = both(model, subject, &undeclared.mention, &bridge, settings, cancel)?;
    undeclared.inconsistent = inconsistency(&bridge, &written, &named, thresholds.factor);
    if !subject.expect.is_empty() {
        let probes = Probes {
            composed: written,
            without_injections: None,
            explicit: Some(named.clone()),
        };
        undeclared.guessed = Some(Guessed {
            bridge,
            explicit: named,
            verdict: verdict(&probes, &settings.thresholds),
        });
    }
    Ok(Some(undeclared))
}

/// The prompt as written and with the bridge named, in one pass.
fn both(
    model: &Model,
    subject: &Subject,
    mention: &Range<usize>,
    bridge: &str,
    settings: &Settings,
    cancel: &Cancel,
) -> Result<(Probe, Probe), HopError> {
    let written = asked(model, subject, subject.prompt.clone(), settings, cancel)?;
    let prompt = substitute(&subject.prompt, mention.clone(), bridge);
    let named = Asked {
        tokens: model.tokenizer.encode(&prompt, settings.bos),
        prompt,
        answers: written.answers.clone(),
        interventions: Vec::new(),
    };
    let (mut probes, _) = ask(model, &[written, named], Capture::default(), cancel)?;
    match (probes.pop(), probes.pop()) {
        (Some((named, _)), Some((written, _))) => Ok((written, named)),
        _ => Err(crate::model::ModelError::EmptyPrompt.into()),
    }
}

/// Whether the two prompts' answers differ, and not by a small margin.
fn inconsistency(bridge: &str, written: &Probe, named: &Probe, factor: f64) -> Option<Inconsistency> {
    let (first, second) = (written.top.first()?, named.top.first()?);
    if first.token == second.token || !says_something(&first.token) || !says_something(&second.token) {
        return None;
    }
    // What is not among the likeliest ten is at most as probable as the last of them.
    let p = |probe: &Probe, token: &str| {
        let known = probe.top.iter().find(|one| one.token == token);
        known.or(probe.top.last()).map_or(0.0, |one| one.p)
    };
    let named_as_written = p(written, &second.token);
    let written_when_named = p(named, &first.token);
    let differ = first.p >= factor * named_as_written && second.p >= factor * written_when_named;
    differ.then(|| Inconsistency {
        bridge: bridge.to_owned(),
        prompt: named.prompt.clone(),
        written: first.clone(),
        named: second.clone(),
        written_when_named,
        named_as_written,
    })
}

/// Whether a token is more than a function word or a mark: " the" and " a" begin the same answer.
fn says_something(token: &str) -> bool {
    let word = token.trim();
    word.chars().any(char::is_alphanumeric)
        && super::mentions::is_content(word)
}
