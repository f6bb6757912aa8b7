use std::path::Path;

use jsonschema::Validator;
use serde_json::Value;

use super::*;
use crate::declarations::documented_keys::{check_document, tables};
use crate::declarations::keys;
use crate::declarations::keys::{Key, KeyKind};
use crate::diagnostics::code::Code;
use crate::diagnostics::problem::Problem;
use crate::file::parse;
use crate::yaml;

fn validator(schema: &Value) -> Validator {
    jsonschema::validator_for(schema).unwrap()
}

fn to_json(text: &str) -> Value {
    let tree = yaml::read::read(text, 0);
    assert_eq!(tree.error, None, "{text}");
    tree.root.map_or(Value::Null, |root| root.to_json())
}

/// Compares a schema with the file that is shipped; `HOPLENS_UPDATE=1` updates it.
fn is_shipped(name: &str, schema: &Value) {
    let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
        .join("schemas")
        .join(name);
    let made = format!("{}\n", serde_json::to_string_pretty(schema).unwrap());
    if std::env::var("HOPLENS_UPDATE").is_ok_and(|value| value == "1") {
        std::fs::write(&path, &made).unwrap();
    }
    let shipped = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        shipped == made,
        "schemas/{name} is not what the code says: run the test with HOPLENS_UPDATE=1"
    );
}

#[test]
fn the_shipped_schemas_are_those_of_the_code() {
    is_shipped("front-matter.schema.json", &front_matter_schema());
    is_shipped("sidecar.schema.json", &sidecar_schema());
}

#[test]
fn the_document_has_every_key() {
    let titles: [(&str, &[Key]); 8] = [
        ("The lists", LISTS),
        ("An item of `cases`", keys::CASE),
        ("An item of `hops`", keys::HOP),
        ("An item of `chain`", keys::LINK),
        ("An item of `inject`", keys::INJECT),
        ("A `scope` that is a piece of the prompt", keys::SPAN),
        ("`measured`", keys::MEASURED),
        ("A sidecar beside the lists", &[VERSION]),
    ];
    let made = check_document("keys", &tables(&titles));
    let mut all = Vec::new();
    maps(LISTS, &mut all);
    for key in all.into_iter().flatten() {
        assert!(made.contains(key.doc), "no table has `{}`", key.name);
    }
}

/// Returns a valid value of a kind, as YAML on one line.
fn sample(kind: &KeyKind) -> String {
    match kind {
        KeyKind::Text => "\" a text\"".into(),
        KeyKind::Word(words) => words[0].into(),
        KeyKind::Index(least) => least.to_string(),
        KeyKind::Number => "-1.5".into(),
        KeyKind::Flag => "true".into(),
        KeyKind::Probability => "0.5".into(),
        KeyKind::Version(version) => version.to_string(),
        KeyKind::Any => "[1, {a: null}]".into(),
        KeyKind::Map(keys) => full(keys),
        KeyKind::Values(kind) => format!("{{thing: {}}}", sample(kind)),
        KeyKind::List(kind) => format!("[{0}, {0}]", sample(kind)),
        KeyKind::Either(kinds) => sample(kinds.last().unwrap()),
    }
}

/// Returns a map with all its keys.
fn full(keys: &[Key]) -> String {
    let entries: Vec<String> = keys
        .iter()
        .map(|key| format!("{}: {}", key.name, sample(&key.value)))
        .collect();
    format!("{{{}}}", entries.join(", "))
}

/// Collects every map of keys.
fn maps(keys: &'static [Key], found: &mut Vec<&'static [Key]>) {
    found.push(keys);
    for key in keys {
        inside(&key.value, found);
    }
}

fn inside(kind: &'static KeyKind, found: &mut Vec<&'static [Key]>) {
    match kind {
        KeyKind::Map(keys) => maps(keys, found),
        KeyKind::List(kind) | KeyKind::Values(kind) => inside(kind, found),
        KeyKind::Either(kinds) => kinds.iter().for_each(|kind| inside(kind, found)),
        _ => {}
    }
}

/// Codes of problems with repeated values and references, which a schema cannot detect.
const NOT_IN_SCHEMA: [Code; 3] = [Code::DuplicateId, Code::UnknownCase, Code::DuplicateValue];

/// Returns the messages of a sidecar's problems that a schema can detect too.
fn problems(sidecar: &str) -> Vec<String> {
    let file = parse("a.txt", "The text", Some(sidecar));
    let mut found = file.problems;
    found.retain(|problem| !NOT_IN_SCHEMA.contains(&problem.code));
    found.into_iter().map(|problem| problem.message).collect()
}

#[test]
fn the_reader_and_the_schema_accept_every_key() {
    let mut keys = vec![VERSION];
    keys.extend(LISTS);
    let all = full(&keys);
    assert_eq!(problems(&all), Vec::<String>::new(), "{all}");
    let schema = validator(&sidecar_schema());
    assert!(schema.is_valid(&to_json(&all)), "{all}");
    let front: Vec<String> = LISTS
        .iter()
        .map(|key| format!("hoplens.{}: {}", key.name, sample(&key.value)))
        .collect();
    let front = front.join("\n");
    assert!(validator(&front_matter_schema()).is_valid(&to_json(&front)));
    let file = parse("a.prompt", &format!("---\n{front}\n---\nText"), None);
    let of_keys = |one: &&Problem| matches!(one.code, Code::UnknownKey | Code::MisplacedKey);
    assert_eq!(file.problems.iter().find(of_keys), None);
}

#[test]
fn the_reader_and_the_schema_reject_unknown_and_missing_keys() {
    let schema = validator(&sidecar_schema());
    let mut all = vec![VERSION];
    all.extend(LISTS);
    let whole = full(&all);
    let mut tables = Vec::new();
    maps(LISTS, &mut tables);
    assert!(tables.len() > 5);
    for keys in tables.into_iter().skip(1) {
        let right = full(keys);
        assert!(whole.contains(&right));
        let more = right.replacen('{', "{nonsense: 1, ", 1);
        let wrong = whole.replace(&right, &more);
        assert!(!schema.is_valid(&to_json(&wrong)), "{wrong}");
        assert!(
            problems(&wrong).iter().any(|one| one.contains("nonsense")),
            "{wrong}"
        );
        for key in keys.iter().filter(|key| key.required) {
            let pair = format!("{}: {}", key.name, sample(&key.value));
            let less = right.replacen(&format!("{pair}, "), "", 1);
            let less = less
                .replacen(&format!(", {pair}"), "", 1)
                .replacen(&pair, "", 1);
            let wrong = whole.replace(&right, &less);
            assert!(!schema.is_valid(&to_json(&wrong)), "{wrong}");
            let expected = format!("no `{}`", key.name);
            assert!(
                problems(&wrong).iter().any(|one| one.contains(&expected)),
                "{wrong}"
            );
        }
    }
}

#[test]
fn the_reader_and_the_schema_reject_invalid_values() {
    let schema = validator(&sidecar_schema());
    let inject = |field: &str| {
        format!("version: 1\ninject:\n  - {{memory: x, layer: 1, tau: 2, {field}}}\n")
    };
    let right = inject("scope: {span: text}");
    assert!(schema.is_valid(&to_json(&right)) && problems(&right).is_empty());
    let wrong = [
        inject("scope: everywhere"),
        inject("encoding: embedding"),
        inject("head: -1"),
        inject("scope: {nth: 1}"),
        inject("measured: {model: x, before: much, after: 1}"),
        "version: 2\n".into(),
        "version: 1\ncases: {expect: x}\n".into(),
        "version: 1\ncases: [{expect: \"\"}]\n".into(),
        "version: 1\ncases: [{hops: [the reef]}]\n".into(),
        "version: 1\nignore: [hop-lots]\n".into(),
    ];
    for text in wrong {
        assert!(!schema.is_valid(&to_json(&text)), "{text}");
        assert!(!problems(&text).is_empty(), "{text}");
    }
}

#[test]
fn the_examples_match_the_schemas() {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../..")).join("examples");
    let (front, beside) = (
        validator(&front_matter_schema()),
        validator(&sidecar_schema()),
    );
    let mut seen = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let Ok(text) = std::fs::read_to_string(&path) else {
            continue;
        };
        let name = path.to_string_lossy();
        if name.ends_with(".hoplens.yaml") {
            assert!(beside.is_valid(&to_json(&text)), "{name}");
            seen += 1;
        }
        let file = parse(&name, &text, None);
        if let Some(range) = file.front_matter {
            assert!(front.is_valid(&to_json(&text[range])), "{name}");
            seen += 1;
        }
    }
    assert!(seen > 10);
}
