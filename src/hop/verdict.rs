//! From probabilities to a verdict.

use serde::Serialize;

use super::{Probes, Thresholds};

/// What the probes say of a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The answer is as probable as it can be made by naming the bridge, or nearly so.
    Ok,
    /// The model gives the answer when the bridge is named, and much less as written.
    HopLost,
    /// Even with the bridge named the model does not give the answer.
    AnswerUnknown,
    /// The answer is improbable, and no bridge is named to compare with.
    AnswerUnlikely,
}

impl Verdict {
    /// The diagnostic code; `ok` is none.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::HopLost => "hop-lost",
            Self::AnswerUnknown => "answer-unknown",
            Self::AnswerUnlikely => "answer-unlikely",
        }
    }
}

/// Judges a case that has an expected answer.
///
/// An answer is missing knowledge only where neither way of asking brings it out: a prompt that
/// already works is not failed for an explicit one that does worse.
pub fn verdict(probes: &Probes, thresholds: &Thresholds) -> Verdict {
    let written = probes.composed.p;
    match &probes.explicit {
        None if written < thresholds.known => Verdict::AnswerUnlikely,
        Some(explicit) if explicit.p < thresholds.known && written < thresholds.known => {
            Verdict::AnswerUnknown
        }
        Some(explicit) if explicit.p >= thresholds.lost_factor * written => Verdict::HopLost,
        None | Some(_) => Verdict::Ok,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hop::Probe;

    fn probes(written: f64, explicit: Option<f64>) -> Probes {
        let probe = |p: f64| Probe {
            prompt: String::new(),
            p,
            logp: p.ln(),
            logp_first: p.ln(),
            rank: 0,
            top: Vec::new(),
        };
        Probes {
            composed: probe(written),
            without_injections: None,
            explicit: explicit.map(probe),
        }
    }

    #[test]
    fn verdicts_follow_the_two_probabilities() {
        let judge = |written, explicit| verdict(&probes(written, explicit), &Thresholds::default());
        assert_eq!(judge(0.235, Some(0.698)), Verdict::HopLost);
        assert_eq!(judge(0.60, Some(0.698)), Verdict::Ok);
        assert_eq!(judge(0.01, Some(0.02)), Verdict::AnswerUnknown);
        assert_eq!(judge(0.30, Some(0.001)), Verdict::Ok);
        assert_eq!(judge(0.01, None), Verdict::AnswerUnlikely);
        assert_eq!(judge(0.06, None), Verdict::Ok);
    }
}
