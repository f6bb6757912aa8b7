//! Word lists for random memories, made for this project.
//!
//! The papers compare a memory with common words of each part of speech ("Memory Injections",
//! arXiv 2309.05605).

/// A list of words or names that are unrelated to any prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Words {
    /// Common nouns.
    Nouns,
    /// Verbs, in the infinitive.
    Verbs,
    /// Adjectives.
    Adjectives,
    /// Adverbs.
    Adverbs,
    /// Conjunctions, most of them subordinating; some of several words.
    Conjunctions,
    /// Persons, places, works and bodies, of one to four words.
    Entities,
}

impl Words {
    /// Every list.
    pub const ALL: [Self; 6] = [
        Self::Nouns,
        Self::Verbs,
        Self::Adjectives,
        Self::Adverbs,
        Self::Conjunctions,
        Self::Entities,
    ];

    /// Returns its name on the command line and in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Nouns => "nouns",
            Self::Verbs => "verbs",
            Self::Adjectives => "adjectives",
            Self::Adverbs => "adverbs",
            Self::Conjunctions => "conjunctions",
            Self::Entities => "entities",
        }
    }

    /// Returns its words, always in the same order: at least 60 (50 conjunctions, 100 entities). No
    /// word occurs twice in all lists together.
    pub fn words(self) -> Vec<&'static str> {
        let list = match self {
            Self::Nouns => include_str!("words/nouns.txt"),
            Self::Verbs => include_str!("words/verbs.txt"),
            Self::Adjectives => include_str!("words/adjectives.txt"),
            Self::Adverbs => include_str!("words/adverbs.txt"),
            Self::Conjunctions => include_str!("words/conjunctions.txt"),
            Self::Entities => include_str!("words/entities.txt"),
        };
        list.lines().collect()
    }

    /// Returns the list of a memory's kind: the list that contains it, in upper or lower case ("Kettle"
    /// is a noun); otherwise entities for a name (several words, or a capital letter), and nouns
    /// for any other word.
    pub fn like(memory: &str) -> Self {
        let memory = memory.trim();
        let holds = |list: &Self| {
            let mut words = list.words().into_iter();
            words.any(|word| word.to_lowercase() == memory.to_lowercase())
        };
        let is_name = memory.contains(char::is_whitespace) || memory.contains(char::is_uppercase);
        Self::ALL.into_iter().find(holds).unwrap_or(if is_name {
            Self::Entities
        } else {
            Self::Nouns
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn no_word_occurs_twice() {
        let mut seen = HashSet::new();
        for list in Words::ALL {
            let words = list.words();
            let least = match list {
                Words::Conjunctions => 50,
                Words::Entities => 100,
                _ => 60,
            };
            assert!(words.len() >= least, "{list:?}: {}", words.len());
            for word in words {
                assert_eq!(word, word.trim());
                assert!((1..=4).contains(&word.split(' ').count()), "{word}");
                assert!(seen.insert(word.to_lowercase()), "{word} occurs twice");
            }
        }
    }

    #[test]
    fn only_names_begin_with_a_capital() {
        for list in Words::ALL {
            for word in list.words() {
                let is_name = word.starts_with(char::is_uppercase);
                assert_eq!(is_name, list == Words::Entities, "{word}");
            }
        }
    }

    #[test]
    fn a_memory_has_the_list_of_its_kind() {
        assert_eq!(Words::like("Great Barrier Reef"), Words::Entities);
        assert_eq!(Words::like("Tuvalu"), Words::Entities);
        assert_eq!(Words::like("coral"), Words::Nouns);
        assert_eq!(Words::like(" Quickly "), Words::Adverbs);
        assert_eq!(Words::like("Kettle"), Words::Nouns);
        assert_eq!(Words::like("zyzzyva"), Words::Nouns);
        assert_eq!(Words::like("as soon as"), Words::Conjunctions);
    }
}
