//! How an expected answer is compared with the model's reply.

/// How a case's accepted answers are compared with the model's reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum AnswerMatch {
    /// The reply begins with the answer.
    #[default]
    Begins,
    /// The answer is somewhere in the reply.
    Contains,
    /// The answer is somewhere in the reply, in upper or lower case.
    ContainsIgnoringCase,
    /// The answer is the whole reply.
    Equals,
}

impl AnswerMatch {
    /// Every kind, in the order of [`AnswerMatch::NAMES`].
    pub const ALL: &[Self] = &[
        Self::Begins,
        Self::Contains,
        Self::ContainsIgnoringCase,
        Self::Equals,
    ];

    /// The names that `match` accepts.
    pub const NAMES: &[&'static str] = &["begins", "contains", "icontains", "equals"];

    /// Returns the name, as in `match`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Begins => "begins",
            Self::Contains => "contains",
            Self::ContainsIgnoringCase => "icontains",
            Self::Equals => "equals",
        }
    }

    /// Whether the answer must be looked for in a whole reply, instead of being scored as the next
    /// words.
    pub const fn is_search(self) -> bool {
        matches!(self, Self::Contains | Self::ContainsIgnoringCase)
    }

    /// Returns the kind of this name.
    pub(crate) fn of_name(name: &str) -> Option<Self> {
        let mut kinds = Self::ALL.iter().copied();
        kinds.find(|kind| kind.as_str() == name)
    }

    /// Whether `reply` has `answer` in the required place.
    ///
    /// White space around the reply, and around an answer that begins or equals it, is ignored. A
    /// space at an end of an answer that is contained also matches the reply's beginning or end.
    pub fn is_match(self, answer: &str, reply: &str) -> bool {
        let padded = || format!(" {} ", reply.trim());
        match self {
            Self::Begins => reply.trim_start().starts_with(answer.trim()),
            Self::Contains => padded().contains(answer),
            Self::ContainsIgnoringCase => padded().to_lowercase().contains(&answer.to_lowercase()),
            Self::Equals => reply.trim() == answer.trim(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_looks_in_its_own_place() {
        use AnswerMatch::{Begins, Contains, ContainsIgnoringCase, Equals};
        for (kind, answer, reply, is) in [
            (Begins, " Paris", "Paris is the capital", true),
            (Begins, "Paris", " It is Paris", false),
            (Contains, "Paris", "It is Paris.", true),
            (Contains, " Paris", "Paris", true),
            (Contains, " is ", "This", false),
            (Contains, "paris", "It is Paris.", false),
            (ContainsIgnoringCase, "CLOCK", "A Clock!", true),
            (ContainsIgnoringCase, "clock", "a watch", false),
            (Equals, " Paris", "Paris\n", true),
            (Equals, "Paris", "Paris.", false),
        ] {
            assert_eq!(
                kind.is_match(answer, reply),
                is,
                "{kind:?} {answer:?} {reply:?}"
            );
        }
    }

    #[test]
    fn names_are_read_back() {
        for (kind, name) in AnswerMatch::ALL.iter().zip(AnswerMatch::NAMES) {
            assert_eq!(kind.as_str(), *name);
            assert_eq!(AnswerMatch::of_name(name), Some(*kind));
        }
        assert_eq!(AnswerMatch::of_name("begin"), None);
    }
}
