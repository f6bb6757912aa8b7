//! Tests of Prompty, `.prompt.md` and partials, without their packages (see `tests/formats`).

use std::collections::BTreeMap;
use std::time::Instant;

use super::super::*;
use crate::companion_files::CompanionTexts;
use crate::declarations::spanned::Origin;
use crate::edit::lists::insert_ignore;
use crate::edit::rewrite::insert_text;
use crate::file::{parse, parse_with};
use crate::lint::all_problems;
use crate::render::source_map::find_mention;

/// Returns turns as `role: text`, output of tags as `text<-tag`, and problems as `bytes: message`.
fn show(name: &str, text: &str) -> (Vec<String>, Vec<String>, Vec<String>) {
    let file = parse(name, text, None);
    let rendered = render(&file, text, file.cases.first());
    let (mut turns, mut made) = (Vec::new(), Vec::new());
    for turn in &rendered.turns {
        let role = turn.role.as_deref().unwrap_or("-");
        turns.push(format!("{role}: {}", turn.text.text));
        for piece in &turn.text.pieces {
            let source = &text[piece.source.clone().unwrap()];
            let part = &turn.text.text[piece.rendered.clone()];
            if piece.verbatim {
                assert_eq!(source, part);
            } else {
                let value = piece.value.as_ref();
                let value = value.map_or("", |value| &text[value.range.clone()]);
                made.push(format!("{part}<-{source}{value}"));
            }
        }
    }
    let problems = all_problems(&file, text).into_iter();
    let problems = problems.map(|problem| format!("{}: {}", &text[problem.range], problem.message));
    (turns, made, problems.collect())
}

#[track_caller]
fn check(name: &str, text: &str, turns: &[&str], made: &[&str], problems: &[&str]) {
    let got = show(name, text);
    assert_eq!(got.0, turns);
    assert_eq!(got.1, made);
    assert_eq!(got.2.len(), problems.len(), "{:#?}", got.2);
    for (got, expected) in got.2.iter().zip(problems) {
        assert!(
            got.starts_with(expected),
            "{got} should start with {expected}"
        );
    }
}

#[test]
fn every_byte_of_jinja_output_maps_to_its_tag() {
    check(
        "x.prompty",
        "---\ninputs:\n  - {name: a, default: 'A'}\nmetadata:\n  hoplens:\n    cases: [{input: {b: \"é\", l: [p, 2]}}]\n---\nsystem:\n{# c #}x {{- a }} {{ b|upper }}\n\nuser:\n{% for i in l %}<{{ i }}>{% endfor %}{{ l }}{{ gone }}{% for j in nil %}{% endfor %}{{ z | default('d') }}",
        &["system: xA É", "user: <p><2>['p', 2]d"],
        &[
            "A<-{{- a }}'A'",
            "É<-{{ b|upper }}",
            "p<-{{ i }}",
            "2<-{{ i }}",
            "['p', 2]<-{{ l }}",
            "d<-{{ z | default('d') }}",
        ],
        &[
            "{{ gone }}: The variable `gone` has no value",
            "{% for j in nil %}: The variable `nil` has no value",
        ],
    );
}

#[test]
fn variables_without_a_value_are_reported() {
    check(
        "x.prompty",
        "---\nname: x\ninputs:\n  need: {kind: string, required: true}\n---\n{{ a }} {% set m = {} %}{{ m.k }}{% for j in nil %}{% endfor %}{% if b %}{% endif %}.",
        &["-:  ."],
        &[],
        &[
            "{{ a }}: The variable `a` has no value",
            "{{ m.k }}: The variable `m.k` has no value",
            "{% for j in nil %}: The variable `nil` has no value",
            "need: The variable `need` is declared to need a value",
        ],
    );
    check(
        "x.prompt",
        "---\ninput:\n  schema:\n    need: string\n    used: string\n    may?: string\n---\nHi {{used}}",
        &["-: Hi "],
        &[],
        &[
            "{{used}}: The variable `used` has no value",
            "need: The variable `need` is declared to need a value",
        ],
    );
    check(
        "x.prompty",
        "---\nname: x\ntemplate: {format: mustache, parser: prompty}\n---\n{{a}}{{#b}}x{{/b}}{{^b}}y{{/b}}",
        &["-: y"],
        &[],
        &["{{a}}: The variable `a` has no value"],
    );
}

#[test]
fn every_byte_of_mustache_output_maps_to_its_tag() {
    check(
        "x.prompty",
        "---\ntemplate: {format: mustache, parser: prompty}\nsample: {a: A, h: '<', l: [p]}\n---\nuser:\r\n{{!hoplens-ignore hop-lost }}\r\n{{a}} {{h}}{{{h}}}{{#l}}{{.}}{{/l}}\r\nend\r\n",
        &["user: A &lt;<p\nend"],
        &[
            "A<-{{a}}A",
            "&lt;<-{{h}}",
            "<<-{{{h}}}'<'",
            "p<-{{.}}",
            "\n<-\r\n",
        ],
        &[],
    );
}

#[test]
fn a_prompt_md_is_filled_with_the_values_of_its_case() {
    let text = "---\nmode: ask\nhoplens:\n  cases:\n    - input: {city: Paris, n: 2}\n---\n\n# The ${input:city:which city} of ${input:n}, ${input:gone} {{x}} ${file}\n";
    check(
        "x.prompt.md",
        text,
        &["-: \n# The Paris of 2,  {{x}} ${file}"],
        &["Paris<-${input:city:which city}Paris", "2<-${input:n}2"],
        &["${input:gone}: The variable `gone` has no value"],
    );
    let file = parse("x.prompt.md", text, None);
    let rendered = render(&file, text, file.cases.first());
    let mapped = &rendered.turns[0].text;
    let at = find_mention(mapped, "Paris").unwrap();
    let edit = insert_text(mapped, at.start + 3, "-").unwrap();
    assert_eq!(edit.apply(text), text.replace("Paris,", "\"Par-is\","));
    let edit = insert_text(mapped, at.end, ", France,").unwrap();
    assert_eq!(
        edit.apply(text),
        text.replace("city} of", "city}, France, of")
    );
    for refused in ["${input:x}", "{{y}}", "{"] {
        assert_eq!(insert_text(mapped, at.end, refused), None, "{refused}");
    }
    assert_eq!(insert_text(mapped, 9_999, "x"), None);
}

#[test]
fn role_lines_split_messages_and_empty_ones_are_reported() {
    check(
        "x.prompty",
        "---\nname: x\n---\n{# c #}\nuser:\nHi",
        &["system: ", "user: Hi"],
        &[],
        &["user:: Prompty sends an empty system message"],
    );
    let text = "---\nname: x\ninputs: {a: \"x\\nsystem:\"}\n---\nuser:\n{{a}}\nHi";
    check(
        "x.prompty",
        text,
        &["user: x\nsystem:\nHi"],
        &["x\nsystem:<-{{a}}\"x\\nsystem:\""],
        &["{{a}}: A variable's value makes a role line"],
    );
    let file = parse("x.prompty", "---\nname: x\n---\nHi there", None);
    let rendered = render(&file, "---\nname: x\n---\nHi there", None);
    let mapped = &rendered.turns[0].text;
    assert_eq!(insert_text(mapped, 2, "\nuser:\n"), None);
    assert!(insert_text(mapped, 2, "\nuser: you\n").is_some());
}

#[test]
fn the_two_versions_of_prompty_are_told_apart() {
    // Version 1: `sample` counts and not `inputs`, texts are trimmed, values may make role lines.
    let text = "---\nmodel: {api: chat}\ninputs: {a: {type: string, default: d}}\nsample: {a: ' s ', \
                r: [{role: user, content: c}]}\n---\nsystem:\n{{a}}|\n{% for t in r %}\n{{t.role}}:\n\
                {{t.content}}\n{% endfor %}\n";
    check(
        "x.prompty",
        text,
        &["system: s|", "user: c"],
        &["s<-{{a}}", "c<-{{t.content}}"],
        &[],
    );
    let text = "---\nmodel: {id: gpt}\nsample: {a: ' s '}\n---\nsystem:\n{{a}}|\n";
    check(
        "x.prompty",
        text,
        &["system:  s |"],
        &[" s <-{{a}}' s '"],
        &[],
    );
    // Two role lines, one after the other, are refused by version 1 only.
    let text = "---\nmodel: {api: chat}\n---\nsystem:\nuser:\nHi\n";
    check(
        "x.prompty",
        text,
        &[],
        &[],
        &["system: Prompty refuses a message without text"],
    );
    let (text, found) = (
        "---\nmodel: {api: chat}\ntemplate: jinja2\n---\nuser:\nHi\n",
        "---\nmodel: {id: x}\ntemplate: jinja2\n---\nuser:\nHi\n",
    );
    assert_eq!(parse("x.prompty", text, None).problems, []);
    assert_eq!(parse("x.prompty", found, None).problems.len(), 1);
}

#[test]
fn declarations_of_prompty_v1_go_to_the_sidecar() {
    let text = "---\nmodel: {api: chat}\n---\nuser:\nHi\n";
    let file = parse("x.prompty", text, None);
    let edit = insert_ignore(&file, text, Code::TokenSplit).unwrap();
    assert_eq!((edit.target, edit.creates), (Origin::Sidecar, true));
}

#[test]
fn files_that_a_prompty_refers_to_are_read() {
    let text = "---\nmodel: {api: chat}\nsample: ${file:s.json}\n---\nuser:\n{{b.n}} {{q}}\n";
    let files = [("s.json", r#"{"b": {"n": "Kim"}, "q": "What?"}"#)];
    let files = files.map(|(path, text)| (path.to_owned(), text.to_owned()));
    let files = BTreeMap::from(files);
    let companions = CompanionTexts {
        references: Some(&files),
        ..CompanionTexts::default()
    };
    let file = parse_with("x.prompty", text, companions);
    assert_eq!(file.problems, []);
    assert_eq!(render(&file, text, None).joined().text, "Kim What?");
    let file = parse("x.prompty", text, None);
    let [problem] = file.problems.as_slice() else {
        panic!("{:?}", file.problems);
    };
    assert_eq!(problem.code, Code::MissingFile);
    assert_eq!(&text[problem.range.clone()], "${file:s.json}");
}

#[test]
fn environment_variables_are_never_read() {
    let text = "---\nmodel: {api: chat}\nsample: {a: '${env:PATH}', b: '${env:PATH:d}'}\n---\nuser:\n\
                [{{a}}] {{b}}\n";
    let file = parse("x.prompty", text, None);
    let [problem] = file.problems.as_slice() else {
        panic!("{:?}", file.problems);
    };
    assert_eq!(problem.severity, Severity::Information);
    assert_eq!(&text[problem.range.clone()], "'${env:PATH}'");
    let rendered = render(&file, text, None);
    assert_eq!(rendered.joined().text, "[] d");
    assert!(rendered.unset.contains("a"));
}

#[test]
fn a_prompty_without_front_matter_is_yaml() {
    let text = "Hello {{a}},\n  how are you?\n";
    check(
        "x.prompty",
        text,
        &["-: Hello , how are you?"],
        &[" <-\n  "],
        &["{{a}}: The variable `a` has no value"],
    );
    let text = "name: x\ninputs: {a: Kim}\ninstructions: |\n  user:\n  Hi {{a}}\n";
    check(
        "x.prompty",
        text,
        &["user: Hi Kim"],
        &["Kim<-{{a}}Kim"],
        &[],
    );
}

#[test]
fn pictures_are_parts_that_no_model_is_asked_about() {
    for (name, text, read, part) in [
        (
            "x.prompty",
            "---\nmodel: {api: chat}\n---\nuser:\nLook: ![a](b.png) there\n",
            "Look:there",
            "![a](b.png)",
        ),
        (
            "x.prompt",
            "Look: {{media url=u}} there",
            "Look:  there",
            "{{media url=u}}",
        ),
    ] {
        let file = parse(name, text, None);
        let rendered = render(&file, text, None);
        assert_eq!(rendered.joined().text, read);
        let problem = rendered.broken().unwrap();
        assert_eq!(problem.severity, Severity::Information);
        assert_eq!(&text[problem.range.clone()], part);
    }
}

#[test]
fn templates_of_semantic_kernel_are_read() {
    let file = |format: &str, template: &str| {
        format!(
            "name: G\ntemplate: |\n  {template}\ntemplate_format: {format}\ninput_variables:\n  - {{name: \
             name, default: Kim}}\n  - {{name: must, is_required: true}}\n"
        )
    };
    let chat = "<message role=\"system\">Be kind.</message> <message role='user'>Hi";
    for (format, template, turns) in [
        (
            "handlebars",
            format!("{chat} {{{{name}}}}.</message>"),
            vec!["system: Be kind.", "user: Hi Kim."],
        ),
        (
            "semantic-kernel",
            format!("{chat} {{{{ $name }}}}{{{{'!'}}}}</message>"),
            vec!["system: Be kind.", "user: Hi Kim!"],
        ),
        ("liquid", "Hi {{name}}".to_owned(), vec!["user: Hi Kim\n"]),
    ] {
        let text = file(format, &template);
        let file = parse("x.prompt.yaml", &text, None);
        assert_eq!(file.problems, [], "{text}");
        let rendered = render(&file, &text, None);
        let shown: Vec<String> = rendered
            .turns
            .iter()
            .map(|turn| format!("{}: {}", turn.role.as_deref().unwrap(), turn.text.text))
            .collect();
        assert_eq!(shown, turns);
        let last = &rendered.turns.last().unwrap().text;
        let at = last.text.find("Kim").unwrap();
        let tag = &text[last.to_source(at..at + 3).unwrap()];
        assert!(tag.starts_with("{{") && tag.contains("name"), "{tag}");
        let at = last.text.find("Hi").unwrap();
        assert_eq!(&text[last.to_source(at..at + 2).unwrap()], "Hi");
        let [problem] = rendered.problems.as_slice() else {
            panic!("{:?}", rendered.problems);
        };
        assert_eq!(&text[problem.range.clone()], "must");
    }
    // What only the application can run is information, and nothing is asked.
    for (format, template, tag) in [
        ("semantic-kernel", "Hi {{time.now}}", "{{time.now}}"),
        ("handlebars", "Hi {{get-time 1}}", "{{get-time 1}}"),
    ] {
        let text = file(format, template);
        let rendered = render(&parse("x.prompt.yaml", &text, None), &text, None);
        let problem = rendered.broken().unwrap();
        assert_eq!(problem.severity, Severity::Information);
        assert_eq!(&text[problem.range.clone()], tag);
    }
    let text = file("mine", "Hi {{name}}");
    let found = parse("x.prompt.yaml", &text, None).problems;
    assert_eq!(&text[found[0].range.clone()], "mine");
}

#[test]
fn the_broken_tag_of_a_template_is_marked() {
    for (text, under) in [
        ("---\nname: x\n---\nHi {{ a | nope }} there", "nope"),
        ("---\nname: x\n---\nHi\n{% if a %}", "{% if a %}"),
        ("---\nname: x\n---\nHi\r\n{% frob %} x", "frob"),
        (
            "---\ntemplate: {format: mustache, parser: p}\n---\nHi\r\n{{#a}} x",
            "{{#a}}",
        ),
    ] {
        let file = parse("x.prompty", text, None);
        let rendered = render(&file, text, None);
        let problem = &rendered.problems[0];
        assert!(
            problem.message.contains("cannot be rendered"),
            "{problem:?}"
        );
        assert_eq!(&text[problem.range.clone()], under, "{problem:?}");
        assert_eq!(rendered.turns.len(), 1);
    }
}

#[test]
fn output_of_partials_maps_to_their_tag() {
    let text = "---\na: 1\n---\nA {{> p x='y'}}{{> q}} B";
    let partials = BTreeMap::from([
        ("p".to_owned(), "p{{x}}".to_owned()),
        ("q".to_owned(), "q{{gone}}".to_owned()),
    ]);
    let companions = CompanionTexts {
        partials: Some(&partials),
        ..CompanionTexts::default()
    };
    let file = parse_with("x.prompt", text, companions);
    let rendered = render(&file, text, None);
    let mapped = &rendered.turns[0].text;
    assert_eq!(mapped.text, "A pyq B");
    assert_eq!(&text[mapped.to_source(2..4).unwrap()], "{{> p x='y'}}");
    assert_eq!(&text[rendered.problems[0].range.clone()], "{{> q}}");
    let file = parse("x.prompt", text, None);
    let told = &render(&file, text, None).problems[0].message;
    assert!(told.contains("cannot be rendered"), "{told}");
}

#[test]
fn excessive_depth_and_size_are_errors() {
    let head = "---\nname: x\n---\n";
    let mustache =
        "---\ntemplate: {format: mustache, parser: p}\nsample: {l: [1,1,1,1,1,1,1,1,1,1]}\n---\n";
    let n = 20_000;
    for text in [
        format!("{head}{}", "{% if a %}".repeat(n)),
        format!("{head}{}", "{% macro m() %}{% filter upper %}".repeat(n)),
        format!("{head}{{{{ {} }}}}", "(".repeat(n)),
        format!("{head}{{{{ {}1 }}}}", "[".repeat(n)),
        format!("{head}{{{{ {}1 }}}}", "-".repeat(n)),
        format!("{head}{{{{ {}1 }}}}", "not ".repeat(n)),
        format!("{head}{{{{ a{} }}}}", " if b else c".repeat(n)),
        format!("{head}{{{{ a{} }}}}", ".b".repeat(n)),
        format!("{head}{{{{ a{} }}}}", " ~ b".repeat(n)),
        format!("{head}{{{{ a{} }}}}", " ** b".repeat(n)),
        format!("{head}{{{{ a{} }}}}", "|upper".repeat(n)),
        format!("{head}{}", "{% if a %}{% elif b %}".repeat(n)),
        format!("{head}{{% if a %}}{}", "{% elif b %}".repeat(n)),
        format!(
            "{head}{{% for a in range(100000) %}}{{% for a in range(100000) %}}x{{% endfor %}}{{% endfor %}}"
        ),
        format!("{head}{{{{ 'x' * 100000000000 }}}}"),
        format!("{mustache}{}", "{{#l}}".repeat(n)),
        format!("{mustache}{}x{}", "{{#l}}".repeat(9), "{{/l}}".repeat(9)),
    ] {
        let file = parse("x.prompty", &text, None);
        let rendered = render(&file, &text, None);
        let start: String = text.chars().take(70).collect();
        assert!(!rendered.problems.is_empty(), "{start}");
    }
    let cyclic = BTreeMap::from([("p".to_owned(), "{{> p}}".to_owned())]);
    let companions = CompanionTexts {
        partials: Some(&cyclic),
        ..CompanionTexts::default()
    };
    let file = parse_with("x.prompt", "{{> p}}", companions);
    let told = &render(&file, "{{> p}}", None).problems[0].message;
    assert!(told.contains("without end"), "{told}");
}

/// Renders ten megabytes in every format: far more than a prompt, but it must not hang.
#[test]
fn ten_megabytes_are_rendered_in_time() {
    let lines = "The largest {{ thing }} is ${input:x}\r\n".repeat(10 << 20 >> 5);
    for (name, head) in [
        ("x.prompt", "---\na: 1\n---\n"),
        ("x.prompty", "---\na: 1\n---\n"),
        ("x.prompty", "---\ntemplate: {format: mustache}\n---\n"),
        ("x.prompt.md", "---\na: 1\n---\n"),
        ("x.txt", ""),
    ] {
        let text = format!("{head}{lines}");
        let began = Instant::now();
        let file = parse(name, &text, None);
        let parsed = began.elapsed();
        let rendered = render(&file, &text, None);
        assert!(!rendered.turns.is_empty());
        assert!(rendered.problems.len() <= MANY);
        let all = began.elapsed();
        assert!(all.as_secs() < 60, "{name}: parse {parsed:?}, all {all:?}");
        println!("{name}: parse {parsed:?}, all {all:?}");
    }
}
