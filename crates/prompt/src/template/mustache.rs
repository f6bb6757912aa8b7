//! Mustache, a language of Prompty.

pub(crate) mod lexer;
pub(crate) mod render;
