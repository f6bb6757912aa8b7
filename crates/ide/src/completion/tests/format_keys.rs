//! The keys and words of the formats themselves.

use crate::completion::complete;
use crate::completion::context::{CompletionContext, InsertStyle};
use crate::snapshot::Snapshot;
use hoplens_prompt::declaration_sites::declaration_sites;
use hoplens_prompt::{Facts, format_sites};

/// Returns the labels at `$0`, with hoplens's own keys left out.
fn labels(name: &str, marked: &str) -> Vec<String> {
    let offset = marked.find("$0").expect("a cursor");
    let text = marked.replacen("$0", "", 1);
    let snapshot = Snapshot::new(name, text.clone(), None);
    let mut sites = declaration_sites(&snapshot.file, &text);
    sites.extend(format_sites(&snapshot.file, &text));
    let context = CompletionContext {
        snapshot: Some(&snapshot),
        facts: &Facts::default(),
        model: None,
        style: InsertStyle::Text,
    };
    let list = complete(&text, &sites, offset, context).into_iter();
    list.map(|one| one.label)
        .filter(|label| !label.contains("hoplens"))
        .collect()
}

#[track_caller]
fn check(name: &str, marked: &str, expected: &[&str]) {
    assert_eq!(labels(name, marked), expected, "{marked}");
}

#[test]
fn keys_of_the_format_are_offered_at_their_level() {
    check(
        "a.prompt",
        "---\nname: x\ninput: {}\n$0\n---\nT",
        &[
            "variant",
            "version",
            "description",
            "model",
            "config",
            "output",
            "tools",
            "toolDefs",
            "ext",
            "raw",
        ],
    );
    check(
        "a.prompt",
        "---\ninput:\n  schema: {}\n  $0\n---\nT",
        &["default"],
    );
    check(
        "a.prompt",
        "---\nconfig:\n  temperature: 1\n  topK: 3\n  to$0\n---\nT",
        &["topP", "maxOutputTokens", "stopSequences", "version"],
    );
    check(
        "a.md",
        "```prompt\n---\ninput:\n  $0\n---\nT\n```\n",
        &["schema", "default"],
    );
    check(
        "a.prompty",
        "---\nname: x\ninputs:\n  - name: a\n    default: x\n    $0\n---\nuser:\n",
        &[
            "kind",
            "description",
            "required",
            "example",
            "sample",
            "enumValues",
        ],
    );
    check(
        "a.prompty",
        "---\nsample: {a: 1}\nmodel:\n  api: chat\n  $0\n---\nuser:\n",
        &["configuration", "parameters", "response"],
    );
    check(
        "a.prompt.yml",
        "messages:\n  - role: user\n    $0\n",
        &["content"],
    );
    check(
        "promptfooconfig.yaml",
        "tests:\n  - vars: {}\n    assert:\n      - type: equals\n        va$0\n",
        &[
            "value",
            "threshold",
            "weight",
            "metric",
            "provider",
            "rubricPrompt",
            "transform",
            "config",
        ],
    );
    check(
        "a.prompt.md",
        "---\nmodel: x\n$0\n---\nT",
        &[
            "name",
            "description",
            "argument-hint",
            "agent",
            "mode",
            "tools",
        ],
    );
}

#[test]
fn words_that_the_format_allows_are_offered() {
    let types = ["string", "number", "integer", "boolean", "null", "any"];
    check(
        "a.prompt",
        "---\ninput:\n  schema:\n    city: $0\n---\nT",
        &types,
    );
    check(
        "a.prompt",
        "---\noutput:\n  format: $0\n---\nT",
        &["json", "text", "media"],
    );
    check(
        "a.prompt.yml",
        "messages:\n  - role: $0\n",
        &["system", "user", "assistant"],
    );
    check(
        "a.prompty",
        "---\ntemplate:\n  format:\n    kind: $0\n---\nuser:\n",
        &["jinja2", "mustache"],
    );
    let assertions = labels(
        "promptfooconfig.yaml",
        "tests:\n  - assert:\n      - type: $0\n",
    );
    assert_eq!(assertions[..3], ["equals", "starts-with", "contains"]);
}

#[test]
fn keys_of_the_format_are_explained() {
    let hover = |name: &str, marked: &str| {
        let offset = marked.find("$0").expect("a cursor");
        let text = marked.replacen("$0", "", 1);
        let snapshot = Snapshot::new(name, text.clone(), None);
        let sites = format_sites(&snapshot.file, &text);
        let origin = hoplens_prompt::Origin::FrontMatter;
        let found = crate::declaration_hover(&text, &sites, offset, Some(&snapshot), origin);
        found.map(|found| found.text)
    };
    let found = hover("a.prompt", "---\noutput:\n  for$0mat: json\n---\nT").unwrap();
    assert!(
        found.starts_with("**`format`**\n\nThe form of the reply."),
        "{found}"
    );
    assert!(
        found.ends_with("One of `json`, `text`, `media`."),
        "{found}"
    );
    let found = hover(
        "a.prompty",
        "---\nname: x\nmodel: {api: chat}\nsam$0ple: {a: 1}\n---\nuser:\n",
    );
    assert!(found.unwrap().contains("for a trial"));
    let found = hover("a.prompt.yml", "mess$0ages: []\n").unwrap();
    assert!(found.starts_with("**`messages`** (required)"), "{found}");
    assert_eq!(hover("a.prompt", "---\nown$0: x\n---\nT"), None);
}
