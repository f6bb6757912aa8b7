//! The injected memories: each row's bridge, or words of a list.

use std::collections::HashSet;
use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::data::Example;
use crate::error::EvalError;
use hoplens_interp::memory::Words;
use hoplens_store::hex;

/// The default number of words for each prompt.
pub const WORDS_PER_PROMPT: usize = 5;

/// The memories that an experiment injects.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Memories {
    /// Each row's `explicit_entity`.
    ExplicitEntity,
    /// Words of a list.
    Words {
        /// Name of the list or of its file, for reports only: the digest identifies the words.
        list: String,
        /// Hex digest of its words, one per line.
        sha256: String,
        /// Number of words for each prompt.
        per_prompt: usize,
        /// The seed that selects them.
        seed: u64,
    },
}

/// A list from which each prompt's words are drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WordChoice {
    /// The words.
    pub words: Vec<String>,
    /// Number of words for each prompt; all if the list is shorter.
    pub per_prompt: usize,
    /// The seed that selects them.
    pub seed: u64,
}

impl WordChoice {
    /// Returns the memories of an experiment that draws from this list.
    pub fn memories(&self, list: &str) -> Memories {
        let digest = Sha256::digest(self.words.join("\n"));
        Memories::Words {
            list: list.to_owned(),
            sha256: hex(&digest),
            per_prompt: self.per_prompt.min(self.words.len()),
            seed: self.seed,
        }
    }

    /// Draws a row's words without replacement: the first in the order of a hash of seed, row and
    /// word, so that they do not depend on which other rows are measured.
    pub fn of(&self, row: usize) -> Vec<&str> {
        let mut words: Vec<&str> = self.words.iter().map(String::as_str).collect();
        let key = |word: &&str| Sha256::digest(format!("{} {row} {word}", self.seed));
        words.sort_by_cached_key(key);
        words.truncate(self.per_prompt);
        words
    }
}

/// Returns the words of a list: a part of speech, `entities`, `random` (all of those together), or
/// a file with one memory per line.
///
/// # Errors
/// The file cannot be read, is not UTF-8, or contains no words.
pub fn read_list(name: &str) -> Result<Vec<String>, EvalError> {
    let shipped: Vec<Words> = Words::ALL
        .into_iter()
        .filter(|list| name == "random" || list.name() == name)
        .collect();
    if !shipped.is_empty() {
        let words = shipped.into_iter().flat_map(Words::words);
        return Ok(words.map(str::to_owned).collect());
    }
    let wrong = |reason: String| EvalError::Words {
        name: name.to_owned(),
        reason,
    };
    let bytes = std::fs::read(Path::new(name)).map_err(|error| {
        wrong(format!(
            "is neither a list (nouns, verbs, adjectives, adverbs, conjunctions, entities, random) nor a readable file: {error}. Use a list, or a text file with one memory per line."
        ))
    })?;
    let text = String::from_utf8(bytes)
        .map_err(|_| wrong("is not UTF-8 text. Save it as UTF-8.".into()))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let mut known = HashSet::new();
    let words = text.lines().map(str::trim).filter(|word| !word.is_empty());
    let words: Vec<String> = words
        .filter(|word| known.insert(*word))
        .map(str::to_owned)
        .collect();
    if words.is_empty() {
        return Err(wrong(
            "contains no words. Write one memory per line.".into(),
        ));
    }
    Ok(words)
}

/// Returns the memories of a row: its bridge, or its words.
pub(super) fn memories_of<'a>(
    example: &'a Example,
    choice: Option<&'a WordChoice>,
) -> Vec<&'a str> {
    match choice {
        Some(choice) => choice.of(example.row),
        None => vec![&example.explicit_entity],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_depend_on_seed_and_row_only() {
        let words = read_list("nouns").unwrap();
        let choice = |seed| WordChoice {
            words: words.clone(),
            per_prompt: 5,
            seed,
        };
        let drawn = choice(1);
        assert_eq!(drawn.of(3), choice(1).of(3));
        assert_ne!(drawn.of(3), drawn.of(4));
        assert_ne!(drawn.of(3), choice(2).of(3));
        let mut five = drawn.of(3);
        five.sort_unstable();
        five.dedup();
        assert_eq!(five.len(), 5);
        assert!(read_list("random").unwrap().len() > 400);
    }

    #[test]
    fn duplicate_words_of_a_file_are_dropped() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("words.txt");
        std::fs::write(&path, "stone\n king\r\n\nstone \nKing\nking\n").unwrap();
        let words = read_list(path.to_str().unwrap()).unwrap();
        assert_eq!(words, ["stone", "king", "King"]);
    }
}
