//! promptfoo: reads the tests of a configuration as cases of the prompts that it names.

pub(crate) mod assertions;
pub(crate) mod cases;
pub(crate) mod chat;
pub(crate) mod config_vars;
pub(crate) mod inline;
pub(crate) mod paths;
pub(crate) mod providers;
