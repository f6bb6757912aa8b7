//! The mentions of hops in a prompt, and the prompt with their bridges named.

pub(crate) mod chain;
pub(crate) mod naming;
