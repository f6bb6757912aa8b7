//! What a chain of hops is asked: each hop by itself, and the prompt with its bridges named.

use crate::subject::Subject;
use hoplens_prompt::{Link, Step, name_bridges, without};

fn links(subject: &Subject) -> Vec<Link<'_>> {
    let mentions = subject.mentions.iter();
    mentions
        .map(|mention| Link {
            mention: &mention.phrase,
            bridge: mention.bridge.as_deref(),
        })
        .collect()
}

/// The prompt with one bridge after another named.
pub(super) fn steps(subject: &Subject) -> Vec<Step> {
    name_bridges(&subject.prompt, &links(subject))
}

/// The prompt with the mentions replaced by a word that says nothing. `None` where no mention
/// stands in it.
pub(super) fn without_subject(subject: &Subject) -> Option<String> {
    without(&subject.prompt, &links(subject))
}

/// The first half of a hop as a prompt of its own: "The largest coral reef system in the world is".
pub(super) fn question(phrase: &str) -> String {
    let mut letters = phrase.trim().chars();
    let first = letters.next().into_iter().flat_map(char::to_uppercase);
    let phrase: String = first.chain(letters).collect();
    format!("{phrase} is")
}

/// A bridge as it may follow "is": with an article or without.
pub(super) fn completions(bridge: &str) -> Vec<String> {
    let bare = super::memory_text(bridge);
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
