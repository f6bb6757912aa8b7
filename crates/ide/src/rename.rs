//! Renames the variables of a template.

use std::ops::Range;

use crate::snapshot::Snapshot;
use hoplens_prompt::{FileEdit, Origin, PromptFormat, RenameRefusal};

/// Returns the bytes and the text of the name at byte `offset`; `None` if there is none.
///
/// # Errors
/// The name cannot be changed, with the reason.
pub fn prepare_rename(
    snapshot: &Snapshot,
    origin: Origin,
    offset: usize,
) -> Result<Option<(Range<usize>, String)>, RenameRefusal> {
    let found = hoplens_prompt::prepare_rename(&snapshot.file, &snapshot.text, origin, offset)?;
    match found {
        Some((_, name)) if is_shared(snapshot, origin, offset) => Err(shared(&name)),
        found => Ok(found),
    }
}

/// Returns the edits that give the name at byte `offset` another one.
///
/// # Errors
/// The name is not changed, with the reason.
pub fn rename(
    snapshot: &Snapshot,
    origin: Origin,
    offset: usize,
    new_name: &str,
) -> Result<Vec<FileEdit>, RenameRefusal> {
    if let Some((_, name)) = prepare_rename(snapshot, origin, offset)?
        && is_shared(snapshot, origin, offset)
    {
        return Err(shared(&name));
    }
    hoplens_prompt::rename_symbol(&snapshot.file, &snapshot.text, origin, offset, new_name)
}

/// Whether a name is a variable of a partial, which gets it from the prompts that use it.
fn is_shared(snapshot: &Snapshot, origin: Origin, offset: usize) -> bool {
    let name = snapshot.name.rsplit(['/', '\\']).next().unwrap_or_default();
    let is_partial = snapshot.file.format == PromptFormat::Dotprompt && name.starts_with('_');
    let sites = hoplens_prompt::symbol_sites(&snapshot.file, &snapshot.text);
    let site = hoplens_prompt::symbol_at(&sites, origin, offset);
    let is_input =
        site.is_some_and(|site| matches!(site.symbol, hoplens_prompt::TemplateSymbol::Input(_)));
    is_partial && is_input
}

fn shared(name: &str) -> RenameRefusal {
    RenameRefusal(format!(
        "This file is a partial: the prompts that use it give it `{name}`. Change the name there and \
         here."
    ))
}

#[cfg(test)]
mod tests;
