//! A chain of hops: the prompt with one bridge after another named.

use super::Subject;
use super::explicit::substitute;
use crate::prompt::find_phrase;

/// The prompt after one more bridge was named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Step {
    /// Index into [`Subject::mentions`].
    pub(super) mention: usize,
    /// The mention as it stands once the bridges before are named.
    pub(super) phrase: String,
    /// The bridge.
    pub(super) bridge: String,
    /// The prompt with this bridge and those before named.
    pub(super) prompt: String,
}

/// Names the bridges in the order of the hops. The last step is the explicit prompt.
///
/// A later mention may be written as it stands in the prompt, around an earlier one ("the mother
/// of the president of France"), or as it stands once the earlier bridge is named. A hop without
/// a bridge and one whose mention is not there are passed over.
pub(super) fn steps(subject: &Subject) -> Vec<Step> {
    let mut prompt = subject.prompt.clone();
    let mut steps: Vec<Step> = Vec::new();
    for (index, mention) in subject.mentions.iter().enumerate() {
        let Some(bridge) = mention.bridge.as_deref() else {
            continue;
        };
        let phrase = steps.iter().fold(mention.phrase.clone(), |phrase, before| {
            named(&phrase, &before.phrase, &before.bridge)
        });
        let own = mention.range.clone().filter(|_| steps.is_empty());
        let found = own
            .or_else(|| find_phrase(&prompt, &mention.phrase))
            .or_else(|| find_phrase(&prompt, &phrase));
        let Some(range) = found else { continue };
        let phrase = prompt.get(range.clone()).unwrap_or_default().to_owned();
        prompt = substitute(&prompt, range, bridge);
        steps.push(Step {
            mention: index,
            phrase,
            bridge: bridge.to_owned(),
            prompt: prompt.clone(),
        });
    }
    steps
}

/// The prompt with the whole description replaced by a word that says nothing. `None` where no
/// mention stands in it.
///
/// In a chain the widest mention is the whole description.
pub(super) fn without_subject(subject: &Subject) -> Option<String> {
    let ranges = subject.mentions.iter().filter_map(|one| one.range.clone());
    let widest = ranges.max_by_key(std::ops::Range::len)?;
    Some(substitute(&subject.prompt, widest, "it"))
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

/// `text` with the bridge in place of a phrase that stands in it.
fn named(text: &str, phrase: &str, bridge: &str) -> String {
    match find_phrase(text, phrase) {
        Some(range) => substitute(text, range, bridge),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hop::Mention;

    fn subject(prompt: &str, hops: &[(&str, &str)]) -> Subject {
        let mention = |(phrase, bridge): &(&str, &str)| Mention {
            phrase: (*phrase).to_owned(),
            range: find_phrase(prompt, phrase),
            bridge: (!bridge.is_empty()).then(|| (*bridge).to_owned()),
        };
        Subject {
            prompt: prompt.to_owned(),
            expect: Vec::new(),
            mentions: hops.iter().map(mention).collect(),
            injections: Vec::new(),
        }
    }

    fn prompts(prompt: &str, hops: &[(&str, &str)]) -> Vec<String> {
        let found = steps(&subject(prompt, hops));
        found.into_iter().map(|step| step.prompt).collect()
    }

    #[test]
    fn bridges_are_named_one_after_another() {
        let prompt = "The capital of the country of the Eiffel Tower lies on the";
        let hops = [
            ("the country of the Eiffel Tower", "France"),
            ("the capital of the country of the Eiffel Tower", "Paris"),
        ];
        let named = ["The capital of France lies on the", "Paris lies on the"];
        assert_eq!(prompts(prompt, &hops), named);
        // Written as it stands by then.
        let hops = [hops[0], ("the capital of France", "Paris")];
        assert_eq!(prompts(prompt, &hops), named);
    }

    #[test]
    fn a_hop_that_is_not_there_is_passed_over() {
        let prompt = "The largest reef is off the coast of";
        let hops = [
            ("the smallest reef", "X"),
            ("the largest reef", ""),
            ("reef", "Y"),
        ];
        let found = steps(&subject(prompt, &hops));
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].mention, 2);
        assert_eq!(prompts(prompt, &[]), Vec::<String>::new());
    }

    #[test]
    fn nothing_is_said_in_place_of_the_widest_mention() {
        let prompt = "The capital of the country of the Eiffel Tower lies on the";
        let hops = [
            ("the country of the Eiffel Tower", "France"),
            ("the capital of the country of the Eiffel Tower", "Paris"),
        ];
        let bare = without_subject(&subject(prompt, &hops));
        assert_eq!(bare.as_deref(), Some("It lies on the"));
        assert_eq!(without_subject(&subject(prompt, &[])), None);
    }

    #[test]
    fn a_hop_is_asked_by_itself() {
        assert_eq!(question(" the tallest tower"), "The tallest tower is");
        assert_eq!(
            completions("the Burj Khalifa"),
            ["the Burj Khalifa", "Burj Khalifa", "the Burj Khalifa"]
        );
    }
}
