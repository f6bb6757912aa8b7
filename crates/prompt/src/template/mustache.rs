//! Mustache, which Prompty uses.

pub(crate) mod lexer;
pub(crate) mod render;
