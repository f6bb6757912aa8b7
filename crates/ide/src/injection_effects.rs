//! What the injections of a file do to the answers of its cases.

use hoplens_analysis::{CaseFindings, FileFindings, Thresholds};
use hoplens_prompt::{Injection, Measured};

/// What an injection does to the answer of one case.
#[derive(Debug, Clone, Copy)]
pub(super) struct InjectionEffect<'case> {
    /// The case's id.
    pub case: &'case str,
    /// Probability of the answer without the injection.
    pub before: f64,
    /// Probability of the answer with it.
    pub after: f64,
    /// Whether the injection takes the answer away: it was the likeliest or known and no longer is,
    /// or is half as probable.
    pub breaks: bool,
    /// Whether the case tests that the answer is *not* given.
    pub suppressed: bool,
}

impl InjectionEffect<'_> {
    /// Returns Δlog p, in nats.
    pub(super) fn gain(&self) -> f64 {
        (self.after / self.before).ln()
    }
}

/// Returns the effect of an injection on each case on which it acts and that expects an answer.
pub(super) fn effects<'found>(
    injection: &Injection,
    findings: &'found FileFindings,
) -> Vec<InjectionEffect<'found>> {
    let cases = findings.cases.iter();
    let effects = cases.filter_map(|case| effect(case, injection, &findings.thresholds));
    effects.collect()
}

/// Returns the effect of an injection on the case that it is meant for, or on the first case on
/// which it acts; `None` if it acts on no case that expects an answer.
pub(super) fn effect_on_own_case<'found>(
    injection: &Injection,
    findings: &'found FileFindings,
) -> Option<InjectionEffect<'found>> {
    let effects = effects(injection, findings);
    effects
        .get(own_case(injection, &effects).unwrap_or(0))
        .copied()
}

/// Returns the effect of an injection on a case; `None` if it does not act there or no answer is
/// expected.
fn effect<'case>(
    case: &'case CaseFindings,
    injection: &Injection,
    thresholds: &Thresholds,
) -> Option<InjectionEffect<'case>> {
    let probes = &case.outcome.as_ref().ok()?.probes;
    let index = case.query.injections.iter().position(|one| {
        // Ranges of the prompt file and of the sidecar may be equal.
        one.range == injection.range && one.origin == injection.origin
    })?;
    if case.query.expect.is_empty() {
        return None;
    }
    let (before, after) = (probes.without(index)?, &probes.composed);
    let known = thresholds.known;
    let injections = &case.query.injections;
    let suppressed = injections.iter().any(|one| suppresses(one, case));
    let halved = after.logp - before.logp <= -std::f64::consts::LN_2;
    let gone =
        halved || (before.rank == 0 && after.rank > 0) || (before.p >= known && after.p < known);
    Some(InjectionEffect {
        case: &case.id,
        before: before.p,
        after: after.p,
        breaks: gone && !suppressed,
        suppressed,
    })
}

/// Returns whether an injection suppresses an answer that a case expects: then the case tests that
/// the answer is not given.
fn suppresses(injection: &Injection, case: &CaseFindings) -> bool {
    let memory = injection.memory.value.trim();
    let mut expected = case.query.expect.iter();
    injection.tau < 0.0 && expected.any(|answer| answer.trim() == memory)
}

/// Returns the recorded Δlog p, in nats; `None` if it is not finite.
pub(super) fn recorded_gain(measured: &Measured) -> Option<f64> {
    let gain = (measured.after / measured.before).ln();
    gain.is_finite().then_some(gain)
}

/// Returns the index of the case that an injection is meant for: the only one, else the one whose
/// gain is nearest to the recorded one; `None` if nothing is recorded.
pub(super) fn own_case(injection: &Injection, effects: &[InjectionEffect<'_>]) -> Option<usize> {
    if effects.len() == 1 {
        return Some(0);
    }
    let recorded = injection.measured.as_ref().and_then(recorded_gain)?;
    let distance = |effect: &InjectionEffect<'_>| (effect.gain() - recorded).abs();
    let cases = effects.iter().enumerate();
    let nearest = cases.min_by(|(_, a), (_, b)| distance(a).total_cmp(&distance(b)));
    nearest.map(|(index, _)| index)
}
