//! Derives the verdict from the probes.

use hoplens_prompt::Code;
use serde::Serialize;

use crate::hop::probe::Probes;
use crate::settings::Thresholds;

/// The verdict on a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The answer is as probable as with the bridge named, or nearly so. Without a declared bridge,
    /// it is probable enough to be known.
    Ok,
    /// The model answers when the bridge is named, but much less probably as written.
    HopLost,
    /// As [`Verdict::HopLost`], and the model does not know the bridge either.
    HopUnknown,
    /// Even with the bridge named, the model does not give the answer.
    AnswerUnknown,
    /// The answer is as probable without the mention: it does not come from the hop.
    AnswerShortcut,
    /// The answer is improbable, and no bridge is declared to compare with.
    AnswerUnlikely,
}

impl Verdict {
    /// Returns the code of the verdict's diagnostic; `None` if the verdict is `Ok`.
    pub const fn code(self) -> Option<Code> {
        match self {
            Self::Ok => None,
            Self::HopLost => Some(Code::HopLost),
            Self::HopUnknown => Some(Code::HopUnknown),
            Self::AnswerShortcut => Some(Code::AnswerShortcut),
            Self::AnswerUnknown => Some(Code::AnswerUnknown),
            Self::AnswerUnlikely => Some(Code::AnswerUnlikely),
        }
    }

    /// Returns the name in reports: the code's, or `ok`.
    pub const fn name(self) -> &'static str {
        match self.code() {
            Some(code) => code.as_str(),
            None => "ok",
        }
    }
}

/// Returns the verdict on a case that has an expected answer (docs/method.md, "Verdicts").
///
/// Knowledge is missing only if the answer is improbable both as written and with the bridge named.
/// A hop is lost or unknown only if naming its bridge helps, so a prompt that works does not fail
/// because another prompt does worse. Only an answer that the model gives can be a shortcut.
pub fn verdict(probes: &Probes, thresholds: &Thresholds) -> Verdict {
    let written = probes.composed.p;
    let given = written >= thresholds.known;
    // A chain is known if the model gives the answer after any of its steps.
    let named = probes.hops.iter().map(|hop| hop.explicit.p);
    let explicit = named.max_by(f64::total_cmp);
    let nobody = probes.no_subject.as_ref().map(|probe| probe.p);
    if !given && explicit.is_some_and(|p| p < thresholds.known) {
        return Verdict::AnswerUnknown;
    }
    if given && nobody.is_some_and(|p| p >= thresholds.shortcut_share * written) {
        return Verdict::AnswerShortcut;
    }
    match explicit {
        None if !given => Verdict::AnswerUnlikely,
        Some(p) if p >= thresholds.lost_factor * written => {
            let weakest = probes.weakest().map(|(_, hop)| hop);
            let known = weakest
                .filter(|hop| !hop.is_statement)
                .map(|hop| hop.known.p);
            if known.is_some_and(|p| p < thresholds.hop_known) {
                Verdict::HopUnknown
            } else {
                Verdict::HopLost
            }
        }
        None | Some(_) => Verdict::Ok,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hop::probe::{HopProbe, Probe};

    fn probe(p: f64) -> Probe {
        Probe {
            prompt: String::new(),
            p,
            logp: p.ln(),
            logp_first: p.ln(),
            rank: 0,
            top: Vec::new(),
        }
    }

    /// `hops`: for each hop, the probability of its bridge, and of the answer once it is named.
    fn probes(written: f64, hops: &[(f64, f64)], no_subject: Option<f64>) -> Probes {
        let hops: Vec<HopProbe> = hops
            .iter()
            .enumerate()
            .map(|(index, (known, explicit))| HopProbe {
                index,
                mention: String::new(),
                bridge: String::new(),
                is_statement: false,
                known: probe(*known),
                explicit: probe(*explicit),
            })
            .collect();
        Probes {
            composed: probe(written),
            without_injections: None,
            no_subject: no_subject.map(probe),
            hops,
            variants: Vec::new(),
        }
    }

    #[test]
    fn verdicts_follow_the_probabilities() {
        let judge = |written, explicit: Option<f64>, no_subject| {
            let hops: Vec<(f64, f64)> = explicit.map(|p| (0.3, p)).into_iter().collect();
            verdict(&probes(written, &hops, no_subject), &Thresholds::default())
        };
        assert_eq!(judge(0.235, Some(0.698), None), Verdict::HopLost);
        assert_eq!(judge(0.60, Some(0.698), None), Verdict::Ok);
        assert_eq!(judge(0.01, Some(0.02), None), Verdict::AnswerUnknown);
        assert_eq!(judge(0.30, Some(0.001), None), Verdict::Ok);
        assert_eq!(judge(0.01, None, None), Verdict::AnswerUnlikely);
        assert_eq!(judge(0.06, None, None), Verdict::Ok);
        assert_eq!(
            judge(0.60, Some(0.698), Some(0.58)),
            Verdict::AnswerShortcut
        );
        assert_eq!(judge(0.60, None, Some(0.58)), Verdict::AnswerShortcut);
        assert_eq!(judge(0.60, Some(0.698), Some(0.1)), Verdict::Ok);
        // An answer that the model does not give is no shortcut.
        assert_eq!(judge(0.01, Some(0.3), Some(0.02)), Verdict::HopLost);
    }

    #[test]
    fn the_weakest_hop_decides_whether_it_is_lost_or_unknown() {
        let chain = probes(0.01, &[(0.4, 0.012), (1e-6, 0.5)], None);
        assert_eq!(chain.weakest().map(|(at, _)| at), Some(1));
        assert_eq!(verdict(&chain, &Thresholds::default()), Verdict::HopUnknown);
        let chain = probes(0.01, &[(0.4, 0.3), (1e-6, 0.5)], None);
        assert_eq!(chain.weakest().map(|(at, _)| at), Some(0));
        assert_eq!(verdict(&chain, &Thresholds::default()), Verdict::HopLost);
    }
}
