//! The tables against what the readers accept and the documentation says.

use super::*;
use crate::declarations::declaration_sites::kinds;
use crate::declarations::documented_keys::{check_document, tables};
use crate::declarations::keys::{Key, KeyKind, names};
use crate::file::parse;
use crate::format::github;
use crate::format::promptfoo::assertions::{ANSWERS, REFERENCES};
use crate::format::prompty::version::{V1_MODEL, V2_MODEL, V2_ROOT};
use crate::outline::PathStep;

/// The tables of all formats with their titles, for the documentation.
const FORMAT_KEYS: &[(&str, &[Key])] = &[
    ("dotprompt", DOTPROMPT_OWN),
    ("Prompty v1", PROMPTY_V1_OWN),
    ("Prompty v2", PROMPTY_V2_OWN),
    ("VS Code (`.prompt.md`)", VSCODE_OWN),
    (
        "Agents (`.agent.md`, `.instructions.md`, `SKILL.md`)",
        AGENTS_OWN,
    ),
    ("GitHub Models", GITHUB_OWN),
    ("promptfoo", PROMPTFOO_OWN),
    ("Semantic Kernel", SEMANTIC_KERNEL_OWN),
];

/// Returns the map of keys under some keys; `[]` stands for an item.
fn inside(keys: &'static [Key], path: &[&str]) -> Vec<&'static str> {
    let steps: Vec<PathStep> = path
        .iter()
        .map(|step| match *step {
            "[]" => PathStep::Item(0),
            key => PathStep::Key(key.to_owned()),
        })
        .collect();
    let maps = kinds(keys, &steps).into_iter();
    let found = maps.flat_map(|kind| match kind {
        KeyKind::Map(keys) => names(keys),
        KeyKind::Word(words) => words.to_vec(),
        _ => Vec::new(),
    });
    found.collect()
}

#[test]
fn the_tables_of_github_are_what_its_reader_accepts() {
    let own = |path: &[&str]| inside(GITHUB_OWN, path);
    assert_eq!(own(&[]), github::FILE);
    assert_eq!(own(&["messages", "[]"]), github::MESSAGE);
    assert_eq!(own(&["messages", "[]", "role"]), github::ROLES);
    assert_eq!(own(&["evaluators", "[]"]), github::evaluators::EVALUATOR);
    assert_eq!(
        own(&["evaluators", "[]", "string"]),
        github::evaluators::STRING
    );
    assert_eq!(own(&["evaluators", "[]", "llm"]), github::evaluators::LLM);
    assert_eq!(
        own(&["evaluators", "[]", "llm", "choices", "[]"]),
        github::evaluators::CHOICE
    );
}

#[test]
fn the_tables_of_prompty_have_the_keys_that_tell_its_versions_apart() {
    assert_eq!(inside(PROMPTY_V1_OWN, &["model"]), V1_MODEL);
    assert_eq!(inside(PROMPTY_V2_OWN, &["model"]), V2_MODEL);
    let (first, second) = (names(PROMPTY_V1_OWN), names(PROMPTY_V2_OWN));
    for key in V2_ROOT {
        assert!(second.contains(&key) && !first.contains(&key), "{key}");
    }
    assert!(first.contains(&"sample") && !second.contains(&"sample"));
    // The reader accepts every key of its version, and knows the version by them.
    let text = "---\nmodel: {api: chat, response: first}\nsample: {a: 1}\ntemplate: {type: jinja2, parser: prompty}\n---\nuser:\n{{a}}";
    assert_eq!(parse("a.prompty", text, None).problems, []);
    let text = "---\nmodel: {id: x, apiType: chat}\ninputs:\n  a: {kind: string, default: x}\ntemplate: {format: {kind: jinja2, strict: false}, parser: {kind: prompty}}\n---\nuser:\n{{a}}";
    assert_eq!(parse("a.prompty", text, None).problems, []);
    for kind in inside(PROMPTY_V2_OWN, &["template", "format", "kind"]) {
        let text = format!(
            "---\nname: x\ntemplate: {{format: {{kind: {kind}}}, parser: {{kind: prompty}}}}\n---\nuser:\nHi"
        );
        assert_eq!(parse("a.prompty", &text, None).problems, [], "{kind}");
    }
}

#[test]
fn the_assertions_that_hoplens_reads_come_first() {
    let types = inside(PROMPTFOO_OWN, &["tests", "[]", "assert", "[]", "type"]);
    let read: Vec<&str> = ANSWERS
        .iter()
        .map(|(name, _)| *name)
        .chain(REFERENCES.iter().copied())
        .collect();
    assert_eq!(types[..read.len()], read);
}

#[test]
fn the_table_of_dotprompt_has_the_keys_that_the_package_reserves() {
    let mut own = names(DOTPROMPT_OWN);
    own.sort_unstable();
    let reserved = [
        "config",
        "description",
        "ext",
        "input",
        "model",
        "name",
        "output",
        "raw",
        "toolDefs",
        "tools",
        "variant",
        "version",
    ];
    assert_eq!(own, reserved);
    let sample = "---\nmodel: x\nconfig: {temperature: 0}\ninput: {schema: {a: string}, default: {a: x}}\noutput: {format: json}\ntools: [t]\n---\n{{a}}";
    assert_eq!(parse("a.prompt", sample, None).problems, []);
}

#[test]
fn semantic_kernels_formats_are_those_that_its_reader_knows() {
    for format in inside(SEMANTIC_KERNEL_OWN, &["template_format"]) {
        let text = format!("template: Hi\ntemplate_format: {format}\n");
        assert_eq!(parse("a.prompt.yaml", &text, None).problems, [], "{format}");
    }
}

#[test]
fn the_document_has_the_keys_of_every_format() {
    check_document("format-keys", &tables(FORMAT_KEYS));
}
