//! The prompt that asks a model what a mention stands for.

use hoplens_prompt::match_case;

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

/// The lines, and the beginning of the one for `phrase`: an entity is to follow.
pub(super) fn glossary(phrase: &str) -> String {
    lines(LINES.into_iter(), phrase)
}

/// The same the other way round, and the beginning of the line for `entity`: what it is follows,
/// as [`described`] writes it.
pub(super) fn reversed(entity: &str) -> String {
    lines(
        LINES.into_iter().map(|(mention, entity)| (entity, mention)),
        entity,
    )
}

/// A mention as it stands behind an entity.
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

/// A phrase that was wrapped stays on its line.
fn one_line(phrase: &str) -> String {
    let words: Vec<&str> = phrase.split_whitespace().collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_glossary_reads_both_ways() {
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
