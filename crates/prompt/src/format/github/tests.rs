use proptest::prelude::*;

use crate::declarations::answer_match::AnswerMatch;
use crate::declarations::spanned::Origin;
use crate::diagnostics::severity::Severity;
use crate::edit::insert_injection::insert_injection;
use crate::edit::new_injection::NewInjection;
use crate::file::parse;
use crate::file::prompt_file::PromptFile;
use crate::format::prompt_format::PromptFormat;
use crate::render::render;
use hoplens_injection::{Encoding, Scope};

const REEF: &str = r#"name: Reefs
model: openai/gpt-4o-mini
messages:
  - role: system
    content: Answer in "one" word.
  - role: user
    content: |
      The country of {{thing}},
      {{ thing }} and {{tail}}, is
testData:
  - thing: the reef
    expected: Australia
  - {thing: "the \"big\" reef", tail: 7, expected: "x", name: big}
evaluators: [{name: e, string: {equals: "{{expected}}"}}]
"#;

fn messages(file: &PromptFile) -> Vec<&str> {
    file.problems
        .iter()
        .map(|one| one.message.as_str())
        .collect()
}

#[test]
fn messages_and_test_data_are_read() {
    let file = parse("x/reef.prompt.yml", REEF, None);
    assert_eq!(file.format, PromptFormat::Github);
    assert_eq!(messages(&file), [""; 0]);
    let expect = |at: usize| -> Vec<&str> {
        let case = &file.cases[at];
        case.expect.iter().map(|one| one.value.as_str()).collect()
    };
    assert_eq!(expect(0), [" Australia", "Australia"]);
    assert_eq!(file.cases[1].id.as_ref().unwrap().value, "big");
    let rendered = render(&file, REEF, Some(&file.cases[1]));
    assert_eq!(rendered.problems, []);
    let texts: Vec<_> = rendered
        .turns
        .iter()
        .map(|turn| (turn.role.as_deref().unwrap(), turn.text.text.as_str()))
        .collect();
    assert_eq!(
        texts,
        [
            ("system", "Answer in \"one\" word."),
            (
                "user",
                "The country of the \"big\" reef,\n{{ thing }} and 7, is\n"
            ),
        ]
    );
    let text = &rendered.turns[1].text;
    let source = |phrase: &str| {
        let at = text.text.find(phrase).unwrap();
        &REEF[text.to_source(at..at + phrase.len()).unwrap()]
    };
    assert_eq!(source("country"), "country");
    assert_eq!(source("big"), "{{thing}}");
    assert_eq!(source("and"), "and");
    assert_eq!(text.pieces[1].value.as_ref().unwrap().range.len(), 18);
}

#[test]
fn evaluators_say_what_expected_means() {
    use AnswerMatch::{Begins, ContainsIgnoringCase, Equals};
    for (evaluators, kind, expect, reference) in [
        ("", Begins, vec![], Some("It is Rome.")),
        (
            "{name: e, uses: github/similarity}",
            Begins,
            vec![],
            Some("It is Rome."),
        ),
        (
            "{name: e, string: {equals: '{{expected}}'}}",
            Equals,
            vec![" It is Rome.", "It is Rome."],
            None,
        ),
        (
            "{name: e, string: {contains: '{{city}}'}}",
            ContainsIgnoringCase,
            vec!["Rome"],
            Some("It is Rome."),
        ),
        (
            "{name: e, string: {startsWith: 'It:'}}",
            Begins,
            vec![" It:", "It:"],
            Some("It is Rome."),
        ),
        // A name without a value cannot be compared.
        (
            "{name: e, string: {contains: '{{town}}'}}",
            Begins,
            vec![],
            Some("It is Rome."),
        ),
    ] {
        let text = format!(
            "messages: [{{role: user, content: 'x {{{{city}}}}'}}]\ntestData:\n  - {{city: Rome, \
             expected: It is Rome.}}\nevaluators: [{evaluators}]\n"
        );
        let file = parse("x.prompt.yml", &text, None);
        assert_eq!(messages(&file), [""; 0], "{text}");
        let case = &file.cases[0];
        let values: Vec<&str> = case.expect.iter().map(|one| one.value.as_str()).collect();
        assert_eq!((case.answer_match, values), (kind, expect), "{text}");
        let reply = case.reference.as_ref().map(|reply| reply.text.as_str());
        assert_eq!(reply, reference, "{text}");
    }
}

#[test]
fn content_lists_are_read_as_far_as_they_are_text() {
    let text = "messages:\n  - role: user\n    content:\n      - {type: text, text: \"Look at {{a}}\"}\n      \
                - type: text\n        text: ' please'\n      - type: image_url\n        image_url: {url: \
                x}\ntestData: [{a: b}]\n";
    let file = parse("x.prompt.yml", text, None);
    assert_eq!(messages(&file), [""; 0]);
    let rendered = render(&file, text, Some(&file.cases[0]));
    assert_eq!(rendered.joined().text, "Look at b please");
    let problem = rendered.broken().unwrap();
    assert!(text[problem.range.clone()].starts_with("type: image_url"));
    // Without a picture the model is asked.
    let text = "messages: [{role: user, content: [{type: text, text: Hi}]}]\n";
    let file = parse("x.prompt.yml", text, None);
    assert!(render(&file, text, None).broken().is_none());
}

#[test]
fn an_empty_expected_declares_no_answer() {
    for expected in ["''", "", "'  '"] {
        let text = format!("messages: []\ntestData: [{{input: Kim, expected: {expected}}}]\n");
        let file = parse("x.prompt.yml", &text, None);
        assert_eq!(messages(&file), [""; 0], "{text}");
        assert_eq!(file.cases[0].expect, []);
        assert_eq!(file.cases[0].reference, None);
    }
}

#[test]
fn variables_without_a_value_stay_and_are_reported() {
    let file = parse("reef.prompt.yml", REEF, None);
    let rendered = render(&file, REEF, Some(&file.cases[0]));
    assert_eq!(rendered.problems.len(), 1);
    assert_eq!(&REEF[rendered.problems[0].range.clone()], "{{tail}}");
}

#[test]
fn injections_go_to_the_sidecar() {
    let file = parse("reef.prompt.yml", REEF, None);
    let new = NewInjection {
        memory: "m".into(),
        encoding: Encoding::Embed,
        layer: 1,
        tau: 2.0,
        scope: Scope::All,
        measured: None,
    };
    for id in [None, Some("big"), Some("#1")] {
        let edit = insert_injection(&file, REEF, id, &new);
        assert_eq!((edit.target, edit.creates), (Origin::Sidecar, true));
        let after = parse("reef.prompt.yml", REEF, Some(&edit.apply("")));
        assert_eq!(messages(&after), [""; 0]);
        let named = after.injections[0]
            .case
            .as_ref()
            .map(|id| id.value.as_str());
        assert_eq!(named, id);
    }
}

#[test]
fn invalid_structure_is_reported() {
    for (text, expected) in [
        ("testData: []\n", "The file has no `messages`."),
        ("messages: 7\n", "`messages` is `7`."),
        ("messages: [7]\n", "A message is `7`."),
        ("messages: [{content: x}]\n", "A message has no `role`."),
        ("messages: [{role: user}]\n", "A message has no `content`."),
        (
            "messages: [{role: user, content: [x]}]\n",
            "A message's content is a list.",
        ),
        (
            "mesages: []\nmessages: []\n",
            "The file has no key `mesages` that `gh models` reads; it is ignored. Did you mean `messages`?",
        ),
        (
            "messages: []\ntestData: [7]\n",
            "A row of `testData` is `7`.",
        ),
        (
            "messages: []\ntestData: [{expected: [a]}]\n",
            "A row's `expected` is a list.",
        ),
        ("messages: [\n", "The file is not valid YAML"),
        ("- a\n", "The file is a list."),
    ] {
        let file = parse("x.prompt.yml", text, None);
        assert!(
            messages(&file)[0].starts_with(expected),
            "{text}: {:?}",
            messages(&file)
        );
    }
}

/// Checks the only problem of an otherwise valid file: severity, bytes, and how the message begins.
#[test]
fn unexpected_roles_contents_and_keys_are_reported() {
    for (text, severity, under, expected) in [
        (
            "messages: [{role: usr, content: x}]\n",
            Severity::Error,
            "usr",
            "A message's role is `usr`, which `gh models` refuses. Did you mean `user`?",
        ),
        (
            "messages: [{role: user, content: 7}]\n",
            Severity::Warning,
            "7",
            "A message's content is a number. Write a text",
        ),
        (
            "messages: [{role: user, content: x, name: y}]\n",
            Severity::Hint,
            "name",
            "A message has no key `name`",
        ),
        (
            "colour: red\nmessages: []\n",
            Severity::Hint,
            "colour",
            "The file has no key `colour`",
        ),
        (
            "messages: []\nevaluators: [{name: e, string: {equal: x}}]\n",
            Severity::Warning,
            "equal",
            "An evaluator's `string` has no key `equal` that `gh models` reads; it is ignored. Did",
        ),
        (
            "messages: []\nevaluators: [{name: e, llm: {choices: [{pick: x}]}}]\n",
            Severity::Hint,
            "pick",
            "A choice has no key `pick`",
        ),
        (
            "messages: []\nevaluators: [{regex: x}]\n",
            Severity::Hint,
            "regex",
            "An evaluator has no key `regex`",
        ),
        (
            "messages: [{role: user, content: 'a {{b}}'}]\ntestData: [{b: x, c: y}]\n",
            Severity::Hint,
            "c",
            "No message or evaluator has `{{c}}`",
        ),
    ] {
        let file = parse("x.prompt.yml", text, None);
        let [problem] = file.problems.as_slice() else {
            panic!("{text}: {:?}", file.problems);
        };
        assert_eq!(problem.severity, severity, "{text}");
        assert_eq!(&text[problem.range.clone()], under, "{text}");
        assert!(problem.message.starts_with(expected), "{problem:?}");
    }
    let text = "messages: [{role: Assistant, content: x}]\n";
    assert_eq!(messages(&parse("x.prompt.yml", text, None)), [""; 0]);
}

proptest! {
    #[test]
    fn arbitrary_text_does_not_panic(
        text in "(messages:|testData:|  - |- |role: |content: |expected: |name: |x|\\{\\{x\\}\\}|\\{|\\}|\\[|\\]|: |\n|\\|\n|>-\n|\"|'|\\\\|é|&a |\\*a|7|, ){0,60}",
    ) {
        let file = parse("x.prompt.yml", &text, None);
        for problem in &file.problems {
            prop_assert!(text.get(problem.range.clone()).is_some());
        }
        for case in file.cases.iter().map(Some).chain([None]) {
            let rendered = render(&file, &text, case);
            for problem in rendered.problems {
                prop_assert!(text.get(problem.range).is_some());
            }
            for piece in rendered.turns.iter().flat_map(|turn| &turn.text.pieces) {
                prop_assert!(text.get(piece.source.clone().unwrap()).is_some());
            }
        }
    }
}
