//! What a case expects of a whole reply.

use std::ops::Range;

use hoplens_prompt::AnswerMatch;

/// What the model's reply must have. It is looked for in generated replies, because the answer may
/// stand anywhere in them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplyTest {
    /// The accepted answers; at least one.
    pub answers: Vec<String>,
    /// How an answer is compared with a reply.
    pub answer_match: AnswerMatch,
    /// Whether a reply must have all answers, and not only one of them.
    pub requires_all: bool,
}

impl ReplyTest {
    /// Returns whether a reply passes.
    pub fn accepts(&self, reply: &str) -> bool {
        let mut answers = self.answers.iter();
        let has = |answer: &String| self.answer_match.is_match(answer, reply);
        if self.requires_all {
            answers.all(has)
        } else {
            answers.any(has)
        }
    }
}

/// A whole reply that is scored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// The prompt that the reply answers, the first words of the reply (`prefill`) included.
    pub prompt: String,
    /// The reply behind the prompt.
    pub text: String,
    /// Bytes of `text`: the part that is scored alone.
    pub part: Option<Range<usize>>,
}
