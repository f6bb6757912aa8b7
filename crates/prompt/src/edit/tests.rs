mod formats;
mod property;

use crate::declarations::case::Measured;
use crate::declarations::spanned::Origin;
use crate::edit::insert_injection::insert_injection;
use crate::edit::new_injection::NewInjection;
use crate::file::parse;
use crate::format::prompt_format::sidecar_name;
use hoplens_injection::Encoding;
use hoplens_injection::Scope;

pub(crate) fn new() -> NewInjection {
    NewInjection {
        memory: "Great --- \"Reef\"".to_owned(),
        encoding: Encoding::Embed,
        layer: 12,
        tau: 6.0,
        scope: Scope::All,
        measured: Some(Measured {
            model: "sha256:b179".to_owned(),
            before: 0.23549,
            after: 0.41,
        }),
    }
}

const FLOW: &str = r#"{memory: "Great -\u002d- \"Reef\"", encoding: embed, layer: 12, tau: 6, scope: all, measured: {model: "sha256:b179", before: 0.235, after: 0.410}}"#;

fn block(lead: &str, case: &str) -> String {
    let mut fields = FLOW.trim_start_matches('{').to_owned();
    fields.pop();
    let (plain, measured) = fields.split_once(", measured").unwrap();
    let indent = " ".repeat(lead.len());
    let mut lines: Vec<_> = plain.split(", ").map(str::to_owned).collect();
    if !case.is_empty() {
        lines.insert(0, format!("case: {case}"));
    }
    lines.push(format!("measured{measured}"));
    format!("{lead}{}", lines.join(&format!("\n{indent}")))
}

/// Checks the front matter after the edit and that the body stays unchanged.
#[track_caller]
fn check(yaml: &str, case: Option<&str>, expected: &str) {
    let text = format!("---\n{yaml}\n---\n\nbody\n");
    let file = parse("x.prompt", &text, None);
    let edit = insert_injection(&file, &text, case, &new());
    assert_eq!(edit.target, Origin::FrontMatter);
    assert!(!edit.creates);
    let expected = format!("---\n{expected}\n---\n\nbody\n");
    assert_eq!(edit.apply(&text), expected);
}

#[test]
fn an_item_takes_the_style_of_its_list() {
    let old = "memory: m\n    layer: 1\n    tau: 2 # why";
    let list = format!("a: 1\nhoplens.inject:\n  - {old}");
    check(
        &format!("{list}\n\n# end\nb: 2"),
        None,
        &format!("{list}\n{}\n\n# end\nb: 2", block("  - ", "")),
    );
    let list = "hoplens.inject:\n-   memory: m\n    layer: 1\n    tau: 2";
    check(list, None, &format!("{list}\n{}", block("-   ", "")));
    let list = "hoplens.inject:\n    - {memory: m, layer: 1, tau: 2}";
    check(list, None, &format!("{list}\n    - {FLOW}"));
    let item = "{memory: m, layer: 1, tau: 2}";
    check(
        &format!("hoplens.inject: [{item}] # c"),
        None,
        &format!("hoplens.inject: [{item}, {FLOW}] # c"),
    );
    check(
        &format!("hoplens.inject: [\n  {item},\n  {item}\n]"),
        None,
        &format!("hoplens.inject: [\n  {item},\n  {item},\n  {FLOW}\n]"),
    );
}

#[test]
fn a_missing_list_is_added() {
    let block = block("  - ", "");
    check("a: 1", None, &format!("a: 1\nhoplens.inject:\n{block}"));
    check("# only", None, &format!("# only\nhoplens.inject:\n{block}"));
    check(
        "a: |+\n  x\n",
        None,
        &format!("a: |+\n  x\n\nhoplens.inject:\n{block}"),
    );
    check(
        "hoplens.inject: # here\na: 1",
        None,
        &format!("hoplens.inject: # here\n{block}\na: 1"),
    );
    check(
        "hoplens.inject: []",
        None,
        &format!("hoplens.inject: [{FLOW}]"),
    );
    check(
        "hoplens.inject: ~",
        None,
        &format!("hoplens.inject: [{FLOW}]"),
    );
    check(
        "{a: 1}",
        None,
        &format!("{{a: 1, hoplens.inject: [{FLOW}]}}"),
    );
}

#[test]
fn an_injection_names_its_case_only_where_necessary() {
    check(
        "hoplens.cases:\n  - expect: x",
        Some("#1"),
        &format!(
            "hoplens.cases:\n  - expect: x\nhoplens.inject:\n{}",
            block("  - ", "")
        ),
    );
    check(
        "hoplens.cases:\n  - id: reef\n  - expect: x",
        Some("reef"),
        &format!(
            "hoplens.cases:\n  - id: reef\n  - expect: x\nhoplens.inject:\n{}",
            block("  - ", "reef")
        ),
    );
    check(
        "hoplens.cases:\n  - id: case-2\n  - expect: x\n    hops: []",
        Some("#2"),
        &format!(
            "hoplens.cases:\n  - id: case-2\n  - id: case-3\n    expect: x\n    hops: []\nhoplens.inject:\n{}",
            block("  - ", "case-3")
        ),
    );
    check(
        "hoplens.cases: [{id: a}, {expect: x}]",
        Some("#2"),
        &format!(
            "hoplens.cases: [{{id: a}}, {{id: case-2, expect: x}}]\nhoplens.inject:\n{}",
            block("  - ", "case-2")
        ),
    );
}

#[track_caller]
fn check_file(name: &str, text: &str, sidecar: Option<&str>, target: Origin, expected: &str) {
    let file = parse(name, text, sidecar);
    let edit = insert_injection(&file, text, None, &new());
    assert_eq!(
        (edit.target, edit.creates),
        (target, target == Origin::Sidecar && sidecar.is_none())
    );
    let base = match target {
        Origin::FrontMatter => text,
        Origin::Sidecar => sidecar.unwrap_or_default(),
    };
    assert_eq!(edit.apply(base), expected);
}

#[test]
fn front_matter_is_added_only_if_the_prompt_stays_the_same() {
    let block = block("  - ", "");
    let front = format!("---\nhoplens.inject:\n{block}\n---\nhello");
    check_file("x.prompt", "hello", None, Origin::FrontMatter, &front);
    let sidecar = format!("version: 1\ninject:\n{block}\n");
    check_file("x.prompt", "hello\n", None, Origin::Sidecar, &sidecar);
    check_file(
        "x.prompt",
        "---\na: [\n---\nhello",
        None,
        Origin::Sidecar,
        &sidecar,
    );
    check_file(
        "x.prompt",
        "---\nhoplens.inject: 3\n---\nhello",
        None,
        Origin::Sidecar,
        &sidecar,
    );
    check_file("x.txt", "hello\n", None, Origin::Sidecar, &sidecar);
    let old = "version: 1\r\ncases: []";
    let crlf = format!("{old}\r\ninject:\r\n{}\r\n", block.replace('\n', "\r\n"));
    check_file("x.txt", "hello\n", Some(old), Origin::Sidecar, &crlf);
}

#[test]
fn invalid_requests_return_no_edits() {
    let file = parse("x.txt", "a", Some("version: ["));
    assert_eq!(insert_injection(&file, "a", None, &new()).edits, []);
    let file = parse("x.txt", "a", None);
    assert_eq!(insert_injection(&file, "a", Some("nope"), &new()).edits, []);
    let infinite = NewInjection {
        tau: f64::INFINITY,
        ..new()
    };
    assert_eq!(insert_injection(&file, "a", None, &infinite).edits, []);
    assert_eq!(sidecar_name("x.txt"), "x.txt.hoplens.yaml");
}
