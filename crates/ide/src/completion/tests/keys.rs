//! Which keys are offered.

use crate::completion::context::InsertStyle;
use crate::completion::tests::{check_labels, insert};

const HOP: &[&str] = &["mention", "bridge"];

#[test]
fn keys_are_offered_wherever_a_format_has_declarations() {
    let lists = ["cases", "inject", "ignore", "helpers", "partials"];
    let dotted = [
        "hoplens.cases",
        "hoplens.inject",
        "hoplens.ignore",
        "hoplens.helpers",
        "hoplens.partials",
    ];
    check_labels("a.prompt", "---\nmodel: x\n$0\n---\nText", &dotted);
    check_labels("a.prompt", "---\nhop$0\n---\nText", &dotted);
    check_labels("a.prompt", "---\nhop$0", &dotted);
    check_labels(
        "a.prompt",
        "---\nhoplens.cases: []\nhop$0\n---\nText",
        &dotted[1..],
    );
    check_labels("a.prompty", "---\nname: x\n$0\n---\nText", &["metadata"]);
    check_labels("a.prompty", "---\nmetadata:\n  $0\n---\nText", &["hoplens"]);
    check_labels(
        "a.prompty",
        "---\nmetadata:\n  hoplens:\n    $0\n---\nText",
        &lists,
    );
    check_labels("a.prompt.md", "---\nhoplens:\n  in$0\n---\nText", &lists);
    check_labels("a.md", "```prompt\n---\n$0\n---\nText\n```\n", &dotted);
    check_labels(
        "a.txt.hoplens.yaml",
        "$0",
        &[
            "version", "cases", "inject", "ignore", "helpers", "partials",
        ],
    );
    check_labels(
        "a.txt.hoplens.yaml",
        "version: 1\n\ncases: []\n$0",
        &["inject", "ignore", "helpers", "partials"],
    );
    // Not under the keys of others, nor in a text.
    check_labels("a.prompt", "---\ninput:\n  $0\n---\nText", &[]);
    check_labels("a.prompt", "---\na: b\n---\nText $0", &[]);
    check_labels("a.prompt.yml", "messages:\n  - $0\n", &[]);
    check_labels("a.prompt", "---\n# hop$0\n---\nText", &[]);
    check_labels(
        "a.prompt",
        "---\nhoplens.cases:\n  - id: |\n      te$0\n---\nText",
        &[],
    );
}

#[test]
fn only_missing_keys_of_the_map_at_the_cursor_are_offered() {
    let case = |rest: &str| format!("---\nhoplens.cases:\n  - id: x\n{rest}---\nText");
    let left = [
        "input",
        "matrix",
        "expect",
        "match",
        "raw",
        "prefill",
        "reference",
        "hops",
        "chain",
    ];
    check_labels("a.prompt", &case("    $0\n"), &left);
    check_labels("a.prompt", &case("    ex$0\n"), &left);
    check_labels(
        "a.prompt",
        &case("    $0\n    hops: []\n"),
        &[
            "input",
            "matrix",
            "expect",
            "match",
            "raw",
            "prefill",
            "reference",
            "chain",
        ],
    );
    // Not where a key would be invalid.
    check_labels("a.prompt", &case("   $0\n"), &[]);
    check_labels("a.prompt", &case("      $0\n"), &[]);
    check_labels("a.prompt", &case("    a b$0\n"), &[]);
    // The key being typed does not count as present, with its colon or without.
    check_labels(
        "a.prompt",
        "---\nhoplens.inject:\n  - memory: x\n    la$0: 3\n    tau: 1\n---\nT",
        &["layer", "case", "encoding", "head", "scope", "measured"],
    );
    check_labels("a.prompt", &case("    hops:\n      - $0\n"), HOP);
    check_labels(
        "a.prompt",
        &case("    hops:\n      - mention: a\n        $0\n"),
        &["bridge"],
    );
    check_labels("a.prompt", &case("    hops: [{$0}]\n"), HOP);
    check_labels(
        "a.prompt",
        &case("    hops: [{mention: \"a, b\", $0\n    expect: x\n"),
        &["bridge"],
    );
    check_labels(
        "a.prompt",
        &case("    hops: [{mention: a}, {br$0}, {bridge: c}]\n"),
        HOP,
    );
    // An item whose dash is missing, above and below others.
    check_labels(
        "a.prompt",
        "---\nhoplens.ignore:\n  $0\n---\nT",
        hoplens_prompt::Code::CURRENT_NAMES,
    );
    let first = insert(
        "a.prompt",
        "---\nhoplens.cases:\n  $0\n---\nT",
        "id",
        InsertStyle::Text,
    );
    assert_eq!(first, "---\nhoplens.cases:\n  - id: \n---\nT");
    let next = insert("a.prompt", &case("  $0\n"), "expect", InsertStyle::Text);
    assert_eq!(next, case("  - expect: \n"));
    // Variables of the template are the keys of an input.
    let text = "---\nhoplens.cases:\n  - input: {a: 1, $0}\n---\n{{a}} {{thing}}";
    check_labels("a.prompt", text, &["thing"]);
}
