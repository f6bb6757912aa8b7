//! YAML as a tree whose nodes know their bytes.
//!
//! The tree is built from the parser's events rather than loaded, for three reasons: an edit
//! needs to know where a list ends and how it is written, the nodes before a syntax error stay
//! usable, and depth and size can be limited before anything grows.

pub(crate) mod node;
pub(crate) mod quote;
pub(crate) mod read;
pub(crate) mod source;

#[cfg(test)]
mod tests;
