//! Chat templates of the shapes that models carry, and the prompts that Transformers renders with
//! them (`render_jinja_template`).

use std::collections::BTreeMap;

use serde::Deserialize;

/// The templates, the special tokens and the conversations.
#[derive(Debug, Deserialize)]
pub struct ChatFixture {
    pub special: BTreeMap<String, String>,
    pub templates: BTreeMap<String, String>,
    pub cases: Vec<ChatCase>,
}

/// One conversation in one template.
#[derive(Debug, Deserialize)]
pub struct ChatCase {
    pub template: String,
    pub conversation: String,
    pub mode: String,
    pub messages: Vec<ChatMessage>,
    /// The rendered prompt; `None` where the template refuses the conversation.
    pub text: Option<String>,
    pub error: Option<String>,
}

/// A message of a conversation.
#[derive(Debug, Deserialize)]
pub struct ChatMessage {
    pub role: String,
    pub content: String,
}

impl ChatFixture {
    /// Reads the fixture.
    pub fn read() -> Self {
        let text = include_str!("../../../tests/fixtures/tokenizers/chat.json");
        serde_json::from_str(text).unwrap()
    }
}
