//! Which values are offered.

use crate::completion::context::InsertStyle;
use crate::completion::tests::{check_labels, insert};

/// Returns a front matter with one injection that contains `rest`.
fn injection(rest: &str) -> String {
    format!(
        "---\nhoplens.cases:\n  - id: reef\n    hops: [{{mention: our founder, bridge: the Reef}}]\n  - expect: x\nhoplens.inject:\n  - tau: 1\n    {rest}\n---\nOur founder lives in"
    )
}

#[test]
fn words_and_numbers_are_offered() {
    check_labels(
        "a.prompt",
        &injection("encoding: $0"),
        &["embed", "unembed", "layerwise"],
    );
    check_labels(
        "a.prompt",
        &injection("encoding: un$0"),
        &["embed", "unembed", "layerwise"],
    );
    check_labels(
        "a.prompt",
        &injection("scope: $0"),
        &["all", "last", "{span: …}"],
    );
    check_labels("a.prompt", &injection("layer: $0"), &["0", "1", "2"]);
    check_labels("a.prompt", &injection("head: $0"), &["0", "1"]);
    check_labels("a.prompt", &injection("case: $0"), &["reef", "#2"]);
    check_labels(
        "a.prompt",
        &injection("measured: {model: $0}"),
        &["sha256:b179c9523d0e"],
    );
    check_labels("a.prompt", &injection("tau: $0"), &[]);
    // Directly behind the colon a value would be invalid.
    check_labels("a.prompt", &injection("encoding:$0"), &[]);
    check_labels(
        "a.prompt",
        "---\nhoplens.ignore: [hop-lost, $0]\n---\nT",
        hoplens_prompt::Code::CURRENT_NAMES,
    );
    check_labels(
        "a.prompt",
        "---\nhoplens.ignore:\n  - tok$0\n---\nT",
        hoplens_prompt::Code::CURRENT_NAMES,
    );
    check_labels("a.txt.hoplens.yaml", "version: $0", &["1"]);
    let one = insert(
        "a.prompt",
        "---\nhoplens.ignore: $0\n---\nT",
        "hop-lost",
        InsertStyle::Text,
    );
    assert_eq!(one, "---\nhoplens.ignore: [hop-lost]\n---\nT");
    let below = insert(
        "a.prompt",
        "---\nhoplens.ignore:\n  $0\n---\nT",
        "hop-lost",
        InsertStyle::Text,
    );
    assert_eq!(below, "---\nhoplens.ignore:\n  - hop-lost\n---\nT");
    let whole = insert(
        "a.prompt",
        &injection("encoding: un$0wise"),
        "layerwise",
        InsertStyle::Text,
    );
    assert_eq!(whole, injection("encoding: layerwise"));
    let quoted = insert(
        "a.prompt",
        &injection("encoding: \"un$0\""),
        "embed",
        InsertStyle::Text,
    );
    assert_eq!(quoted, injection("encoding: \"embed\""));
    let number = insert("a.prompt", &injection("case: $0"), "#2", InsertStyle::Text);
    assert_eq!(number, injection("case: \"#2\""));
    let span = insert(
        "a.prompt",
        &injection("scope: $0"),
        "{span: …}",
        InsertStyle::Line,
    );
    assert_eq!(span, injection("scope: {span: \"$1\"}"));
}

#[test]
fn texts_come_from_the_prompt_and_the_facts() {
    check_labels(
        "a.prompt",
        &injection("memory: $0"),
        &["Reef", "Harbour Street 9", "Ada Lovelace"],
    );
    check_labels(
        "a.prompt",
        &injection("scope: {span: $0}"),
        &["Our founder"],
    );
    let memory = insert(
        "a.prompt",
        &injection("memory: \"$0"),
        "Reef",
        InsertStyle::Text,
    );
    assert_eq!(memory, injection("memory: \"Reef\""));
    // A later quote on the line does not close the one opened at the cursor.
    let open = injection("x: {memory: \"$0, encoding: \"embed\"}").replace("    x: {", "  - {");
    let memory = insert("a.prompt", &open, "Ada Lovelace", InsertStyle::Text);
    assert!(
        memory.contains("{memory: \"Ada Lovelace\", encoding: \"embed\"}"),
        "{memory}"
    );
    let hop = |rest: &str| format!("version: 1\ncases:\n  - hops:\n      - {rest}\n");
    check_labels(
        "a.txt.hoplens.yaml",
        &hop("mention: $0"),
        &["our flagship store", "The best cafe in our flagship store"],
    );
    // The fact about this mention comes first.
    check_labels(
        "a.txt.hoplens.yaml",
        &hop("mention: our founder\n        bridge: $0"),
        &["Ada Lovelace", "Harbour Street 9"],
    );
    check_labels(
        "a.txt.hoplens.yaml",
        &hop("{bridge: $0, mention: \"Our flagship store\"}"),
        &["Harbour Street 9", "Ada Lovelace"],
    );
    let single = insert(
        "a.txt.hoplens.yaml",
        &hop("mention: 'our$0'"),
        "our flagship store",
        InsertStyle::Text,
    );
    assert_eq!(single, hop("mention: 'our flagship store'"));
}
