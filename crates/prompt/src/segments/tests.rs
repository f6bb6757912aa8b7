//! Tests of segments.

use std::ops::Range;

use proptest::prelude::*;

use crate::companion_files::CompanionTexts;
use crate::file::parse_with;
use crate::render::render;
use crate::render::rendered::Turn;
use crate::render::source_map::MappedText;
use crate::segments::prompt_segment::{PromptSegment, SegmentKind};
use crate::segments::remove::without_segment;
use crate::segments::split::{prompt_segments, split_text};

use SegmentKind::{Code, Example, Heading, ListItem, Markup, Sentence, TableRow};

#[track_caller]
fn check(text: &str, expected: &[(SegmentKind, &str)]) {
    let segments = split_text(text);
    let shown: Vec<(SegmentKind, &str)> = segments
        .iter()
        .map(|(range, kind)| (*kind, &text[range.clone()]))
        .collect();
    assert_eq!(shown, expected);
}

fn turn(role: Option<&str>, text: &str) -> Turn {
    Turn {
        role: role.map(str::to_owned),
        text: MappedText::verbatim(text, 0..text.len()),
    }
}

/// Returns the messages of a file's first case, or of its defaults.
fn rendered(text: &str) -> Vec<Turn> {
    let file = parse_with("a.prompt", text, CompanionTexts::default());
    render(&file, text, file.cases.first()).turns
}

fn sources<'a>(file: &'a str, segments: &[PromptSegment]) -> Vec<&'a str> {
    segments
        .iter()
        .map(|segment| &file[segment.source.clone()])
        .collect()
}

#[test]
fn sentences_end_where_a_reader_ends_them() {
    check(
        "You help customers, e.g. Dr. Smith. Is it 3.5 kg? See example.com. \"Yes.\" Then stop.",
        &[
            (Sentence, "You help customers, e.g. Dr. Smith."),
            (Sentence, "Is it 3.5 kg?"),
            (Sentence, "See example.com."),
            (Sentence, "\"Yes.\""),
            (Sentence, "Then stop."),
        ],
    );
    check(
        "**Never say this.** Say that. `Stop.` Go on (please). J. Doe agrees...",
        &[
            (Sentence, "**Never say this.**"),
            (Sentence, "Say that."),
            (Sentence, "`Stop.`"),
            (Sentence, "Go on (please)."),
            (Sentence, "J. Doe agrees..."),
        ],
    );
    check(
        "返金は30日以内です。必ず敬語を使ってください。",
        &[
            (Sentence, "返金は30日以内です。"),
            (Sentence, "必ず敬語を使ってください。"),
        ],
    );
}

#[test]
fn a_line_break_ends_a_sentence_unless_the_paragraph_is_wrapped() {
    check(
        "Answer politely\nNever mention prices\nUse at most two sentences",
        &[
            (Sentence, "Answer politely"),
            (Sentence, "Never mention prices"),
            (Sentence, "Use at most two sentences"),
        ],
    );
    check(
        "You are the assistant of a shop that sells old books to\ncollectors. Answer in the \
         language of the customer.\nRules:\nBe brief.",
        &[
            (
                Sentence,
                "You are the assistant of a shop that sells old books to\ncollectors.",
            ),
            (Sentence, "Answer in the language of the customer."),
            (Sentence, "Rules:"),
            (Sentence, "Be brief."),
        ],
    );
    check(
        "Customers who ask for a refund within thirty days after the order get it from\r\nAnna \
         Miller in Paris.",
        &[(
            Sentence,
            "Customers who ask for a refund within thirty days after the order get it from\r\n\
             Anna Miller in Paris.",
        )],
    );
}

#[test]
fn markdown_blocks_are_segments() {
    check(
        "# Rules\n\n- Be brief. Be kind.\n- Plans:\n  1. Basic\n  2. Pro has 100 days\n\n---\n\n\
         > Quoted. Twice.\n\n| plan | days |\n|---|---|\n| Pro | 100 |\n\n```json\n{\"a\": 1}\n\n\
         {}\n```\nDone",
        &[
            (Heading, "# Rules"),
            (ListItem, "- Be brief. Be kind."),
            (ListItem, "- Plans:"),
            (ListItem, "1. Basic"),
            (ListItem, "2. Pro has 100 days"),
            (Markup, "---"),
            (Markup, ">"),
            (Sentence, "Quoted."),
            (Sentence, "Twice."),
            (Heading, "| plan | days |\n|---|---|"),
            (TableRow, "| Pro | 100 |"),
            (Code, "```json\n{\"a\": 1}\n\n{}\n```"),
            (Sentence, "Done"),
        ],
    );
}

#[test]
fn tags_on_their_own_lines_separate_their_content() {
    check(
        "<rules>\n    - Be brief.\n    - Be kind.\n</rules>\n<context topic=\"x\">\nOne. \
         Two.\n</context>\n<name>Ann. B.</name>\nA <b>bold</b> word.",
        &[
            (Markup, "<rules>"),
            (Sentence, "- Be brief."),
            (Sentence, "- Be kind."),
            (Markup, "</rules>"),
            (Markup, "<context topic=\"x\">"),
            (Sentence, "One."),
            (Sentence, "Two."),
            (Markup, "</context>"),
            (Sentence, "<name>Ann. B.</name>"),
            (Sentence, "A <b>bold</b> word."),
        ],
    );
    check(
        "```\n<example>\n```\n<example>\nQ. A.\n\nB.\n</example>\n<example>C</example>\n<example>D",
        &[
            (Code, "```\n<example>\n```"),
            (Example, "<example>\nQ. A.\n\nB.\n</example>"),
            (Example, "<example>C</example>"),
            (Sentence, "<example>D"),
        ],
    );
}

#[test]
fn labels_that_repeat_are_examples() {
    check(
        "Classify.\n\nText: good. Fine.\nLabel: positive\n\nText: bad\nLabel: negative\n\nText: \
         so so\nLabel:",
        &[
            (Sentence, "Classify."),
            (Example, "Text: good. Fine.\nLabel: positive"),
            (Example, "Text: bad\nLabel: negative"),
            (Sentence, "Text: so so"),
            (Sentence, "Label:"),
        ],
    );
    check(
        "Note: one thing.\nAlso: https://a.b\nNote: another.",
        &[
            (Sentence, "Note: one thing."),
            (Sentence, "Also: https://a.b"),
            (Sentence, "Note: another."),
        ],
    );
}

#[test]
fn a_question_with_its_answer_is_one_example() {
    let file = "---\nmodel: m\n---\n{{role \"system\"}}\nBe brief. Be kind.\n{{role \
                \"user\"}}\nOne. Two?\n{{role \"model\"}}\nThree. Four.\n{{role \
                \"user\"}}\nFive. Six?\n{{role \"model\"}}\nSeven: ";
    let turns = rendered(file);
    let segments = prompt_segments(&turns);
    let kinds: Vec<SegmentKind> = segments.iter().map(|segment| segment.kind).collect();
    let mut expected = [Sentence; 6];
    expected[2] = Example;
    assert_eq!(kinds, expected);
    assert_eq!(
        sources(file, &segments),
        [
            "Be brief.",
            "Be kind.",
            "One. Two?\n{{role \"model\"}}\nThree. Four.",
            "Five.",
            "Six?",
            "Seven:",
        ]
    );
    let without = without_segment(&turns, &segments[2]);
    let texts: Vec<&str> = without.iter().map(|turn| turn.text.text.trim()).collect();
    assert_eq!(texts, ["Be brief. Be kind.", "Five. Six?", "Seven:"]);
}

#[test]
fn segments_of_templates_have_the_ranges_of_their_tags() {
    let file = "---\ninput:\n  default:\n    plan: Pro\n    rules: [a b, c d]\n---\nThey are on \
                the {{plan}} plan. Stop.\n{{#each rules}}\n- Never {{this}}.\n{{/each}}\n";
    let turns = rendered(file);
    let segments = prompt_segments(&turns);
    assert_eq!(
        sources(file, &segments),
        [
            "They are on the {{plan}} plan.",
            "Stop.",
            "- Never {{this}}.",
            "- Never {{this}}.",
        ]
    );
}

#[test]
fn removing_a_segment_leaves_the_text_as_an_author_would() {
    let text = "# Rules\n\nBe brief. Be kind.\nStop.\n\n- one\n- two\n  - three\n- four\n\nEnd.\n";
    let turns = [turn(None, text)];
    let segments = prompt_segments(&turns);
    let without = |index: usize| {
        let rest = without_segment(&turns, &segments[index]);
        rest.into_iter()
            .map(|turn| turn.text.text)
            .collect::<Vec<_>>()
    };
    let all = |old: &str, new: &str| vec![text.replacen(old, new, 1)];
    assert_eq!(without(0), all("# Rules\n\n", ""));
    assert_eq!(without(1), all("Be brief. ", ""));
    assert_eq!(without(2), all(" Be kind.", ""));
    assert_eq!(without(3), all("Stop.\n\n", ""));
    assert_eq!(without(4), all("- one\n", ""));
    assert_eq!(without(6), all("  - three\n", ""));
    assert_eq!(without(8), all("\n\nEnd.", ""));
    let alone = [
        turn(Some("system"), "Be brief.\n"),
        turn(Some("user"), "Hi"),
    ];
    let rest = without_segment(&alone, &prompt_segments(&alone)[0]);
    assert_eq!(rest, [turn(Some("user"), "Hi")]);
}

fn is_blank(text: &str) -> bool {
    text.trim().is_empty()
}

/// Pieces of prompts, with line breaks, markup and characters of several bytes.
fn texts() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "Be brief. ",
        "Why? ",
        "\n",
        "\r\n",
        "\n\n",
        "- ",
        "* ",
        "  ",
        "    ",
        "1. ",
        "# ",
        "> ",
        "```\n",
        "~~~",
        "<rules>",
        "</rules>",
        "<example>",
        "</example>\n",
        "Q: a",
        "A: b",
        "\nQ:",
        "\nA:",
        "---",
        "| a | b |\n|---|---|\n| c | d |\n",
        "**",
        "`x.` ",
        "é. ",
        "。",
        "💡",
        "word ",
        "[a]: /b\n",
        "a&amp;b ",
        "\u{a0}",
        "<!-- c -->",
        "\t",
        "==\n",
        "Mr. X. ",
        "\\",
    ]);
    prop::collection::vec(pieces, 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn segments_are_disjoint_in_order_and_cover_the_text(text in texts()) {
        let mut done = 0;
        for (range, _) in split_text(&text) {
            let Range { start, end } = range;
            prop_assert!(done <= start && start < end, "{:?} after {done}", start..end);
            let inside = text.get(start..end);
            prop_assert!(inside.is_some_and(|inside| inside.trim() == inside));
            prop_assert!(is_blank(&text[done..start]), "{:?} is left out", &text[done..start]);
            done = end;
        }
        prop_assert!(is_blank(&text[done..]), "{:?} is left out", &text[done..]);
    }

    #[test]
    fn sources_are_exact_and_removal_keeps_the_other_segments(
        texts in prop::collection::vec(texts(), 1..4),
        roles in prop::collection::vec(prop::sample::select(vec!["system", "user", "model"]), 4),
    ) {
        let file = texts.concat();
        let mut at = 0;
        let turns: Vec<Turn> = texts.iter().zip(&roles).map(|(text, role)| {
            let source = at..at + text.len();
            at = source.end;
            Turn { role: Some((*role).to_owned()), text: MappedText::verbatim(text, source) }
        }).collect();
        let segments = prompt_segments(&turns);
        let own = |segment: &PromptSegment| -> Vec<String> {
            let text = |turn: usize| &turns[turn].text.text;
            segment.parts.iter().map(|part| text(part.turn)[part.range.clone()].to_owned()).collect()
        };
        for segment in &segments {
            if let [part] = &own(segment)[..] {
                prop_assert_eq!(&file[segment.source.clone()], part);
            }
        }
        for (index, segment) in segments.iter().enumerate() {
            let rest = without_segment(&turns, segment);
            let rest: String = rest.iter().map(|turn| turn.text.text.as_str()).collect();
            let others = segments.iter().enumerate().filter(|(other, _)| *other != index);
            let wanted: String = others.flat_map(|(_, other)| own(other)).collect();
            let words = |text: &str| text.split_whitespace().collect::<String>();
            prop_assert_eq!(words(&rest), words(&wanted));
        }
    }
}
