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

/// Returns the prompt that asks for the bridge of a step: the mention alone. A statement is not asked
/// for: it follows the mention.
pub(crate) fn step_question(step: &RewriteStep) -> String {
    if step.is_statement {
        step.phrase.clone()
    } else {
        question(&step.phrase)
    }
}

/// Returns the mention as a prompt that asks for its bridge: "The largest coral reef system in the
/// world is".
pub(crate) fn question(phrase: &str) -> String {
    let mut letters = phrase.trim().chars();
    let first = letters.next().into_iter().flat_map(char::to_uppercase);
    let phrase: String = first.chain(letters).collect();
    format!("{phrase} is")
}

/// Returns the question of a hop behind the words that may state its bridge: as the beginning of the
/// reply in a chat, else behind the sentences before the mention. `None` if there are none.
///
/// A bridge may be a fact of the prompt itself ("Ana has the Pro plan"), which the mention alone
/// cannot recall.
pub(crate) fn question_in_context(query: &CaseQuery, step: &RewriteStep) -> Option<String> {
    if step.is_statement {
        return None;
    }
    let context = if let Some(start) = query.reply_start {
        query.prompt.get(..start)?
    } else {
        let mention = query.mentions.get(step.hop)?.range.clone()?;
        let before = query.prompt.get(..mention.start)?;
        let ends = [". ", "! ", "? ", "\n"].map(|end| Some(before.rfind(end)? + end.len()));
        before.get(..ends.into_iter().flatten().max()?)?
    };
    (!context.trim().is_empty()).then(|| format!("{context}{}", question(&step.phrase)))
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

    fn query(prompt: &str, reply_start: Option<usize>) -> CaseQuery {
        let start = prompt.find("Ana's plan").unwrap();
        let mention = crate::case::query::Mention {
            phrase: "Ana's plan".into(),
            range: Some(start..start + 10),
            bridge: Some("Pro".into()),
        };
        CaseQuery {
            prompt: prompt.into(),
            reply_start,
            mentions: vec![mention],
            ..CaseQuery::default()
        }
    }

    #[test]
    fn a_hop_is_asked_behind_the_facts_of_the_prompt() {
        let asked = |query: CaseQuery| question_in_context(&query, &steps(&query)[0]);
        let text = "Ana has Pro. With Ana's plan one can";
        let found = asked(query(text, None));
        assert_eq!(found.as_deref(), Some("Ana has Pro. Ana's plan is"));
        assert_eq!(asked(query("With Ana's plan one can", None)), None);
        let chat = "user: Pro has Ana's plan\nassistant: It has";
        let found = asked(query(chat, Some(36)));
        assert_eq!(
            found.as_deref(),
            Some("user: Pro has Ana's plan\nassistant: Ana's plan is")
        );
    }

    #[test]
    fn a_mention_becomes_a_prompt_and_its_bridge_the_answers() {
        assert_eq!(question(" the tallest tower"), "The tallest tower is");
        assert_eq!(
            completions("the Burj Khalifa"),
            ["the Burj Khalifa", "Burj Khalifa", "the Burj Khalifa"]
        );
    }
}
