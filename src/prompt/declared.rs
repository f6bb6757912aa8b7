//! `cases`, `inject` and `ignore`: the three lists that an author declares.

use std::collections::BTreeSet;

use super::{
    CODES, Case, Injection, InputValue, Origin, Severity, Suppression, cases, fields, injections,
    problem::{Problems, did_you_mean},
    yaml::Node,
};

/// What one file declares.
#[derive(Debug, Default)]
pub(super) struct Declared {
    pub cases: Vec<Case>,
    pub injections: Vec<Injection>,
    pub suppressed: Vec<Suppression>,
    pub inputs: Vec<InputValue>,
}

/// The values of the three keys, wherever the format keeps them.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Lists<'node> {
    pub cases: Option<&'node Node>,
    pub inject: Option<&'node Node>,
    pub ignore: Option<&'node Node>,
}

/// Reads the lists; what is not valid becomes a problem and is left out.
pub(super) fn read(lists: Lists<'_>, problems: &mut Problems) -> Declared {
    let mut declared = Declared::default();
    if let Some(node) = lists.cases {
        for item in fields::list(node, "The list of cases", problems) {
            cases::read(item, &mut declared, problems);
        }
    }
    if let Some(node) = lists.inject {
        let items = fields::list(node, "The list of injections", problems);
        declared.injections = items
            .iter()
            .filter_map(|item| injections::read(item, problems))
            .collect();
    }
    if let Some(node) = lists.ignore {
        for item in fields::list(node, "The list of ignored codes", problems) {
            let Some(code) = fields::text(item, "An ignored code", problems) else {
                continue;
            };
            check_code(&code.value, &code.range, problems);
            declared.suppressed.push(Suppression {
                code: code.value,
                range: code.range,
                origin: problems.origin,
            });
        }
    }
    declared
}

/// Warns about a code that hoplens does not have.
pub(super) fn check_code(code: &str, range: &std::ops::Range<usize>, problems: &mut Problems) {
    if !CODES.contains(&code) {
        let message = format!(
            "hoplens has no diagnostic `{code}`, so nothing is ignored.{} Codes: {}.",
            did_you_mean(code, &CODES),
            CODES.join(", ")
        );
        problems.warn(range, message);
    }
}

/// Joins what the file and its sidecar declare; the sidecar wins on the same case id.
pub(super) fn merge(mut file: Declared, sidecar: Declared, problems: &mut Problems) -> Declared {
    let ids: Vec<&str> = sidecar.cases.iter().filter_map(id).collect();
    let mut dropped = Vec::new();
    file.cases.retain(|case| {
        let Some(own) = case
            .id
            .as_ref()
            .filter(|own| ids.contains(&own.value.as_str()))
        else {
            return true;
        };
        let message = format!(
            "The sidecar has a case `{}` too, and the sidecar's counts. Remove one of the two.",
            own.value
        );
        problems.add(Severity::Information, &own.range, message);
        dropped.push(case.range.clone());
        false
    });
    file.inputs.retain(|input| {
        let case = input.case.as_ref();
        case.is_none_or(|range| !dropped.contains(range))
    });
    file.cases.extend(sidecar.cases);
    file.injections.extend(sidecar.injections);
    file.suppressed.extend(sidecar.suppressed);
    file.inputs.extend(sidecar.inputs);
    file
}

/// Reports ids given twice in one file, and injections for a case that there is not.
pub(super) fn check_references(declared: &Declared, problems: &mut [&mut Problems]) {
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    for case in &declared.cases {
        let Some(own) = &case.id else { continue };
        if !seen.insert(&own.value) {
            let message = format!(
                "A case before has the id `{}` already. Give this one another id.",
                own.value
            );
            report(problems, case.origin, Severity::Error, &own.range, message);
        }
    }
    let ids: Vec<&str> = declared.cases.iter().filter_map(id).collect();
    for injection in &declared.injections {
        let Some(case) = &injection.case else {
            continue;
        };
        if find_case(&declared.cases, &case.value).is_none() {
            let message = format!(
                "There is no case `{}`, so this injection acts on nothing.{} \
                 Name a case's id, or remove `case` to act on every case.",
                case.value,
                did_you_mean(&case.value, &ids)
            );
            let severity = Severity::Warning;
            report(problems, injection.origin, severity, &case.range, message);
        }
    }
}

/// The case with this id; `#2` is the second of those without one, counting all.
pub(super) fn find_case(cases: &[Case], id: &str) -> Option<usize> {
    let named = cases
        .iter()
        .position(|case| case.id.as_ref().is_some_and(|own| own.value == id));
    named.or_else(|| {
        let number: usize = id.strip_prefix('#')?.parse().ok()?;
        let at = number.checked_sub(1)?;
        cases.get(at).filter(|case| case.id.is_none()).map(|_| at)
    })
}

fn id(case: &Case) -> Option<&str> {
    case.id.as_ref().map(|id| id.value.as_str())
}

fn report(
    problems: &mut [&mut Problems],
    origin: Origin,
    severity: Severity,
    range: &std::ops::Range<usize>,
    message: String,
) {
    if let Some(list) = problems.iter_mut().find(|list| list.origin == origin) {
        list.add(severity, range, message);
    }
}
