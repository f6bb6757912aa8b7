//! Completion at a cursor marked `$0`.

use super::*;
use crate::snapshot::Snapshot;
use hoplens_prompt::declaration_sites::{declaration_sites, sidecar_site};

/// Returns the completions at `$0` and the text without the mark.
fn at(name: &str, marked: &str) -> (Option<Vec<Completion>>, String) {
    let offset = marked.find("$0").expect("a cursor");
    let text = marked.replacen("$0", "", 1);
    let snapshot = Snapshot::new(name, text.clone(), None);
    let partials = ["card".to_owned(), "parts/head".to_owned()];
    let found = complete_template(&snapshot, offset, &partials);
    for one in found.iter().flatten() {
        assert!(
            one.range.start <= offset && offset <= one.range.end,
            "{one:?}"
        );
        assert!(!text[one.range.clone()].contains('\n'), "{one:?}");
    }
    (found, text)
}

#[track_caller]
fn check_labels(name: &str, marked: &str, expected: &[&str]) {
    let (found, _) = at(name, marked);
    let found = found.unwrap_or_else(|| panic!("no completion at {marked}"));
    let labels: Vec<&str> = found.iter().map(|one| one.label.as_str()).collect();
    assert_eq!(labels, expected, "{marked}");
}

/// Checks that a label is among the first `count` completions.
#[track_caller]
fn check_has(name: &str, marked: &str, label: &str) -> String {
    let (found, mut text) = at(name, marked);
    let found = found.unwrap_or_else(|| panic!("no completion at {marked}"));
    let one = found.iter().find(|one| one.label == label);
    let one = one.unwrap_or_else(|| panic!("no {label} at {marked}: {found:?}"));
    text.replace_range(one.range.clone(), &one.new_text);
    text
}

const FRONT: &str = "---\ninput:\n  schema:\n    city: string, where\n  default: {tone: calm}\nhoplens.cases:\n  - input: {day: 1}\n---\n";

#[test]
fn variables_are_offered_with_what_is_known_of_them() {
    let argument = format!("{FRONT}{{{{#if $0}}}}{{{{/if}}}}");
    check_labels("a.prompt", &argument, &["city", "tone", "day"]);
    let (found, _) = at("a.prompt", &argument);
    let first = &found.unwrap()[0];
    assert_eq!(first.detail.as_deref(), Some("a text"));
    assert_eq!(first.doc.as_deref(), Some("where"));
    // Before the tag is closed, at the end of the file, behind other letters.
    let typed = check_has("a.prompt", &format!("{FRONT}é🙂 {{{{ci$0"), "city");
    assert!(typed.ends_with("é🙂 {{city"), "{typed}");
    let typed = check_has("a.prompt", &format!("{FRONT}{{{{ci$0ties}}}} x"), "city");
    assert!(typed.ends_with("{{city}} x"), "{typed}");
    // The name that is being typed is no suggestion.
    check_labels("a.prompt.md", "${input:ab} ${input:a$0}", &["ab"]);
    check_labels(
        "a.prompt.yml",
        "messages:\n  - role: user\n    content: \"é {{$0}}\"\ntestData:\n  - city: x\n",
        &["city"],
    );
    let (none, _) = at("a.prompt", "Te$0xt");
    assert_eq!(none, None);
}

#[test]
fn names_in_scope_come_first() {
    check_labels(
        "a.prompt",
        "{{#each items as |item|}}{{#if $0}}{{/if}}{{/each}}",
        &[
            "item", "this", "@index", "@first", "@last", "@key", "@root", "items",
        ],
    );
    let jinja = "user:\n{% for item in items %}{% if $0 %}{% endif %}{% endfor %}";
    check_labels("a.prompty", jinja, &["item", "items"]);
    let jinja = "user:\n{% for item in items %}{% endfor %}{% if $0 %}{% endif %}";
    check_labels("a.prompty", jinja, &["items"]);
}

#[test]
fn helpers_blocks_partials_and_roles_are_offered_where_they_fit() {
    check_has("a.prompt", "{{$0", "role");
    check_has("a.prompt", "{{json (lo$0", "lookup");
    check_labels(
        "a.prompt",
        "{{role \"$0",
        &["user", "system", "model", "tool"],
    );
    check_labels("a.prompt", "{{> $0", &["card", "parts/head"]);
    let typed = check_has("a.prompt", "{{>pa$0}}", "parts/head");
    assert_eq!(typed, "{{>parts/head}}");
    check_labels("a.prompt", "{{#each a}}{{#if b}}{{/$0", &["if"]);
    let blocks = ["if", "unless", "each", "with", "ifEquals", "unlessEquals"];
    check_labels("a.prompt", "{{#$0", &blocks);
    check_has(
        "a.prompt",
        "---\nhoplens.helpers: [shout]\nhoplens.partials: [own]\n---\n{{sh$0",
        "shout",
    );
    check_has(
        "a.prompt",
        "---\nhoplens.helpers: [shout]\nhoplens.partials: [own]\n---\n{{>$0",
        "own",
    );
    check_has("a.prompty", "user:\n{% $0", "for");
    check_has("a.prompty", "user:\n{% if a %}{% $0", "endif");
    check_has("a.prompty", "user:\n{{ a | $0", "upper");
    check_has("a.prompty", "user:\n{{ a is $0", "defined");
}

#[test]
fn variables_are_offered_in_the_texts_of_cases() {
    let check = |name: &str, marked: &str, in_sidecar: bool, expected: Option<&[&str]>| {
        let offset = marked.find("$0").unwrap();
        let text = marked.replacen("$0", "", 1);
        let snapshot = if in_sidecar {
            Snapshot::new(name, "In {{city}}", Some(&text))
        } else {
            Snapshot::new(name, text.clone(), None)
        };
        let (sites, origin) = if in_sidecar {
            (vec![sidecar_site(&text)], Origin::Sidecar)
        } else {
            (
                declaration_sites(&snapshot.file, &text),
                Origin::FrontMatter,
            )
        };
        let found = complete_placeholder(&snapshot, &text, &sites, origin, offset);
        let labels: Option<Vec<String>> =
            found.map(|found| found.into_iter().map(|one| one.label).collect());
        let expected = expected.map(|labels| {
            labels
                .iter()
                .map(|label| (*label).to_owned())
                .collect::<Vec<_>>()
        });
        assert_eq!(labels, expected, "{marked}");
    };
    let sidecar = "version: 1\ncases:\n  - matrix: {capital: [a]}\n    expect: \"{{$0\n";
    check("a.prompt", sidecar, true, Some(&["capital", "city"]));
    let front = "---\nhoplens.cases:\n  - matrix: {city: [a]}\n    expect: \"{{ ci$0}}\"\n---\nx";
    check("a.prompt", front, false, Some(&["city"]));
    let github = "messages:\n  - role: user\n    content: \"{{city}}\"\n  - role: user\n    content: \"é {{c$0\n";
    let offset = github.find("$0").unwrap();
    let text = github.replacen("$0", "", 1);
    let snapshot = Snapshot::new("a.prompt.yml", text.clone(), None);
    let sites = hoplens_prompt::format_sites(&snapshot.file, &text);
    let found = complete_placeholder(&snapshot, &text, &sites, Origin::FrontMatter, offset);
    assert_eq!(found.unwrap()[0].label, "city");
    check("a.prompt", "---\nhoplens.cases: {$0}\n---\nx", false, None);
    check(
        "a.prompt",
        "---\nhoplens.cases:\n  - expect: \"{{a}} $0\"\n---\nx",
        false,
        None,
    );
}
