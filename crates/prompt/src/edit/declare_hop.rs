//! Declares a hop that was found in a prompt.

use crate::declarations::case::Case;
use crate::declarations::spanned::Origin;
use crate::edit::file_edit::{FileEdit, edited};
use crate::edit::lists::{NewCase, NewHop, insert_case, list_yaml};
use crate::edit::map_entry::entry_of;
use crate::edit::preserves_declarations::errors;
use crate::edit::verify::{bodies, plain_case};
use crate::file::prompt_file::PromptFile;
use crate::yaml::node::Data;

/// Returns the edit that declares a hop in the case with this index, or in a new case that expects
/// `expect`. A case that another tool's file declares gets a case of the same id in the sidecar.
/// `None` if the case has hops or is a row of a matrix, or if the edit would change another
/// declaration.
pub fn declare_hop(
    file: &PromptFile,
    text: &str,
    case: Option<usize>,
    hop: &NewHop,
    expect: &str,
) -> Option<FileEdit> {
    let Some(at) = case else {
        let new = NewCase {
            expect: expect.to_owned(),
            hop: Some(hop.clone()),
            ..NewCase::default()
        };
        return insert_case(file, text, &new);
    };
    let case = file.cases.get(at)?;
    if !case.hops.is_empty() || case.row.is_some() {
        return None;
    }
    let is_own = case.origin == Origin::Sidecar || file.keeps_declarations();
    if is_own && !case.range.is_empty() {
        return in_case(file, text, at, case, hop);
    }
    let new = NewCase {
        id: case.id.as_ref().map(|id| id.value.clone()),
        input: case.input.clone(),
        expect: case
            .expect
            .first()
            .map_or(expect, |first| &first.value)
            .to_owned(),
        hop: Some(hop.clone()),
    };
    insert_case(file, text, &new)
}

/// Returns the edit that adds `hops` to a case.
fn in_case(
    file: &PromptFile,
    text: &str,
    at: usize,
    case: &Case,
    hop: &NewHop,
) -> Option<FileEdit> {
    let keys = list_yaml(file, text, case.origin, case.fence)?;
    let root = keys.root().ok()??;
    let cases = keys.cases(&root)?;
    let Data::List { items, .. } = &cases.data else {
        return None;
    };
    let item = items.iter().find(|item| *item.here() == case.range)?;
    if item.entry("hops").is_some() || item.entry("chain").is_some() {
        return None;
    }
    let (flow, line) = (
        format!("[{}]", hop.in_flow_style()),
        format!("- {}", hop.in_flow_style()),
    );
    let edit = entry_of(&keys.document()?, item, "hops", &flow, &[line])?;
    let edit = keys.edit(file, vec![edit]);
    let (after, now) = edited(file, text, &edit);
    let mut got: Vec<Case> = after.cases.iter().map(plain_case).collect();
    let hops = std::mem::take(&mut got.get_mut(at)?.hops);
    let is_declared = matches!(hops.as_slice(), [one] if hop.is(one));
    let expected: Vec<Case> = file.cases.iter().map(plain_case).collect();
    let is_valid = is_declared
        && got == expected
        && after.defaults == file.defaults
        && bodies(&after, &now) == bodies(file, text)
        && after.injections.len() == file.injections.len()
        && errors(&after) <= errors(file);
    is_valid.then_some(edit)
}
