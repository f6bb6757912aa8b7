//! One file for each request: converts its parameters, calls `hoplens-ide`, converts the result.

mod code_action;
mod code_lens;
mod completion;
mod control;
mod document_link;
mod document_symbol;
mod folding_range;
mod hover;
mod initialize;
mod inlay_hint;
mod navigation;
mod rename;
mod semantic_tokens;
mod text_features;
mod text_hover;

pub(super) use code_action::code_action;
pub(super) use code_action::resolve::code_action_resolve;
pub(super) use code_lens::code_lens;
pub(super) use completion::completion;
pub(super) use document_link::document_link;
pub(super) use document_symbol::document_symbol;
pub(super) use folding_range::folding_range;
pub(super) use hover::hover;
pub(super) use initialize::initialize;
pub(super) use inlay_hint::inlay_hint;
pub(super) use navigation::{definition, document_highlight, references};
pub(super) use rename::{prepare_rename, rename};
pub(super) use semantic_tokens::semantic_tokens;
