//! Reads one item of `inject`.

use crate::declarations::case::{Injection, Measured};
use crate::declarations::fields::{check_keys, index, map, number, optional, required, text};
use crate::declarations::keys::{ENCODINGS, INJECT, MEASURED, SCOPES, SPAN};
use crate::diagnostics::code::Code;
use crate::diagnostics::problem::Problems;
use crate::diagnostics::suggestion::{closest, did_you_mean};
use crate::yaml::node::{Data, Node};
use hoplens_injection::{Encoding, Scope, SpanScope};

const WHAT: &str = "An injection";

/// Returns the injection, or `None` and a problem: a partly valid injection would change the
/// model's answer in a way that the author did not intend.
pub(crate) fn read(node: &Node, problems: &mut Problems) -> Option<Injection> {
    let entries = map(node, WHAT, problems)?;
    let here = node.here();
    check_keys(entries, INJECT, WHAT, problems);
    let case = optional(entries, "case").map(|case| text(case, "An injection's case", problems));
    let memory = required(entries, "memory", WHAT, here, problems)
        .and_then(|memory| text(memory, "An injection's memory", problems));
    let encoding = match optional(entries, "encoding") {
        Some(node) => encoding(node, problems),
        None => Some(Encoding::Embed),
    };
    let layer = required(entries, "layer", WHAT, here, problems)
        .and_then(|layer| index(layer, "An injection's layer", 0, problems));
    let tau = required(entries, "tau", WHAT, here, problems)
        .and_then(|tau| number(tau, "An injection's `tau`", problems));
    let head = match optional(entries, "head") {
        Some(head) => Some(index(head, "An injection's head", 0, problems)?),
        None => None,
    };
    let scope = match optional(entries, "scope") {
        Some(node) => scope(node, problems),
        None => Some(Scope::All),
    };
    let record = optional(entries, "measured");
    let measured = record.and_then(|node| measured(node, problems));
    // A record reached through an alias may be used elsewhere too, so it is not edited.
    let measured_range = record
        .filter(|node| node.alias.is_none())
        .map(|node| node.range.start..node.last_leaf().here().end);
    Some(Injection {
        case: match case {
            Some(case) => Some(case?),
            None => None,
        },
        memory: memory?,
        encoding: encoding?,
        layer: layer?,
        head,
        tau: tau?,
        scope: scope?,
        measured,
        measured_range,
        range: here.clone(),
        origin: problems.origin,
        fence: None,
    })
}

fn encoding(node: &Node, problems: &mut Problems) -> Option<Encoding> {
    let name = text(node, "An injection's encoding", problems)?;
    match name.value.as_str() {
        "embed" => Some(Encoding::Embed),
        "unembed" => Some(Encoding::Unembed),
        "layerwise" => Some(Encoding::Layerwise),
        other => {
            let near = closest(other, ENCODINGS);
            let message = format!(
                "There is no encoding `{other}`.{} Write one of: {}.",
                did_you_mean(near),
                ENCODINGS.join(", ")
            );
            let problem = problems.error(Code::InvalidValue, &name.range, message);
            problem.suggest(near);
            None
        }
    }
}

fn scope(node: &Node, problems: &mut Problems) -> Option<Scope> {
    if let Data::Map { entries, .. } = &node.data {
        check_keys(entries, SPAN, "A scope", problems);
        let span = required(entries, "span", "A scope", node.here(), problems)?;
        let quoted = text(span, "A scope's span", problems)?.value;
        let nth = match optional(entries, "nth") {
            Some(node) => index(node, "A scope's `nth`", 1, problems)?.value,
            None => 1,
        };
        return Some(Scope::Span(SpanScope { text: quoted, nth }));
    }
    let name = text(node, "An injection's scope", problems)?;
    match name.value.as_str() {
        "all" => Some(Scope::All),
        "last" => Some(Scope::Last),
        other => {
            let near = closest(other, SCOPES);
            let message = format!(
                "There is no scope `{other}`.{} Write all, last, or {{span: \"…\"}} with a \
                 piece of the prompt.",
                did_you_mean(near)
            );
            let problem = problems.error(Code::InvalidValue, &name.range, message);
            problem.suggest(near);
            None
        }
    }
}

fn measured(node: &Node, problems: &mut Problems) -> Option<Measured> {
    let what = "`measured`";
    let entries = map(node, what, problems)?;
    check_keys(entries, MEASURED, what, problems);
    let here = node.here();
    let model = required(entries, "model", what, here, problems)
        .and_then(|model| text(model, "The measured model", problems));
    let before = required(entries, "before", what, here, problems)
        .and_then(|p| probability(p, "The probability before", problems));
    let after = required(entries, "after", what, here, problems)
        .and_then(|p| probability(p, "The probability after", problems));
    Some(Measured {
        model: model?.value,
        before: before?,
        after: after?,
    })
}

/// Returns a number from 0 to 1.
fn probability(node: &Node, what: &str, problems: &mut Problems) -> Option<f64> {
    let p = number(node, what, problems)?;
    if (0.0..=1.0).contains(&p) {
        return Some(p);
    }
    let message = format!(
        "{what} is {p}, and a probability is from 0 to 1, so the record is left out. Measure it \
         again (`hoplens repair`), or remove `measured`."
    );
    problems.error(Code::InvalidValue, node.here(), message);
    None
}

#[cfg(test)]
mod tests {
    use crate::diagnostics::severity::Severity;
    use crate::file::parse;

    #[test]
    fn records_without_probabilities_are_rejected() {
        let read = |before: &str, after: &str| {
            let text = format!(
                "---\nhoplens.inject:\n  - {{memory: x, layer: 1, tau: 2, measured: {{model: m, \
                 before: {before}, after: {after}}}}}\n---\nText"
            );
            let file = parse("a.prompt", &text, None);
            let wrong = file.problems.iter().map(|problem| {
                assert_eq!(problem.severity, Severity::Error);
                text[problem.range.clone()].to_owned()
            });
            // The injection itself is kept.
            assert_eq!(file.injections.len(), 1);
            (
                wrong.collect::<Vec<_>>(),
                file.injections[0].measured.is_some(),
            )
        };
        assert_eq!(read("0", "1"), (vec![], true));
        for (before, after, wrong) in [
            ("2", "0.5", vec!["2"]),
            ("0.5", "-1", vec!["-1"]),
            (".nan", "1.01", vec![".nan", "1.01"]),
            (".inf", "0.5", vec![".inf"]),
        ] {
            let wrong: Vec<String> = wrong.into_iter().map(str::to_owned).collect();
            assert_eq!(read(before, after), (wrong, false));
        }
    }
}
