use super::*;
use proptest::prelude::*;

fn first(text: &str) -> &str {
    mentions(text)
        .first()
        .map_or("", |range| &text[range.clone()])
}

#[test]
fn a_description_ends_before_the_main_verb() {
    for (text, expected) in [
        (
            "The largest reef in the world is off",
            "The largest reef in the world",
        ),
        (
            "The painter of the Mona Lisa worked in",
            "The painter of the Mona Lisa",
        ),
        (
            "The woman who discovered radium was born in",
            "The woman who discovered radium",
        ),
        (
            "The tower located near the Seine is in",
            "The tower located near the Seine",
        ),
        ("Homer Simpson's wife lives in", "Homer Simpson's wife"),
        (
            "Birds with red feathers are found in",
            "Birds with red feathers",
        ),
        (
            "The first king of Prussia founded the",
            "The first king of Prussia",
        ),
        ("The smallest planet orbits the", "The smallest planet"),
    ] {
        assert_eq!(first(text), expected, "{text}");
    }
}

#[test]
fn the_object_of_a_question_is_no_mention() {
    for (text, expected) in [
        (
            "Off the coast of which country is the largest reef in the world?",
            "the largest reef in the world",
        ),
        (
            "Off the coast of what country is the largest reef in the world",
            "the largest reef in the world",
        ),
        ("Off the coast of which country is X", ""),
        ("Off the coast of which large country is X?", ""),
        (
            "Which country is the largest reef in the world in?",
            "the largest reef in the world",
        ),
        ("The author of which play was born in Stratford?", ""),
        (
            "The largest reef lies off the coast of which country?",
            "The largest reef",
        ),
        (
            "To the north of which river does the capital of France lie",
            "the capital of France",
        ),
        // Here the word begins a relative clause.
        (
            "The city in which Mozart was born is in",
            "The city in which Mozart was born",
        ),
        (
            "The town from which Columbus sailed is in",
            "The town from which Columbus sailed",
        ),
    ] {
        assert_eq!(first(text), expected, "{text}");
        let asked = |range: &Range<usize>| text[range.clone()].contains("which country");
        assert!(!mentions(text).iter().any(asked), "{text}");
    }
}

proptest! {
    #[test]
    fn ranges_are_non_empty_parts_of_the_text(text in "(the |The |of |who |'s |is |was |\"|\n|, |[a-zé☃A-Z ]{0,8}){0,40}") {
        for range in mentions(&text) {
            prop_assert!(text.get(range).is_some_and(|one| !one.trim().is_empty()));
        }
    }

    #[test]
    fn any_text_is_parsed(text in any::<String>()) {
        for range in mentions(&text) {
            prop_assert!(text.get(range).is_some());
        }
    }
}
