//! Inlay hints: the answer's probability or the next token at the end of a prompt, and surprisals.

use std::collections::BTreeMap;

use crate::hover::token_source;
use crate::numbers::{is_whole_text, percent, quoted};
use crate::snapshot::Snapshot;

/// A text that the editor shows behind a position of the prompt file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InlayHint {
    /// Byte offset in the prompt file.
    pub offset: usize,
    /// The text.
    pub label: String,
}

/// Returns one hint at the end of each prompt; cases that end at the same place share one.
pub fn inlay_hints(snapshot: &Snapshot) -> Vec<InlayHint> {
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
                let alone = if case.query.ends_reply { " alone" } else { "" };
                format!(
                    "{}{alone} {} (#{})",
                    quoted(expect),
                    percent(composed.p),
                    composed.rank + 1
                )
            }
            (None, Some(top)) if is_whole_text(&top.token) => {
                format!("{} {} (#1)", quoted(&top.token), percent(top.p))
            }
            (None, _) => continue,
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
        .map(|(offset, labels)| InlayHint {
            offset,
            label: format!("→ {}", labels.join("; ")),
        })
        .collect()
}

/// Returns the surprisal of each token, in bits, at its end in the prompt file; where cases overlap,
/// the first one counts.
pub fn surprisal_hints(snapshot: &Snapshot) -> Vec<InlayHint> {
    let mut shown: BTreeMap<usize, String> = BTreeMap::new();
    for case in snapshot.findings.iter().flat_map(|found| &found.cases) {
        for (index, token) in case.tokens.iter().enumerate() {
            let source = token_source(case, index);
            let (Some(logp), Some(source)) = (token.logp, source) else {
                continue;
            };
            let bits = -logp / std::f64::consts::LN_2;
            shown
                .entry(source.end)
                .or_insert_with(|| format!("{bits:.1}"));
        }
    }
    let hint = |(offset, label)| InlayHint { offset, label };
    shown.into_iter().map(hint).collect()
}
