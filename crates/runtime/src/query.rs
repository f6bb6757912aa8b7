//! One prompt to run, with its accepted answers.

use crate::hooks::Intervention;
use crate::tokenizer::{BosPolicy, Token, Tokenizer};

/// An accepted answer, tokenized as the continuation of a prompt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The text, with the leading space that the tokenizer sees.
    pub text: String,
    /// Its tokens; never empty.
    pub ids: Vec<u32>,
}

impl Answer {
    /// An answer of which only one token is known.
    pub fn from_token(id: u32) -> Self {
        Self {
            text: String::new(),
            ids: vec![id],
        }
    }
}

/// One prompt to run: its tokens, the answers that are accepted after it, and what acts on it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PromptQuery {
    /// The rendered prompt, in which scopes look up the words that they quote; empty where only
    /// the token ids are known.
    pub text: String,
    /// Its tokens, BOS included.
    pub tokens: Vec<Token>,
    /// The accepted answers; may be empty.
    pub answers: Vec<Answer>,
    /// What acts on the prompt. `sequence` is ignored, and positions past the end are left out.
    pub interventions: Vec<Intervention>,
    /// Whether BOS precedes the prompt, and texts that are encoded as memories for it.
    pub bos: BosPolicy,
}

impl PromptQuery {
    /// Tokenizes a prompt; without answers and interventions.
    pub fn new(tokenizer: &Tokenizer, text: impl Into<String>, bos: BosPolicy) -> Self {
        let text = text.into();
        Self {
            tokens: tokenizer.encode(&text, bos),
            text,
            bos,
            ..Self::default()
        }
    }

    /// A prompt of which only the token ids are known; without answers and interventions.
    pub fn from_ids(ids: &[u32]) -> Self {
        let token = |id: &u32| Token {
            id: *id,
            range: 0..0,
        };
        Self {
            tokens: ids.iter().map(token).collect(),
            ..Self::default()
        }
    }

    /// The ids of the tokens: `[positions]`.
    pub fn ids(&self) -> Vec<u32> {
        self.tokens.iter().map(|token| token.id).collect()
    }

    /// The first tokens of the accepted answers, each once, in ascending order.
    pub fn first_tokens(&self) -> Vec<u32> {
        let first = |answer: &Answer| answer.ids.first().copied();
        let mut tokens: Vec<u32> = self.answers.iter().filter_map(first).collect();
        tokens.sort_unstable();
        tokens.dedup();
        tokens
    }
}
