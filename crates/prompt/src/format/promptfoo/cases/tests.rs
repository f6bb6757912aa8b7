mod providers;
mod rendering;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use proptest::prelude::*;

use super::*;
use crate::companion_files::{CompanionTexts, find_promptfoo_config};
use crate::edit::insert_injection::insert_injection;
use crate::edit::new_injection::NewInjection;
use crate::file::parse_with;
use crate::file::prompt_file::PromptFile;
use crate::render::render;
use hoplens_injection::{Encoding, Scope};

const CONFIG: &str = r#"prompts: [file://prompts/*.txt, other.md]
defaultTest:
  vars: {tail: is}
  assert: [{type: contains, value: "{{answer}}"}]
tests:
  - description: reef
    vars: {thing: the reef}
    assert:
      - {type: llm-rubric, value: good}
      - {type: equals, value: Australia}
      - {type: icontains, value: "aus"}
  - vars: {thing: [a, b], answer: X}
  - vars: {thing: c}
    assert: [{type: contains-any, value: [p, " q"]}]
"#;

fn config(text: &str) -> Promptfoo {
    Promptfoo {
        config: "promptfooconfig.yaml".into(),
        prompt: "prompts/x.txt".into(),
        text: text.into(),
    }
}

fn read_with(text: &str, promptfoo: &Promptfoo, sidecar: Option<&str>) -> PromptFile {
    let companions = CompanionTexts {
        sidecar,
        promptfoo: Some(promptfoo),
        ..CompanionTexts::default()
    };
    parse_with("prompts/x.txt", text, companions)
}

fn messages(file: &PromptFile) -> Vec<&str> {
    file.problems
        .iter()
        .map(|one| one.message.as_str())
        .collect()
}

const TEXT: &str = "\nThe {{ thing }} {{tail}}\n";

#[test]
fn tests_are_read_as_cases() {
    let promptfoo = config(CONFIG);
    let file = read_with(TEXT, &promptfoo, None);
    let expect: Vec<Vec<&str>> = file
        .cases
        .iter()
        .map(|case| case.expect.iter().map(|one| one.value.as_str()).collect())
        .collect();
    assert_eq!(
        expect,
        [
            vec![" Australia", "Australia"],
            vec!["X"],
            vec!["X"],
            vec!["p", " q"]
        ]
    );
    assert_eq!(file.cases[0].id.as_ref().unwrap().value, "reef");
    let texts: Vec<String> = file
        .cases
        .iter()
        .map(|case| render(&file, TEXT, Some(case)).joined().text)
        .collect();
    assert_eq!(
        texts,
        ["The the reef is", "The a is", "The b is", "The c is"]
    );
    let rendered = render(&file, TEXT, Some(&file.cases[0])).joined();
    assert_eq!(rendered.to_source(5..8), Some(5..16));
    let got = messages(&file);
    assert!(
        got[0].starts_with("promptfooconfig.yaml, line 9: The assertion `llm-rubric` names no"),
        "{got:?}"
    );
    assert!(got[0].ends_with("And 1 more: `hoplens check promptfooconfig.yaml` names them."));
    assert_eq!(got.len(), 1);
    let information =
        |one: &crate::diagnostics::problem::Problem| one.severity == Severity::Information;
    assert!(file.problems.iter().all(information));
}

/// Returns the problems of a configuration, each with the text that it concerns.
fn reviewed<'text>(text: &'text str, absent: &[String]) -> Vec<(Severity, &'text str, String)> {
    let companions = CompanionTexts {
        absent,
        ..CompanionTexts::default()
    };
    let file = parse_with("x/promptfooconfig.yaml", text, companions);
    let found = file.problems.into_iter();
    found
        .map(|one| (one.severity, &text[one.range], one.message))
        .collect()
}

#[test]
fn problems_of_a_configuration_have_their_own_ranges() {
    let text = "prompts:\n  - file://a.txt\n  - file://b.txt\n  - make.py:run\n  - id: x://y\n  \
                - Say {{it}}\ntests:\n  - assert: [{type: javascript, value: a}]\n";
    let absent = ["b.txt".to_owned()];
    let found = reviewed(text, &absent);
    let places: Vec<&str> = found.iter().map(|(_, place, _)| *place).collect();
    let wanted = [
        "{type: javascript, value: a}",
        "file://b.txt",
        "make.py:run",
        "x://y",
    ];
    assert_eq!(places, wanted);
    assert_eq!(found[1].0, Severity::Warning);
    assert!(found[1].2.starts_with("There is no file `b.txt`"));
    let broken = reviewed("prompts: [a.txt]\ntests: [\n", &[]);
    assert_eq!(broken[0].0, Severity::Error, "{broken:?}");
    let none = reviewed("tests: []\n", &[]);
    assert!(none[0].2.contains("names no `prompts`"), "{none:?}");
    assert!(
        reviewed(CONFIG, &[])
            .iter()
            .all(|(severity, ..)| *severity == Severity::Information)
    );
}

#[test]
fn assertions_say_how_the_answer_is_compared() {
    use crate::declarations::answer_match::AnswerMatch::{
        Begins, Contains, ContainsIgnoringCase, Equals,
    };
    for (asserts, kind, all, expect, reference) in [
        (
            "{type: equals, value: a}",
            Equals,
            false,
            vec![" a", "a"],
            None,
        ),
        (
            "{type: starts-with, value: a}",
            Begins,
            false,
            vec![" a", "a"],
            None,
        ),
        (
            "{type: contains, value: ' a'}",
            Contains,
            false,
            vec![" a"],
            None,
        ),
        (
            "{type: icontains, value: A}",
            ContainsIgnoringCase,
            false,
            vec!["A"],
            None,
        ),
        (
            "{type: contains-any, value: [a, b]}",
            Contains,
            false,
            vec!["a", "b"],
            None,
        ),
        (
            "{type: contains-any, value: 'a, b'}",
            Contains,
            false,
            vec!["a", "b"],
            None,
        ),
        (
            "{type: contains-all, value: [a, b]}",
            Contains,
            true,
            vec!["a", "b"],
            None,
        ),
        (
            "{type: icontains-all, value: [a]}",
            ContainsIgnoringCase,
            false,
            vec!["a"],
            None,
        ),
        // All assertions of a test must hold.
        (
            "{type: contains, value: a}, {type: contains, value: '{{v}}'}, {type: similar, value: r}",
            Contains,
            true,
            vec!["a", "w"],
            Some("r"),
        ),
        (
            "{type: similar, value: [r, s]}",
            Begins,
            false,
            vec![],
            Some("r"),
        ),
        ("{type: equals, value: ''}", Begins, false, vec![], None),
        (
            "{type: equals, value: file://a.txt}",
            Begins,
            false,
            vec![],
            None,
        ),
    ] {
        let text = format!("tests: [{{vars: {{v: w}}, assert: [{asserts}]}}]");
        let case = &read_with("x", &config(&text), None).cases[0];
        let values: Vec<&str> = case.expect.iter().map(|one| one.value.as_str()).collect();
        assert_eq!(values, expect, "{asserts}");
        assert_eq!(
            (case.answer_match, case.requires_all),
            (kind, all),
            "{asserts}"
        );
        let reply = case.reference.as_ref().map(|reply| reply.text.as_str());
        assert_eq!(reply, reference, "{asserts}");
    }
    let text = "tests: [{assert: [{type: contains, value: a}, {type: equals, value: b}]}]";
    let file = read_with("x", &config(text), None);
    assert_eq!(file.cases[0].expect[0].value, "a");
    assert!(messages(&file)[0].contains("that a case cannot join"));
}

#[test]
fn a_chat_in_json_is_read_with_its_roles() {
    let text = "[\n  {\"role\": \"system\", \"content\": \"Be \\\"brief\\\".\"},\n  \
                {\"role\": \"user\", \"content\": \"Say {{ thing }}\"}\n]\n";
    let promptfoo = Promptfoo {
        prompt: "prompts/x.json".into(),
        ..config(CONFIG)
    };
    let file = read_with(text, &promptfoo, None);
    let turns = render(&file, text, Some(&file.cases[0])).turns;
    let roles: Vec<&str> = turns
        .iter()
        .filter_map(|turn| turn.role.as_deref())
        .collect();
    assert_eq!(roles, ["system", "user"]);
    assert_eq!(turns[0].text.text, "Be \"brief\".");
    assert_eq!(turns[1].text.text, "Say the reef");
    let place = turns[1].text.to_source(4..12).unwrap();
    assert_eq!(&text[place], "{{ thing }}");
    let place = turns[0].text.to_source(4..9).unwrap();
    assert_eq!(&text[place], "brief");
    // A file that is not a chat is a prompt as it is.
    let plain = "{\"a\": 1}";
    let file = read_with(plain, &promptfoo, None);
    assert!(file.turns.is_empty());
    assert_eq!(render(&file, plain, None).joined().text, plain);
}

#[test]
fn injections_go_to_the_sidecar_whose_cases_take_precedence() {
    let promptfoo = config(CONFIG);
    let file = read_with(TEXT, &promptfoo, None);
    let new = NewInjection {
        memory: "m".into(),
        encoding: Encoding::Embed,
        layer: 1,
        tau: 2.0,
        scope: Scope::All,
        measured: None,
    };
    for id in ["reef", "#2"] {
        let edit = insert_injection(&file, TEXT, Some(id), &new);
        assert!(edit.creates);
        let after = read_with(TEXT, &promptfoo, Some(&edit.apply("")));
        assert_eq!(after.injections[0].case.as_ref().unwrap().value, id);
        assert_eq!(messages(&after), messages(&file));
    }
    let sidecar = "version: 1\ncases: [{id: reef, expect: z}]\n";
    let file = read_with(TEXT, &promptfoo, Some(sidecar));
    assert_eq!(file.cases.len(), 4);
    assert_eq!(file.cases[0].expect[0].value, "z");
}

#[test]
fn the_nearest_configuration_that_names_the_prompt_is_found() {
    let files = BTreeMap::from([
        ("/r/a/promptfooconfig.yml", "prompts: other.txt"),
        (
            "/r/promptfooconfig.dev.yaml",
            "prompts: [{id: file://a/b/*.txt}]",
        ),
    ]);
    let find = |root: &str| {
        let mut read = |path: &Path| files.get(path.to_str()?).map(|text| (*text).to_owned());
        let list = |folder: &Path| {
            let paths = files.keys().map(PathBuf::from);
            paths.filter(|path| path.parent() == Some(folder)).collect()
        };
        let is_root = |folder: &Path| folder == Path::new(root);
        let found = find_promptfoo_config(Path::new("/r/a/b/x.txt"), &mut read, &list, &is_root);
        found.map(|found| (found.config, found.prompt))
    };
    let found = Some((
        "../../promptfooconfig.dev.yaml".to_owned(),
        "a/b/x.txt".to_owned(),
    ));
    assert_eq!(find("/"), found);
    assert_eq!(find("/r/a"), None);
}

#[test]
fn patterns_match_names_within_a_folder() {
    for (pattern, path, is) in [
        ("x.txt", "x.txt", true),
        ("./x.txt", "x.txt", true),
        ("file://p/*.txt", "p/x.txt", true),
        ("p/*", "p/x.txt", true),
        ("p/x*y*.txt", "p/xxyx.txt", true),
        ("p/*.txt", "p/q/x.txt", false),
        ("x.txt", "p/x.txt", false),
        ("*.md", "x.txt", false),
        ("", "x.txt", false),
    ] {
        assert_eq!(paths::fits(pattern, path), is, "{pattern} {path}");
    }
}

#[test]
fn only_the_first_of_several_prompts_in_a_text_file_is_read() {
    let promptfoo = config("prompts: prompts/x.txt\n");
    let text = "\nfirst {{x}} \n---\nsecond";
    let file = read_with(text, &promptfoo, None);
    assert_eq!(&text[file.body.clone()], "first {{x}}");
    assert!(messages(&file)[0].starts_with("promptfoo splits this file at lines `---`"));
    let rendered = render(&file, text, None);
    assert_eq!(rendered.joined().text, "first ");
    assert!(
        rendered.problems[0]
            .message
            .starts_with("The variable `x` has no value")
    );
    assert_eq!(read_with("---\n", &promptfoo, None).body, 0..0);
}

#[test]
fn other_tags_are_rendered_by_jinja() {
    let promptfoo = config("prompts: prompts/x.txt\ntests: [{vars: {x: {y: b}}}]\n");
    for (text, expected) in [
        ("a {{ x.y | upper }}", "a B"),
        ("{% if x %}yes{% endif %}", "yes"),
        (
            "{% for i in range(9999) %}{% for j in range(9999) %}x{% endfor %}{% endfor %}",
            "{% for",
        ),
        ("a {% if %}", "a {% if %}"),
    ] {
        let file = read_with(text, &promptfoo, None);
        let rendered = render(&file, text, Some(&file.cases[0]));
        assert!(rendered.joined().text.starts_with(expected), "{text}");
        let failed = expected.contains("{%");
        assert_eq!(!rendered.problems.is_empty(), failed, "{text}");
    }
}

#[test]
fn unsupported_tests_are_reported() {
    for (tests, expected, count) in [
        ("tests: file://t.csv", "`tests` is `file://t.csv`", 0),
        ("tests: [file://t.yaml]", "A test is `file://t.yaml`", 0),
        ("tests: [{assert: 7}]", "`assert` is `7`", 1),
        (
            "tests: [{assert: [7]}]",
            "An assertion without a `type` is `7`",
            1,
        ),
        (
            "tests: [{vars: file://v.yaml}]",
            "`vars` is `file://v.yaml`",
            1,
        ),
        (
            "tests: [{vars: {a: file://v}}]",
            "The variable `a` is `file://v`",
            1,
        ),
        (
            "tests: [{assert: [{type: equals}]}]",
            "The assertion `equals` names no answer",
            1,
        ),
        ("tests: [", "The configuration is not valid YAML", 0),
    ] {
        let promptfoo = config(tests);
        let file = read_with("x", &promptfoo, None);
        let got = messages(&file);
        assert!(
            got[0].contains(&format!("line 1: {expected}")),
            "{tests}: {got:?}"
        );
        assert_eq!(file.cases.len(), count, "{tests}");
    }
    // Tests without variables and repeated descriptions are valid.
    let promptfoo = config("tests: [{description: a}, {description: a}, {}]");
    let file = read_with("x", &promptfoo, None);
    assert_eq!(messages(&file), [""; 0]);
    assert_eq!(file.cases[1].id.as_ref().unwrap().value, "a (2)");
}

#[test]
fn the_number_of_combinations_is_limited() {
    let many: Vec<String> = (0..40).map(|number| format!("'{number}'")).collect();
    let many = many.join(",");
    let promptfoo = config(&format!(
        "tests: [{{vars: {{a: [{many}], b: [{many}], c: [{many}]}}}}]"
    ));
    let file = read_with("x", &promptfoo, None);
    assert_eq!(file.cases.len(), MAX_CASES);
    assert!(messages(&file)[0].contains("Only the first 256 tests"));
}

proptest! {
    #[test]
    fn arbitrary_configurations_do_not_panic(
        text in "(prompts:|tests:|defaultTest:|  - |- |vars: |assert: |type: equals|value: |description: |x|\\{\\{x\\}\\}|\\{%|\\{|\\}|\\[|\\]|: |\n|---\n|\"|é|&a |\\*a|7|, ){0,60}",
    ) {
        let promptfoo = config(&text);
        let file = read_with(&text, &promptfoo, None);
        crate::format::promptfoo::paths::promptfoo_prompts(&text).names(&text);
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
