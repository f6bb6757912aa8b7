//! Jinja2, which Prompty and promptfoo use.

pub(crate) mod lexer;
pub(crate) mod render;
