//! A chat template and how it renders a conversation.

use std::collections::BTreeMap;
use std::path::PathBuf;

use minijinja::{ErrorKind, Value};

use crate::chat::python;
use crate::error::ModelError;

/// One message of a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// `system`, `user`, `assistant` or another role that the template accepts.
    pub role: String,
    /// The text of the message.
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
/// The template is parsed when it is used, so that a model with a broken template still runs
/// prompts without roles.
#[derive(Debug, Clone)]
pub struct ChatTemplate {
    /// The file that holds the template.
    pub(super) path: PathBuf,
    /// The template, or why it could not be read.
    pub(super) source: Result<String, String>,
    /// `bos_token`, `eos_token` and other special tokens, as text.
    pub(super) special: BTreeMap<String, String>,
}

impl ChatTemplate {
    /// A template from `path`; `special` holds `bos_token`, `eos_token` and other special tokens.
    pub fn new(path: PathBuf, source: String, special: BTreeMap<String, String>) -> Self {
        Self {
            path,
            source: Ok(source),
            special,
        }
    }

    /// The error for a conversation that this template rejects, with its reason.
    pub fn refusal(&self, said: impl Into<String>) -> ModelError {
        ModelError::ChatRefused {
            path: self.path.clone(),
            said: said.into(),
        }
    }

    /// Renders a conversation as one text. With `add_generation_prompt`, the start of the
    /// assistant's next message follows.
    ///
    /// # Errors
    /// [`ModelError::ChatTemplate`] where the template cannot run,
    /// [`ModelError::ChatRefused`] where it raises an exception itself.
    pub fn render(
        &self,
        messages: &[Message],
        add_generation_prompt: bool,
    ) -> Result<String, ModelError> {
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
        // Transformers passes None for arguments that are absent.
        let arguments = [
            ("messages", Value::from(messages)),
            ("add_generation_prompt", Value::from(add_generation_prompt)),
            ("tools", Value::from(())),
            ("documents", Value::from(())),
        ];
        let special = self
            .special
            .iter()
            .map(|(name, text)| (name.as_str(), Value::from(text.as_str())));
        let variables = Value::from_pairs(arguments.into_iter().chain(special));
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
