//! What stands at the end of a prompt: the answer's probability, or the next token.

use std::collections::BTreeMap;

use crate::numbers::{percent, quoted};
use crate::snapshot::Snapshot;

/// A text shown after a position of the prompt file, not part of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hint {
    /// Byte offset in the prompt file.
    pub at: usize,
    /// What is shown.
    pub label: String,
}

/// One hint at the end of each prompt; cases that end at the same place share it.
pub fn hints(snapshot: &Snapshot) -> Vec<Hint> {
    let Some(findings) = &snapshot.findings else {
        return Vec::new();
    };
    let several = findings.cases.len() > 1;
    let mut labels: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    for case in &findings.cases {
        let end = case.rendered.text.len();
        let (Ok(outcome), Some(source)) = (&case.outcome, case.rendered.to_source(end..end)) else {
            continue;
        };
        let composed = &outcome.probes.composed;
        let shown = match (case.query.expect.first(), composed.top.first()) {
            (Some(expect), _) => {
                format!(
                    "{} {} (#{})",
                    quoted(expect),
                    percent(composed.p),
                    composed.rank + 1
                )
            }
            (None, Some(top)) => format!("{} {} (#1)", quoted(&top.token), percent(top.p)),
            (None, None) => continue,
        };
        let label = if several {
            format!("{}: {shown}", case.id)
        } else {
            shown
        };
        labels.entry(source.end).or_default().push(label);
    }
    labels
        .into_iter()
        .map(|(at, labels)| Hint {
            at,
            label: format!("→ {}", labels.join("; ")),
        })
        .collect()
}

/// The surprisal of each token behind it, in bits, where the token ends in the prompt file; of
/// several cases the first that shows a place counts.
pub fn surprisals(snapshot: &Snapshot) -> Vec<Hint> {
    let mut shown: BTreeMap<usize, String> = BTreeMap::new();
    for case in snapshot.findings.iter().flat_map(|found| &found.cases) {
        for (index, token) in case.tokens.iter().enumerate() {
            let source = super::token_source(case, index);
            let (Some(logp), Some(source)) = (token.logp, source) else {
                continue;
            };
            let bits = -logp / std::f64::consts::LN_2;
            shown
                .entry(source.end)
                .or_insert_with(|| format!("{bits:.1}"));
        }
    }
    let hint = |(at, label)| Hint { at, label };
    shown.into_iter().map(hint).collect()
}
