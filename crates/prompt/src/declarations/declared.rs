//! The lists that an author declares: `cases`, `inject`, `ignore`, `helpers` and `partials`.

use std::collections::BTreeSet;
use std::ops::Range;

use crate::companion_files::RegisteredNames;
use crate::declarations::case::{Case, Injection};
use crate::declarations::input_value::InputValue;
use crate::declarations::spanned::{Origin, Spanned};
use crate::diagnostics::code::Code;
use crate::diagnostics::problem::{Problems, Suppression};
use crate::diagnostics::severity::Severity;
use crate::diagnostics::suggestion::{closest, did_you_mean};

/// The declarations of one file.
#[derive(Debug, Default)]
pub(crate) struct Declared {
    pub cases: Vec<Case>,
    pub injections: Vec<Injection>,
    pub suppressed: Vec<Suppression>,
    pub inputs: Vec<InputValue>,
    pub registered: RegisteredNames,
    /// Bytes of the parts of messages that are not text.
    pub media: Vec<Range<usize>>,
    /// The total size of the matrices expanded so far.
    pub made: Made,
}

/// The number and size of the cases that the matrices of a file expand to.
#[derive(Debug, Default)]
pub(crate) struct Made {
    pub rows: usize,
    pub bytes: usize,
}

/// Merges the declarations of the file and its sidecar; the sidecar's case replaces one of the same
/// id.
pub(crate) fn merge(mut file: Declared, sidecar: Declared, problems: &mut Problems) -> Declared {
    let ids: BTreeSet<&str> = sidecar.cases.iter().filter_map(Case::declared_id).collect();
    let mut dropped = Vec::new();
    file.cases.retain(|case| {
        let Some(own) = case.declared_id().filter(|own| ids.contains(own)) else {
            return true;
        };
        // All rows of a matrix come from one declaration, so one message suffices.
        if dropped.last() != Some(&case.range) {
            let message = format!(
                "The sidecar has a case `{own}` too, and hoplens uses that one. Remove one of the \
                 two."
            );
            let place = case.id.as_ref().map_or(&case.range, |id| &id.range);
            problems.add(Code::DuplicateId, Severity::Information, place, message);
            dropped.push(case.range.clone());
        }
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
    file.registered = file.registered.union(&sidecar.registered);
    file
}

/// Appends cases written for another tool; the author's own take precedence on the same id.
pub(crate) fn add_imported(declared: &mut Declared, mut imported: Vec<Case>) {
    let ids: BTreeSet<&str> = declared
        .cases
        .iter()
        .flat_map(|case| {
            [
                case.declared_id(),
                case.id.as_ref().map(|id| id.value.as_str()),
            ]
        })
        .flatten()
        .collect();
    imported.retain(|case| case.declared_id().is_none_or(|id| !ids.contains(id)));
    declared.cases.extend(imported);
}

/// Reports ids that a file uses twice, and injections for a case that does not exist.
pub(crate) fn check_references(declared: &Declared, problems: &mut [&mut Problems]) {
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    let mut matrix: Option<(&str, &Case)> = None;
    for case in &declared.cases {
        let Some(own) = &case.id else { continue };
        let mut names = vec![own.value.as_str()];
        if let Some(row) = &case.row {
            // The rows of a matrix share the declared id.
            let is_next = matrix.is_some_and(|(of, first)| {
                of == row.of && first.range == case.range && first.origin == case.origin
            });
            if !is_next {
                matrix = Some((&row.of, case));
                names.push(&row.of);
            }
        }
        let taken: Vec<&str> = names.into_iter().filter(|id| !seen.insert(id)).collect();
        if let Some(id) = taken.last() {
            let message =
                format!("Another case above has the id `{id}`. Give this one another id.");
            if let Some(problems) = of_origin(problems, case.origin) {
                problems.error(Code::DuplicateId, &own.range, message);
            }
        }
    }
    let ids: Vec<&str> = seen.into_iter().collect();
    for injection in &declared.injections {
        let Some(case) = &injection.case else {
            continue;
        };
        if find_case(&declared.cases, &case.value).is_none() {
            let near = closest(&case.value, &ids);
            let message = format!(
                "There is no case `{}`, so this injection acts on nothing.{} \
                 Name a case's id, or remove `case` to act on every case.",
                case.value,
                did_you_mean(near)
            );
            if let Some(problems) = of_origin(problems, injection.origin) {
                let problem = problems.warn(Code::UnknownCase, &case.range, message);
                problem.suggest(near);
            }
        }
    }
}

/// Names the rows of matrices without an id by the number of the first row and the row's label.
pub(crate) fn name_rows(cases: &mut [Case]) {
    let mut first: Option<(usize, Range<usize>, Origin)> = None;
    for (at, case) in cases.iter_mut().enumerate() {
        let Some(row) = case.row.as_mut().filter(|row| row.of.is_empty()) else {
            continue;
        };
        let number = match &first {
            Some((number, range, origin)) if *range == case.range && *origin == case.origin => {
                *number
            }
            _ => at + 1,
        };
        first = Some((number, case.range.clone(), case.origin));
        row.of = format!("#{number}");
        case.id = Some(Spanned {
            value: format!("{}{}", row.of, row.label),
            range: case.range.clone(),
        });
    }
}

/// Returns the index of the case with this id. `#2` is the second of all cases if it has no id. The
/// id of a case with a matrix returns its first row.
pub(crate) fn find_case(cases: &[Case], id: &str) -> Option<usize> {
    let named = cases
        .iter()
        .position(|case| case.id.as_ref().is_some_and(|own| own.value == id));
    let row = || {
        let is_row = |case: &Case| case.row.as_ref().is_some_and(|row| row.of == id);
        cases.iter().position(is_row)
    };
    named.or_else(row).or_else(|| {
        let number: usize = id.strip_prefix('#')?.parse().ok()?;
        let at = number.checked_sub(1)?;
        cases.get(at).filter(|case| case.id.is_none()).map(|_| at)
    })
}

/// Returns the problems of one file.
fn of_origin<'list>(
    problems: &'list mut [&mut Problems],
    origin: Origin,
) -> Option<&'list mut Problems> {
    let mut lists = problems.iter_mut();
    lists
        .find(|list| list.origin == origin)
        .map(|list| &mut **list)
}
