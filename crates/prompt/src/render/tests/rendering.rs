use proptest::prelude::*;

use super::super::*;
use crate::companion_files::{CompanionTexts, RegisteredNames};
use crate::edit::rewrite::{mention_problems, replace_mention};
use crate::file::{parse, parse_with};
use crate::render::rendered::Rendered;
use crate::render::source_map::find_mention;

fn render_one(text: &str) -> (PromptFile, Rendered) {
    let file = parse("x.prompt", text, None);
    let rendered = render(&file, text, file.cases.first());
    (file, rendered)
}

/// Returns turns as `role: text`, then the spans of the map as `rendered<-source`.
fn show(text: &str) -> (Vec<String>, Vec<String>) {
    let (_, rendered) = render_one(text);
    let mut turns = Vec::new();
    let mut pieces = Vec::new();
    for turn in &rendered.turns {
        let role = turn.role.as_deref().unwrap_or("-");
        turns.push(format!("{role}: {}", turn.text.text));
        for piece in &turn.text.pieces {
            let source = &text[piece.source.clone().unwrap()];
            let made = &turn.text.text[piece.rendered.clone()];
            if piece.verbatim {
                assert_eq!(source, made);
            } else {
                pieces.push(format!("{made}<-{source}"));
            }
        }
    }
    (turns, pieces)
}

#[track_caller]
fn check(text: &str, turns: &[&str], pieces: &[&str]) {
    let got = show(text);
    assert_eq!(got.0, turns);
    assert_eq!(got.1, pieces);
}

#[test]
fn every_byte_maps_to_its_tag() {
    check(
        "---\nhoplens.cases:\n  - input: {a: \"é😀\", list: [x, y], no: false}\n---\n\nA {{a}}, {{#each list}}<{{this}}>{{/each}} {{#if no}}z{{else if a}}w{{a}}{{else}}q{{/if}} \\{{raw}}\n",
        &["- : A"].map(|_| "-: A é😀, <x><y> wé😀 {{raw}}"),
        &["é😀<-{{a}}", "x<-{{this}}", "y<-{{this}}", "é😀<-{{a}}"],
    );
}

#[test]
fn nothing_is_html_escaped() {
    check(
        "---\ninput: {default: {a: \"<&\\\">\"}}\n---\n{{a}}{{{a}}}",
        &["-: <&\"><&\">"],
        &["<&\"><-{{a}}", "<&\"><-{{{a}}}"],
    );
}

#[test]
fn a_comment_alone_on_its_line_removes_the_line() {
    check(
        "one\n{{!hoplens-ignore hop-lost }}\ntwo\n",
        &["-: one\ntwo\n"],
        &[],
    );
    check("one {{! x }} two", &["-: one  two"], &[]);
    check(
        "a\n{{#if x}}\nb\n{{/if}}\nc {{! t }} d",
        &["-: a\nc  d"],
        &[],
    );
}

#[test]
fn roles_split_the_turns_as_in_dotprompt() {
    let text = "---\nmodel: m\n---\n{{role \"system\"}}\nBe brief.\n{{role \"user\"}}\nHi {{media url=u}} there{{section \"x\"}} \n{{history}}end";
    check(
        text,
        &["system: \nBe brief.\n", "user: \nHi  there", "model: end"],
        &[],
    );
    let (_, rendered) = render_one(text);
    let ranges: Vec<_> = rendered
        .problems
        .iter()
        .map(|p| &text[p.range.clone()])
        .collect();
    assert_eq!(ranges, ["{{media url=u}}", "{{history}}"]);
    check(" \n{{role \"user\"}} ", &[], &[]);
    check("a {{role \"user\"}}b", &["-: a ", "user: b"], &[]);
}

#[test]
fn missing_variables_are_reported_and_render_empty() {
    let text =
        "---\nhoplens.cases:\n  - input: {a: 1}\n---\n{{a}} {{b}} {{#if c}}{{/if}}{{b}}{{d.e}}.";
    check(text, &["-: 1  ."], &["1<-{{a}}"]);
    let (_, rendered) = render_one(text);
    let got: Vec<_> = rendered
        .problems
        .iter()
        .map(|p| (&text[p.range.clone()], p.severity))
        .collect();
    assert_eq!(
        got,
        [
            ("{{b}}", Severity::Warning),
            ("{{b}}", Severity::Warning),
            ("{{d.e}}", Severity::Warning)
        ]
    );
    assert!(rendered.problems[0].message.contains("`b`"));
}

#[test]
fn a_case_overrides_the_defaults() {
    let text =
        "---\ninput: {default: {a: 1, b: 2}}\nhoplens.cases: [{input: {a: 3}}]\n---\n{{a}}{{b}}";
    check(text, &["-: 32"], &["3<-{{a}}", "2<-{{b}}"]);
    let file = parse("x.prompt", text, None);
    assert_eq!(render(&file, text, None).turns[0].text.text, "12");
}

#[test]
fn a_broken_template_is_rendered_as_its_source() {
    for (text, under) in [
        ("one\n{{#if a}} two", "one\n{{#if a}} two"),
        ("one {{nope x}}\nb", "{{nope x}}"),
        ("one {{> part}}\nb", "{{> part}}"),
        ("{{role}}", "{{role}}"),
    ] {
        let (_, rendered) = render_one(text);
        assert_eq!(rendered.turns[0].text.text, text);
        assert_eq!(rendered.problems.len(), 1);
        assert_eq!(rendered.problems[0].severity, Severity::Error);
        assert!(
            under.contains(&text[rendered.problems[0].range.clone()]),
            "{:?}",
            rendered.problems
        );
    }
    let many = "{{#if a}}x{{else}}y{{/if}}".repeat(500);
    let (_, rendered) = render_one(&many);
    assert_eq!(
        (
            rendered.turns[0].text.text.as_str(),
            rendered.problems.len()
        ),
        ("y".repeat(500).as_str(), 0)
    );
    let deep = "{{#if a}}".repeat(20_000);
    assert!(
        render_one(&deep).1.problems[0]
            .message
            .contains("nested too deeply")
    );
    let parens = format!("{{{{a {}", "(b ".repeat(20_000));
    assert!(
        render_one(&parens).1.problems[0]
            .message
            .contains("nested too deeply")
    );
}

#[test]
fn nested_loops_are_stopped() {
    let list = "[0, 0, 0, 0, 0, 0, 0, 0, 0, 0]";
    let each = "{{#each @root.l}}".repeat(12);
    let close = "{{/each}}".repeat(12);
    let text = format!("---\ninput: {{default: {{l: {list}}}}}\n---\n{each}x{close}");
    let (_, rendered) = render_one(&text);
    assert!(
        rendered.problems[0].message.contains("too long"),
        "{:?}",
        rendered.problems
    );
}

#[test]
fn mentions_are_replaced_where_they_are_written() {
    let text = "---\nhoplens.cases:\n  - input: {thing: 'the largest reef'} # c\n    hops: [{mention: largest reef}, {mention: nowhere}]\n---\nHere is {{thing}} of all.";
    let (file, rendered) = render_one(text);
    let mapped = &rendered.turns[0].text;
    let at = find_mention(mapped, "largest reef").unwrap();
    let edit = replace_mention(mapped, at, "Great \"Barrier\" Reef").unwrap();
    let edited = edit.apply(text);
    assert_eq!(
        edited,
        text.replace("'the largest reef'", "\"the Great \\\"Barrier\\\" Reef\"")
    );
    assert_eq!(
        render_one(&edited).1.turns[0].text.text,
        "Here is the Great \"Barrier\" Reef of all."
    );
    let at = find_mention(mapped, "Here is").unwrap();
    let edit = replace_mention(mapped, at, "There was").unwrap();
    assert_eq!(edit.apply(text), text.replace("Here is", "There was"));
    let at = find_mention(mapped, "reef of all").unwrap();
    assert_eq!(replace_mention(mapped, at, "x"), None);
    let problems = mention_problems(&rendered, &file.cases[0]);
    assert_eq!(problems.len(), 1);
    assert_eq!(&text[problems[0].range.clone()], "nowhere");
}

/// Generates templates of properly nested parts, with whitespace and tildes around them.
fn template() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        "[a-c é😀\n]{0,8}",
        Just("{{a}}".to_owned()),
        Just("{{{b}}}".to_owned()),
        Just("{{~a~}}".to_owned()),
        Just("{{! note }}".to_owned()),
        Just("\n{{!hoplens-ignore hop-lost }}\n".to_owned()),
        Just("\\{{x}}".to_owned()),
        Just("\\\\{{a}}".to_owned()),
        Just("{{missing}}".to_owned()),
        Just("{{!-- }} --}}".to_owned()),
        Just("{{json list}}".to_owned()),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(|parts| parts.concat()),
            inner
                .clone()
                .prop_map(|x| format!("{{{{#if a}}}}{x}{{{{/if}}}}")),
            inner
                .clone()
                .prop_map(|x| format!("\n{{{{#each list}}}}\n{x}{{{{this}}}}\n{{{{/each}}}}\n")),
            (inner.clone(), inner.clone())
                .prop_map(|(x, y)| format!("{{{{#if no}}}}{x}{{{{else}}}}{y}{{{{/if}}}}")),
            (inner.clone(), inner.clone(), inner).prop_map(|(x, y, z)| format!(
                " {{{{#if no}}}}{x}{{{{else if b}}}}\n{y}\n{{{{else}}}}{z}{{{{~/if}}}} "
            )),
        ]
    })
}

#[test]
fn trimmed_blank_text_keeps_the_map_exact() {
    let body = " {{#if no}} \n\n {{else if b}}\n{{b}}\n{{else}}{{~/if}} ";
    let mut file = parse("x.prompt", body, None);
    file.defaults.insert("b".into(), "B".into());
    let rendered = render(&file, body, None);
    let text = &rendered.turns[0].text;
    assert_eq!(text.text, "B\n ");
    assert_eq!(&body[text.to_source(0..1).unwrap()], "{{b}}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]
    #[test]
    fn the_text_matches_the_library_and_the_map_is_exact(body in template(), a in "\\PC{0,6}") {
        let mut plain = ::handlebars::Handlebars::new();
        plain.register_escape_fn(::handlebars::no_escape);
        plain.register_helper("json", Box::new(|h: &::handlebars::Helper<'_>, _: &::handlebars::Handlebars<'_>, _: &::handlebars::Context, _: &mut ::handlebars::RenderContext<'_, '_>, out: &mut dyn ::handlebars::Output| -> ::handlebars::HelperResult {
            let value = h.param(0).unwrap();
            let text = value.value().to_string();
            out.write(if value.is_value_missing() { "undefined" } else { &text })?;
            Ok(())
        }));
        let data = serde_json::json!({"a": a, "b": "Bé", "list": ["x", 2], "no": false});
        let expected = plain.render_template(&body, &data).unwrap();
        let mut file = parse("x.prompt", &body, None);
        file.defaults = data.as_object().unwrap().clone();
        prop_assert!(file.front_matter.is_none());
        let rendered = render(&file, &body, None);
        let text = rendered.turns.first().map_or("", |turn| turn.text.text.as_str());
        prop_assert_eq!(text, if expected.trim().is_empty() { "" } else { &expected });
        let Some(turn) = rendered.turns.first() else { return Ok(()) };
        let mut at = 0;
        for piece in &turn.text.pieces {
            prop_assert_eq!(piece.rendered.start, at);
            at = piece.rendered.end;
            let source = &body[piece.source.clone().unwrap()];
            if piece.verbatim {
                prop_assert_eq!(source, &turn.text.text[piece.rendered.clone()]);
                prop_assert!(!source.contains("{{") || body.contains("\\{{"));
            } else {
                prop_assert!(source.starts_with("{{") && source.ends_with("}}"), "{}", source);
            }
        }
        prop_assert_eq!(at, text.len());
    }
}

#[test]
fn templates_longer_than_the_limit_are_not_rendered() {
    let (_, rendered) = render_one(&"word ".repeat(1 << 20));
    let broken = rendered.broken().unwrap();
    assert!(broken.message.contains("5 MB"), "{}", broken.message);
}

#[test]
fn context_of_the_application_is_no_input() {
    let (_, rendered) = render_one("You talk to {{@state.name}}.");
    let [problem] = rendered.problems.as_slice() else {
        panic!("{:?}", rendered.problems);
    };
    assert_eq!(problem.code, Code::UnsupportedContent);
    assert_eq!(problem.severity, Severity::Information);
    assert!(problem.message.contains("is context"), "{problem:?}");
    assert!(rendered.has_holes() && rendered.broken().is_none());
}

#[test]
fn after_invalid_yaml_the_whole_file_is_the_prompt() {
    for text in [
        "---\nmodel: x\ninput: {default: {a: b\n---\nHello {{a}}.\n",
        "---\ninput: {default: {a: b}}\ninput: {}\n---\nHello {{a}}.\n",
    ] {
        let (file, rendered) = render_one(text);
        assert_eq!(rendered.joined().text, text.trim().replace("{{a}}", ""));
        let errors = file.problems.iter();
        let errors: Vec<_> = errors.filter(|one| one.code == Code::InvalidYaml).collect();
        assert_eq!(errors.len(), 1, "{:?}", file.problems);
        assert!(errors[0].message.contains("sends the whole file"));
    }
}

#[test]
fn json_of_nothing_is_undefined() {
    check(
        "---\nhoplens.cases:\n  - input: {n: null}\n---\n{{json gone}} {{json n}}",
        &["-: undefined null"],
        &["undefined<-{{json gone}}", "null<-{{json n}}"],
    );
}

#[test]
fn names_that_the_application_registers_are_unknown_text() {
    let text = "A {{bullets items}} {{> style}}{{#shout x}}b{{/shout}} c";
    let registered = RegisteredNames {
        helpers: ["bullets", "shout"].map(str::to_owned).into(),
        partials: ["style".to_owned()].into(),
    };
    let companions = CompanionTexts {
        registered: Some(&registered),
        ..CompanionTexts::default()
    };
    let file = parse_with("x.prompt", text, companions);
    let rendered = render(&file, text, None);
    assert_eq!(rendered.joined().text, "A  c");
    let marked: Vec<&str> = rendered
        .media
        .iter()
        .map(|range| &text[range.clone()])
        .collect();
    assert_eq!(marked, ["{{bullets items}}", "{{> style}}", "{{#shout x}}"]);
    assert!(rendered.broken().is_some());
    // Without the declaration it is an error, even in a branch that is not taken.
    let (_, rendered) = render_one("{{#if items}}\n{{bulets items}}\n{{/if}}x");
    let problem = rendered.broken().unwrap();
    assert_eq!(problem.severity, Severity::Error);
    assert!(problem.message.contains("there is no helper `bulets`"));
}
