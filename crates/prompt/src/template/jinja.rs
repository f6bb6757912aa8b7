//! Jinja2, the language of Prompty and promptfoo.

pub(crate) mod lexer;
pub(crate) mod render;
