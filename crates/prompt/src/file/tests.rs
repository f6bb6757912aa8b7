use proptest::prelude::*;

use super::*;
use crate::declarations::answer_match::AnswerMatch;
use crate::declarations::case::Case;
use crate::declarations::spanned::Origin;
use crate::diagnostics::code::Code;
use crate::diagnostics::problem::Problem;
use crate::diagnostics::severity::Severity;
use crate::file::prompt_file::find_case;
use hoplens_injection::{Encoding, Scope, SpanScope};

const REEF: &str = r#"---
model: googleai/gemini-2.5-flash
input:
  default: {thing: reef}
hoplens.cases:
  - id: reef                     # optional
    input: {thing: "coral", n: 2.0}
    expect: " Australia"
    hops:
      - {mention: "The largest coral reef", bridge: "the Great Barrier Reef"}
  - expect: [" a", 1815]
hoplens.inject:
  - case: reef
    memory: "Great Barrier Reef"
    encoding: embed
    layer: 12
    tau: -6.5
    scope: {span: "coral reef", nth: 2}
    measured: {model: "sha256:b179c9", before: 0.235, after: 0.410}
  - {memory: x, layer: 0, tau: 1}
hoplens.ignore: [hop-lost]
---

{{!hoplens-ignore token-split }}
The largest {{thing}}
"#;

#[test]
fn all_declarations_are_read() {
    let file = parse("dir/reef.prompt", REEF, None);
    assert_eq!(file.problems, []);
    assert_eq!(file.defaults["thing"], "reef");
    let case = &file.cases[0];
    assert_eq!(case.id.as_ref().unwrap().value, "reef");
    assert_eq!(case.input["n"], 2);
    assert_eq!(case.expect[0].value, " Australia");
    assert_eq!(&REEF[case.expect[0].range.clone()], "\" Australia\"");
    assert_eq!(
        &REEF[case.hops[0].mention.range.clone()],
        "\"The largest coral reef\""
    );
    assert!(REEF[case.range.clone()].starts_with("id: reef "));
    assert!(REEF[case.range.clone()].ends_with("Reef\"}"));
    let expect: Vec<_> = file.cases[1]
        .expect
        .iter()
        .map(|e| e.value.as_str())
        .collect();
    assert_eq!(expect, [" a", "1815"]);
    let first = &file.injections[0];
    assert_eq!(first.layer.value, 12);
    assert!((first.tau - -6.5).abs() < 1e-9);
    let span = SpanScope {
        text: "coral reef".into(),
        nth: 2,
    };
    assert_eq!(first.scope, Scope::Span(span));
    assert!((first.measured.as_ref().unwrap().after - 0.41).abs() < 1e-9);
    let second = &file.injections[1];
    assert_eq!(
        (second.encoding, &second.scope, &second.case),
        (Encoding::Embed, &Scope::All, &None)
    );
    let codes: Vec<Code> = file.suppressed.iter().map(|s| s.code).collect();
    assert_eq!(codes, [Code::HopLost, Code::TokenSplit]);
    assert_eq!(find_case(&file, "#2"), Some(&file.cases[1]));
    assert_eq!(find_case(&file, "#1"), None);
}

/// Returns each problem as `severity "marked text": message`.
fn problems(file: &PromptFile, text: &str) -> Vec<String> {
    let shown = |problem: &Problem| {
        let under = match problem.origin {
            Origin::FrontMatter => text,
            Origin::Sidecar => file.sidecar.as_deref().unwrap(),
        };
        let under = &under[problem.range.clone()];
        format!("{:?} {under:?}: {}", problem.severity, problem.message)
    };
    file.problems.iter().map(shown).collect()
}

#[track_caller]
fn check(yaml: &str, expected: &[&str]) -> PromptFile {
    let text = format!("---\n{yaml}\n---\nbody\n");
    let file = parse("x.prompt", &text, None);
    let got = problems(&file, &text);
    assert_eq!(got.len(), expected.len(), "{got:#?}");
    for (got, expected) in got.iter().zip(expected) {
        assert!(
            got.starts_with(expected),
            "{got} should start with {expected}"
        );
    }
    file
}

#[test]
fn invalid_declarations_are_reported_and_the_rest_is_kept() {
    let file = check(
        "hoplens.cases:\n  - {id: a, expcet: x}\n  - {id: a, expect: [b, []]}\n  - 7\n  - {expect: }\nhoplens.inject:\n  - {memory: m, layer: -1, tau: 2}\n  - {memory: m, layer: 1, tau: .nan}\n  - {memory: m, layer: 1, tau: 2, encoding: unembd}\n  - {memory: m, layer: 1, tau: 2, case: b}\n  - {memory: m, tau: 2}\n  - {memory: m, layer: 1, tau: 2, scope: {spn: x}}",
        &[
            "Warning \"expcet\": A case has no key `expcet`; it is ignored. Did you mean `expect`?",
            "Error \"[]\": An expected answer (`expect`) is a list. Write a text",
            "Error \"7\": A case is `7`. Write a map",
            "Error \":\": An expected answer (`expect`) is empty.",
            "Error \"-1\": An injection's layer is `-1`. Write a whole number of at least 0",
            "Error \".nan\": An injection's `tau` is `.nan`. Write a finite number",
            "Error \"unembd\": There is no encoding `unembd`. Did you mean `unembed`?",
            "Error \"{memory: m, tau: 2}\": An injection has no `layer`.",
            "Warning \"spn\": A scope has no key `spn`",
            "Error \"{spn: x}\": A scope has no `span`.",
            "Error \"a\": Another case above has the id `a`.",
            "Warning \"b\": There is no case `b`, so this injection acts on nothing.",
        ],
    );
    assert_eq!((file.cases.len(), file.injections.len()), (3, 1));
}

#[test]
fn repeated_keys_follow_the_reader_of_the_format() {
    let text = "---\nname: a\nname: b\n---\nsystem:\nHello\n";
    let codes = |name: &str| -> Vec<(Code, Severity)> {
        let file = parse(name, text, None);
        let found = file.problems.iter().map(|one| (one.code, one.severity));
        found.collect()
    };
    assert_eq!(
        codes("x.prompty"),
        [(Code::DuplicateKey, Severity::Warning)]
    );
    assert_eq!(codes("x.prompt"), [(Code::InvalidYaml, Severity::Error)]);
}

#[test]
fn a_bracket_that_closes_below_its_key_is_no_problem() {
    let text = "---\nname: list\ninputs:\n  turns: [\n    {word: a},\n    {word: b}\n  ]\n---\nsystem:\nHello\n";
    let file = parse("x.prompty", text, None);
    assert_eq!(file.problems, []);
    assert_eq!(file.defaults["turns"][1]["word"], "b");
}

#[test]
fn misplaced_keys_are_reported() {
    check(
        "hoplens:\n  cases: []",
        &["Warning \"hoplens\": dotprompt ignores the map"],
    );
    check(
        "hoplens.case: []",
        &[
            "Warning \"hoplens.case\": There is no key `hoplens.case`; it is ignored. Did you mean `hoplens.cases`?",
        ],
    );
    check(
        "hoplens.ignore: [hop-lots]",
        &[
            "Warning \"hop-lots\": hoplens has no diagnostic `hop-lots`, so nothing is ignored. Did you mean `hop-lost`?",
        ],
    );
}

#[test]
fn cases_before_a_syntax_error_are_kept() {
    let file = check(
        "hoplens.cases:\n  - {id: a, expect: x}\nother: [1\nmore: 2",
        &["Error \": 2\": The front matter is not valid YAML: "],
    );
    assert_eq!(file.cases.len(), 1);
}

#[test]
fn only_exact_suppression_comments_count() {
    let text =
        "{{!hoplens-ignore hop-lost }}\n{{! hoplens-ignore hop-lost }}\n{{!hoplens-ignore nope }}x";
    let file = parse("x.prompt", text, None);
    assert_eq!(file.suppressed.len(), 1);
    let got = problems(&file, text);
    assert!(
        got[0].starts_with("Warning \"{{! hoplens-ignore hop-lost }}\": This comment"),
        "{got:?}"
    );
    assert!(got[1].contains("no diagnostic `nope`"), "{got:?}");
}

#[test]
fn the_former_code_suppresses_its_successors_and_adds_a_hint() {
    for (name, text, sidecar) in [
        (
            "a.prompt",
            "---\nhoplens.ignore: [front-matter]\n---\nHi",
            None,
        ),
        ("a.prompt", "{{!hoplens-ignore front-matter }}Hi", None),
        ("a.txt", "Hi", Some("version: 1\nignore: [front-matter]\n")),
    ] {
        let file = parse(name, text, sidecar);
        let [hint] = &file.problems[..] else {
            panic!("{:?}", file.problems);
        };
        assert_eq!(hint.code, Code::DeprecatedIgnore);
        assert_eq!(hint.severity, Severity::Hint);
        assert!(hint.message.contains("unset-variable"), "{}", hint.message);
        assert!(file.suppressed[0].hides(Code::UnsetVariable));
        assert!(!file.suppressed[0].hides(Code::HopLost));
    }
}

#[test]
fn a_sidecar_case_replaces_one_of_the_same_id() {
    let text = "---\nhoplens.cases: [{id: a, expect: x}, {id: b}]\n---\nhi";
    let sidecar = "version: 1\ncases:\n  - {id: a, expect: y}\ninject:\n  - {case: b, memory: m, layer: 1, tau: 1}\nignore: [hop-lost]\n";
    let file = parse("x.prompt", text, Some(sidecar));
    let ids: Vec<_> = file
        .cases
        .iter()
        .map(|c| c.id.as_ref().unwrap().value.as_str())
        .collect();
    assert_eq!(ids, ["b", "a"]);
    assert_eq!(file.cases[1].expect[0].value, "y");
    assert_eq!(file.injections[0].origin, Origin::Sidecar);
    assert_eq!(file.problems.len(), 1);
    assert_eq!(file.problems[0].severity, Severity::Information);
    assert_eq!(&text[file.problems[0].range.clone()], "a");
}

#[test]
fn plain_text_is_the_prompt_without_its_last_line_break() {
    let file = parse("x.txt", "---\na: 1\n---\n {{x}} \n", Some("versoin: 1\n"));
    assert_eq!(file.body, 0..20);
    assert_eq!(file.front_matter, None);
    assert!(file.problems[0].message.contains("Did you mean `version`?"));
    assert_eq!(parse("x.txt", "", None).body, 0..0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]
    #[test]
    fn arbitrary_text_does_not_panic(
        text in "(---\n|\\+\\+\\+|\u{feff}|\t|metadata:\n|  hoplens:\n|inputs:\n|template: |mustache|\\{%|%\\}|\\{#|#\\}|-|for x in y|raw|endraw|endfor|system:\n|\\$\\{input:|x|hoplens\\.(cases|inject|ignore):|- |\n  |\n|id: |expect: |\\{|\\}|\\[|\\]|memory: |layer: |[&*]a |scope: |hops: |input: |\"|'|\\{\\{|\\}\\}|#if |/if|else|é|\r|0|,|: ){0,60}",
        name in "x\\.(prompt|prompty|prompt\\.md|txt)",
    ) {
        let file = parse(&name, &text, Some(&text));
        for problem in &file.problems {
            prop_assert!(text.get(problem.range.clone()).is_some(), "{problem:?}");
        }
        prop_assert!(text.get(file.body.clone()).is_some());
        for case in file.cases.iter().map(Some).chain([None]) {
            let rendered = crate::render::render(&file, &text, case);
            for problem in rendered.problems {
                prop_assert!(text.get(problem.range.clone()).is_some(), "{problem:?}");
            }
            for turn in rendered.turns {
                let mut at = 0;
                for piece in &turn.text.pieces {
                    prop_assert_eq!(piece.rendered.start, at);
                    at = piece.rendered.end;
                    let source = text.get(piece.source.clone().unwrap());
                    prop_assert!(source.is_some());
                    if piece.verbatim {
                        prop_assert_eq!(source, turn.text.text.get(piece.rendered.clone()));
                    }
                }
                prop_assert_eq!(at, turn.text.text.len());
            }
        }
    }
}

#[test]
fn a_byte_order_mark_before_the_front_matter_is_reported() {
    let text = "\u{feff}---\nhoplens.cases: [{expect: x}]\n---\nText";
    let file = parse("a.prompt", text, None);
    assert_eq!(file.problems.len(), 1, "{:?}", file.problems);
    assert!(file.problems[0].message.contains("byte order mark"));
    assert_eq!(parse("a.prompt", &text[3..], None).problems, []);
}

const FREE_TEXT: &str = r#"---
hoplens.cases:
  - expect: [100 days, three months]
    match: contains
    prefill: "Of course:"
    reference: "You have [[100 days]]."
  - matrix: {days: [100, 30]}
    expect: "{{days}} days"
    match: equals
    prefill: "For {{days}}:"
    reference: "I give {{days}} or [[{{days}} days]] to {{days}}."
---
How long?
"#;

#[test]
fn answers_in_free_text_are_read() {
    let file = parse("a.prompt", FREE_TEXT, None);
    assert_eq!(file.problems, []);
    let [first, row, _] = file.cases.as_slice() else {
        panic!("{:?}", file.cases);
    };
    assert_eq!(first.answer_match, AnswerMatch::Contains);
    assert_eq!(first.accepts_reply("You have 100 days."), Some(true));
    assert_eq!(first.accepts_reply("You have 90 days."), Some(false));
    let prefill = first.prefill.as_ref().unwrap();
    assert_eq!(&FREE_TEXT[prefill.range.clone()], "\"Of course:\"");
    let marked = |case: &Case| {
        let reply = case.reference.clone().unwrap();
        (reply.text[reply.part.unwrap()].to_owned(), reply.text)
    };
    assert_eq!(
        marked(first),
        ("100 days".into(), "You have 100 days.".into())
    );
    assert_eq!(row.answer_match, AnswerMatch::Equals);
    assert_eq!(row.prefill.as_ref().unwrap().value, "For 100:");
    assert_eq!(
        marked(row),
        ("100 days".into(), "I give 100 or 100 days to 100.".into())
    );
}

#[test]
fn the_texts_of_a_case_take_the_values_of_its_input() {
    let text = "---\nhoplens.cases:\n  - input: {plan: Pro, days: 100}\n    expect: \" {{days}} \
                days {{other}}\"\n    prefill: \"On {{ plan }}\"\n    hops: [{mention: \"the \
                {{plan}} plan\", bridge: \"{{plan}} has {{days}}\"}]\n  - expect: \
                \"{{plan}}\"\n---\n{{plan}}";
    let file = parse("a.prompt", text, None);
    let case = &file.cases[0];
    // A name that the input does not give may be meant literally.
    assert_eq!(case.expect[0].value, " 100 days {{other}}");
    assert_eq!(case.prefill.as_ref().unwrap().value, "On Pro");
    assert_eq!(case.hops[0].mention.value, "the Pro plan");
    assert_eq!(case.hops[0].bridge.as_ref().unwrap().value, "Pro has 100");
    assert_eq!(file.cases[1].expect[0].value, "{{plan}}");
    assert_eq!(file.problems, []);
}

#[test]
fn wrong_answers_in_free_text_are_reported() {
    for (keys, under, expected) in [
        (
            "expect: x, match: begin",
            "begin",
            "read as `begins`. Did you mean `begins`?",
        ),
        (
            "match: equals",
            "equals",
            "The case has a `match` and no `expect`",
        ),
        ("prefill: ' '", "' '", "is only white space"),
        ("prefill: ''", "''", "is empty"),
        ("reference: [a]", "[a]", "The case's `reference` is a list"),
        ("reference: 'a [[b'", "'a [[b'", "does not close it"),
    ] {
        let text = format!("---\nhoplens.cases: [{{{keys}}}]\n---\nx\n");
        let file = parse("a.prompt", &text, None);
        let [problem] = file.problems.as_slice() else {
            panic!("{keys}: {:?}", file.problems);
        };
        assert_eq!(&text[problem.range.clone()], under, "{keys}");
        assert!(problem.message.contains(expected), "{problem:?}");
    }
}
