use proptest::prelude::*;

use super::*;
use crate::prompt::{SpanScope, parse, render, sidecar_name};

pub(super) fn new() -> NewInjection {
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

/// The front matter after the edit; the body is `{{a}} body` and must stay.
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
fn an_item_takes_over_the_style_of_its_list() {
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
fn a_case_is_named_only_where_it_must_be() {
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
fn what_cannot_be_written_gives_no_edits() {
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

fn case() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("- id: ID\n  expect: ' x'\n".to_owned()),
        Just("- expect:\n    - a # c\n    - b\n".to_owned()),
        Just("- {input: {thing: \"é😀\"}, expect: x}\n".to_owned()),
        Just("- hops:\n  - {mention: reef, bridge: x}\n  expect: |\n    text\n\n".to_owned()),
    ]
}

fn injection() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("- {memory: m, layer: 1, tau: 2}\n".to_owned()),
        Just("- memory: >-\n    folded\n    more\n  layer: 2\n  tau: 1\n".to_owned()),
        Just("-   tau: -1.5\n    layer: 2\n    memory: |+\n      kept\n\n".to_owned()),
        Just("- memory: 'x' # why\n  layer: 3\n  tau: 1\n\n# after\n".to_owned()),
    ]
}

fn list(key: &'static str, item: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    (prop::collection::vec(item, 0..4), 0..3usize).prop_map(move |(items, indent)| {
        if items.is_empty() {
            return String::new();
        }
        let mut out = format!("{key}:\n");
        for (at, item) in items.iter().enumerate() {
            for line in item.replace("ID", &format!("id{at}")).split_inclusive('\n') {
                let indent = if line == "\n" { "" } else { &"   "[..indent] };
                out.push_str(indent);
                out.push_str(line);
            }
        }
        out
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]
    #[test]
    fn an_edit_adds_the_injection_and_nothing_else(
        cases in list("hoplens.cases", case()),
        injections in list("hoplens.inject", injection()),
        head in prop::sample::select(vec!["", "model: x\n", "# note\n", "a: |\n  t\n\n", "input: {default: {thing: z}}\n"]),
        swapped: bool,
        crlf: bool,
        plain: bool,
        body in "(\n|)(A \\{\\{thing\\}\\} reef\\.| x )(\n|)",
        memory in "([-+${}\"\\\\'#:\n]|\\PC){1,12}",
        which in 0..4usize,
        tau in -20.0..20.0f64,
        span: bool,
    ) {
        let (first, second) = if swapped { (&injections, &cases) } else { (&cases, &injections) };
        let head = if plain && !head.is_empty() { "# note\nignore: []\n" } else { head };
        let yaml = format!("{head}{first}{second}");
        let mut text = if yaml.is_empty() || plain { body } else { format!("---\n{yaml}---\n{body}") };
        let mut sidecar = plain.then(|| format!("version: 1\n{}", yaml.replace("hoplens.", "")));
        if crlf {
            text = text.replace('\n', "\r\n");
            sidecar = sidecar.map(|s| s.replace('\n', "\r\n"));
        }
        let name = if plain { "x.txt" } else { "x.prompt" };
        let file = parse(name, &text, sidecar.as_deref());
        let id = file.cases.get(which).map(|case| match &case.id {
            Some(id) => id.value.clone(),
            None => format!("#{}", which + 1),
        });
        let scope = if span { Scope::Span(SpanScope { text: memory.clone(), nth: which + 1 }) } else { Scope::Last };
        let injection = NewInjection { memory, tau, scope, ..new() };
        let edit = insert_injection(&file, &text, id.as_deref(), &injection);
        prop_assert!(!edit.edits.is_empty());
        prop_assert!(edit.edits.iter().all(|edit| edit.range.is_empty()));

        let base = if edit.target == Origin::FrontMatter { text.as_str() } else { sidecar.as_deref().unwrap_or_default() };
        let edited = edit.apply(base);
        prop_assert_eq!(edited.contains('\r'), base.contains('\r'));
        let (text_after, sidecar_after) = match edit.target {
            Origin::FrontMatter => (edited.as_str(), sidecar.as_deref()),
            Origin::Sidecar => (text.as_str(), Some(edited.as_str())),
        };
        let after = parse(name, text_after, sidecar_after);
        prop_assert_eq!(&after.problems.len(), &file.problems.len());
        prop_assert_eq!(after.injections.len(), file.injections.len() + 1);
        let old: Vec<_> = file.injections.iter().map(verify::plain_injection).collect();
        let mut kept: Vec<_> = after.injections.iter().map(verify::plain_injection).collect();
        let added = kept.pop().unwrap();
        prop_assert_eq!(&kept, &old);
        prop_assert_eq!(&added.memory.value, &injection.memory);
        prop_assert_eq!((added.layer.value, added.tau, &added.scope), (12, tau, &injection.scope));
        for (at, (case, before)) in after.cases.iter().zip(&file.cases).enumerate() {
            let (mut case, before) = (verify::plain_case(case), verify::plain_case(before));
            if at == which && before.id.is_none() {
                case.id = None;
            }
            prop_assert_eq!(case, before);
            let texts = |file: &PromptFile, text: &str| -> Vec<String> {
                let turns = render(file, text, file.cases.get(at)).turns;
                turns.into_iter().map(|turn| turn.text.text).collect()
            };
            prop_assert_eq!(texts(&after, text_after), texts(&file, &text));
        }
        if let (Some(case), Some(id)) = (after.cases.get(which), &added.case) {
            prop_assert_eq!(&case.id.as_ref().unwrap().value, &id.value);
        }
    }
}
