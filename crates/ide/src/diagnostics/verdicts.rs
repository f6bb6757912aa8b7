//! A verdict in words: one sentence with its numbers, and where the evidence stands.

use crate::diagnostics::diagnostic::RelatedInformation;
use crate::numbers::{percent, quoted};
use crate::snapshot::Snapshot;
use hoplens_analysis::{CaseFindings, CaseOutcome, HopProbe, Verdict};

/// What is wrong with a case, in one sentence with its numbers; `None` where nothing is.
pub fn verdict_message(case: &CaseFindings, outcome: &CaseOutcome) -> Option<String> {
    let verdict = outcome.verdict.filter(|verdict| *verdict != Verdict::Ok)?;
    Some(message(verdict, case, outcome))
}

/// A verdict in one sentence with its numbers, and what to do.
fn message(verdict: Verdict, case: &CaseFindings, outcome: &CaseOutcome) -> String {
    let probes = &outcome.probes;
    let answer = quoted(case.query.expect.first().map_or("", String::as_str));
    let written = percent(probes.composed.p);
    let named = probes.weakest();
    let named = named.map_or_else(String::new, |(_, hop)| percent(hop.explicit.p));
    match verdict {
        Verdict::Ok => String::new(),
        Verdict::HopLost => format!(
            "hop lost: P({answer}) is {written} as written and {named} when {}. The model knows \
             the answer but does not get to it from this mention{}.",
            naming(outcome),
            which(outcome)
        ),
        Verdict::HopUnknown => {
            let (mention, bridge, p) = outcome.probes.weakest().map_or_else(
                || (String::new(), String::new(), String::new()),
                |(_, hop)| {
                    (
                        quoted(&hop.mention),
                        quoted(&hop.bridge),
                        percent(hop.known.p),
                    )
                },
            );
            format!(
                "hop unknown: the model does not know that {mention} is {bridge} (P is {p}), so \
                 P({answer}) is {written} as written and {named} when {}{}. Name it in the prompt.",
                naming(outcome),
                which(outcome)
            )
        }
        Verdict::AnswerUnknown => format!(
            "answer unknown: P({answer}) is {written} as written and only {named} when {}. \
             The model lacks this knowledge; an injection would only fake it, so state the fact in \
             the prompt or use another model.",
            naming(outcome)
        ),
        Verdict::AnswerShortcut => {
            let (prompt, p) = probes.no_subject.as_ref().map_or_else(
                || (String::new(), String::new()),
                |probe| (quoted(&probe.prompt), percent(probe.p)),
            );
            format!(
                "answer by a shortcut: P({answer}) is {written}, and {p} after {prompt} too, which \
                 does not say what is meant. The answer does not come from the mention; a prompt \
                 whose ending gives less away tests the hop."
            )
        }
        Verdict::AnswerUnlikely => {
            let top = probes.composed.top.first().map_or_else(String::new, |top| {
                format!(" (it prefers {}, {})", quoted(&top.token), percent(top.p))
            });
            format!(
                "answer unlikely: P({answer}) is {written}{top}. Declare the hop (`hops: [{{mention, \
                 bridge}}]`) to find out which step fails and to have repairs measured."
            )
        }
    }
}

/// `"the Great Barrier Reef" is named`: the bridges up to that of the hop that loses most.
fn naming(outcome: &CaseOutcome) -> String {
    let hops = &outcome.probes.hops;
    let named = outcome.probes.weakest().map_or(0, |(at, _)| at + 1);
    let bridges: Vec<String> = hops
        .iter()
        .take(named)
        .map(|hop| quoted(&hop.bridge))
        .collect();
    match bridges.as_slice() {
        [one] => format!("{one} is named"),
        several => format!("{} are named", several.join(" and ")),
    }
}

/// ` (hop 2 of 3, "…")`: which hop of a chain loses most; nothing where there is one.
fn which(outcome: &CaseOutcome) -> String {
    let of = outcome.probes.hops.len();
    match outcome.probes.weakest() {
        Some((at, hop)) if of > 1 => {
            format!(" (hop {} of {of}, {})", at + 1, quoted(&hop.mention))
        }
        _ => String::new(),
    }
}

/// Where the numbers come from: what the bridges and the answer are declared to be, and how
/// probable each is.
pub(super) fn evidence(
    snapshot: &Snapshot,
    case: &CaseFindings,
    outcome: &CaseOutcome,
) -> Vec<Related> {
    let Some(declared) = case.case.and_then(|index| snapshot.file.cases.get(index)) else {
        return Vec::new();
    };
    let probed = |index: usize| outcome.probes.hops.iter().find(|hop| hop.index == index);
    let hops = declared.hops.iter().enumerate();
    let bridges = hops.filter_map(|(index, hop)| {
        let bridge = hop.bridge.as_ref()?;
        let known = probed(index).map_or_else(String::new, known);
        Some(Related {
            range: bridge.range.clone(),
            origin: declared.origin,
            message: format!(
                "the bridge is declared here as {}{known}",
                quoted(&bridge.value)
            ),
        })
    });
    let expected = declared.expect.first().map(|expect| Related {
        range: expect.range.clone(),
        origin: declared.origin,
        message: format!(
            "the answer is expected here as {}{}",
            quoted(&expect.value),
            asked(outcome)
        ),
    });
    bridges.chain(expected).collect()
}

/// How probable a bridge is, and what naming it does.
fn known(hop: &HopProbe) -> String {
    format!(
        "; P is {} after {}, and the answer's is {} once it is named",
        percent(hop.known.p),
        quoted(&hop.known.prompt),
        percent(hop.explicit.p)
    )
}

/// How probable the answer is without the mention.
fn asked(outcome: &CaseOutcome) -> String {
    outcome
        .probes
        .no_subject
        .as_ref()
        .map_or_else(String::new, |nobody| {
            format!(
                "; P is {} after {}",
                percent(nobody.p),
                quoted(&nobody.prompt)
            )
        })
}
