//! What a chain of hops is asked: each hop by itself, and the prompt with its bridges named.

use crate::case::query::CaseQuery;
use hoplens_prompt::{Link, RewriteStep, name_bridges, without};

fn links(query: &CaseQuery) -> Vec<Link<'_>> {
    let mentions = query.mentions.iter();
    mentions
        .map(|mention| Link {
            mention: &mention.phrase,
            bridge: mention.bridge.as_deref(),
        })
        .collect()
}

/// The prompt with one bridge after another named.
pub(crate) fn steps(query: &CaseQuery) -> Vec<RewriteStep> {
    name_bridges(&query.prompt, &links(query))
}

/// The prompt with the mentions replaced by a word that says nothing. `None` where no mention
/// stands in it.
pub(crate) fn without_subject(query: &CaseQuery) -> Option<String> {
    without(&query.prompt, &links(query))
}

/// The first half of a hop as a prompt of its own: "The largest coral reef system in the world is".
pub(crate) fn question(phrase: &str) -> String {
    let mut letters = phrase.trim().chars();
    let first = letters.next().into_iter().flat_map(char::to_uppercase);
    let phrase: String = first.chain(letters).collect();
    format!("{phrase} is")
}

/// A bridge as it may follow "is": with an article or without.
pub(crate) fn completions(bridge: &str) -> Vec<String> {
    let bare = hoplens_prompt::memory_text(bridge);
    vec![bridge.to_owned(), bare.to_owned(), format!("the {bare}")]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hop_is_asked_by_itself() {
        assert_eq!(question(" the tallest tower"), "The tallest tower is");
        assert_eq!(
            completions("the Burj Khalifa"),
            ["the Burj Khalifa", "Burj Khalifa", "the Burj Khalifa"]
        );
    }
}
