//! Minimal text edits that add declarations to a file or change its words.

pub(crate) mod file_edit;
pub(crate) mod insert_injection;
pub(crate) mod lists;
pub(crate) mod new_injection;
mod place;
pub(crate) mod preserves_declarations;
pub(crate) mod rewrite;
mod verify;

#[cfg(test)]
mod tests;
