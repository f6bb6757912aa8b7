//! Checks that an edit of a prompt's words leaves the file's declarations unchanged.

use crate::declarations::spanned::Origin;
use crate::diagnostics::problem::Problem;
use crate::diagnostics::severity::Severity;
use crate::edit::file_edit::{FileEdit, TextEdit, edited};
use crate::file::prompt_file::PromptFile;
use crate::format::prompt_format::PromptFormat;
use crate::render::rendered::Turn;

/// Whether an edit of the file's words changes exactly these words and no declaration.
///
/// New words inside YAML may end their scalar or begin a comment. In formats whose body is separate
/// from the YAML that cannot happen.
pub fn preserves_declarations(file: &PromptFile, text: &str, edit: &FileEdit) -> bool {
    if file.format != PromptFormat::Github || edit.target != Origin::FrontMatter {
        return true;
    }
    let (after, _) = edited(file, text, edit);
    let messages = |file: &PromptFile| -> Vec<(Option<String>, String)> {
        let message = |turn: &Turn| (turn.role.clone(), turn.text.text.clone());
        file.turns.iter().map(message).collect()
    };
    let mut expected = messages(file);
    let mut in_words = !edit.edits.is_empty();
    // From the last to the first, so that earlier positions stay valid.
    for change in edit.edits.iter().rev() {
        let location = locate_change(file, change);
        in_words &= location.is_some();
        if let Some((turn, at)) = location
            && let Some((_, words)) = expected.get_mut(turn)
        {
            words.replace_range(at..at + change.range.len(), &change.new_text);
        }
    }
    let same_cases = if in_words {
        let inputs_and_answers = |file: &PromptFile| -> Vec<_> {
            let of = |case: &crate::declarations::case::Case| {
                let expect = case.expect.iter().map(|one| one.value.clone());
                (case.input.clone(), expect.collect::<Vec<_>>())
            };
            file.cases.iter().map(of).collect()
        };
        inputs_and_answers(&after) == inputs_and_answers(file)
    } else {
        after.cases.len() == file.cases.len()
    };
    errors(&after) <= errors(file) && messages(&after) == expected && same_cases
}

/// Returns the message that contains a change, and the byte offset of the change in its text.
fn locate_change(file: &PromptFile, change: &TextEdit) -> Option<(usize, usize)> {
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

/// Returns the number of errors in a file's declarations.
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
    fn words_that_would_break_the_yaml_are_rejected() {
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
        // Several changes in one edit.
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
