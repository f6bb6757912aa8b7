//! The prompt that asks a model what a mention stands for.

use crate::hop::explicit::fitted;

/// Mentions of every kind and what they stand for. A base model that is asked "{mention} is" goes
/// on with "known for"; behind these lines it goes on with a name. They are facts that the
/// smallest models know, and none is of a data set or an example that hoplens is measured on.
const LINES: [(&str, &str); 9] = [
    ("The composer of The Magic Flute", "Mozart"),
    ("The capital of Japan", "Tokyo"),
    ("The lightest element", "hydrogen"),
    ("Marie Curie's husband", "Pierre Curie"),
    ("The company that makes the PlayStation", "Sony"),
    ("The fastest land animal", "the cheetah"),
    ("The City of Light", "Paris"),
    ("The first man on the Moon", "Neil Armstrong"),
    ("The longest river in Africa", "the Nile"),
];

/// The lines and the beginning of the one for `phrase`.
pub(super) fn glossary(phrase: &str) -> String {
    let mut text = String::new();
    for (mention, entity) in LINES {
        text.push_str(mention);
        text.push_str(" = ");
        text.push_str(entity);
        text.push('\n');
    }
    // A mention that was wrapped stays on its line.
    let words: Vec<&str> = phrase.split_whitespace().collect();
    text.push_str(&fitted("X", &words.join(" ")));
    text.push_str(" =");
    text
}
