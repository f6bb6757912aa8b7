//! The few-shot prompt that asks a model what a mention stands for.

use hoplens_prompt::match_case;

/// Mentions of every kind with the entities that they stand for. A base model continues "{mention}
/// is" with "known for"; after these lines it continues with a name. The lines are facts that the
/// smallest models know, and none is from a data set or an example that hoplens is measured on.
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

/// Returns the lines and the beginning of the line for `phrase`; its entity follows.
pub(super) fn glossary(phrase: &str) -> String {
    lines(LINES.into_iter(), phrase)
}

/// Returns the lines in the other direction and the beginning of the line for `entity`; its mention
/// follows, as [`described`] formats it.
pub(super) fn reversed(entity: &str) -> String {
    lines(
        LINES.into_iter().map(|(mention, entity)| (entity, mention)),
        entity,
    )
}

/// Returns a mention as it follows an entity.
pub(super) fn described(phrase: &str) -> String {
    format!(" {}", match_case("x", &one_line(phrase)))
}

fn lines(pairs: impl Iterator<Item = (&'static str, &'static str)>, last: &str) -> String {
    let mut text = String::new();
    for (left, right) in pairs {
        text.push_str(&match_case("X", left));
        text.push_str(" = ");
        text.push_str(&match_case("x", right));
        text.push('\n');
    }
    text.push_str(&match_case("X", &one_line(last)));
    text.push_str(" =");
    text
}

/// Joins the lines of a wrapped phrase.
fn one_line(phrase: &str) -> String {
    let words: Vec<&str> = phrase.split_whitespace().collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn glossaries_are_written_in_both_directions() {
        let there = glossary("the highest\n mountain");
        assert!(
            there.contains("\nThe fastest land animal = the cheetah\n"),
            "{there}"
        );
        assert!(there.ends_with("\nThe highest mountain ="), "{there}");
        let back = reversed("the Nile");
        assert!(
            back.contains("\nHydrogen = the lightest element\n"),
            "{back}"
        );
        assert!(back.ends_with("\nThe Nile ="), "{back}");
        assert_eq!(described("The highest\nmountain"), " the highest mountain");
    }
}
