//! Chat templates: the form in which a model expects a conversation.
//!
//! Templates are written for Hugging Face Transformers' `apply_chat_template`, which runs them in
//! Jinja2; `python` reproduces the environment that it gives them.

mod python;
mod source;
mod template;
#[cfg(test)]
mod tests;

pub use template::{ChatTemplate, Message};
