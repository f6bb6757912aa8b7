//! Actions at a cursor marked `$0`.

use super::*;
use crate::diagnostics::static_diagnostics;

/// Returns the titles of the actions at `$0`, each with the file that it edits.
fn offered(name: &str, marked: &str) -> Vec<(String, String)> {
    let offset = marked.find("$0").expect("a cursor");
    let text = marked.replacen("$0", "", 1);
    let snapshot = Snapshot::new(name, text.clone(), None);
    let before = static_diagnostics(&snapshot);
    let actions = input_actions(&snapshot, &before, Origin::FrontMatter, &(offset..offset));
    let shown = actions.into_iter().map(|action| {
        let (now, edited) = match action.edit.target {
            Origin::FrontMatter => {
                let edited = action.edit.apply(&text);
                (Snapshot::new(name, edited.clone(), None), edited)
            }
            Origin::Sidecar => {
                let edited = action.edit.apply("");
                (Snapshot::new(name, text.clone(), Some(&edited)), edited)
            }
        };
        // Nothing new but missing values.
        let codes = |all: &[Diagnostic]| -> Vec<Code> {
            let mut codes: Vec<Code> = all.iter().map(|one| one.code).collect();
            codes.retain(|code| *code != Code::UnsetVariable);
            codes.sort();
            codes
        };
        assert_eq!(codes(&static_diagnostics(&now)), codes(&before), "{edited}");
        (action.title, edited)
    });
    shown.collect()
}

#[test]
fn a_variable_without_a_value_gets_one() {
    let marked = "---\ninput:\n  schema:\n    city: string\n    count: integer\n    tags(array): string\n    kind(enum): [A, B]\n---\n{{ci$0ty}} {{count}} {{tags}} {{kind}}";
    let shown = offered("a.prompt", marked);
    assert_eq!(
        shown[0].0,
        "Add a sample value for `city` (`input.default`)"
    );
    assert!(
        shown[0].1.contains("  default:\n    city: \"<city>\"\n---"),
        "{}",
        shown[0].1
    );
    assert_eq!(shown[1].0, "Add a case with these inputs");
    let inputs = "input: {\"city\":\"<city>\",\"count\":0,\"kind\":\"A\",\"tags\":[\"<tags>\"]}";
    assert!(shown[1].1.contains(inputs), "{}", shown[1].1);
    assert!(
        shown[1].1.contains("expect: \"<answer>\""),
        "{}",
        shown[1].1
    );
    let number = marked.replace("$0", "").replace("{{count}}", "{{co$0unt}}");
    assert!(
        offered("a.prompt", &number)[0].1.contains("count: 0"),
        "{number}"
    );
}

#[test]
fn values_of_cases_and_defaults_are_taken_over() {
    let marked = "---\ninput: {default: {city: Rome}}\nhoplens.cases:\n  - input: {day: Monday}\n    expect: x\n---\n{{#if da$0y}}{{city}}{{/if}}";
    let shown = offered("a.prompt", marked);
    let titles: Vec<&str> = shown.iter().map(|(title, _)| title.as_str()).collect();
    assert_eq!(
        titles,
        [
            "Add a sample value for `day` (`input.default`)",
            "Add a case with these inputs"
        ]
    );
    let case = "  - input: {\"city\":\"Rome\",\"day\":\"Monday\"}\n    expect: \"<answer>\"";
    assert!(shown[1].1.contains(case), "{}", shown[1].1);
}

#[test]
fn actions_are_offered_where_they_help() {
    let titles = |name: &str, marked: &str| -> Vec<String> {
        offered(name, marked)
            .into_iter()
            .map(|(title, _)| title)
            .collect()
    };
    let case = "Add a case with these inputs";
    assert_eq!(titles("a.prompt", "Te$0xt {{a}}"), [case]);
    assert_eq!(titles("a.prompt", "Te$0xt"), [""; 0]);
    assert_eq!(titles("a.prompt", "---\nmo$0del: x\n---\n{{a}}"), [""; 0]);
    assert_eq!(
        titles("a.prompt.md", "In ${input:ci$0ty}"),
        ["Add a value for `city` to the cases", case]
    );
    assert_eq!(
        titles(
            "a.prompt.yml",
            "messages:\n  - role: user\n    content: \"In {{ci$0ty}}\"\n"
        ),
        ["Add a value for `city` to `testData`", case]
    );
    assert_eq!(
        titles("a.prompt", "{{#each a as |b|}}{{$0b}}{{/each}}"),
        [case]
    );
}

#[test]
fn the_finding_about_a_missing_value_is_fixed() {
    let text = "---\nhoplens.cases:\n  - input: {a: 1}\n    expect: x\n---\n{{a}} {{b}}";
    let snapshot = Snapshot::new("a.prompt", text, None);
    let all = static_diagnostics(&snapshot);
    let at = text.find("{{b}}").unwrap();
    let found = input_actions(&snapshot, &all, Origin::FrontMatter, &(at..at));
    let action = found.iter().find(|one| one.kind == ADD_VALUE).unwrap();
    assert_eq!(action.title, "Add a sample value for `b` (`input.default`)");
    assert_eq!(action.fixes.len(), 1);
    assert_eq!(action.fixes[0].code, Code::UnsetVariable);
}
