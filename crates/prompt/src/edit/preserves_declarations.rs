//! Whether an edit of a prompt's words leaves the rest of a file as it was.

use crate::declarations::spanned::Origin;
use crate::diagnostics::problem::Problem;
use crate::diagnostics::severity::Severity;
use crate::edit::file_edit::{FileEdit, TextEdit, edited};
use crate::file::prompt_file::PromptFile;
use crate::format::prompt_format::PromptFormat;
use crate::render::rendered::Turn;

/// Whether the file after an edit of its words says these words and nothing else anew.
///
/// Words put into YAML may end their scalar or begin a comment; where the body is a text of its
/// own nothing of the kind can happen.
pub fn preserves_declarations(file: &PromptFile, text: &str, edit: &FileEdit) -> bool {
    if file.format != PromptFormat::Github || edit.target != Origin::FrontMatter {
        return true;
    }
    let (after, _) = edited(file, text, edit);
    let told = |file: &PromptFile| -> Vec<(Option<String>, String)> {
        let told = |turn: &Turn| (turn.role.clone(), turn.text.text.clone());
        file.turns.iter().map(told).collect()
    };
    let mut expected = told(file);
    let mut in_words = !edit.edits.is_empty();
    // From the last, so that the others stay where they are.
    for change in edit.edits.iter().rev() {
        let place = place(file, change);
        in_words &= place.is_some();
        if let Some((turn, at)) = place
            && let Some((_, words)) = expected.get_mut(turn)
        {
            words.replace_range(at..at + change.range.len(), &change.new_text);
        }
    }
    let same_cases = if in_words {
        let says = |file: &PromptFile| -> Vec<_> {
            let of = |case: &crate::declarations::case::Case| {
                let expect = case.expect.iter().map(|one| one.value.clone());
                (case.input.clone(), expect.collect::<Vec<_>>())
            };
            file.cases.iter().map(of).collect()
        };
        says(&after) == says(file)
    } else {
        after.cases.len() == file.cases.len()
    };
    errors(&after) <= errors(file) && told(&after) == expected && same_cases
}

/// The message and the byte in its text where a change of the file's bytes falls.
fn place(file: &PromptFile, change: &TextEdit) -> Option<(usize, usize)> {
    file.turns.iter().enumerate().find_map(|(at, turn)| {
        let piece = turn.text.pieces.iter().find(|piece| {
            let inside = |source: &std::ops::Range<usize>| {
                source.start <= change.range.start && change.range.end <= source.end
            };
            piece.verbatim && piece.source.as_ref().is_some_and(inside)
        })?;
        let source = piece.source.as_ref()?;
        Some((at, piece.rendered.start + change.range.start - source.start))
    })
}

/// How many errors a file's declarations have.
pub(crate) fn errors(file: &PromptFile) -> usize {
    let error = |one: &&Problem| one.severity == Severity::Error;
    file.problems.iter().filter(error).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edit::rewrite::{replace_all, replace_mention};
    use crate::file::parse;
    use crate::render::render;

    #[test]
    fn words_that_would_break_the_yaml_are_refused() {
        let text = "messages:\n  - {role: user, content: The reef is}\n  - role: user\n    content: |\n      the {{thing}} reef\n  - {role: user, content: \"a reef\"}\ntestData:\n  - {thing: big}\n";
        let file = parse("x.prompt.yml", text, None);
        let rendered = render(&file, text, Some(&file.cases[0]));
        let sound = |turn: usize, words: &str, new: &str| {
            let mapped = &rendered.turns[turn].text;
            let at = mapped.text.find(words).unwrap();
            let edit = replace_mention(mapped, at..at + words.len(), new).unwrap();
            preserves_declarations(&file, text, &edit)
        };
        for (turn, words) in [(0, "reef"), (1, "reef"), (1, "big"), (2, "reef")] {
            assert!(sound(turn, words, "Great Barrier Reef"), "{turn} {words}");
        }
        for (turn, new) in [(0, "reef, the"), (0, "a #b"), (1, "a\nb"), (2, "a \"b\"")] {
            assert!(!sound(turn, "reef", new), "{turn} {new}");
        }
        for (turn, new) in [(1, "a, \"b\" #c"), (2, "a, b")] {
            assert!(sound(turn, "reef", new), "{turn} {new}");
        }
        // Several places at once.
        let mapped = &rendered.turns[1].text;
        let both = |reef: &str| {
            let at = |words: &str| {
                let at = mapped.text.find(words).unwrap();
                at..at + words.len()
            };
            let edit = replace_all(mapped, &[(at("the"), "a"), (at("reef"), reef)]).unwrap();
            assert_eq!(edit.edits.len(), 2);
            preserves_declarations(&file, text, &edit)
        };
        assert!(both("sea"));
        assert!(!both("a\nb"));
    }
}
