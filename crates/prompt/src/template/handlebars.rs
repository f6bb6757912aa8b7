//! Handlebars as dotprompt reads it.

pub(crate) mod blocks;
mod helpers;
pub(crate) mod instrument;
mod known_helpers;
pub(crate) mod lexer;
pub(crate) mod partials;
pub(crate) mod render;
