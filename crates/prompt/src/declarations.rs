//! The declarations of an author: cases, injections, facts and ignored codes.

pub(crate) mod answer_match;
pub mod case;
pub(crate) mod case_fields;
pub(crate) mod cases;
pub mod declaration_sites;
pub(crate) mod declared;
#[cfg(test)]
pub(crate) mod documented_keys;
pub(crate) mod facts;
pub(crate) mod fields;
pub(crate) mod imported_answers;
pub(crate) mod injections;
pub(crate) mod input_value;
pub mod keys;
pub(crate) mod lists;
mod matrix;
pub(crate) mod namespace;
pub(crate) mod reference_reply;
pub(crate) mod references;
pub(crate) mod registered_names;
pub(crate) mod schema;
pub(crate) mod spanned;
pub(crate) mod suppressions;
pub(crate) mod variables;
