//! Read-outs of heads and trained lenses, and memory injections: the measurements of "Memory
//! Injections" (arXiv 2309.05605) and of the thesis that extends it (arXiv 2411.05037), over the
//! runtime's hooks.

mod context;
pub mod lens;
pub mod memory;

pub use context::ModelContext;
