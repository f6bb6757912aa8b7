use proptest::prelude::*;

use crate::edit::insert_injection::insert_injection;
use crate::edit::new_injection::NewInjection;
use crate::edit::rewrite::replace_mention;
use crate::file::parse;
use crate::file::prompt_file::{PromptFile, find_case};
use crate::render::render;
use hoplens_injection::{Encoding, Scope};

fn prompt(cases: &str) -> String {
    format!("---\nhoplens.cases:\n{cases}\n---\nThe {{{{thing}}}} in {{{{place}}}} is")
}

fn ids(file: &PromptFile) -> Vec<&str> {
    file.cases
        .iter()
        .map(|case| case.id.as_ref().map_or("-", |id| id.value.as_str()))
        .collect()
}

fn messages(file: &PromptFile) -> Vec<&str> {
    file.problems
        .iter()
        .map(|one| one.message.as_str())
        .collect()
}

const REEF: &str = r#"  - id: reef
    input: {place: "the sea", tail: 7}
    matrix: {thing: [reef, "big rock"], place: [x, y]}
    expect: " {{thing}}{{tail}}"
    hops: [{mention: "The {{ thing }}", bridge: "b {{place}}"}]"#;

#[test]
fn a_matrix_expands_to_all_combinations() {
    let text = prompt(REEF);
    let file = parse("x.prompt", &text, None);
    assert_eq!(messages(&file), [""; 0]);
    assert_eq!(
        ids(&file),
        [
            "reef[thing=reef,place=x]",
            "reef[thing=reef,place=y]",
            "reef[thing=big rock,place=x]",
            "reef[thing=big rock,place=y]"
        ]
    );
    let last = &file.cases[3];
    assert_eq!(last.expect[0].value, " big rock7");
    assert_eq!(last.hops[0].mention.value, "The big rock");
    assert_eq!(last.hops[0].bridge.as_ref().unwrap().value, "b y");
    let rendered = render(&file, &text, Some(last)).joined();
    assert_eq!(rendered.text, "The big rock in y is");
    // A rewrite changes the value of this row, not of the first row.
    let edit = replace_mention(&rendered, 4..12, "cliff").unwrap();
    assert!(edit.apply(&text).contains("thing: [reef, \"cliff\"]"));
}

#[test]
fn rows_may_have_their_own_answers_and_hops() {
    let text = prompt(
        "  - matrix:\n      - {thing: a, place: p}\n      - {thing: b, place: p, expect: \" X {{thing}}\", hops: [{mention: m}]}\n      - {expect: c}\n    expect: d\n  - expect: e",
    );
    let file = parse("x.prompt", &text, None);
    assert_eq!(messages(&file), [""; 0]);
    assert_eq!(
        ids(&file),
        ["#1[thing=a,place=p]", "#1[thing=b,place=p]", "#1[3]", "-"]
    );
    let expect: Vec<&str> = file
        .cases
        .iter()
        .map(|c| c.expect[0].value.as_str())
        .collect();
    assert_eq!(expect, ["d", " X b", "c", "e"]);
    assert_eq!(file.cases[1].hops[0].mention.value, "m");
    assert_eq!(find_case(&file, "#1"), Some(&file.cases[0]));
    assert_eq!(find_case(&file, "#4"), Some(&file.cases[3]));
}

#[test]
fn an_injection_acts_on_all_rows_of_its_case() {
    let text = prompt(REEF).replace(
        "---\nThe",
        "hoplens.inject:\n  - {case: reef, memory: m, layer: 0, tau: 1}\n  - {case: \"reef[thing=reef,place=y]\", memory: m, layer: 0, tau: 1}\n---\nThe",
    );
    let file = parse("x.prompt", &text, None);
    assert_eq!(messages(&file), [""; 0]);
    let acts = |injection: usize| -> Vec<bool> {
        let acts = |case: &crate::declarations::case::Case| {
            let id = &case.id.as_ref().unwrap().value;
            file.injections[injection].acts_on(Some(case), id)
        };
        file.cases.iter().map(acts).collect()
    };
    assert_eq!(acts(0), [true; 4]);
    assert_eq!(acts(1), [false, true, false, false]);
}

#[test]
fn an_edit_refers_to_the_row_or_the_declared_case() {
    let new = NewInjection {
        memory: "m".into(),
        encoding: Encoding::Embed,
        layer: 1,
        tau: 2.0,
        scope: Scope::All,
        measured: None,
    };
    let unnamed = REEF.replace("id: reef\n    input", "input");
    for (cases, asked) in [
        (REEF, "reef"),
        (REEF, "reef[thing=big rock,place=x]"),
        (&unnamed, "#1"),
        (&unnamed, "#1[thing=big rock,place=x]"),
    ] {
        let text = prompt(cases);
        for sidecar in [None, Some("version: 1\n")] {
            let file = parse("x.prompt", &text, sidecar);
            let edit = insert_injection(&file, &text, Some(asked), &new);
            let after = parse("x.prompt", &edit.apply(&text), sidecar);
            assert_eq!(after.injections[0].case.as_ref().unwrap().value, asked);
            assert_eq!(messages(&after), [""; 0]);
        }
    }
}

#[test]
fn a_sidecar_case_replaces_a_matrix_of_the_same_id() {
    let text = prompt(REEF);
    let sidecar = "version: 1\ncases: [{id: reef, expect: z}]\n";
    let file = parse("x.prompt", &text, Some(sidecar));
    assert_eq!(ids(&file), ["reef"]);
    assert_eq!(file.problems.len(), 1, "{:?}", file.problems);
    assert_eq!(file.inputs, []);
}

#[test]
fn invalid_matrices_and_duplicates_are_reported() {
    let starts = |cases: &str, expected: &[&str], count: usize| {
        let text = prompt(cases);
        let file = parse("x.prompt", &text, None);
        let got = messages(&file);
        assert_eq!(got.len(), expected.len(), "{cases}: {got:#?}");
        for (got, expected) in got.iter().zip(expected) {
            assert!(got.starts_with(expected), "{got}");
        }
        assert_eq!(file.cases.len(), count, "{cases}");
    };
    starts(
        "  - {matrix: 7}",
        &["A matrix is neither a map nor a list."],
        0,
    );
    starts(
        "  - {matrix: {thing: a}}",
        &["The matrix's `thing` is `a`."],
        0,
    );
    starts(
        "  - {matrix: {thing: []}}",
        &["The matrix's `thing` has no values"],
        0,
    );
    starts(
        "  - {matrix: {thing: [[a], b]}}",
        &["A value of the matrix's `thing` is a list."],
        1,
    );
    starts(
        "  - {matrix: {thing: [a, b], n: 7}}",
        &["The matrix's `n` is `7`."],
        2,
    );
    starts("  - {matrix: [7]}", &["A row of a matrix is `7`."], 0);
    starts(
        "  - {matrix: {thing: [a, a]}}",
        &["The row `[thing=a]` appears twice"],
        1,
    );
    starts(
        "  - {matrix: {thing: [a, b]}, expect: \"{{thnig}}\"}",
        &["There is no text or number `thnig` in the matrix"],
        2,
    );
    starts(
        "  - {id: a, matrix: {thing: [a, b]}}\n  - {id: a}\n  - {id: \"a[thing=b]\"}",
        &[
            "Another case above has the id `a`.",
            "Another case above has the id `a[thing=b]`.",
        ],
        4,
    );
    starts(
        "  - hops: [{mention: a, bridge: b}, {mention: a, bridge: a}, {bridge: c}]\n    expect: [x, x]",
        &[
            "The answer \"x\" appears twice",
            "An earlier hop has the mention \"a\".",
            "The bridge \"a\" is the same as the mention",
            "A hop has no `mention`.",
        ],
        1,
    );
}

#[test]
fn the_size_of_a_matrix_is_limited() {
    let values = "1";
    let many: Vec<String> = (0..40).map(|number| number.to_string()).collect();
    let lists: Vec<String> = ('a'..='z')
        .map(|name| format!("{name}: [{}]", many.join(",")))
        .collect();
    let text = prompt(&format!(
        "  - {{matrix: {{{}}}, expect: [{values}]}}",
        lists.join(", ")
    ));
    let file = parse("x.prompt", &text, None);
    assert_eq!(file.cases.len(), 256);
    assert!(messages(&file)[0].starts_with("The matrices of this file make more than 256 cases"));

    let long = "x".repeat(1 << 20);
    let text = prompt(&format!(
        "  - {{matrix: {{n: [{}]}}, input: {{a: {long}}}, expect: \"{{{{a}}}}{{{{a}}}}\"}}",
        many.join(",")
    ));
    let file = parse("x.prompt", &text, None);
    assert_eq!(file.cases.len(), 2);
}

proptest! {
    #[test]
    fn arbitrary_text_does_not_panic(
        text in "(  - |id: a|matrix: |expect: |hops: |mention: |\\{|\\}|\\[|\\]|, |: |\n|\\{\\{a\\}\\}|a|b|&x |\\*x|\"|é|7|-){0,60}",
    ) {
        let text = prompt(&text);
        let file = parse("x.prompt", &text, Some(&text));
        for case in &file.cases {
            let rendered = render(&file, &text, Some(case)).joined();
            for piece in rendered.pieces {
                prop_assert!(piece.source.is_none_or(|range| text.get(range).is_some()));
            }
        }
    }
}

#[test]
fn values_of_the_case_itself_are_mapped_in_every_row() {
    let text = "---\nhoplens.cases:\n  - input: {place: \"the sea\", thing: \"a rock\"}\n    \
                matrix: {thing: [reef, coral]}\n    expect: \" x\"\n---\n{{thing}} in {{place}}";
    let file = parse("x.prompt", text, None);
    assert_eq!(messages(&file), [""; 0]);
    assert_eq!(file.cases.len(), 2);
    for (case, thing) in file.cases.iter().zip(["reef", "coral"]) {
        let rendered = render(&file, text, Some(case));
        let mapped = &rendered.turns[0].text;
        assert_eq!(mapped.text, format!("{thing} in the sea"));
        let scalars: Vec<&str> = mapped
            .pieces
            .iter()
            .filter_map(|piece| Some(&text[piece.value.as_ref()?.range.clone()]))
            .collect();
        assert_eq!(scalars, [thing, "\"the sea\""]);
    }
}
