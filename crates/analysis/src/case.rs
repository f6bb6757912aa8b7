//! One case of a prompt file, as the model reads it.

pub(crate) mod expectation;
pub(crate) mod findings;
pub(crate) mod free_text;
pub(crate) mod injection;
pub(crate) mod prompt_reading;
pub(crate) mod prompt_source;
pub(crate) mod prompt_text;
pub(crate) mod query;
pub(crate) mod rendered_case;
pub(crate) mod trailing_space;
