mod agent_files;
mod declaration_fixes;

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::companion_files::{CompanionTexts, RegisteredNames};
use crate::diagnostics::severity::Severity;
use crate::file::parse;
use crate::file::parse_with;

/// Returns the severity and the marked text of the problem that there is no prompt.
fn empty_prompt_problem(name: &str, text: &str) -> Option<(Severity, String)> {
    let problems = all_problems(&parse(name, text, None), text);
    let mut found = problems.iter().filter(|p| p.message.contains("no prompt"));
    let empty_prompt_problem = found.next()?;
    assert!(found.next().is_none(), "{problems:?}");
    Some((
        empty_prompt_problem.severity,
        text[empty_prompt_problem.range.clone()].into(),
    ))
}

#[test]
fn a_file_without_a_prompt_is_reported_once() {
    let worth_knowing = |text: &str| Some((Severity::Information, text.to_owned()));
    assert_eq!(empty_prompt_problem("a.prompt", ""), worth_knowing(""));
    assert_eq!(empty_prompt_problem("a.txt", " \n\n"), worth_knowing(""));
    assert_eq!(
        empty_prompt_problem("a.prompt", "---\nmodel: x\n---\n"),
        worth_knowing("---")
    );
    assert_eq!(
        empty_prompt_problem("a.prompty", "---\nname: x\n---\n\n"),
        worth_knowing("---")
    );
    assert_eq!(
        empty_prompt_problem("a.prompt.yml", "messages: []\n"),
        worth_knowing("messages: []")
    );
    assert_eq!(
        empty_prompt_problem("a.prompt", "{{#if false}}a{{/if}}"),
        worth_knowing("{{#if false}}a{{/if}}")
    );
    // The application may give a value.
    assert_eq!(empty_prompt_problem("a.prompt", "{{#if x}}a{{/if}}"), None);
    assert_eq!(
        empty_prompt_problem("a.prompt", "The capital of France is"),
        None
    );
    // Errors are reported already.
    assert_eq!(empty_prompt_problem("a.prompt", "{{#if x}}a"), None);
    let text = "name: a\ntestData: []\n";
    assert_eq!(empty_prompt_problem("a.prompt.yml", text), None);
    // YAML of another tool may have this ending.
    assert_eq!(
        empty_prompt_problem("a.prompt.yml", "name: a\n"),
        worth_knowing("name: a")
    );
}

#[test]
fn a_template_of_another_language_has_one_finding() {
    let text = "---\ninput:\n  schema:\n    Query: string\n---\n{{.Query}}\n\
                {{range .Items}}{{end}}";
    let codes: Vec<Code> = problems_of("a.prompt", text)
        .into_iter()
        .map(|(code, ..)| code)
        .collect();
    assert_eq!(codes, [Code::TemplateError]);
}

#[test]
fn broken_yaml_hides_no_key_that_may_be_behind_it() {
    let found = problems_of("a.prompt.yml", "name: [a\ntestData: []\n");
    let codes: Vec<Code> = found.into_iter().map(|(code, ..)| code).collect();
    assert_eq!(codes, [Code::InvalidYaml]);
}

#[test]
fn cases_without_a_prompt_are_warnings() {
    let text = "---\nhoplens.cases:\n  - expect: \" x\"\n  - expect: y\n---\n\n";
    assert_eq!(
        empty_prompt_problem("a.prompt", text),
        Some((Severity::Warning, "---".into()))
    );
    let text = "---\nhoplens.cases:\n  - {input: {x: true}, expect: a}\n\
                \x20 - {input: {x: false}, expect: b}\n---\n{{#if x}}a{{/if}}";
    let case = "{input: {x: false}, expect: b}";
    assert_eq!(
        empty_prompt_problem("a.prompt", text),
        Some((Severity::Warning, case.into()))
    );
}

/// Returns the code and severity, the marked text and the message of each problem.
fn problems_of(name: &str, text: &str) -> Vec<(Code, Severity, String, String)> {
    let file = parse(name, text, None);
    all_problems(&file, text)
        .into_iter()
        .map(|one| {
            let words = text[one.range.clone()].to_owned();
            (one.code, one.severity, words, one.message)
        })
        .collect()
}

#[track_caller]
fn check(name: &str, text: &str, expected: &[(Code, Severity, &str)]) {
    let found = problems_of(name, text);
    let shown: Vec<(Code, Severity, &str)> = found
        .iter()
        .map(|(code, severity, words, _)| (*code, *severity, words.as_str()))
        .collect();
    assert_eq!(shown, expected, "{text}\n{found:#?}");
}

/// Returns the text after the first edit that corrects a problem of `code`.
fn corrected(name: &str, text: &str, code: Code) -> Option<String> {
    let file = parse(name, text, None);
    let fixes = lint_fixes(&file, text);
    let fix = fixes.into_iter().find(|fix| fix.code == code)?;
    Some(fix.edit.apply(text))
}

const SCHEMA: &str = "---\ninput:\n  schema:\n    userMessage: string\n    style?: string\n---\n";

#[test]
fn a_variable_that_the_schema_calls_otherwise_is_reported_with_the_other_name() {
    let text = format!("{SCHEMA}{{{{role \"user\"}}}}\n{{{{query}}}} {{{{query}}}} {{{{style}}}}");
    check(
        "a.prompt",
        &text,
        &[
            (Code::UndeclaredVariable, Severity::Warning, "query"),
            (Code::UnusedVariable, Severity::Hint, "userMessage"),
        ],
    );
    let message = problems_of("a.prompt", &text).remove(0).3;
    assert!(message.contains("Did you mean `userMessage`?"), "{message}");
    let after = corrected("a.prompt", &text, Code::UndeclaredVariable).unwrap();
    assert_eq!(after, text.replacen("{{query}}", "{{userMessage}}", 1));
    // In a branch that is not taken too.
    let text = format!("{SCHEMA}{{{{userMessage}}}}{{{{#if style}}}}{{{{stile}}}}{{{{/if}}}}");
    check(
        "a.prompt",
        &text,
        &[(Code::UndeclaredVariable, Severity::Information, "stile")],
    );
    let typo = "---\ninputs:\n  - {name: question, kind: string}\n---\nuser:\n{{ quesiton }}";
    check(
        "a.prompty",
        typo,
        &[
            (Code::UndeclaredVariable, Severity::Warning, "quesiton"),
            (Code::UnusedVariable, Severity::Hint, "question"),
        ],
    );
}

#[test]
fn a_variable_that_the_application_fills_is_no_finding() {
    for (name, text) in [
        (
            "a.prompt",
            format!("{SCHEMA}{{{{userMessage}}}} {{{{#if style}}}}x{{{{/if}}}}"),
        ),
        (
            "a.prompt",
            "Hello {{name}} {{#each items}}{{this.x}}{{/each}}".into(),
        ),
        (
            "a.prompt",
            "---\ninput: {schema: {(*): string, a: string}}\n---\n{{a}} {{b}}".into(),
        ),
        (
            "a.prompt",
            "---\ninput: {schema: Request}\n---\n{{a}}".into(),
        ),
        (
            "a.prompty",
            "---\ninputs: {a: {kind: string}}\n---\nuser:\n{{ a }}".into(),
        ),
        ("a.prompt.md", "Ask ${input:name}".into()),
        (
            "a.prompty",
            "---\nname: x\n---\nuser:\n{{ a.b }} {{ c | length }}".into(),
        ),
    ] {
        check(name, &text, &[]);
    }
}

#[test]
fn an_unset_variable_is_information_once_per_variable_of_a_case() {
    let text = "---\nhoplens.cases:\n  - {id: one, expect: x}\n  - {id: two, expect: y}\n---\n\
                {{city}} and {{city}} in a {{tone}} tone";
    check(
        "a.prompt",
        text,
        &[
            (Code::UnsetVariable, Severity::Information, "{{city}}"),
            (Code::UnsetVariable, Severity::Information, "{{tone}}"),
        ],
    );
    let after = corrected("a.prompt", text, Code::UnsetVariable).unwrap();
    assert_eq!(
        after,
        text.replace("{id: one,", "{input: {city: \"\"}, id: one,")
    );
    let github = "messages:\n  - {role: user, content: \"{{a}} {{b}}\"}\ntestData:\n  - a: x\n";
    check(
        "a.prompt.yml",
        github,
        &[(Code::UnsetVariable, Severity::Information, "{{b}}")],
    );
    let after = corrected("a.prompt.yml", github, Code::UnsetVariable).unwrap();
    assert_eq!(after, github.replace("- a: x", "- b: \"\"\n    a: x"));
}

#[test]
fn an_unused_input_is_reported_where_it_is_declared_and_can_be_removed() {
    let text = "---\ninput:\n  schema:\n    name: string\n    email: string\n---\nGreet {{name}}.";
    check(
        "a.prompt",
        text,
        &[(Code::UnusedVariable, Severity::Hint, "email")],
    );
    let after = corrected("a.prompt", text, Code::UnusedVariable).unwrap();
    assert_eq!(after, text.replace("    email: string\n", ""));
    let text = "---\nmodel: {api: chat}\nsample: {a: x, b: y}\n---\nuser:\n{{ b }}";
    check(
        "a.prompty",
        text,
        &[(Code::UnusedVariable, Severity::Hint, "a")],
    );
    let case = "---\nhoplens.cases:\n  - expect: x\n    input: {a: 1, b: 2}\n---\n{{a}}";
    check(
        "a.prompt",
        case,
        &[(Code::UnusedVariable, Severity::Hint, "b")],
    );
    let matrix = "---\nhoplens.cases:\n  - matrix: {a: [x], b: [y]}\n    expect: z\n---\n{{a}}";
    check(
        "a.prompt",
        matrix,
        &[(Code::UnusedVariable, Severity::Hint, "b")],
    );
    // A row that only names the answer.
    let matrix =
        "---\nhoplens.cases:\n  - matrix: {a: [x], b: [y]}\n    expect: \"{{b}}\"\n---\n{{a}}";
    check("a.prompt", matrix, &[]);
}

#[test]
fn helpers_are_checked_in_branches_that_are_not_taken() {
    let text = "---\ninput:\n  schema:\n    items?(array): string\n---\nPlan.\n{{#if items}}{{bulets \
                items}}{{json2 items}}{{/if}}";
    check(
        "a.prompt",
        text,
        &[
            (Code::UnknownHelper, Severity::Error, "bulets"),
            (Code::UnknownHelper, Severity::Error, "json2"),
        ],
    );
    let after = corrected("a.prompt", text, Code::UnknownHelper).unwrap();
    assert_eq!(after, text.replace("json2", "json"));
    // A taken one is reported once.
    check(
        "a.prompt",
        "{{bulets a}}",
        &[(Code::UnknownHelper, Severity::Error, "bulets")],
    );
    let declared =
        "---\nhoplens.helpers: [bulets, now]\n---\n{{#if a}}{{bulets a}}{{/if}}{{json a}}";
    check("a.prompt", declared, &[]);
    let jinja = "---\nname: x\n---\nuser:\n{% if a %}{{ a | uper }}{{ a|upper }}{% endif %}{{ a }}";
    check(
        "a.prompty",
        jinja,
        &[(Code::UnknownHelper, Severity::Error, "uper")],
    );
}

#[test]
fn what_the_application_registers_is_unknown_text() {
    let text = "---\nhoplens.helpers: [now]\nhoplens.partials: [card]\nhoplens.cases: [{expect: \
                x}]\n---\nIt is {{now}}. {{#if (now 1)}}Yes{{/if}} {{> card}}";
    let file = parse("a.prompt", text, None);
    // The model is not asked, because the text is unknown.
    let rendered = render(&file, text, Some(&file.cases[0]));
    let broken = rendered.broken().map(|problem| problem.code);
    assert_eq!(broken, Some(Code::UnsupportedContent));
    let found = all_problems(&file, text);
    let is_note = |one: &Problem| {
        (one.code, one.severity) == (Code::UnsupportedContent, Severity::Information)
    };
    assert!(!found.is_empty() && found.iter().all(is_note), "{found:#?}");
    // Without the declaration both are errors.
    let text = "{{#if a}}{{now 1}}{{> card}}{{/if}}";
    check(
        "a.prompt",
        text,
        &[
            (Code::UnknownHelper, Severity::Error, "now"),
            (Code::UnknownPartial, Severity::Error, "card"),
        ],
    );
    // The project declares them for all of its files.
    let names = RegisteredNames {
        helpers: BTreeSet::from(["now".to_owned()]),
        partials: BTreeSet::from(["card".to_owned()]),
    };
    let companions = CompanionTexts {
        registered: Some(&names),
        ..CompanionTexts::default()
    };
    let file = parse_with("a.prompt", text, companions);
    assert_eq!(all_problems(&file, text), []);
}

#[test]
fn partials_are_checked_with_what_they_include() {
    let partials = BTreeMap::from([
        ("one".to_owned(), "{{> two}}{{x}}".to_owned()),
        (
            "two".to_owned(),
            "{{#if y}}{{> one}}{{> gone}}{{shout y}}{{/if}}".to_owned(),
        ),
        ("fine".to_owned(), "{{z}}".to_owned()),
    ]);
    let companions = CompanionTexts {
        partials: Some(&partials),
        ..CompanionTexts::default()
    };
    let text = "---\ninput: {schema: {x: string, z: string, w: string}}\n---\n{{> fine}}{{> one}}";
    let file = parse_with("a.prompt", text, companions);
    let found = all_problems(&file, text);
    let shown: Vec<(Code, &str)> = found
        .iter()
        .map(|one| (one.code, &text[one.range.clone()]))
        .collect();
    // `w` may be used by the partial that does not exist.
    let expected = [
        (Code::UnknownHelper, "one"),
        (Code::UnknownPartial, "one"),
        (Code::CircularPartial, "one"),
    ];
    assert_eq!(shown, expected, "{found:#?}");
    assert!(
        found[2].message.contains("`one` → `two` → `one`"),
        "{}",
        found[2].message
    );
}

#[test]
fn a_helper_that_hides_a_variable_is_reported() {
    let text = "---\ninput: {schema: {history: string}}\n---\n{{history}} {{#if history}}x{{/if}}";
    check(
        "a.prompt",
        text,
        &[
            (Code::ShadowedVariable, Severity::Warning, "history"),
            (
                Code::UnsupportedContent,
                Severity::Information,
                "{{history}}",
            ),
        ],
    );
    let after = corrected("a.prompt", text, Code::ShadowedVariable).unwrap();
    assert!(after.contains("{{this.history}}"), "{after}");
    check("a.prompt", &after, &[]);
}

#[test]
fn misspelt_roles_are_reported_with_the_right_one() {
    let text =
        "{{role \"sytem\"}}a{{role \"asistant\"}}b{{role \"assistant\"}}c{{role \"model\"}}d";
    check(
        "a.prompt",
        text,
        &[
            (Code::UnknownRole, Severity::Warning, "sytem"),
            (Code::UnknownRole, Severity::Warning, "asistant"),
            (Code::UnknownRole, Severity::Information, "assistant"),
        ],
    );
    let after = corrected("a.prompt", text, Code::UnknownRole).unwrap();
    assert_eq!(after, text.replace("sytem", "system"));
    let text = "---\nname: x\n---\nsystem:\nHi\n\nasistant:\nHello\n\nusers:\n- Kim\n";
    check(
        "a.prompty",
        text,
        &[(Code::UnknownRole, Severity::Warning, "asistant")],
    );
    let after = corrected("a.prompty", text, Code::UnknownRole).unwrap();
    assert_eq!(after, text.replace("asistant", "assistant"));
    let text = "messages:\n  - {role: usr, content: Hi}\n";
    check(
        "a.prompt.yml",
        text,
        &[(Code::UnknownRole, Severity::Error, "usr")],
    );
}

#[test]
fn values_that_do_not_fit_the_schema_are_reported() {
    let text = "---\ninput:\n  schema:\n    count: integer\n    name: string\n    tags(array): string\n\
                \x20 default: {count: many, name: 12, tags: [a]}\n---\n{{count}}{{name}}{{tags}}";
    check(
        "a.prompt",
        text,
        &[
            (Code::SchemaMismatch, Severity::Warning, "many"),
            (Code::SchemaMismatch, Severity::Information, "12"),
        ],
    );
    let after = corrected("a.prompt", text, Code::SchemaMismatch).unwrap();
    assert_eq!(after, text.replace("name: 12", "name: \"12\""));
    let text = "---\ninputs:\n  - {name: n, kind: integer, default: x}\n---\nuser:\n{{ n }}";
    check(
        "a.prompty",
        text,
        &[(Code::SchemaMismatch, Severity::Information, "x")],
    );
}

#[test]
fn each_fence_of_markdown_is_checked() {
    let text = "```prompt\n{{shot a}}\n```\n\n```prompt\n---\ninput: {schema: {aa: string}}\n---\n{{ab}}\n```\n";
    check(
        "a.md",
        text,
        &[
            (Code::UnknownHelper, Severity::Error, "shot"),
            (Code::UndeclaredVariable, Severity::Warning, "ab"),
            (Code::UnusedVariable, Severity::Hint, "aa"),
        ],
    );
}

proptest! {
    #[test]
    fn ranges_and_edits_are_on_character_boundaries(
        text in "(---\n|input: \\{schema: \\{|a: string, |é\\?: integer|\\}\\}\n|sample: \\{b: é\\}\n|\\{\\{|\\}\\}|#if |/if|else|> |role \"usr\"|é|a |json |\\(|\\)|\"|user:\n|usre:\n|\\{% if |%\\}|\\| |is ){0,24}",
        name in "a\\.(prompt|prompty|prompt\\.md|md|prompt\\.yml)",
    ) {
        let file = parse(&name, &text, None);
        for problem in all_problems(&file, &text) {
            prop_assert!(text.get(problem.range).is_some());
        }
        for fix in lint_fixes(&file, &text) {
            for edit in fix.edit.edits {
                prop_assert!(text.get(edit.range).is_some());
            }
        }
    }
}
