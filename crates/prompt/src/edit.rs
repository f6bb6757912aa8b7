//! Minimal text edits that add declarations to a file or change its words.

pub(crate) mod declare_hop;
pub(crate) mod file_edit;
pub(crate) mod input_value;
pub(crate) mod insert_injection;
pub(crate) mod lists;
mod map_entry;
pub(crate) mod new_injection;
mod place;
pub(crate) mod preserves_declarations;
pub(crate) mod rewrite;
mod verify;

#[cfg(test)]
mod tests;
#[cfg(test)]
mod value_tests;
