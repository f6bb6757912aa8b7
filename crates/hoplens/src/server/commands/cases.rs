//! The cases of a prompt, as a list.

use std::sync::Arc;

use serde_json::{Value, json};
use tower_lsp_server::jsonrpc::{Error, Result};

use crate::server::asking::{Seen, look_first};
use crate::server::commands::Place;
use crate::server::convert;
use crate::server::key::Key;
use crate::server::state::State;
use hoplens_analysis::{CaseFindings, Verdict};
use hoplens_ide::{hover_target, repair_title};

/// The index of the case that a command is about, among the findings.
pub(super) fn index(state: &State, seen: &Seen, place: &Place) -> Result<usize> {
    let cases = &seen.findings.cases;
    if cases.is_empty() {
        return Err(Error::invalid_params(
            "there is no prompt in this file; write one, or mend its declarations",
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
        .and_then(|position| hover_target(seen.snapshot(), offset(state, seen, position)));
    Ok(at.map_or(0, |target| target.case))
}

/// Byte offset of a position in the prompt that was looked at.
pub(super) fn offset(
    state: &State,
    seen: &Seen,
    position: tower_lsp_server::ls_types::Position,
) -> usize {
    let prompt = &seen.known.view.prompt;
    let position = convert::from_position(position);
    prompt
        .index
        .offset(&prompt.text, position, state.can().encoding)
}

pub(super) async fn run(state: &Arc<State>, place: Place) -> Result<Value> {
    let seen = look_first(state, &Key::of(&place.uri)).await?;
    let encoding = state.can().encoding;
    let row = |case: &CaseFindings| {
        let view = &seen.known.view;
        let declared = case.case.and_then(|at| view.snapshot.file.cases.get(at));
        let range = declared.and_then(|case| {
            let source = view.source(case.origin)?;
            Some(convert::to_range(source, &case.range, encoding))
        });
        let outcome = case.outcome.as_ref();
        let repairs = outcome.ok().and_then(|found| found.repairs.as_ref());
        let best = repairs.and_then(|repairs| repairs.first());
        let probe = outcome.ok().map(|found| &found.probes.composed);
        let has_answer = !case.query.expect.is_empty();
        json!({
            "id": case.id,
            "prompt": case.rendered.text,
            "expect": case.query.expect,
            "p": probe.filter(|_| has_answer).map(|probe| probe.p),
            "rank": probe.filter(|_| has_answer).map(|probe| probe.rank),
            "next": probe.and_then(|probe| probe.top.first()),
            "verdict": outcome.ok().and_then(|found| found.verdict).map(Verdict::name),
            "error": outcome.err(),
            "repairs": repairs.map(Vec::len),
            "best": best.map(|best| repair_title(&view.snapshot, case, best)),
            "uri": declared.and_then(|case| Some(&view.source(case.origin)?.uri)),
            "range": range,
        })
    };
    Ok(seen.findings.cases.iter().map(row).collect())
}
