//! The prompts that probe a chain of hops: each hop alone, and the prompt with its bridges named.

use crate::case::query::CaseQuery;
use hoplens_prompt::{HopText, RewriteStep, mask_mentions, name_bridges};

fn hop_texts(query: &CaseQuery) -> Vec<HopText<'_>> {
    let mentions = query.mentions.iter();
    mentions
        .map(|mention| HopText {
            mention: &mention.phrase,
            bridge: mention.bridge.as_deref(),
        })
        .collect()
}

/// Returns the prompt with its bridges named one after another.
pub(crate) fn steps(query: &CaseQuery) -> Vec<RewriteStep> {
    name_bridges(&query.prompt, &hop_texts(query))
}

/// Returns the prompt with each mention replaced by a word without content; `None` if no mention is
/// in the prompt.
pub(crate) fn without_subject(query: &CaseQuery) -> Option<String> {
    mask_mentions(&query.prompt, &hop_texts(query))
}

/// Returns the mention as a prompt that asks for its bridge: "The largest coral reef system in the
/// world is".
pub(crate) fn question(phrase: &str) -> String {
    let mut letters = phrase.trim().chars();
    let first = letters.next().into_iter().flat_map(char::to_uppercase);
    let phrase: String = first.chain(letters).collect();
    format!("{phrase} is")
}

/// Returns the forms of a bridge that may follow "is": as declared, without its article, and with
/// "the".
pub(crate) fn completions(bridge: &str) -> Vec<String> {
    let bare = hoplens_prompt::memory_text(bridge);
    vec![bridge.to_owned(), bare.to_owned(), format!("the {bare}")]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mention_becomes_a_prompt_and_its_bridge_the_answers() {
        assert_eq!(question(" the tallest tower"), "The tallest tower is");
        assert_eq!(
            completions("the Burj Khalifa"),
            ["the Burj Khalifa", "Burj Khalifa", "the Burj Khalifa"]
        );
    }
}
