//! `hoplens.server.cases`: the cases of a prompt.

use serde_json::{Value, json};
use tower_lsp_server::jsonrpc::{Error, Result};

use crate::server::commands::argument::write;
use crate::server::document_key::DocumentKey;
use crate::server::positions;
use crate::server::protocol::{CaseEntry, CaseLocation};
use crate::server::requests::{Analyzed, ensure_analyzed, failed};
use crate::server::session_handle::SessionHandle;
use hoplens_analysis::{CaseFindings, Verdict};
use hoplens_ide::{hover_target, repair_title};

/// A case that a command is about.
pub(super) struct RequestedCase {
    /// The prompt with its findings.
    pub analyzed: Analyzed,
    /// The case's index among the findings.
    pub index: usize,
    /// The case.
    pub case: CaseFindings,
}

/// Returns the case that a command is about, once the prompt is analyzed.
///
/// # Errors
/// As [`ensure_analyzed`]; there is no such case.
pub(super) async fn requested_case(
    session: &SessionHandle,
    place: &CaseLocation,
) -> Result<RequestedCase> {
    let analyzed = ensure_analyzed(session, &DocumentKey::of(&place.uri)).await?;
    let index = index(&analyzed, place)?;
    let Some(case) = analyzed.findings.cases.get(index).cloned() else {
        return Err(failed("there is no such case"));
    };
    Ok(RequestedCase {
        analyzed,
        index,
        case,
    })
}

/// Returns the index of a command's case among the findings.
fn index(analyzed: &Analyzed, place: &CaseLocation) -> Result<usize> {
    let cases = &analyzed.findings.cases;
    if cases.is_empty() {
        return Err(Error::invalid_params(
            "there is no prompt in this file; write one, or correct its declarations",
        ));
    }
    if let Some(id) = &place.case {
        let named = || cases.iter().position(|case| case.id == *id);
        let number = id.strip_prefix('#').and_then(|rest| rest.parse().ok());
        let numbered = |number: usize| {
            let at = number.checked_sub(1);
            cases
                .iter()
                .position(|case| at.is_some() && case.case == at)
        };
        let found = named().or_else(|| number.and_then(numbered));
        return found.ok_or_else(|| {
            let known: Vec<&str> = cases.iter().map(|case| case.id.as_str()).collect();
            Error::invalid_params(format!("no case `{id}`; there are {}", known.join(", ")))
        });
    }
    let at = place
        .position
        .and_then(|position| hover_target(&analyzed.view.snapshot, offset(analyzed, position)));
    Ok(at.map_or(0, |target| target.case))
}

/// Returns the byte offset of a position in the analyzed prompt.
pub(super) fn offset(analyzed: &Analyzed, position: tower_lsp_server::ls_types::Position) -> usize {
    let prompt = &analyzed.view.prompt;
    let position = positions::from_position(position);
    prompt
        .index
        .offset(&prompt.text, position, analyzed.session.client.encoding)
}

/// Lists the cases.
pub(super) async fn run(session: &SessionHandle, place: CaseLocation) -> Result<Value> {
    let analyzed = ensure_analyzed(session, &DocumentKey::of(&place.uri)).await?;
    let encoding = analyzed.session.client.encoding;
    let row = |case: &CaseFindings| {
        let view = &analyzed.view;
        let declared = case.case.and_then(|at| view.snapshot.file.cases.get(at));
        let range = declared.and_then(|case| {
            let source = view.source(case.origin)?;
            Some(source.range(&case.range, encoding))
        });
        let outcome = case.outcome.as_ref();
        let repairs = outcome.ok().and_then(|found| found.repairs.as_ref());
        let best = repairs.and_then(|repairs| repairs.first());
        let probe = outcome.ok().map(|found| &found.probes.composed);
        let verdict = outcome.ok().and_then(|found| found.verdict);
        let has_answer = !case.query.expect.is_empty();
        CaseEntry {
            id: case.id.clone(),
            prompt: case.rendered.text.clone(),
            expect: case.query.expect.clone(),
            p: probe.filter(|_| has_answer).map(|probe| probe.p),
            rank: probe.filter(|_| has_answer).map(|probe| probe.rank),
            next: probe
                .and_then(|probe| probe.top.first())
                .map(|next| json!(next)),
            verdict: verdict.map(|verdict| Verdict::name(verdict).to_owned()),
            error: outcome.err().cloned(),
            repairs: repairs.map(Vec::len),
            best: best.map(|best| repair_title(&view.snapshot, case, best)),
            uri: declared.and_then(|case| Some(view.source(case.origin)?.uri.clone())),
            range,
        }
    };
    let entries = analyzed.findings.cases.iter().map(row);
    write(entries.collect::<Vec<_>>())
}
