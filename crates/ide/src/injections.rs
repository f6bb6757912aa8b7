//! Whether the injections in a file still do what they are there for.

use crate::diagnostics::Diagnostic;
use crate::numbers::{factor, percent};
use crate::snapshot::Snapshot;
use hoplens_analysis::{CaseFindings, FileFindings, Thresholds};
use hoplens_prompt::{Code, Injection, Measured, Severity};
use hoplens_runtime::ModelInfo;

/// How far a gain may be from the recorded one: by this share of it, and in any case by a tenth of
/// a nat.
const LOSS: f64 = 0.2;
const LEAST: f64 = 0.1;

/// `injection-stale` and `injection-harmful`, for each injection of the file.
pub(super) fn diagnostics(snapshot: &Snapshot, findings: &FileFindings) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for injection in &snapshot.file.injections {
        let acted: Vec<Effect<'_>> = findings
            .cases
            .iter()
            .filter_map(|case| effect(case, injection, &findings.thresholds))
            .collect();
        let stale =
            other_model(injection, &findings.model).or_else(|| no_longer(injection, &acted));
        let stale = stale.map(|message| (Code::InjectionStale, Severity::Information, message));
        let harmful = harmful(injection, &acted, &findings.thresholds);
        let harmful = harmful.map(|message| (Code::InjectionHarmful, Severity::Warning, message));
        let both = stale.into_iter().chain(harmful);
        found.extend(both.map(|(code, severity, message)| Diagnostic {
            code,
            severity,
            message,
            range: injection.range.clone(),
            origin: injection.origin,
            case: None,
            related: Vec::new(),
        }));
    }
    found
}

/// The probability of a case's answer without one injection and with it.
pub(super) struct Acts<'case> {
    /// The case's id.
    pub case: &'case str,
    /// Without it.
    pub before: f64,
    /// With it.
    pub after: f64,
}

/// What the model says that an injection does, in every case on which it acts.
pub(super) fn effects<'found>(
    injection: &Injection,
    findings: &'found FileFindings,
) -> Vec<Acts<'found>> {
    let cases = findings.cases.iter();
    let effects = cases.filter_map(|case| effect(case, injection, &findings.thresholds));
    effects
        .map(|effect| Acts {
            case: effect.case,
            before: effect.before,
            after: effect.after,
        })
        .collect()
}

/// What an injection does to a case's answer.
struct Effect<'case> {
    case: &'case str,
    before: f64,
    after: f64,
    /// Whether the answer was what the model says, and is no longer, or is half as probable.
    breaks: bool,
    /// Whether the case tests that the answer is *not* given.
    suppressed: bool,
}

impl Effect<'_> {
    /// Δlog p, in nats.
    fn gain(&self) -> f64 {
        (self.after / self.before).ln()
    }
}

/// What the injection does in a case; `None` where it does not act or no answer is expected.
fn effect<'case>(
    case: &'case CaseFindings,
    injection: &Injection,
    thresholds: &Thresholds,
) -> Option<Effect<'case>> {
    let probes = &case.outcome.as_ref().ok()?.probes;
    let index = case.query.injections.iter().position(|one| {
        // A range belongs to one of two files.
        one.range == injection.range && one.origin == injection.origin
    })?;
    if case.query.expect.is_empty() {
        return None;
    }
    let (before, after) = (probes.without(index)?, &probes.composed);
    let known = thresholds.known;
    let suppressed = case
        .query
        .injections
        .iter()
        .any(|one| suppresses(one, case));
    let halved = after.logp - before.logp <= -std::f64::consts::LN_2;
    let gone =
        halved || (before.rank == 0 && after.rank > 0) || (before.p >= known && after.p < known);
    Some(Effect {
        case: &case.id,
        before: before.p,
        after: after.p,
        breaks: gone && !suppressed,
        suppressed,
    })
}

/// Whether an injection takes away the very answer that a case expects: then it is measured that
/// the answer is not given.
fn suppresses(injection: &Injection, case: &CaseFindings) -> bool {
    let memory = injection.memory.value.trim();
    let mut expected = case.query.expect.iter();
    injection.tau < 0.0 && expected.any(|answer| answer.trim() == memory)
}

/// 1 where the answer is to become more probable, -1 where it is to become less so: where that is
/// what was recorded, and without a record where it is suppressed.
fn direction(injection: &Injection, effect: &Effect<'_>) -> f64 {
    let less = match &injection.measured {
        Some(measured) => measured.after < measured.before,
        None => effect.suppressed,
    };
    if less { -1.0 } else { 1.0 }
}

fn other_model(injection: &Injection, model: &ModelInfo) -> Option<String> {
    let measured = injection.measured.as_ref()?;
    let digest = measured
        .model
        .strip_prefix("sha256:")
        .unwrap_or(&measured.model);
    let digest = digest.trim_end_matches('…');
    if digest.is_empty() || model.sha256.starts_with(digest) {
        return None;
    }
    Some(format!(
        "this injection was measured with another model ({}) than {} (sha256:{}). Measure it again \
         before you trust its numbers.",
        measured.model,
        model.name,
        model.sha256.get(..12).unwrap_or(&model.sha256)
    ))
}

/// That the gain is no longer what was recorded: less of it, or more.
fn no_longer(injection: &Injection, acted: &[Effect<'_>]) -> Option<String> {
    let measured = injection.measured.as_ref()?;
    let recorded = gain(measured)?;
    let own = acted.get(own(injection, acted)?)?;
    let slack = LEAST.max(LOSS * recorded.abs());
    let more = own.gain() * recorded.signum() - recorded.abs();
    if more.abs() <= slack {
        return None;
    }
    let (does, or) = if more > 0.0 {
        ("does more than", "")
    } else {
        ("no longer does", " or remove it")
    };
    Some(format!(
        "this injection {does} what was recorded: {} → {} then, {} → {} now ({}). The prompt has \
         changed since; measure it again{or}.",
        percent(measured.before),
        percent(measured.after),
        percent(own.before),
        percent(own.after),
        factor(own.after / own.before)
    ))
}

/// What an injection does in the case that it is there for: the answer's probability without it
/// and with it. `None` where it acts on no case that expects an answer.
pub(super) fn effect_now(findings: &FileFindings, injection: &Injection) -> Option<(f64, f64)> {
    let cases = findings.cases.iter();
    let acted: Vec<Effect<'_>> = cases
        .filter_map(|case| effect(case, injection, &findings.thresholds))
        .collect();
    let effect = acted.get(own(injection, &acted).unwrap_or(0))?;
    Some((effect.before, effect.after))
}

/// The recorded Δlog p, in nats.
fn gain(measured: &Measured) -> Option<f64> {
    let gain = (measured.after / measured.before).ln();
    gain.is_finite().then_some(gain)
}

/// The case that an injection is there for: the one that it names or the only one, otherwise the
/// one whose gain is nearest to what was recorded.
fn own(injection: &Injection, acted: &[Effect<'_>]) -> Option<usize> {
    if acted.len() == 1 {
        return Some(0);
    }
    let recorded = injection.measured.as_ref().and_then(gain)?;
    let distance = |effect: &Effect<'_>| (effect.gain() - recorded).abs();
    let cases = acted.iter().enumerate();
    let nearest = cases.min_by(|(_, a), (_, b)| distance(a).total_cmp(&distance(b)));
    nearest.map(|(at, _)| at)
}

/// That the injection does the opposite in its own case, or breaks another.
fn harmful(injection: &Injection, acted: &[Effect<'_>], thresholds: &Thresholds) -> Option<String> {
    let least = thresholds.gain_factor.ln();
    let own = own(injection, acted);
    let told = |effect: &Effect<'_>| {
        format!(
            "{} → {} ({})",
            percent(effect.before),
            percent(effect.after),
            factor(effect.after / effect.before)
        )
    };
    let of_own = own.and_then(|at| acted.get(at));
    let of_own = of_own.map(|effect| (effect, direction(injection, effect)));
    if let Some((effect, direction)) = of_own
        && effect.gain() * direction <= -least
    {
        let (way, meant) = if direction > 0.0 {
            ("less", "more")
        } else {
            ("more", "less")
        };
        return Some(format!(
            "this injection does harm: with it the answer of case `{}` is {way} probable, {}, and \
             {meant} was wanted. Remove it, or choose another layer, τ or scope.",
            effect.case,
            told(effect)
        ));
    }
    let others = acted.iter().enumerate().filter(|(at, _)| Some(*at) != own);
    let broken = others
        .map(|(_, effect)| effect)
        .filter(|effect| effect.breaks)
        .min_by(|a, b| a.gain().total_cmp(&b.gain()))?;
    Some(format!(
        "this injection breaks case `{}`, on which it acts too: {}. Give it a `case`, so that it \
         acts on no other, or remove it.",
        broken.case,
        told(broken)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use hoplens_prompt::parse;

    fn injection(measured: &str, case: &str) -> Injection {
        let text = format!(
            "---\nhoplens.inject:\n  - {case}memory: x\n    encoding: embed\n    layer: 1\n    \
             tau: 2\n    scope: all\n{measured}---\nText\n"
        );
        parse("a.prompt", &text, None).injections.remove(0)
    }

    fn effect(case: &str, before: f64, after: f64, breaks: bool) -> Effect<'_> {
        Effect {
            case,
            before,
            after,
            breaks,
            suppressed: false,
        }
    }

    const RECORD: &str = "    measured: {model: \"sha256:b1\", before: 0.2, after: 0.4}\n";
    const LESS: &str = "    measured: {model: \"sha256:b1\", before: 0.4, after: 0.1}\n";

    #[test]
    fn a_gain_that_is_gone_is_stale() {
        let recorded = injection(RECORD, "");
        assert_eq!(no_longer(&recorded, &[effect("a", 0.2, 0.38, false)]), None);
        // More than was recorded is not what was recorded either.
        assert_eq!(no_longer(&recorded, &[effect("a", 0.2, 0.44, false)]), None);
        let message = no_longer(&recorded, &[effect("a", 0.1, 0.9, false)]).unwrap();
        assert!(message.contains("does more than"), "{message}");
        assert!(message.contains("10.0 % → 90.0 % now"), "{message}");
        let message = no_longer(&recorded, &[effect("a", 0.2, 0.22, false)]).unwrap();
        assert!(message.contains("20.0 % → 22.0 % now"), "{message}");
        // A suppression that still suppresses.
        let less = injection(LESS, "");
        assert_eq!(no_longer(&less, &[effect("a", 0.4, 0.1, true)]), None);
        assert!(no_longer(&less, &[effect("a", 0.4, 0.4, false)]).is_some());
        assert_eq!(
            no_longer(&injection("", ""), &[effect("a", 0.4, 0.4, false)]),
            None
        );
    }

    #[test]
    fn harm_is_the_opposite_of_what_was_wanted() {
        let plain = injection("", "");
        assert_eq!(
            harmful(
                &plain,
                &[effect("a", 0.2, 0.19, false)],
                &Thresholds::default()
            ),
            None
        );
        assert!(
            harmful(
                &plain,
                &[effect("a", 0.2, 0.1, false)],
                &Thresholds::default()
            )
            .is_some()
        );
        let less = injection(LESS, "");
        assert_eq!(
            harmful(
                &less,
                &[effect("a", 0.4, 0.1, true)],
                &Thresholds::default()
            ),
            None
        );
        assert!(
            harmful(
                &less,
                &[effect("a", 0.1, 0.4, false)],
                &Thresholds::default()
            )
            .is_some()
        );
    }

    #[test]
    fn an_answer_that_is_suppressed_is_to_become_less_probable() {
        let mut suppressed = effect("a", 0.4, 0.1, false);
        suppressed.suppressed = true;
        let plain = injection("", "");
        assert_eq!(harmful(&plain, &[suppressed], &Thresholds::default()), None);
    }

    #[test]
    fn another_case_is_harmed_where_it_breaks() {
        let recorded = injection(RECORD, "");
        let own = || effect("own", 0.2, 0.41, false);
        let bent = effect("other", 0.6, 0.4, false);
        assert_eq!(
            harmful(&recorded, &[own(), bent], &Thresholds::default()),
            None
        );
        let broken = effect("other", 0.6, 0.04, true);
        let message = harmful(&recorded, &[own(), broken], &Thresholds::default()).unwrap();
        assert!(message.contains("`other`"), "{message}");
    }
}
