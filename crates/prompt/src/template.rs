//! The template languages: their tags and how they render.

pub(crate) mod failure;
pub(crate) mod handlebars;
pub(crate) mod jinja;
pub(crate) mod language;
pub(crate) mod limited;
pub(crate) mod mustache;
pub(crate) mod nunjucks;
pub(crate) mod output;
pub(crate) mod python;
pub(crate) mod semantic_kernel;
pub(crate) mod template_tags;
