//! What the absence of each sentence, list item or example of a prompt does to its cases.

mod case_work;
pub(crate) mod effect;
pub(crate) mod event;
pub(crate) mod file_influence;
pub(crate) mod request;
pub(crate) mod run;
mod segments;
mod target;
mod variant;
