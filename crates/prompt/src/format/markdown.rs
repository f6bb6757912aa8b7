//! Prompts in the code fences of a Markdown file.
//!
//! ````text
//! ```prompt
//! ---
//! hoplens.cases: [{expect: " Paris"}]
//! ---
//! The capital of France is
//! ```
//! ````
//!
//! The content of a fence tagged `prompt` is read as a separate dotprompt file.

use std::collections::BTreeMap;
use std::ops::Range;

use pulldown_cmark::{CodeBlockKind, Event, Parser, Tag, TagEnd};

use crate::companion_files::CompanionTexts;
use crate::declarations::case::Case;
use crate::declarations::declared;
use crate::declarations::declared::Declared;
use crate::declarations::spanned::{Origin, Spanned};
use crate::diagnostics::code::Code;
use crate::diagnostics::problem::Problem;
use crate::diagnostics::problem::Problems;
use crate::file::parse_part::{parse_within, read_sidecar};
use crate::file::prompt_file::PromptFile;
use crate::format::prompt_format::PromptFormat;

/// The tag of a fence that contains a prompt.
const TAG: &str = "prompt";

/// Bytes of a fence that is skipped, and the reason.
type Refused = (Range<usize>, String);

/// Returns the contents of the fences tagged `prompt`, and a problem for each fence that cannot be
/// read: bytes of the text and message.
pub(crate) fn fences(text: &str) -> (Vec<Range<usize>>, Vec<Refused>) {
    let (mut found, mut problems) = (Vec::new(), Vec::new());
    // Most Markdown has no such fence and need not be parsed.
    if !text.contains(TAG) {
        return (found, problems);
    }
    let mut open: Option<(Range<usize>, Option<Range<usize>>, bool)> = None;
    for (event, range) in Parser::new(text).into_offset_iter() {
        match event {
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info)))
                if info.split_whitespace().next() == Some(TAG) =>
            {
                open = Some((range, None, true));
            }
            Event::Text(_) => {
                if let Some((_, content, whole)) = &mut open {
                    match content {
                        None => *content = Some(range),
                        // Between two lines a carriage return may be missing, but no list mark.
                        Some(content) if between(text, content.end, range.start) => {
                            content.end = range.end;
                        }
                        Some(_) => *whole = false,
                    }
                }
            }
            Event::End(TagEnd::CodeBlock) => {
                let Some((block, content, whole)) = open.take() else {
                    continue;
                };
                if !whole {
                    let message = "This fence is in a list or a quotation, so its lines are \
                                   not the file's; it is left out. Move it to the left margin."
                        .to_owned();
                    problems.push((block, message));
                    continue;
                }
                let content = content.unwrap_or(block.end..block.end);
                let inside = text.get(content.clone()).unwrap_or_default();
                // The line break before the closing fence belongs to the fence.
                let kept = inside.strip_suffix('\n').unwrap_or(inside);
                let kept = kept.strip_suffix('\r').unwrap_or(kept);
                found.push(content.start..content.start + kept.len());
            }
            _ => {}
        }
    }
    (found, problems)
}

/// Whether there are only line breaks between two bytes of the text.
fn between(text: &str, from: usize, to: usize) -> bool {
    let gap = text.get(from..to);
    gap.is_some_and(|gap| gap.chars().all(|char| char == '\r' || char == '\n'))
}

/// Whether a file is a Markdown file with a prompt.
pub fn has_prompt_fence(file_name: &str, text: &str) -> bool {
    PromptFormat::of(file_name) == PromptFormat::Markdown && !fences(text).0.is_empty()
}

/// Reads every fence, and the sidecar. A case of the sidecar belongs to the fence that has a case
/// of the same id, otherwise to the first. `None` if there is no fence to read.
pub(crate) fn parse(text: &str, companions: CompanionTexts<'_>) -> Option<PromptFile> {
    let (windows, refused) = fences(text);
    let mut file_problems = Problems::new(Origin::FrontMatter);
    for (range, message) in refused {
        file_problems.warn(Code::InvalidFence, &range, message);
    }
    let fence_companions = CompanionTexts {
        sidecar: None,
        promptfoo: None,
        ..companions
    };
    let mut parts: Vec<PromptFile> = windows
        .into_iter()
        .map(|window| parse_within(PromptFormat::Dotprompt, text, window, fence_companions))
        .collect();
    let mut declared = Declared::default();
    for (fence, part) in parts.iter().enumerate() {
        add(&mut declared, fence, part);
    }
    let mut sidecar_problems = Problems::new(Origin::Sidecar);
    if let Some(text) = companions.sidecar {
        let mut in_sidecar = read_sidecar(text, &mut sidecar_problems);
        let fences: BTreeMap<&str, usize> = declared
            .cases
            .iter()
            .filter_map(|case| Some((case.declared_id()?, case.fence?)))
            .collect();
        for case in &mut in_sidecar.cases {
            let same = case.declared_id().and_then(|id| fences.get(id)).copied();
            case.fence = Some(same.unwrap_or(0));
        }
        for part in &mut parts {
            part.inputs.extend(in_sidecar.inputs.iter().cloned());
        }
        declared = declared::merge(declared, in_sidecar, &mut file_problems);
    }
    for (fence, part) in parts.iter().enumerate() {
        let covered = |case: &Case| case.fence == Some(fence);
        if !declared.cases.iter().any(covered) {
            declared.cases.push(undeclared(fence, part));
        }
    }
    declared.cases.sort_by_key(|case| case.fence);
    declared::name_rows(&mut declared.cases);
    declared::check_references(&declared, &mut [&mut file_problems, &mut sidecar_problems]);
    let mut problems: Vec<Problem> = parts
        .iter()
        .flat_map(|part| part.problems.clone())
        .collect();
    for problem in file_problems.list.into_iter().chain(sidecar_problems.list) {
        if !problems.contains(&problem) {
            problems.push(problem);
        }
    }
    // Each fence has its own properties; those of the file are the first fence's.
    let first = parts.first().cloned()?;
    Some(PromptFile {
        format: PromptFormat::Markdown,
        front_matter: None,
        cases: declared.cases,
        injections: declared.injections,
        suppressed: declared.suppressed,
        problems,
        inputs: declared.inputs,
        sidecar: companions.sidecar.map(str::to_owned),
        fences: parts,
        ..first
    })
}

/// Adds the declarations of one fence; its unnamed cases are numbered after the earlier ones.
fn add(declared: &mut Declared, fence: usize, part: &PromptFile) {
    let before = declared.cases.len();
    declared.cases.extend(part.cases.iter().map(|case| Case {
        fence: Some(fence),
        ..case.clone()
    }));
    for injection in &part.injections {
        let mut injection = injection.clone();
        injection.fence = Some(fence);
        let numbered = |case: &Spanned<String>| {
            let at = declared::find_case(&part.cases, &case.value)?;
            part.cases[at].id.is_none().then_some(before + at + 1)
        };
        if let Some(case) = &mut injection.case
            && let Some(number) = numbered(case)
        {
            case.value = format!("#{number}");
        }
        declared.injections.push(injection);
    }
    declared.suppressed.extend(part.suppressed.iter().cloned());
    declared.inputs.extend(part.inputs.iter().cloned());
}

/// Returns a case for a fence that declares none, so that it is analyzed too.
fn undeclared(fence: usize, part: &PromptFile) -> Case {
    Case {
        fence: Some(fence),
        ..Case::new(part.body.start..part.body.start, Origin::FrontMatter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostics::severity::Severity;
    use crate::edit::file_edit::edited;
    use crate::edit::insert_injection::insert_injection;
    use crate::edit::new_injection::NewInjection;
    use crate::edit::rewrite::replace_mention;
    use crate::file::prompt_file::find_case;
    use crate::lint::all_problems;
    use crate::render::render;
    use hoplens_injection::{Encoding, Scope};
    use proptest::prelude::*;

    const TEXT: &str = "# Notes\n\n```prompt\n---\nhoplens.cases:\n  - id: reef\n    expect: \" \
                        Australia\"\n    hops: [{mention: \"the reef\", bridge: B}]\n---\nWhere is \
                        the reef\n```\n\nText.\n\n```rust\nlet x;\n```\n\n~~~prompt extra\nThe \
                        opposite of long is\n~~~\n";

    fn texts(file: &PromptFile, text: &str) -> Vec<String> {
        let cases = file.cases.iter();
        cases
            .map(|case| render(file, text, Some(case)).joined().text)
            .collect()
    }

    #[test]
    fn each_fence_is_a_prompt_of_its_own() {
        let file = crate::file::parse("notes.md", TEXT, None);
        assert_eq!(file.format, PromptFormat::Markdown);
        assert_eq!(
            texts(&file, TEXT),
            ["Where is the reef", "The opposite of long is"]
        );
        assert_eq!(all_problems(&file, TEXT), []);
        assert!(has_prompt_fence("notes.md", TEXT));
        assert!(!has_prompt_fence("notes.txt", TEXT));
        // A Markdown file without a fence is plain text.
        let plain = crate::file::parse("notes.md", "# Notes", None);
        assert_eq!(plain.format, PromptFormat::Plain);
    }

    #[test]
    fn ranges_of_a_fence_are_ranges_of_the_file() {
        let file = crate::file::parse("notes.md", TEXT, None);
        let case = find_case(&file, "reef").unwrap();
        assert_eq!(&TEXT[case.hops[0].mention.range.clone()], "\"the reef\"");
        let rendered = render(&file, TEXT, Some(case)).joined();
        let edit = replace_mention(&rendered, 9..17, "Rome").unwrap();
        let (after, text) = edited(&file, TEXT, &edit);
        assert_eq!(texts(&after, &text)[0], "Where is Rome");
        assert_eq!(text.len() + 4, TEXT.len());
    }

    #[test]
    fn an_injection_goes_into_its_fence_or_the_sidecar() {
        let file = crate::file::parse("notes.md", TEXT, None);
        let new = NewInjection {
            memory: "B".into(),
            encoding: Encoding::Embed,
            layer: 1,
            tau: 2.0,
            scope: Scope::All,
            measured: None,
        };
        let edit = insert_injection(&file, TEXT, Some("reef"), &new);
        assert_eq!(edit.target, Origin::FrontMatter);
        let (after, text) = edited(&file, TEXT, &edit);
        assert_eq!(texts(&after, &text), texts(&file, TEXT));
        assert!(after.injections[0].acts_on(after.cases.first(), "reef"));
        assert!(!after.injections[0].acts_on(after.cases.get(1), "#2"));
        let edit = insert_injection(&file, TEXT, Some("#2"), &new);
        assert_eq!((edit.target, edit.creates), (Origin::Sidecar, true));
        let (after, _) = edited(&file, TEXT, &edit);
        assert!(after.injections[0].acts_on(after.cases.get(1), "#2"));
    }

    #[test]
    fn an_injection_with_a_numbered_case_acts_only_in_its_own_fence() {
        let fence = "```prompt\n---\nhoplens.cases: [{expect: x}]\nhoplens.inject: [{case: \"#1\", \
                     memory: m, layer: 0, tau: 1}]\n---\nA\n```\n";
        let text = format!("{fence}\n{fence}");
        let file = crate::file::parse("a.md", &text, None);
        assert_eq!(all_problems(&file, &text), []);
        for at in 0..2 {
            for case in 0..2 {
                let id = format!("#{}", case + 1);
                let acts = file.injections[at].acts_on(file.cases.get(case), &id);
                assert_eq!(acts, at == case);
            }
        }
    }

    #[test]
    fn a_sidecar_case_belongs_to_the_fence_with_the_same_id() {
        let sidecar = "version: 1\ncases: [{id: reef, expect: y}, {expect: z}]\n";
        let file = crate::file::parse("notes.md", TEXT, Some(sidecar));
        let severities: Vec<_> = file.problems.iter().map(|one| one.severity).collect();
        assert_eq!(severities, [Severity::Information]);
        let fences: Vec<_> = file.cases.iter().map(|case| case.fence).collect();
        assert_eq!(fences, [Some(0), Some(0), Some(1)]);
    }

    #[test]
    fn quoted_fences_are_reported_and_windows_line_breaks_are_accepted() {
        let quoted = "> ```prompt\n> a\n> b\n> ```\n";
        let (found, problems) = fences(quoted);
        assert_eq!((found.len(), problems.len()), (0, 1));
        let text = "```prompt\r\na\r\nb\r\n```\r\n";
        let (found, _) = fences(text);
        assert_eq!(found.len(), 1);
        assert_eq!(&text[found[0].clone()], "a\r\nb");
        let (found, _) = fences("```prompt\n```");
        assert_eq!(found.len(), 1);
    }

    proptest! {
        #[test]
        fn arbitrary_text_does_not_panic(text in "(```prompt\n|---\n|a\\{\\{x\\}\\}|hoplens.cases: \\[\\{\\}\\]\n|```\n|> |- |\\PC|\n){0,30}") {
            let file = crate::file::parse("a.md", &text, None);
            all_problems(&file, &text);
            for problem in &file.problems {
                prop_assert!(text.get(problem.range.clone()).is_some());
            }
        }
    }
}
