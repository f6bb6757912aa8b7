//! A YAML tree whose nodes have byte ranges.
//!
//! The tree is built from the parser's events rather than loaded, for three reasons. An edit needs
//! to know where a list ends and in which style it is written. The nodes before a syntax error stay
//! usable. Depth and size can be limited before memory grows.

pub(crate) mod dialect;
mod entries;
pub(crate) mod node;
mod open;
mod peculiarities;
pub(crate) mod quote;
pub(crate) mod read;
mod scalar;
pub(crate) mod source;
mod timestamp;
pub(crate) mod value;

#[cfg(test)]
mod tests;
