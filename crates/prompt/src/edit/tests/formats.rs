//! Where Prompty and `.prompt.md` files store injections.

use crate::declarations::spanned::Origin;
use crate::edit::insert_injection::insert_injection;
use crate::edit::tests::new;
use crate::file::parse;

const ITEM: &str = r#"- memory: "Great -\u002d- \"Reef\""
INDENTencoding: embed
INDENTlayer: 12
INDENTtau: 6
INDENTscope: all
INDENTmeasured: {model: "sha256:b179", before: 0.235, after: 0.410}"#;

fn item(indent: usize) -> String {
    let keys = " ".repeat(indent + 2);
    format!("{}{}", " ".repeat(indent), ITEM.replace("INDENT", &keys))
}

#[track_caller]
fn check(name: &str, yaml: &str, expected: &str) {
    let text = format!("---\n{yaml}\n---\nbody\n");
    let file = parse(name, &text, None);
    let edit = insert_injection(&file, &text, None, &new());
    assert_eq!(edit.target, Origin::FrontMatter);
    let got = edit.apply(&text);
    assert_eq!(got, format!("---\n{expected}\n---\nbody\n"));
    let again = parse(name, &got, None);
    assert_eq!(again.injections.len(), file.injections.len() + 1);
    assert_eq!(again.problems, []);
}

#[test]
fn prompty_stores_injections_under_metadata() {
    let name = "x.prompty";
    let new = |lead: &str| format!("{lead}    inject:\n{}", item(6));
    let whole = new("metadata:\n  hoplens:\n");
    check(name, "name: x", &format!("name: x\n{whole}"));
    check(
        name,
        "metadata:\n  tags: [a]\n\nname: x",
        &format!("{}\n\nname: x", new("metadata:\n  tags: [a]\n  hoplens:\n")),
    );
    check(name, "metadata:\nname: x", &format!("{whole}\nname: x"));
    let cases = "metadata:\n  hoplens:\n    cases:\n      - expect: a # b\n";
    check(
        name,
        &format!("{cases}name: x"),
        &format!("{}\nname: x", new(cases)),
    );
    let list = "metadata:\n  hoplens:\n    inject:\n    - memory: a\n      layer: 1\n      tau: 2";
    check(name, list, &format!("{list}\n{}", item(4)));
    let file = parse(name, "---\nmetadata: {a: [b]}\n---\nbody", None);
    let edit = insert_injection(
        &file,
        "---\nmetadata: {a: [b]}\n---\nbody",
        None,
        &crate::edit::tests::new(),
    );
    assert!(
        edit.edits[0]
            .new_text
            .starts_with(", hoplens: {inject: [{memory: ")
    );
}

#[test]
fn prompt_md_stores_injections_in_a_map() {
    let name = "x.prompt.md";
    let whole = format!("hoplens:\n  inject:\n{}", item(4));
    check(name, "mode: ask", &format!("mode: ask\n{whole}"));
    check(name, "hoplens:\nmode: ask", &format!("{whole}\nmode: ask"));
    let text = "# Hi\n";
    let file = parse(name, text, None);
    let edit = insert_injection(&file, text, None, &new());
    assert_eq!(edit.apply(text), format!("---\n{whole}\n---\n# Hi\n"));
}

#[test]
fn unusable_front_matter_sends_the_injection_to_the_sidecar() {
    // The front matter ends inside a string, so its YAML is invalid and cannot be extended.
    let text = "---\nname: \"a---b\"\n---\nbody";
    let file = parse("x.prompty", text, None);
    let edit = insert_injection(&file, text, None, &new());
    assert_eq!((edit.target, edit.creates), (Origin::Sidecar, true));
    // `metadata` is the author's own and not a map.
    let text = "---\nmetadata: me\n---\nbody";
    let file = parse("x.prompty", text, None);
    let edit = insert_injection(&file, text, None, &new());
    assert_eq!(edit.target, Origin::Sidecar);
    // A byte order mark would come after the new front matter.
    let text = "\u{feff}body";
    let file = parse("x.prompt.md", text, None);
    let edit = insert_injection(&file, text, None, &new());
    assert_eq!(edit.target, Origin::Sidecar);
}

#[test]
fn misplaced_and_unknown_keys_are_reported() {
    for (name, yaml, under, told) in [
        (
            "x.prompty",
            "hoplens: {cases: []}",
            "hoplens",
            "Move it there",
        ),
        (
            "x.prompty",
            "hoplens.cases: []",
            "hoplens.cases",
            "`metadata.hoplens`",
        ),
        (
            "x.prompty",
            "metadata: {hoplens: {case: []}}",
            "case",
            "Did you mean `cases`?",
        ),
        (
            "x.prompty",
            "metadata: {hoplens: [a]}",
            "[a]",
            "`metadata.hoplens` is a list",
        ),
        (
            "x.prompty",
            "template: jinja",
            "template",
            "refuses a `template`",
        ),
        (
            "x.prompt.md",
            "hoplens.inject: []",
            "hoplens.inject",
            "from `hoplens`",
        ),
        (
            "x.prompt.md",
            "hoplens: {inject: [], ignor: []}",
            "ignor",
            "Did you mean `ignore`?",
        ),
        (
            "x.prompty",
            "metadata: {hoplens: {cases: [}}",
            "[}}",
            "not valid YAML",
        ),
        (
            "x.prompt.md",
            "hoplens:\n\tcases: []",
            "cases: []",
            "not valid YAML",
        ),
    ] {
        let text = format!("---\n{yaml}\n---\nbody");
        let file = parse(name, &text, None);
        let problem = file.problems.first().unwrap_or_else(|| panic!("{yaml}"));
        assert_eq!(&text[problem.range.clone()], under, "{problem:?}");
        assert!(problem.message.contains(told), "{problem:?}");
    }
}
