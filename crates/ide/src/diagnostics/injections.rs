//! `injection-stale` and `injection-harmful`: whether the injections of a file still do what they
//! are meant to do.

use crate::diagnostics::diagnostic::Diagnostic;
use crate::injection_effects::{InjectionEffect, effects, own_case, recorded_gain};
use crate::numbers::{factor, percent};
use crate::snapshot::Snapshot;
use hoplens_analysis::{FileFindings, Thresholds};
use hoplens_prompt::{Code, Injection};
use hoplens_runtime::ModelInfo;

/// How far a gain may be from the recorded one, as a share of it.
const RELATIVE_TOLERANCE: f64 = 0.2;
/// How far it may be in any case, in nats.
const ABSOLUTE_TOLERANCE: f64 = 0.1;

/// Returns the findings about each injection of the file.
pub(super) fn diagnostics(snapshot: &Snapshot, findings: &FileFindings) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for injection in &snapshot.file.injections {
        let effects = effects(injection, findings);
        let stale = other_model_message(injection, &findings.model)
            .or_else(|| stale_message(injection, &effects));
        let stale = stale.map(|message| (Code::InjectionStale, message));
        let harmful = harmful_message(injection, &effects, &findings.thresholds);
        let harmful = harmful.map(|message| (Code::InjectionHarmful, message));
        let both = stale.into_iter().chain(harmful);
        found.extend(both.map(|(code, message)| {
            Diagnostic::new(code, message, injection.range.clone(), injection.origin)
        }));
    }
    found
}

/// Returns 1 if the answer should become more probable and -1 if it should become less probable:
/// as the record says, and without a record -1 where the injection suppresses the answer.
fn direction(injection: &Injection, effect: &InjectionEffect<'_>) -> f64 {
    let less = match &injection.measured {
        Some(measured) => measured.after < measured.before,
        None => effect.suppressed,
    };
    if less { -1.0 } else { 1.0 }
}

/// Returns a message if the record is of another model.
fn other_model_message(injection: &Injection, model: &ModelInfo) -> Option<String> {
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

/// Returns a message if the effect differs from the recorded one, in either direction.
fn stale_message(injection: &Injection, effects: &[InjectionEffect<'_>]) -> Option<String> {
    let measured = injection.measured.as_ref()?;
    let recorded = recorded_gain(measured)?;
    let own = effects.get(own_case(injection, effects)?)?;
    let tolerance = ABSOLUTE_TOLERANCE.max(RELATIVE_TOLERANCE * recorded.abs());
    let excess = own.gain() * recorded.signum() - recorded.abs();
    if excess.abs() <= tolerance {
        return None;
    }
    let (does, or) = if excess > 0.0 {
        ("does more than the file records", "")
    } else {
        ("no longer does what the file records", " or remove it")
    };
    Some(format!(
        "this injection {does}: {} → {} then, {} → {} now ({}). The prompt has changed since; \
         measure it again{or}.",
        percent(measured.before),
        percent(measured.after),
        percent(own.before),
        percent(own.after),
        factor(own.after / own.before)
    ))
}

/// Returns a message if the injection acts against its purpose in its own case, or breaks another.
fn harmful_message(
    injection: &Injection,
    effects: &[InjectionEffect<'_>],
    thresholds: &Thresholds,
) -> Option<String> {
    let least = thresholds.gain_factor.ln();
    let own_index = own_case(injection, effects);
    let change = |effect: &InjectionEffect<'_>| {
        format!(
            "{} → {} ({})",
            percent(effect.before),
            percent(effect.after),
            factor(effect.after / effect.before)
        )
    };
    let own = own_index.and_then(|index| effects.get(index));
    let own = own.map(|effect| (effect, direction(injection, effect)));
    if let Some((effect, direction)) = own
        && effect.gain() * direction <= -least
    {
        let (actual, intended) = if direction > 0.0 {
            ("less", "more")
        } else {
            ("more", "less")
        };
        return Some(format!(
            "this injection does harm: it makes the answer of case `{}` {actual} probable instead \
             of {intended}: {}. Remove it, or choose another layer, τ or scope.",
            effect.case,
            change(effect)
        ));
    }
    let others = effects
        .iter()
        .enumerate()
        .filter(|(index, _)| Some(*index) != own_index);
    let broken = others
        .map(|(_, effect)| effect)
        .filter(|effect| effect.breaks)
        .min_by(|a, b| a.gain().total_cmp(&b.gain()))?;
    Some(format!(
        "this injection breaks case `{}`, on which it acts too: {}. Give it a `case`, so that it \
         acts on no other, or remove it.",
        broken.case,
        change(broken)
    ))
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;
    use hoplens_prompt::parse;

    fn injection(measured: &str, case: &str) -> Injection {
        let text = format!(
            "---\nhoplens.inject:\n  - {case}memory: x\n    encoding: embed\n    layer: 1\n    \
             tau: 2\n    scope: all\n{measured}---\nText\n"
        );
        parse("a.prompt", &text, None).injections.remove(0)
    }

    fn effect(case: &str, before: f64, after: f64, breaks: bool) -> InjectionEffect<'_> {
        InjectionEffect {
            case,
            before,
            after,
            breaks,
            suppressed: false,
        }
    }

    const RECORD: &str = "    measured: {model: \"sha256:b1\", before: 0.2, after: 0.4}\n";
    const LESS: &str = "    measured: {model: \"sha256:b1\", before: 0.4, after: 0.1}\n";

    /// Checks the message about a stale record.
    #[track_caller]
    fn check_stale(injection: &Injection, effect: InjectionEffect<'_>, expected: &Expect) {
        let message = stale_message(injection, &[effect]);
        expected.assert_eq(&message.unwrap_or_default());
    }

    #[test]
    fn an_effect_that_differs_from_the_record_is_stale() {
        let recorded = injection(RECORD, "");
        let up = |before, after| effect("a", before, after, false);
        // Within the tolerance, in both directions.
        check_stale(&recorded, up(0.2, 0.38), &expect![""]);
        check_stale(&recorded, up(0.2, 0.44), &expect![""]);
        check_stale(
            &recorded,
            up(0.1, 0.9),
            &expect![
                "this injection does more than the file records: 20.0 % → 40.0 % then, 10.0 % → 90.0 % now (×9.0). The prompt has changed since; measure it again."
            ],
        );
        check_stale(
            &recorded,
            up(0.2, 0.22),
            &expect![
                "this injection no longer does what the file records: 20.0 % → 40.0 % then, 20.0 % → 22.0 % now (×1.1). The prompt has changed since; measure it again or remove it."
            ],
        );
        // A suppression that still holds, and one that does not.
        let less = injection(LESS, "");
        check_stale(&less, effect("a", 0.4, 0.1, true), &expect![""]);
        check_stale(
            &less,
            up(0.4, 0.4),
            &expect![
                "this injection no longer does what the file records: 40.0 % → 10.0 % then, 40.0 % → 40.0 % now (×1.0). The prompt has changed since; measure it again or remove it."
            ],
        );
        // Without a record there is nothing to compare with.
        check_stale(&injection("", ""), up(0.4, 0.4), &expect![""]);
    }

    /// Checks the message about a harmful injection.
    #[track_caller]
    fn check_harmful(injection: &Injection, effects: &[InjectionEffect<'_>], expected: &Expect) {
        let message = harmful_message(injection, effects, &Thresholds::default());
        expected.assert_eq(&message.unwrap_or_default());
    }

    #[test]
    fn an_effect_in_the_wrong_direction_is_harmful() {
        let plain = injection("", "");
        check_harmful(&plain, &[effect("a", 0.2, 0.19, false)], &expect![""]);
        check_harmful(
            &plain,
            &[effect("a", 0.2, 0.1, false)],
            &expect![
                "this injection does harm: it makes the answer of case `a` less probable instead of more: 20.0 % → 10.0 % (×0.50). Remove it, or choose another layer, τ or scope."
            ],
        );
        let less = injection(LESS, "");
        check_harmful(&less, &[effect("a", 0.4, 0.1, true)], &expect![""]);
        check_harmful(
            &less,
            &[effect("a", 0.1, 0.4, false)],
            &expect![
                "this injection does harm: it makes the answer of case `a` more probable instead of less: 10.0 % → 40.0 % (×4.0). Remove it, or choose another layer, τ or scope."
            ],
        );
    }

    #[test]
    fn suppressing_an_answer_is_not_harmful() {
        let mut suppressed = effect("a", 0.4, 0.1, false);
        suppressed.suppressed = true;
        check_harmful(&injection("", ""), &[suppressed], &expect![""]);
    }

    #[test]
    fn an_injection_that_breaks_another_case_is_harmful() {
        let recorded = injection(RECORD, "");
        let own = effect("own", 0.2, 0.41, false);
        let lowered = effect("other", 0.6, 0.4, false);
        check_harmful(&recorded, &[own, lowered], &expect![""]);
        let broken = effect("other", 0.6, 0.04, true);
        check_harmful(
            &recorded,
            &[own, broken],
            &expect![
                "this injection breaks case `other`, on which it acts too: 60.0 % → 4.00 % (×0.07). Give it a `case`, so that it acts on no other, or remove it."
            ],
        );
    }
}
