//! Renames in every format, and properties of all of them.

use proptest::prelude::*;

use crate::declarations::spanned::Origin;
use crate::edit::file_edit::FileEdit;
use crate::file::parse;
use crate::render::render;
use crate::symbols::rename::{prepare_rename, rename_symbol};

/// Returns both files after edits.
fn applied(text: &str, sidecar: Option<&str>, edits: &[FileEdit]) -> (String, Option<String>) {
    let mut after = (text.to_owned(), sidecar.map(str::to_owned));
    for edit in edits {
        match edit.target {
            Origin::FrontMatter => after.0 = edit.apply(text),
            Origin::Sidecar => after.1 = sidecar.map(|sidecar| edit.apply(sidecar)),
        }
    }
    after
}

/// Renames the name at `$0` in the prompt file.
fn renamed(
    name: &str,
    marked: &str,
    sidecar: Option<&str>,
    new_name: &str,
) -> Result<(String, Option<String>), String> {
    let offset = marked.find("$0").expect("a cursor");
    let text = marked.replacen("$0", "", 1);
    let file = parse(name, &text, sidecar);
    let edits = rename_symbol(&file, &text, Origin::FrontMatter, offset, new_name);
    edits
        .map(|edits| applied(&text, sidecar, &edits))
        .map_err(|refusal| refusal.0)
}

/// Checks that a rename of `city` to `town` changes exactly the words marked with `«»`.
#[track_caller]
fn check(name: &str, marked: &str, sidecar: Option<&str>) {
    let plain = |text: &str| text.replace(['«', '»'], "");
    let expected = |text: &str| text.replace("$0", "").replace("«city»", "town");
    let sidecar_text = sidecar.map(plain);
    let (text, beside) = renamed(name, &plain(marked), sidecar_text.as_deref(), "town").unwrap();
    assert_eq!(text, expected(marked));
    assert_eq!(beside, sidecar.map(expected));
}

#[track_caller]
fn check_refused(name: &str, marked: &str, new_name: &str, words: &str) {
    let refusal = renamed(name, marked, None, new_name).unwrap_err();
    assert!(refusal.contains(words), "{refusal}");
}

#[test]
fn a_variable_is_renamed_wherever_it_stands() {
    check(
        "a.prompt",
        "---\ninput:\n  schema:\n    «city»?(string, the city): string\n    other: string\n  default: {\"«city»\": Rome}\nhoplens.cases:\n  - input:\n      «city»: é\n  - matrix: {«city»: [a, b]}\n    expect: \"{{«city»}} city\"\n---\né city {{«$0city»}} {{#if «city»}}{{json «city» indent=2}}{{/if}}{{#each other}}{{city}}{{../«city»}}{{@root.«city»}}{{/each}}{{> card city=«city»}}",
        Some("version: 1\ncases:\n  - input: {'«city»': x}\n"),
    );
    check(
        "a.prompt",
        "---\ninput:\n  schema:\n    type: object\n    properties:\n      «city»: {type: string}\n    required: [«city»]\n---\n{{«$0city».name}}",
        None,
    );
    check(
        "a.prompty",
        "---\nname: x\ninputs:\n  - name: «city»\n    default: Rome\n---\nuser:\n{{ «$0city» | upper }}{% for city in «city» %}{{ city }}{% endfor %}\n",
        None,
    );
    check(
        "a.prompty",
        "---\nname: x\nmodel: {api: chat}\nsample:\n  «city»: Rome\n---\nuser:\n{{«$0city»}}\n",
        None,
    );
    check(
        "a.prompt.yml",
        "messages:\n  - role: user\n    content: \"é {{«$0city»}}\"\ntestData:\n  - «city»: Rome\n    expected: x\nevaluators:\n  - name: e\n    string: {contains: \"{{«city»}}\"}\n",
        Some("version: 1\ncases:\n  - input:\n      «city»: x\n"),
    );
    check(
        "a.prompt",
        "{{#«$0city»}}x{{/«city»}}{{^«city»}}y{{/«city»}}{{#if «city»}}{{/if}}",
        None,
    );
    check(
        "a.prompty",
        "---\nname: x\ntemplate: {format: {kind: mustache}, parser: {kind: prompty}}\n---\nuser:\n{{#«$0city»}}{{x}}{{/«city»}}{{^other}}{{«city»}}{{/other}}\n",
        None,
    );
    check(
        "a.prompt.md",
        "---\nhoplens:\n  cases:\n    - input: {«city»: x}\n---\n${input:«$0city»} and ${input:«city»:Which city?}",
        None,
    );
    check(
        "a.md",
        "```prompt\n---\nhoplens.cases: [{input: {«city»: x}}]\n---\n{{«$0city»}}\n```\n```prompt\n{{city}}\n```\n",
        None,
    );
}

#[test]
fn names_of_loops_are_renamed_in_their_scope() {
    let jinja = "user:\n{{ a }}{% for $0a in a %}{{ a }}{% endfor %}{{ a }}\n";
    let (text, _) = renamed("a.prompty", jinja, None, "item").unwrap();
    assert_eq!(
        text,
        "user:\n{{ a }}{% for item in a %}{{ item }}{% endfor %}{{ a }}\n"
    );
    let handlebars = "{{#each a as |b|}}{{$0b.c}}{{b}}{{/each}}{{b}}";
    let (text, _) = renamed("a.prompt", handlebars, None, "item").unwrap();
    assert_eq!(
        text,
        "{{#each a as |item|}}{{item.c}}{{item}}{{/each}}{{b}}"
    );
}

#[test]
fn names_that_cannot_be_given_are_refused() {
    let prompt = "---\ninput:\n  default: {city: x, other: y}\n---\n{{$0city}} {{other}}";
    for (new_name, words) in [
        ("two words", "begin with a letter"),
        ("1st", "begin with a letter"),
        ("", "begin with a letter"),
        ("each", "is a helper"),
        ("this", "meaning of its own"),
        ("other", "already"),
    ] {
        check_refused("a.prompt", prompt, new_name, words);
    }
    check_refused(
        "a.prompty",
        "user:\n{{ $0a }}",
        "a-b",
        "letters, digits and `_`",
    );
    check_refused(
        "a.prompty",
        "user:\n{{ $0a }}",
        "loop",
        "meaning of its own",
    );
    check_refused(
        "a.prompt.yml",
        "messages:\n  - role: user\n    content: \"{{$0city}}\"\n",
        "expected",
        "test data",
    );
    // The new name would mean the loop's variable.
    check_refused(
        "a.prompty",
        "user:\n{% for b in c %}{{ $0a }}{{ b }}{% endfor %}",
        "b",
        "another meaning",
    );
    check_refused(
        "a.prompty",
        "user:\n{% for $0b in c %}{{ a }}{{ b }}{% endfor %}",
        "a",
        "another meaning",
    );
    check_refused(
        "a.prompt",
        "{{$0a}} {{json this}}",
        "b",
        "all of its variables",
    );
}

#[test]
fn only_variables_are_renamed() {
    for (name, marked, words) in [
        ("a.prompt", "{{#e$0ach a}}{{/each}}", "template language"),
        ("a.prompt", "{{> c$0ard}}", "is a partial"),
        ("a.prompt", "{{#each a}}{{$0b}}{{/each}}", "is a field"),
        (
            "a.prompt",
            "{{#each a}}{{@f$0irst}}{{/each}}",
            "is given by",
        ),
        ("a.prompty", "user:\n{{ a | u$0pper }}", "template language"),
    ] {
        let offset = marked.find("$0").unwrap();
        let text = marked.replacen("$0", "", 1);
        let file = parse(name, &text, None);
        let refusal = prepare_rename(&file, &text, Origin::FrontMatter, offset).unwrap_err();
        assert!(refusal.0.contains(words), "{marked}: {}", refusal.0);
    }
    let text = "Hi {{a}}";
    let file = parse("a.prompt", text, None);
    assert_eq!(
        prepare_rename(&file, text, Origin::FrontMatter, 1),
        Ok(None)
    );
    let found = prepare_rename(&file, text, Origin::FrontMatter, 6);
    assert_eq!(found, Ok(Some((5..6, "a".to_owned()))));
}

#[test]
fn words_that_yaml_reads_as_something_else_get_quotes() {
    let text = "---\ninput:\n  default:\n    $0city: x\n---\n{{city}}";
    let (after, _) = renamed("a.prompt", text, None, "yes").unwrap();
    assert_eq!(
        after,
        "---\ninput:\n  default:\n    \"yes\": x\n---\n{{yes}}"
    );
}

#[test]
fn values_in_other_files_keep_their_names() {
    let text =
        "---\nname: x\nmodel: {api: chat}\nsample: ${file:data.json}\n---\nuser:\n{{city}}\n";
    let references = [("data.json".to_owned(), "{\"city\": \"Rome\"}".to_owned())].into();
    let companions = crate::companion_files::CompanionTexts {
        references: Some(&references),
        ..Default::default()
    };
    let file = crate::file::parse_with("a.prompty", text, companions);
    let offset = text.find("{{city").unwrap() + 3;
    let refusal = rename_symbol(&file, text, Origin::FrontMatter, offset, "town").unwrap_err();
    assert!(refusal.0.contains("in a file"), "{}", refusal.0);
}

#[test]
fn a_partial_that_reads_the_variable_is_not_broken() {
    let partials = [("card".to_owned(), "In {{city}}".to_owned())].into();
    let companions = crate::companion_files::CompanionTexts {
        partials: Some(&partials),
        ..Default::default()
    };
    let refused = |text: &str, new_name: &str| {
        let file = crate::file::parse_with("a.prompt", text, companions);
        let offset = text.find("{{").unwrap() + 2;
        rename_symbol(&file, text, Origin::FrontMatter, offset, new_name).is_err()
    };
    assert!(refused("{{city}} {{> card}}", "town"));
    assert!(refused("{{a}} {{> card}}", "city"));
    assert!(!refused("{{city}} {{> card city=city}}", "town"));
    assert!(!refused("{{city}} {{> card other}}", "town"));
}

/// Returns templates of a language with its variables `a`, `b` and `c`.
fn template(pieces: &'static [&'static str]) -> impl Strategy<Value = String> {
    let piece = prop::sample::select(pieces);
    prop::collection::vec(piece, 1..12).prop_map(|pieces| pieces.concat())
}

const HANDLEBARS: &[&str] = &[
    "é ",
    "{{a}}",
    "{{ b }}",
    "{{#if a}}x{{else}}{{c}}{{/if}}",
    "{{#each c}}{{this}}{{../a}}{{/each}}",
    "{{#each c as |b|}}{{b}}{{a}}{{/each}}",
    "{{#with b}}{{a}}{{/with}}",
    "{{json a}}",
    "{{a.b}}",
    "{{#a}}{{b}}{{/a}}",
    "{{role \"user\"}}",
];
const JINJA: &[&str] = &[
    "é ",
    "{{ a }}",
    "{{b|upper}}",
    "{% if a %}x{% else %}{{ c }}{% endif %}",
    "{% for b in c %}{{ b }}{{ a }}{% endfor %}",
    "{% for a in c if a %}{{ a }}{% endfor %}{{ a }}",
    "{% set b = a %}{{ b }}",
    "{{ a.b }}",
    "{{ c[0] }}",
    "{{ a ~ 'a' }}",
];

/// Checks that renaming any name and renaming it back changes nothing, and that neither changes what
/// the cases render to.
fn there_and_back(name: &str, text: &str, pick: usize) -> Result<(), TestCaseError> {
    let rendered = |text: &str| -> Vec<String> {
        let file = parse(name, text, None);
        let cases = file
            .cases
            .iter()
            .map(|case| render(&file, text, Some(case)).joined().text);
        cases.collect()
    };
    let file = parse(name, text, None);
    let sites = crate::symbols::symbol_sites::symbol_sites(&file, text);
    let Some(site) = sites.get(pick % sites.len().max(1)) else {
        return Ok(());
    };
    let at = site.range.start;
    let old = site.symbol.name();
    let Ok(edits) = rename_symbol(&file, text, Origin::FrontMatter, at, "renamed_x") else {
        return Ok(());
    };
    let (there, _) = applied(text, None, &edits);
    prop_assert!(there != text);
    prop_assert_eq!(rendered(&there), rendered(text));
    let file = parse(name, &there, None);
    let shift = edits
        .iter()
        .flat_map(|edit| &edit.edits)
        .filter(|edit| edit.range.start < at);
    let at = at
        + shift
            .map(|edit| edit.new_text.len() - edit.range.len())
            .sum::<usize>();
    let edits = rename_symbol(&file, &there, Origin::FrontMatter, at, old);
    let edits = edits.map_err(|refusal| TestCaseError::fail(refusal.0))?;
    let (back, _) = applied(&there, None, &edits);
    prop_assert_eq!(back, text);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn renaming_there_and_back_changes_nothing_in_handlebars(body in template(HANDLEBARS), pick in 0_usize..100) {
        let text = format!("---\ninput:\n  default: {{a: x, c: [1, 2]}}\nhoplens.cases:\n  - input: {{b: {{a: y}}}}\n  - input: {{b: z, a: 1}}\n---\n{body}.");
        there_and_back("a.prompt", &text, pick)?;
    }

    #[test]
    fn renaming_there_and_back_changes_nothing_in_jinja(body in template(JINJA), pick in 0_usize..100) {
        let text = format!("---\nname: x\ninputs:\n  a: {{default: x}}\n  c: {{default: [1, 2]}}\nmetadata:\n  hoplens:\n    cases:\n      - input: {{b: y}}\n---\nuser:\n{body}.");
        there_and_back("a.prompty", &text, pick)?;
    }

    #[test]
    fn sites_are_names_of_their_file_whatever_is_typed(
        text in "(---\ninput:\n  default: \\{a: b\\}\n---\n|)(\\{\\{|\\}\\}|\\{%|%\\}|#|/|each|for|in|a|b| |é|\n|>|\\||as|\\(|\\)|\"|\\.\\./|@){0,40}",
        name in "a\\.(prompt|prompty|prompt\\.md|prompt\\.yml|md)",
        at in 0_usize..80,
    ) {
        let file = parse(&name, &text, None);
        for site in crate::symbols::symbol_sites::symbol_sites(&file, &text) {
            prop_assert!(text.get(site.range).is_some());
        }
        let at = text.floor_char_boundary(at.min(text.len()));
        if let Some(cursor) = crate::symbols::cursor::template_cursor(&file, &text, at) {
            prop_assert!(cursor.range.start <= at && at <= cursor.range.end);
            prop_assert!(text.get(cursor.range).is_some());
        }
    }
}
