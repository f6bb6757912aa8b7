//! A YAML tree whose nodes have byte ranges.
//!
//! The tree is built from the parser's events rather than loaded, for three reasons. An edit needs
//! to know where a list ends and in which style it is written. The nodes before a syntax error stay
//! usable. Depth and size can be limited before memory grows.

pub(crate) mod node;
pub(crate) mod quote;
pub(crate) mod read;
pub(crate) mod source;

#[cfg(test)]
mod tests;
