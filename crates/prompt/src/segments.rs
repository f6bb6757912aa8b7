//! Cuts a rendered prompt into the units that an author would delete: sentences, list items,
//! few-shot examples.

mod blocks;
mod elements;
mod labels;
mod lines;
pub(crate) mod prompt_segment;
pub(crate) mod remove;
mod sentences;
pub(crate) mod split;

#[cfg(test)]
mod tests;
