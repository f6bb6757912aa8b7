//! Values, cases and hops that are added to files of every format.

use serde_json::{Value, json};

use crate::declarations::spanned::Origin;
use crate::edit::declare_hop::declare_hop;
use crate::edit::file_edit::FileEdit;
use crate::edit::input_value::insert_value;
use crate::edit::lists::{NewCase, NewHop, insert_case};
use crate::file::parse;

/// Returns the edited file; the sidecar begins with `beside:`.
fn after(text: &str, sidecar: Option<&str>, edit: &FileEdit) -> String {
    match edit.target {
        Origin::FrontMatter => edit.apply(text),
        Origin::Sidecar => format!("beside:\n{}", edit.apply(sidecar.unwrap_or_default())),
    }
}

/// Checks where the value of `city` goes.
#[track_caller]
fn check_value(name: &str, text: &str, value: &Value, place: &str, expected: &str) {
    for (text, expected) in [
        (text.to_owned(), expected.to_owned()),
        (text.replace('\n', "\r\n"), expected.replace('\n', "\r\n")),
    ] {
        if !text.contains('\n') && expected.contains('\r') {
            // A text without line breaks gets those of Unix.
            continue;
        }
        let file = parse(name, &text, None);
        let found = insert_value(&file, &text, "city", value).expect(place);
        // A new sidecar has line breaks of its own.
        if found.edit.target == Origin::FrontMatter || !text.contains('\r') {
            assert_eq!(after(&text, None, &found.edit), expected);
        }
        assert_eq!(found.place, place);
    }
}

#[test]
fn a_value_goes_where_the_format_keeps_values() {
    let rome = json!("Rome");
    check_value(
        "a.prompt",
        "{{city}}",
        &rome,
        "input.default",
        "---\ninput:\n  default:\n    city: \"Rome\"\n---\n{{city}}",
    );
    check_value(
        "a.prompt",
        "---\ninput:\n  schema:\n    city: string\nmodel: x\n---\n{{city}}",
        &rome,
        "input.default",
        "---\ninput:\n  schema:\n    city: string\n  default:\n    city: \"Rome\"\nmodel: x\n---\n{{city}}",
    );
    check_value(
        "a.prompt",
        "---\ninput: {default: {a: 1}}\n---\n{{city}}",
        &json!(["x: y", 2]),
        "input.default",
        "---\ninput: {default: {a: 1, city: [\"x: y\", 2]}}\n---\n{{city}}",
    );
    check_value(
        "a.prompty",
        "---\nname: x\nmodel: {api: chat}\nsample:\n  a: 1\n---\nuser:\n{{city}}",
        &rome,
        "sample",
        "---\nname: x\nmodel: {api: chat}\nsample:\n  a: 1\n  city: \"Rome\"\n---\nuser:\n{{city}}",
    );
    check_value(
        "a.prompty",
        "---\nname: x\ninputs:\n  - name: city\n    kind: string\n---\nuser:\n{{city}}",
        &rome,
        "inputs.city.default",
        "---\nname: x\ninputs:\n  - name: city\n    kind: string\n    default: \"Rome\"\n---\nuser:\n{{city}}",
    );
    check_value(
        "a.prompty",
        "---\nname: x\ninputs:\n  - name: a\n---\nuser:\n{{city}}",
        &rome,
        "inputs.city.default",
        "---\nname: x\ninputs:\n  - name: a\n  - name: city\n    default: \"Rome\"\n---\nuser:\n{{city}}",
    );
    check_value(
        "a.prompty",
        "---\nname: x\ninputs:\n  city:\n    kind: string\n---\nuser:\n{{city}}",
        &rome,
        "inputs.city.default",
        "---\nname: x\ninputs:\n  city:\n    kind: string\n    default: \"Rome\"\n---\nuser:\n{{city}}",
    );
    check_value(
        "a.prompt.yml",
        "messages:\n  - role: user\n    content: \"{{city}} {{a}}\"\ntestData:\n  - a: x\n  - {a: y}\n  - a: z\n    city: Oslo\n",
        &rome,
        "testData",
        "messages:\n  - role: user\n    content: \"{{city}} {{a}}\"\ntestData:\n  - a: x\n    city: \"Rome\"\n  - {a: y, city: \"Rome\"}\n  - a: z\n    city: Oslo\n",
    );
    check_value(
        "a.prompt.yml",
        "messages:\n  - role: user\n    content: \"{{city}}\"\n",
        &rome,
        "testData",
        "messages:\n  - role: user\n    content: \"{{city}}\"\ntestData:\n  - {city: \"Rome\"}\n",
    );
    check_value(
        "a.prompt.md",
        "In ${input:city}",
        &rome,
        "input",
        "---\nhoplens:\n  cases:\n    - input: {city: \"Rome\"}\n---\nIn ${input:city}",
    );
    check_value(
        "a.prompt.md",
        "---\nhoplens:\n  cases:\n    - expect: x\n    - input:\n        a: 1\n---\nIn ${input:city}",
        &rome,
        "input",
        "---\nhoplens:\n  cases:\n    - expect: x\n      input: {city: \"Rome\"}\n    - input:\n        a: 1\n        city: \"Rome\"\n---\nIn ${input:city}",
    );
}

#[test]
fn a_value_that_is_there_is_kept() {
    let none = |name: &str, text: &str| {
        let file = parse(name, text, None);
        assert_eq!(
            insert_value(&file, text, "city", &json!("x")),
            None,
            "{text}"
        );
    };
    none(
        "a.prompt",
        "---\ninput: {default: {city: Rome}}\n---\n{{city}}",
    );
    none(
        "a.prompt.md",
        "---\nhoplens: {cases: [{input: {city: x}}]}\n---\n${input:city}",
    );
    none("a.prompt", "---\ninput: [\n---\n{{city}}");
}

fn hop() -> NewHop {
    NewHop {
        mention: "the biggest reef".into(),
        bridge: "the \"Great\" Reef".into(),
    }
}

#[test]
fn a_hop_is_declared_in_its_case_or_in_a_new_one() {
    let declared = |name: &str, text: &str, sidecar: Option<&str>, case| {
        let file = parse(name, text, sidecar);
        let edit = declare_hop(&file, text, case, &hop(), " Australia")?;
        Some(after(text, sidecar, &edit))
    };
    let line = "{mention: \"the biggest reef\", bridge: \"the \\\"Great\\\" Reef\"}";
    assert_eq!(
        declared("a.prompt", "the biggest reef is", None, None).unwrap(),
        format!(
            "---\nhoplens.cases:\n  - expect: \" Australia\"\n    hops: [{line}]\n---\nthe biggest reef is"
        )
    );
    assert_eq!(
        declared(
            "a.prompt",
            "---\nhoplens.cases:\n  - id: reef\n    expect: x\n  - expect: y\n---\nthe biggest reef is",
            None,
            Some(0)
        )
        .unwrap(),
        format!("---\nhoplens.cases:\n  - id: reef\n    expect: x\n    hops:\n      - {line}\n  - expect: y\n---\nthe biggest reef is")
    );
    assert_eq!(
        declared(
            "a.prompt",
            "---\nhoplens.cases: [{expect: x}]\n---\nthe biggest reef is",
            None,
            Some(0)
        )
        .unwrap(),
        format!("---\nhoplens.cases: [{{expect: x, hops: [{line}]}}]\n---\nthe biggest reef is")
    );
    assert_eq!(
        declared(
            "a.txt",
            "the biggest reef is",
            Some("version: 1\ncases:\n  - expect: x # y\n"),
            Some(0)
        )
        .unwrap(),
        format!("beside:\nversion: 1\ncases:\n  - expect: x # y\n    hops:\n      - {line}\n")
    );
    // The row of another tool's file gets a case in the sidecar.
    let github = "messages:\n  - role: user\n    content: the biggest reef is\ntestData:\n  - name: reef\n    expected: x\nevaluators:\n  - name: e\n    string: {equals: \"{{expected}}\"}\n";
    assert_eq!(
        declared("a.prompt.yml", github, None, Some(0)).unwrap(),
        format!(
            "beside:\nversion: 1\ncases:\n  - id: reef\n    input: {{\"name\":\"reef\"}}\n    expect: \" x\"\n    hops: [{line}]\n"
        )
    );
    let matrix =
        "---\nhoplens.cases: [{matrix: {a: [x, y]}, expect: z}]\n---\nthe biggest reef is {{a}}";
    assert_eq!(declared("a.prompt", matrix, None, Some(0)), None);
}

#[test]
fn a_case_may_have_an_id_and_a_hop() {
    let text = "Hi";
    let file = parse("a.prompt", text, None);
    let new = NewCase {
        id: Some("no".into()),
        expect: "x".into(),
        hop: Some(hop()),
        ..NewCase::default()
    };
    let edited = insert_case(&file, text, &new).unwrap().apply(text);
    let file = parse("a.prompt", &edited, None);
    assert_eq!(file.cases[0].id.as_ref().unwrap().value, "no");
    assert!(hop().is(&file.cases[0].hops[0]));
    assert_eq!(file.problems, []);
}
