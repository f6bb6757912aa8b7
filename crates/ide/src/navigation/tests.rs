//! Definitions and references at a cursor marked `$0`.

use super::*;

fn parts(marked: &str) -> (String, usize) {
    let offset = marked.find("$0").expect("a cursor");
    (marked.replacen("$0", "", 1), offset)
}

/// Checks that the declaration of the name at `$0` is at `«»`.
#[track_caller]
fn check_definition(name: &str, marked: &str) {
    let plain = marked.replace("$0", "");
    let start = plain.find('«').expect("a declaration");
    let end = plain.find('»').unwrap() - '«'.len_utf8();
    let (text, offset) = parts(&marked.replace(['«', '»'], ""));
    let snapshot = Snapshot::new(name, text, None);
    let (_, targets) = definitions(&snapshot, Origin::FrontMatter, offset).expect("a definition");
    assert_eq!(
        targets,
        [DefinitionTarget::Own(Origin::FrontMatter, start..end)],
        "{marked}"
    );
}

#[test]
fn a_variable_leads_to_its_first_declaration() {
    check_definition(
        "a.prompt",
        "---\ninput:\n  default: {city: x}\n  schema:\n    «city»?: string\n---\n{{ci$0ty}}",
    );
    check_definition(
        "a.prompt",
        "---\ninput:\n  default: {«city»: x}\n---\né {{json ci$0ty}}",
    );
    check_definition(
        "a.prompt",
        "---\nhoplens.cases:\n  - input: {«city»: x}\n  - input: {city: y}\n---\n{{ci$0ty}}",
    );
    check_definition(
        "a.prompty",
        "---\nname: x\ninputs:\n  - name: «city»\n---\nuser:\n{{ ci$0ty }}",
    );
    check_definition(
        "a.prompty",
        "user:\n{% for «a» in b %}{{ $0a }}{% endfor %}",
    );
    check_definition(
        "promptfooconfig.yaml",
        "prompts: [\"In {{ci$0ty}}\"]\ntests:\n  - vars: {«city»: Rome}\n",
    );
}

#[test]
fn partials_and_references_lead_to_files() {
    let targets = |name: &str, marked: &str| {
        let (text, offset) = parts(marked);
        let snapshot = Snapshot::new(name, text.clone(), None);
        let found = definitions(&snapshot, Origin::FrontMatter, offset);
        found.map(|(range, targets)| (text[range].to_owned(), targets))
    };
    assert_eq!(
        targets("a.prompt", "é {{> parts/ca$0rd}}"),
        Some((
            "parts/card".into(),
            vec![DefinitionTarget::Partial("parts/_card.prompt".into())]
        ))
    );
    let prompty = "---\nname: x\nmodel: {api: chat}\nsample: ${file:da$0ta.json}\n---\nuser:\nx";
    assert_eq!(
        targets("a.prompty", prompty),
        Some((
            "${file:data.json}".into(),
            vec![DefinitionTarget::Reference("data.json".into())]
        ))
    );
    assert_eq!(targets("a.prompt", "{{ci$0ty}}"), None);
    assert_eq!(targets("a.prompt", "{{#e$0ach a}}{{/each}}"), None);
}

#[test]
fn references_are_all_places_in_both_files() {
    let (text, offset) =
        parts("---\ninput:\n  schema:\n    city: string\n---\n{{ci$0ty}} {{city.x}}");
    let sidecar = "version: 1\ncases:\n  - input: {city: x}\n";
    let snapshot = Snapshot::new("a.prompt", text.clone(), Some(sidecar));
    let found = references(&snapshot, Origin::FrontMatter, offset);
    let shown: Vec<(Origin, &str, bool)> = found
        .iter()
        .map(|one| {
            let source = if one.origin == Origin::Sidecar {
                sidecar
            } else {
                &text
            };
            (one.origin, &source[one.range.clone()], one.is_declaration)
        })
        .collect();
    assert_eq!(
        shown,
        [
            (Origin::FrontMatter, "city", true),
            (Origin::FrontMatter, "city", false),
            (Origin::FrontMatter, "city", false),
            (Origin::Sidecar, "city", true),
        ]
    );
    let at = sidecar.find("city").unwrap();
    assert_eq!(references(&snapshot, Origin::Sidecar, at), found);
    assert_eq!(references(&snapshot, Origin::FrontMatter, 0), []);
}
