//! Code actions beside the repairs: silencing a finding, recording anew what an injection does,
//! keeping the model's answer as a case.

use std::ops::Range;

use crate::actions::Action;
use crate::actions::digest;
use crate::diagnostics::Diagnostic;
use crate::injections::effect_now;
use crate::numbers::{factor, percent, quoted};
use crate::snapshot::Snapshot;
use hoplens_prompt::{Code, Measured, NewCase, Origin, insert_case, insert_ignore, record};

/// Not being told of a code again.
pub const IGNORE: &str = "quickfix.hoplens.ignore";
/// What an injection does, recorded anew.
pub const REFRESH: &str = "quickfix.hoplens.refresh";
/// A case made of the model's own answer.
pub const ADD_CASE: &str = "refactor.hoplens.addCase";

/// What can be done at bytes `range` of the prompt file, or of its sidecar, apart from repairs.
///
/// `all`: the snapshot's [`super::diagnostics`].
pub fn quick_actions(
    snapshot: &Snapshot,
    all: &[Diagnostic],
    origin: Origin,
    range: &Range<usize>,
) -> Vec<Action> {
    let touched: Vec<&Diagnostic> = all
        .iter()
        .filter(|one| one.origin == origin && touches(&one.range, range))
        .collect();
    let mut offered: Vec<Action> = refreshes(snapshot, &touched).collect();
    if origin == Origin::FrontMatter {
        offered.extend(added_case(snapshot, range));
    }
    offered.extend(ignores(snapshot, &touched));
    offered
}

/// The codes of those of `all` findings at `range` that a person may not want to be told of.
pub fn ignorable(all: &[Diagnostic], origin: Origin, range: &Range<usize>) -> Vec<Code> {
    let own = all.iter().filter(|one| one.origin == origin);
    codes(own.filter(|one| touches(&one.range, range)))
}

fn touches(one: &Range<usize>, other: &Range<usize>) -> bool {
    one.start <= other.end && other.start <= one.end
}

/// Each code once. What is wrong with the declarations cannot be wished away.
fn codes<'a>(found: impl Iterator<Item = &'a Diagnostic>) -> Vec<Code> {
    let mut codes = Vec::new();
    for one in found {
        if !one.code.was_front_matter() && !codes.contains(&one.code) {
            codes.push(one.code);
        }
    }
    codes
}

fn ignores<'a>(
    snapshot: &'a Snapshot,
    touched: &'a [&'a Diagnostic],
) -> impl Iterator<Item = Action> + 'a {
    let codes = codes(touched.iter().copied());
    codes.into_iter().filter_map(|code| {
        let edit = insert_ignore(&snapshot.file, &snapshot.text, code)?;
        let own = touched.iter().filter(|one| one.code == code);
        Some(Action {
            title: format!("Ignore `{code}` in this file"),
            kind: IGNORE,
            edit,
            preferred: false,
            case: None,
            mends: own.map(|one| (*one).clone()).collect(),
        })
    })
}

/// The records that no longer hold, with what the injection does now.
fn refreshes<'a>(
    snapshot: &'a Snapshot,
    touched: &'a [&'a Diagnostic],
) -> impl Iterator<Item = Action> + 'a {
    let stale = touched
        .iter()
        .filter(|one| one.code == Code::InjectionStale);
    stale.filter_map(|one| {
        let findings = snapshot.findings.as_ref()?;
        let mut injections = snapshot.file.injections.iter();
        let injection = injections
            .find(|injection| injection.range == one.range && injection.origin == one.origin)?;
        let (before, after) = effect_now(findings, injection)?;
        let measured = Measured {
            model: digest(&findings.model),
            before,
            after,
        };
        let edit = record(&snapshot.file, &snapshot.text, injection, &measured)?;
        Some(Action {
            title: format!(
                "Record what the injection does now: {} → {} ({})",
                percent(before),
                percent(after),
                factor(after / before)
            ),
            kind: REFRESH,
            edit,
            preferred: true,
            case: None,
            mends: vec![(*one).clone()],
        })
    })
}

/// The model's own answer as what a prompt is expected to say, where nothing is.
fn added_case(snapshot: &Snapshot, range: &Range<usize>) -> Option<Action> {
    let body = &snapshot.file.body;
    let findings = snapshot.findings.as_ref()?;
    let [case] = &findings.cases[..] else {
        return None;
    };
    // What is answered to a prompt with a hole is no answer.
    if case.case.is_some() || case.has_holes || !touches(body, range) {
        return None;
    }
    let answer = case.outcome.as_ref().ok()?.answer.as_ref()?;
    let new = NewCase {
        // A prompt whose variables have default values reads with them.
        input: serde_json::Map::new(),
        expect: answer.text.clone(),
    };
    Some(Action {
        title: format!(
            "Add a case that expects {} ({})",
            quoted(&answer.text),
            percent(answer.p)
        ),
        kind: ADD_CASE,
        edit: insert_case(&snapshot.file, &snapshot.text, &new)?,
        preferred: false,
        case: None,
        mends: Vec::new(),
    })
}
