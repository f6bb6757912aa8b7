//! Adds an injection to a file.

use crate::edit::file_edit::FileEdit;
use crate::edit::lists;
use crate::edit::new_injection::KeyNaming;
use crate::edit::new_injection::NewInjection;
use crate::edit::new_injection::item;
use crate::edit::place;
use crate::edit::verify;

use crate::declarations::case::Case;
use crate::declarations::declared::find_case;
use crate::declarations::spanned::Origin;
use crate::file::prompt_file::PromptFile;
use crate::yaml::quote::id;

/// Returns the edit that adds an injection for the case `case_id` (an id, or `#2` for the second
/// case; `None` for every case).
///
/// The item goes into the file that declares the case and takes the style of the existing list. If
/// there is no list, the edit adds the key, the front matter or the sidecar. One of several cases
/// without an id receives one. The edited file is parsed first: the edit is returned only if the
/// file then declares what it did before plus the new injection, and the prompt is unchanged. If
/// that is impossible in the prompt file, the edit targets the sidecar. The result has no edits if
/// that is impossible too: the sidecar is not valid YAML, `tau` is not finite, or there is no such
/// case.
pub fn insert_injection(
    file: &PromptFile,
    text: &str,
    case_id: Option<&str>,
    injection: &NewInjection,
) -> FileEdit {
    let none = FileEdit {
        target: Origin::Sidecar,
        edits: Vec::new(),
        creates: false,
    };
    let case = case_id.map(|id| find_case(&file.cases, id));
    if case == Some(None) || !injection.tau.is_finite() {
        return none;
    }
    let case = case.flatten();
    let origin = case.and_then(|at| file.cases.get(at)).map(|c| c.origin);
    let list_yaml = if origin == Some(Origin::Sidecar) || !file.keeps_declarations() {
        Origin::Sidecar
    } else {
        Origin::FrontMatter
    };
    let targets = [list_yaml, Origin::Sidecar];
    targets
        .into_iter()
        .filter_map(|target| attempt(file, text, case.zip(case_id), injection, target))
        .find(|(edit, naming)| verify::adds_injection(file, text, edit, injection, naming))
        .map_or(none, |(edit, _)| edit)
}

fn naming(file: &PromptFile, case: Option<(usize, &str)>, target: Origin) -> KeyNaming {
    let found = case.and_then(|(at, requested)| Some((at, file.cases.get(at)?, requested)));
    let Some((at, case, requested)) = found else {
        return KeyNaming::default();
    };
    if let Some(id) = &case.id {
        // A reference to a case with a matrix means all of its rows.
        let row = case.row.as_ref().filter(|row| row.of == requested);
        return KeyNaming {
            reference: Some(row.map_or(&id.value, |row| &row.of).clone()),
            new_id: None,
        };
    }
    if file.cases.len() == 1 {
        return KeyNaming::default();
    }
    if case.origin != target {
        // This edit cannot add an id to a case of another file, so its number identifies it.
        return KeyNaming {
            reference: Some(format!("#{}", at + 1)),
            new_id: None,
        };
    }
    let taken = |id: &String| {
        let same = |case: &Case| case.id.as_ref().is_some_and(|own| own.value == *id);
        file.cases.iter().any(same)
    };
    // There is one more candidate than there are cases, so one of them is free.
    let id = (at + 1..=at + 1 + file.cases.len())
        .map(|number| format!("case-{number}"))
        .find(|id| !taken(id));
    KeyNaming {
        reference: id,
        new_id: Some(at),
    }
}

/// Returns the edit of the target file, not yet verified.
fn attempt(
    file: &PromptFile,
    text: &str,
    case: Option<(usize, &str)>,
    injection: &NewInjection,
    target: Origin,
) -> Option<(FileEdit, KeyNaming)> {
    let naming = naming(file, case, target);
    let item = item(injection, naming.reference.as_deref());
    let fence = case.and_then(|(at, _)| file.cases.get(at)?.fence);
    let list_yaml = lists::list_yaml(file, text, target, fence)?;
    let mut edits = vec![lists::added(&list_yaml, "inject", &item)?];
    if let Some(at) = naming.new_id {
        let root = list_yaml.root().ok()??;
        let cases = list_yaml.cases(&root)?;
        let case = file.cases.get(at)?;
        let written = id(naming.reference.as_deref()?);
        let (text, newline) = (list_yaml.text, list_yaml.newline);
        edits.push(place::case_id(text, cases, &case.range, &written, newline)?);
    }
    edits.sort_by_key(|edit| edit.range.start);
    Some((list_yaml.edit(file, edits), naming))
}
