//! One case of a prompt file, as the model reads it.

pub(crate) mod findings;
pub(crate) mod injection;
pub(crate) mod query;
