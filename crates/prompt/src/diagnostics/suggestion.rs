//! The known name that a misspelled one most probably stands for.

/// Smallest similarity, from 0 to 1, of a name that is suggested.
const SIMILARITY: f32 = 0.7;

/// Returns the candidate that is most similar to `word`, if one is similar enough.
pub(crate) fn closest<'a>(word: &str, candidates: &[&'a str]) -> Option<&'a str> {
    similar::get_close_matches(word, candidates, 1, SIMILARITY).pop()
}

/// Returns ` Did you mean …?`, or an empty text without a suggestion.
pub(crate) fn did_you_mean(suggestion: Option<&str>) -> String {
    suggestion.map_or_else(String::new, |name| format!(" Did you mean `{name}`?"))
}
