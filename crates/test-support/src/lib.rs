//! What the integration tests of several crates share: models ([`miniature`], [`default_model`]),
//! reference numbers ([`ReferenceNumbers`]) and a stand-in for the Hugging Face hub ([`hub`]).
#![allow(
    missing_docs,
    clippy::missing_errors_doc,
    clippy::missing_panics_doc,
    clippy::struct_field_names,
    reason = "a panic fails the test, and the fields have the names of the reference files"
)]

mod chat;
pub mod hub;
mod miniatures;
mod reference;

pub use chat::{ChatCase, ChatFixture, ChatMessage};
pub use miniatures::{FAMILIES, default_model, ids, load, load_files, miniature, root, skip};
pub use reference::{
    ReferenceAblation, ReferenceAblations, ReferenceCell, ReferenceHead, ReferenceInjection,
    ReferenceNumbers, ReferenceRow, ReferenceTrace, SMOLLM2_TOLERANCE, assert_close, shared,
    smollm2_reference,
};
