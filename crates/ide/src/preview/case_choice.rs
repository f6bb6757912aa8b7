//! Which case a preview shows.

use crate::snapshot::Snapshot;
use hoplens_analysis::case_id;
use hoplens_prompt::Origin;

/// Returns the index of the case whose declaration, or whose fence in a Markdown file, contains a
/// byte of the prompt file or its sidecar.
pub fn case_at(snapshot: &Snapshot, origin: Origin, offset: usize) -> Option<usize> {
    let file = &snapshot.file;
    let declares = |range: &std::ops::Range<usize>| range.start <= offset && offset <= range.end;
    let mut cases = file.cases.iter();
    // The case of a fence that declares none has an empty range.
    let declared = cases
        .position(|case| case.origin == origin && !case.range.is_empty() && declares(&case.range));
    if declared.is_some() || origin != Origin::FrontMatter {
        return declared;
    }
    let fence = file.fences.iter().position(|fence| {
        let front_matter = fence.front_matter.as_ref();
        let start = front_matter.map_or(fence.body.start, |yaml| yaml.start.min(fence.body.start));
        declares(&(start..fence.body.end))
    })?;
    file.cases.iter().position(|case| case.fence == Some(fence))
}

/// Returns the index of the case that `id` names: by its own id, or `#2` for the second case.
pub fn case_named(snapshot: &Snapshot, id: &str) -> Option<usize> {
    let file = &snapshot.file;
    let by_id = (0..file.cases.len()).find(|index| case_id(file, Some(*index)) == id);
    by_id.or_else(|| {
        let number: usize = id.strip_prefix('#')?.parse().ok()?;
        number.checked_sub(1).filter(|at| *at < file.cases.len())
    })
}
