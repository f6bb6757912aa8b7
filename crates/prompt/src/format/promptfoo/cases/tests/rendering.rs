//! Prompts of promptfoo as they are rendered with the values of their tests.

use super::{config, messages, read_with};
use crate::companion_files::{CompanionTexts, Promptfoo};
use crate::diagnostics::severity::Severity;
use crate::file::parse_with;
use crate::file::prompt_file::PromptFile;
use crate::render::render;

fn joined(file: &PromptFile, text: &str, case: usize) -> String {
    render(file, text, file.cases.get(case)).joined().text
}

#[test]
fn prompts_in_the_configuration_are_read_with_its_tests() {
    let text = "prompts:\n  - \"Name the capital of {{country}}.\"\n  - id: p2\n    raw: |\n      \
                [{\"role\": \"system\", \"content\": \"Be brief.\"},\n       {\"role\": \"user\", \
                \"content\": \"{{country}}?\"}]\n  - file://a.txt\ntests:\n  - description: it\n    vars: \
                {country: Italy}\n    assert: [{type: contains, value: Rome}]\n";
    let file = parse_with("promptfooconfig.yaml", text, CompanionTexts::default());
    assert_eq!(messages(&file), [""; 0]);
    let ids: Vec<&str> = file
        .cases
        .iter()
        .map(|case| case.id.as_ref().unwrap().value.as_str())
        .collect();
    assert_eq!(ids, ["it (prompt 1)", "it (prompt 2)"]);
    assert_eq!(file.cases[0].expect[0].value, "Rome");
    assert!(text[file.cases[0].range.clone()].starts_with("description: it"));
    let rendered = render(&file, text, Some(&file.cases[0]));
    assert_eq!(rendered.turns[0].text.text, "Name the capital of Italy.");
    let source = |from: &str| {
        let mapped = &rendered.turns[0].text;
        let at = mapped.text.find(from).unwrap();
        &text[mapped.to_source(at..at + from.len()).unwrap()]
    };
    assert_eq!(
        (source("capital"), source("Italy")),
        ("capital", "{{country}}")
    );
    let chat = render(&file, text, Some(&file.cases[1]));
    let shown: Vec<_> = chat
        .turns
        .iter()
        .map(|turn| (turn.role.as_deref().unwrap(), turn.text.text.as_str()))
        .collect();
    assert_eq!(shown, [("system", "Be brief."), ("user", "Italy?")]);
    // Without tests, each prompt is rendered without values.
    let text = "prompts: ['Say {{it}}!']\n";
    let file = parse_with("promptfooconfig.yaml", text, CompanionTexts::default());
    assert_eq!(joined(&file, text, 0), "Say !");
}

#[test]
fn scenarios_give_each_test_the_values_of_each_configuration() {
    let text = "scenarios:\n  - config:\n      - vars: {a: x}\n      - vars: {a: y, b: z}\n    tests:\n      - \
                vars: {b: q}\n        assert: [{type: equals, value: '{{a}}{{b}}'}]\n      - description: d\n";
    let file = read_with("{{a}} {{b}}", &config(text), None);
    assert_eq!(messages(&file), [""; 0]);
    let found: Vec<String> = (0..4).map(|at| joined(&file, "{{a}} {{b}}", at)).collect();
    assert_eq!(found, ["x q", "x ", "y q", "y z"]);
    assert_eq!(file.cases[2].expect[1].value, "yq");
    for (text, expected) in [
        ("scenarios: file://s.yaml", "`scenarios` is `file://s.yaml`"),
        (
            "scenarios: [{tests: []}]",
            "A scenario without `config` and `tests` is a map",
        ),
    ] {
        let file = read_with("x", &config(text), None);
        assert!(
            messages(&file)[0].contains(expected),
            "{:?}",
            messages(&file)
        );
    }
}

#[test]
fn options_that_change_how_variables_expand_count() {
    let list = "vars: {l: [a, b]}";
    for (text, count) in [
        (format!("tests: [{{{list}}}]"), 2),
        (
            format!("tests: [{{{list}, options: {{disableVarExpansion: true}}}}]"),
            1,
        ),
        (
            format!("defaultTest: {{options: {{disableVarExpansion: true}}}}\ntests: [{{{list}}}]"),
            1,
        ),
        ("tests: [{vars: {l: [{k: a}, {k: b}]}}]".to_owned(), 1),
    ] {
        let file = read_with("{{ l | length }}", &config(&text), None);
        assert_eq!(file.cases.len(), count, "{text}");
    }
    for (text, expected) in [
        (
            "tests: [{options: {prefix: 'Please '}}]",
            "The option `prefix`",
        ),
        (
            "defaultTest: {options: {transform: x}}\ntests: [{}]",
            "The option `transform`",
        ),
        (
            "defaultTest: file://d.yaml\ntests: [{}]",
            "`defaultTest` is `file://d.yaml`",
        ),
        ("nunjucksFilters: {f: f.js}", "filters of your own"),
    ] {
        let file = read_with("x", &config(text), None);
        assert!(
            messages(&file)[0].contains(expected),
            "{:?}",
            messages(&file)
        );
    }
}

#[test]
fn nunjucks_writes_nothing_for_what_is_undefined() {
    let promptfoo = config("tests: [{vars: {l: [{k: 1}, {k: 2}], o: {k: 1}, n: null, t: true}}]");
    for (text, written) in [
        (
            "Hello {{ person.name.first }}, welcome.",
            "Hello , welcome.",
        ),
        ("{{ gone }}|{{ n }}|{{ t }}", "||true"),
        (
            "{% for x in gone %}a{% endfor %}{% if gone.x %}b{% endif %}|",
            "|",
        ),
        ("{{ o | dump }} {{ o }}", "{\"k\":1} [object Object]"),
        ("{{ gone | default('d') | upper }}", "D"),
    ] {
        let file = read_with(text, &promptfoo, None);
        let rendered = render(&file, text, file.cases.first());
        assert_eq!(rendered.joined().text, written, "{text}");
        assert!(
            rendered.broken().is_none(),
            "{text}: {:?}",
            rendered.problems
        );
    }
    let file = read_with("{{ person.name }}!", &promptfoo, None);
    let rendered = render(&file, "{{ person.name }}!", file.cases.first());
    assert!(
        rendered.unset.contains("person.name"),
        "{:?}",
        rendered.unset
    );
}

#[test]
fn chats_are_templates_as_a_whole_or_in_their_texts() {
    let promptfoo = Promptfoo {
        prompt: "prompts/x.json".into(),
        ..config(
            "tests: [{vars: {who: kim, history: [{role: user, content: a}, {role: assistant, \
             content: b}], all: '[{\"role\": \"user\", \"content\": \"hi\"}]'}}]",
        )
    };
    for (text, turns) in [
        (
            "[{\"role\": \"user\", \"content\": \"{{ who | upper }} {% if who %}!{% endif %}\"}]",
            vec![("user", "KIM !")],
        ),
        (
            "[{% for m in history %}{\"role\": \"{{ m.role }}\", \"content\": {{ m.content | dump \
             }}},{% endfor %} {\"role\": \"user\", \"content\": \"{{who}}\"}]",
            vec![("user", "a"), ("assistant", "b"), ("user", "kim")],
        ),
        ("{{ all }}", vec![("user", "hi")]),
        ("{\"a\": \"{{who}}\"}", vec![("-", "{\"a\": \"kim\"}")]),
    ] {
        let file = read_with(text, &promptfoo, None);
        let rendered = render(&file, text, file.cases.first());
        let shown: Vec<_> = rendered
            .turns
            .iter()
            .map(|turn| (turn.role.as_deref().unwrap_or("-"), turn.text.text.as_str()))
            .collect();
        assert_eq!(shown, turns, "{text}: {:?}", rendered.problems);
        for piece in rendered.turns.iter().flat_map(|turn| &turn.text.pieces) {
            assert!(text.get(piece.source.clone().unwrap()).is_some(), "{text}");
        }
    }
}

#[test]
fn pictures_in_a_chat_are_noted_and_nothing_is_asked() {
    let promptfoo = Promptfoo {
        prompt: "prompts/x.json".into(),
        ..config("tests: [{vars: {picture: u}}]")
    };
    let text = "[{\"role\": \"user\", \"content\": [{\"type\": \"text\", \"text\": \"What is in \
                it?\"}, {\"type\": \"image_url\", \"image_url\": {\"url\": \"{{picture}}\"}}]}]";
    let file = read_with(text, &promptfoo, None);
    assert_eq!(messages(&file), [""; 0]);
    let rendered = render(&file, text, file.cases.first());
    assert_eq!(rendered.joined().text, "What is in it?");
    let problem = rendered.broken().unwrap();
    assert_eq!(problem.severity, Severity::Information);
    assert!(text[problem.range.clone()].starts_with("{\"type\": \"image_url\""));
}
