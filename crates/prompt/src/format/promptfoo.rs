//! promptfoo: reads the tests of a configuration as cases of the prompts that it names.

pub(crate) mod cases;
pub(crate) mod chat;
pub(crate) mod paths;
