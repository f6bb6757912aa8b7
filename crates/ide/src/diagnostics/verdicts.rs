//! Verdicts in words, and the places that show their evidence.

use crate::diagnostics::diagnostic::RelatedInformation;
use crate::numbers::{is_whole_text, percent, quoted};
use crate::snapshot::Snapshot;
use hoplens_analysis::{CaseFindings, CaseOutcome, HopProbe, PromptReading, Variant, Verdict};

/// Returns what is wrong with a case, with its numbers, and what to do; `None` if nothing is.
pub fn verdict_message(case: &CaseFindings, outcome: &CaseOutcome) -> Option<String> {
    let verdict = outcome.verdict.filter(|verdict| *verdict != Verdict::Ok)?;
    Some(message(verdict, case, outcome))
}

fn message(verdict: Verdict, case: &CaseFindings, outcome: &CaseOutcome) -> String {
    let probes = &outcome.probes;
    let answer = quoted(case.query.expect.first().map_or("", String::as_str));
    let answer = if case.query.ends_reply {
        format!("{answer} as the whole reply")
    } else {
        answer
    };
    let written = percent(probes.composed.p);
    let named = probes.weakest();
    let named = named.map_or_else(String::new, |(_, hop)| percent(hop.explicit.p));
    match verdict {
        Verdict::Ok => String::new(),
        Verdict::HopLost => format!(
            "hop lost: P({answer}) is {written} as written and {named} when {}. The model knows \
             the answer but does not get to it from this mention{}.",
            named_bridges(outcome),
            weakest_hop(outcome)
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
                named_bridges(outcome),
                weakest_hop(outcome)
            )
        }
        Verdict::AnswerUnknown if is_stated(outcome) => format!(
            "answer unknown: P({answer}) is {written} as written and only {named} when {}. The \
             model does not draw this conclusion, so say it more directly, or use another model.",
            named_bridges(outcome)
        ),
        Verdict::AnswerUnknown => format!(
            "answer unknown: P({answer}) is {written} as written and only {named} when {}. \
             The model lacks this knowledge; an injection would only fake it, so state the fact in \
             the prompt or use another model.",
            named_bridges(outcome)
        ),
        Verdict::AnswerShortcut => {
            let (prompt, p) = probes.no_subject.as_ref().map_or_else(
                || (String::new(), String::new()),
                |probe| (quoted(&probe.prompt), percent(probe.p)),
            );
            format!(
                "answer by a shortcut: P({answer}) is {written} as written, and still {p} after \
                 {prompt}, which leaves the mention out. So the answer does not come from the \
                 mention. To test the hop, give less away at the end of the prompt."
            )
        }
        Verdict::AnswerUnlikely => {
            let top = probes.composed.top.first();
            let top = top.filter(|top| is_whole_text(&top.token));
            let top = top.map_or_else(String::new, |top| {
                format!(" (it prefers {}, {})", quoted(&top.token), percent(top.p))
            });
            let begins = probes
                .variant(Variant::Begins)
                .filter(|_| case.query.ends_reply);
            if let Some(begins) = begins {
                return format!(
                    "answer unlikely: P({answer}) is {written}{top}; P that the reply begins so is \
                     {}. Make the prompt ask for this text and nothing else, or accept what \
                     follows it (`match: begins`).",
                    percent(begins.p)
                );
            }
            let remedy = if case.reading == PromptReading::Continuation {
                "Declare the hop (`hops: [{mention, bridge}]`) to find out which step fails and to \
                 have repairs measured."
            } else {
                "Make the prompt ask for it more clearly; or give the first words of the reply \
                 (`prefill`), or look for it anywhere in the reply (`match: contains`)."
            };
            format!("answer unlikely: P({answer}) is {written}{top}. {remedy}")
        }
    }
}

/// Whether the hop that loses most is about whole sentences.
fn is_stated(outcome: &CaseOutcome) -> bool {
    let weakest = outcome.probes.weakest();
    weakest.is_some_and(|(_, hop)| hop.is_statement)
}

/// Returns `"the Great Barrier Reef" is named`, with the bridges up to that of the hop that loses
/// most.
fn named_bridges(outcome: &CaseOutcome) -> String {
    let hops = &outcome.probes.hops;
    let named = outcome.probes.weakest().map_or(0, |(at, _)| at + 1);
    let bridges: Vec<String> = hops
        .iter()
        .take(named)
        .map(|hop| quoted(&hop.bridge))
        .collect();
    match bridges.as_slice() {
        [one] if is_stated(outcome) => format!("{one} is stated behind the mention"),
        [one] => format!("{one} is named"),
        several => format!("{} are named", several.join(" and ")),
    }
}

/// Returns ` (hop 2 of 3, "…")`, the hop of a chain that loses most; empty if there is one hop.
fn weakest_hop(outcome: &CaseOutcome) -> String {
    let of = outcome.probes.hops.len();
    match outcome.probes.weakest() {
        Some((at, hop)) if of > 1 => {
            format!(" (hop {} of {of}, {})", at + 1, quoted(&hop.mention))
        }
        _ => String::new(),
    }
}

/// Returns the declarations of the bridges and the answer, each with its probability.
pub(super) fn evidence(
    snapshot: &Snapshot,
    case: &CaseFindings,
    outcome: &CaseOutcome,
) -> Vec<RelatedInformation> {
    let Some(declared) = case.case.and_then(|index| snapshot.file.cases.get(index)) else {
        return Vec::new();
    };
    let probed = |index: usize| outcome.probes.hops.iter().find(|hop| hop.index == index);
    let hops = declared.hops.iter().enumerate();
    let bridges = hops.filter_map(|(index, hop)| {
        let bridge = hop.bridge.as_ref()?;
        let known = probed(index).map_or_else(String::new, bridge_probability);
        Some(RelatedInformation {
            range: bridge.range.clone(),
            origin: declared.origin,
            message: format!(
                "the bridge is declared here as {}{known}",
                quoted(&bridge.value)
            ),
        })
    });
    let expected = declared.expect.first().map(|expect| RelatedInformation {
        range: expect.range.clone(),
        origin: declared.origin,
        message: format!(
            "the answer is expected here as {}{}",
            quoted(&expect.value),
            probability_without_mention(outcome)
        ),
    });
    bridges.chain(expected).collect()
}

/// Returns how probable a bridge is, and how probable the answer is once it is named.
fn bridge_probability(hop: &HopProbe) -> String {
    format!(
        "; P is {} after {}, and P of the answer is {} once it is named",
        percent(hop.known.p),
        quoted(&hop.known.prompt),
        percent(hop.explicit.p)
    )
}

/// Returns how probable the answer is without the mention.
fn probability_without_mention(outcome: &CaseOutcome) -> String {
    outcome
        .probes
        .no_subject
        .as_ref()
        .map_or_else(String::new, |probe| {
            format!(
                "; P is {} after {}",
                percent(probe.p),
                quoted(&probe.prompt)
            )
        })
}
