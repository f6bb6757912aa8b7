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
    /// Returns whether a reply that begins so may still pass once it goes on, or once it ends.
    pub(crate) fn may_accept(&self, beginning: &str) -> bool {
        if self.answer_match != AnswerMatch::Equals {
            return true;
        }
        let begun = beginning.trim_start();
        let mut answers = self.answers.iter().map(|answer| answer.trim());
        answers.any(|answer| answer.starts_with(begun) || begun.trim_end() == answer)
    }

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_that_must_equal_an_answer_is_followed_only_as_long_as_it_may() {
        let test = |answer_match| ReplyTest {
            answers: vec![" Paris".to_owned(), "Rome, Italy ".to_owned()],
            answer_match,
            requires_all: false,
        };
        for (beginning, may) in [
            ("", true),
            ("\n", true),
            ("Par", true),
            ("Paris\n", true),
            ("Paris,", false),
            ("Rome", true),
            ("Rome, Italy.", false),
            ("It is", false),
        ] {
            let is = test(AnswerMatch::Equals).may_accept(beginning);
            assert_eq!(is, may, "{beginning:?}");
            assert!(test(AnswerMatch::Contains).may_accept(beginning));
        }
    }
}
