//! A model's own form of a conversation: its chat template.
//!
//! Templates are written for Hugging Face Transformers' `apply_chat_template`, which runs them in
//! Jinja2; `python` gives them what they expect of it.

mod python;
mod source;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::PathBuf;

use minijinja::{ErrorKind, Value};

use crate::error::ModelError;

/// One message of a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// `system`, `user`, `assistant`, or whatever the template knows.
    pub role: String,
    /// What was said.
    pub content: String,
}

impl Message {
    fn value(&self) -> Value {
        let fields = [("role", &self.role), ("content", &self.content)];
        Value::from_pairs(fields.map(|(name, text)| (name, Value::from(text.as_str()))))
    }
}

/// A model's chat template.
///
/// It is looked at when it is used: a model whose template is broken runs all the same, and
/// prompts without roles need none.
#[derive(Debug, Clone)]
pub struct ChatTemplate {
    /// The file that it comes from.
    path: PathBuf,
    /// The template, or why there is none.
    source: Result<String, String>,
    /// `bos_token`, `eos_token` and the like, as text.
    special: BTreeMap<String, String>,
}

impl ChatTemplate {
    /// A template from `path`; `special` holds `bos_token`, `eos_token` and the like as text.
    pub fn new(path: PathBuf, source: String, special: BTreeMap<String, String>) -> Self {
        Self {
            path,
            source: Ok(source),
            special,
        }
    }

    /// That the conversation does not fit this template.
    pub fn refusal(&self, said: impl Into<String>) -> ModelError {
        ModelError::ChatRefused {
            path: self.path.clone(),
            said: said.into(),
        }
    }

    /// The conversation as one text. With `asks` the beginning of the model's own answer is
    /// written behind it (`add_generation_prompt`).
    ///
    /// # Errors
    /// [`ModelError::ChatTemplate`] where the template cannot be run,
    /// [`ModelError::ChatRefused`] where it raises an exception itself.
    pub fn render(&self, messages: &[Message], asks: bool) -> Result<String, ModelError> {
        let broken = |reason: String| ModelError::ChatTemplate {
            path: self.path.clone(),
            reason,
        };
        let source = self.source.as_ref().map_err(|why| broken(why.clone()))?;
        let source = python::without_generation_tags(source);
        let environment = python::environment();
        let template = environment
            .template_from_str(&source)
            .map_err(|error| broken(python::describe(&error)))?;
        let messages: Vec<Value> = messages.iter().map(Message::value).collect();
        // Transformers passes None for what it was not given.
        let own = [
            ("messages", Value::from(messages)),
            ("add_generation_prompt", Value::from(asks)),
            ("tools", Value::from(())),
            ("documents", Value::from(())),
        ];
        let special = self
            .special
            .iter()
            .map(|(name, text)| (name.as_str(), Value::from(text.as_str())));
        let variables = Value::from_pairs(own.into_iter().chain(special));
        template.render(variables).map_err(|error| {
            if let (ErrorKind::InvalidOperation, Some(said)) =
                (error.kind(), python::raised(&error))
            {
                return self.refusal(said);
            }
            broken(python::describe(&error))
        })
    }
}
