//! Resolves `--case` to cases, in the same way for every command.

use crate::cli::error::CliError;
use hoplens_analysis::case_id;
use hoplens_ide::Snapshot;
use hoplens_prompt::Case;

/// Returns the indices of the cases that `name` selects: the case with this id, all rows of the
/// matrix with this id, or the N-th case for `#N`. A file without cases has one prompt, `#1`, whose
/// index is `None`.
///
/// # Errors
/// There is no such case. The message lists the existing ones.
pub(super) fn named(snapshot: &Snapshot, name: &str) -> Result<Vec<Option<usize>>, CliError> {
    let file = &snapshot.file;
    let all: Vec<Option<usize>> = if file.cases.is_empty() {
        vec![None]
    } else {
        (0..file.cases.len()).map(Some).collect()
    };
    let matrix = |index: Option<usize>| {
        let case: Option<&Case> = index.and_then(|index| file.cases.get(index));
        case.and_then(|case| case.row.as_ref())
            .map(|row| row.of.as_str())
    };
    // A case's own id takes precedence over a matrix and over a number.
    let ways: [&dyn Fn(Option<usize>) -> bool; 3] = [
        &|index| case_id(file, index) == name,
        &|index| matrix(index) == Some(name),
        &|index| format!("#{}", index.unwrap_or(0) + 1) == name,
    ];
    for is_meant in ways {
        let meant = all.iter().copied().filter(|index| is_meant(*index));
        let meant: Vec<Option<usize>> = meant.collect();
        if !meant.is_empty() {
            return Ok(meant);
        }
    }
    let mut ids: Vec<String> = Vec::new();
    for index in all {
        let matrix = matrix(index).filter(|of| !of.is_empty());
        for id in matrix
            .map(str::to_owned)
            .into_iter()
            .chain([case_id(file, index)])
        {
            if !ids.contains(&id) {
                ids.push(id);
            }
        }
    }
    Err(CliError::Usage {
        flag: "--case",
        reason: format!(
            "{} has no case '{name}'; it has {}",
            snapshot.name,
            ids.join(", ")
        ),
    })
}
