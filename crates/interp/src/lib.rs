//! Read-outs of heads and trained lenses, and memory injections: what "Memory Injections" and the
//! thesis on it measure, over the runtime's hooks.

pub mod lens;
pub mod memory;
