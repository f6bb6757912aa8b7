//! The names of a prompt's template: where each is declared, gets a value and is used, in the prompt
//! file and its sidecar.

pub(crate) mod call_docs;
pub(crate) mod cursor;
mod declared_sites;
pub(crate) mod input_facts;
pub(crate) mod jinja_scopes;
mod name_rules;
pub(crate) mod rename;
mod rename_checks;
pub(crate) mod symbol_sites;
pub(crate) mod template_part;
pub(crate) mod template_symbol;

#[cfg(test)]
mod rename_tests;
