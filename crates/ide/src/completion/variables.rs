//! The variables of a template.

use crate::snapshot::Snapshot;
use hoplens_prompt::template_tags;

/// Returns the names of the template's variables, each once.
pub(super) fn variables(snapshot: Option<&Snapshot>) -> Vec<String> {
    let Some(snapshot) = snapshot else {
        return Vec::new();
    };
    let tags = template_tags(&snapshot.file, &snapshot.text).into_iter();
    let mut names: Vec<String> = tags.filter_map(|tag| tag.variable).collect();
    names.extend(snapshot.file.required.iter().map(|one| one.value.clone()));
    let mut seen = std::collections::BTreeSet::new();
    names.retain(|name| seen.insert(name.clone()));
    names
}
