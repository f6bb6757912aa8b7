//! Verifies that an edit adds the new injection and leaves all other declarations unchanged.

use crate::declarations::case::{Case, Injection, Measured};
use crate::declarations::spanned::Origin;
use crate::edit::file_edit::{FileEdit, edited};
use crate::edit::new_injection::{KeyNaming, NewInjection};
use crate::edit::preserves_declarations::errors;
use crate::file::prompt_file::PromptFile;
use crate::yaml::quote::significant;

/// Whether the edit adds the injection and changes nothing else.
pub(crate) fn adds_injection(
    file: &PromptFile,
    text: &str,
    edit: &FileEdit,
    injection: &NewInjection,
    naming: &KeyNaming,
) -> bool {
    let (after, edited) = edited(file, text, edit);
    if bodies(&after, &edited) != bodies(file, text) {
        return false;
    }
    if after.defaults != file.defaults
        || after.language != file.language
        || errors(&after) > errors(file)
    {
        return false;
    }
    let mut cases: Vec<Case> = file.cases.iter().map(plain_case).collect();
    if let Some(case) = naming.new_id.and_then(|at| cases.get_mut(at)) {
        case.id = naming.reference.clone().map(bare);
    }
    let got: Vec<Case> = after.cases.iter().map(plain_case).collect();
    let (mut added, kept): (Vec<_>, Vec<_>) = added(file, &after, edit.target);
    let before: Vec<Injection> = file.injections.iter().map(plain_injection).collect();
    let Some(new) = added.pop().filter(|_| added.is_empty()) else {
        return false;
    };
    cases == got && before == kept && new == expected(injection, naming, edit.target)
}

/// Splits the edited file's injections into the target's new ones, after its old count, and the
/// rest.
fn added(
    file: &PromptFile,
    after: &PromptFile,
    target: Origin,
) -> (Vec<Injection>, Vec<Injection>) {
    let old = file
        .injections
        .iter()
        .filter(|i| i.origin == target)
        .count();
    let (mut added, mut kept) = (Vec::new(), Vec::new());
    let mut in_target = 0;
    for injection in &after.injections {
        let plain = plain_injection(injection);
        if injection.origin == target {
            in_target += 1;
        }
        if injection.origin == target && old < in_target {
            added.push(plain);
        } else {
            kept.push(plain);
        }
    }
    (added, kept)
}

fn expected(new: &NewInjection, naming: &KeyNaming, origin: Origin) -> Injection {
    let rounded = |number: f64| significant(number).parse().unwrap_or(number);
    let measured = new.measured.as_ref();
    let measured = measured
        .filter(|m| m.before.is_finite() && m.after.is_finite())
        .map(|m| Measured {
            model: m.model.clone(),
            before: rounded(m.before),
            after: rounded(m.after),
        });
    Injection {
        case: naming.reference.clone().map(bare),
        memory: bare(new.memory.clone()),
        encoding: new.encoding,
        layer: bare(new.layer),
        head: None,
        tau: new.tau,
        scope: new.scope.clone(),
        measured,
        measured_range: None,
        range: 0..0,
        origin,
        fence: None,
    }
}

/// Returns the texts of all prompts of a file.
pub(crate) fn bodies<'text>(file: &PromptFile, text: &'text str) -> Vec<Option<&'text str>> {
    let fences = file.fences.iter().map(|fence| &fence.body);
    let bodies = std::iter::once(&file.body).chain(fences);
    bodies.map(|body| text.get(body.clone())).collect()
}

fn bare<T>(value: T) -> crate::declarations::spanned::Spanned<T> {
    crate::declarations::spanned::Spanned { value, range: 0..0 }
}

/// Returns a case without its ranges.
pub(crate) fn plain_case(case: &Case) -> Case {
    let mut case = case.clone();
    case.range = 0..0;
    case.id = case.id.map(|id| bare(id.value));
    for expect in &mut case.expect {
        expect.range = 0..0;
    }
    case.prefill = case.prefill.map(|prefill| bare(prefill.value));
    if let Some(reference) = &mut case.reference {
        reference.range = 0..0;
    }
    for hop in &mut case.hops {
        hop.mention.range = 0..0;
        if let Some(bridge) = &mut hop.bridge {
            bridge.range = 0..0;
        }
    }
    case
}

/// Returns an injection without its ranges.
pub(crate) fn plain_injection(injection: &Injection) -> Injection {
    let mut injection = injection.clone();
    injection.range = 0..0;
    injection.case = injection.case.map(|case| bare(case.value));
    injection.memory.range = 0..0;
    injection.measured_range = None;
    injection.layer.range = 0..0;
    injection.fence = None;
    injection.head = injection.head.map(|head| bare(head.value));
    injection
}
