//! Finds the mentions of hops in a prompt and replaces them by their bridges.

pub(crate) mod chain;
pub(crate) mod naming;
pub(crate) mod statement;
