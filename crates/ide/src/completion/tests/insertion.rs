//! What is inserted for a key, by what the editor supports.

use crate::completion::context::InsertStyle;
use crate::completion::tests::insert;

#[test]
fn the_inserted_text_depends_on_the_place_and_on_the_editor() {
    let item = "---\nhoplens.inject:\n  - me$0\n---\nT";
    let with = |inserted: &str| item.replace("me$0", inserted);
    assert_eq!(
        insert("a.prompt", item, "memory", InsertStyle::Text),
        with("memory: ")
    );
    assert_eq!(
        insert("a.prompt", item, "memory", InsertStyle::Line),
        with("memory: \"$1\"")
    );
    assert_eq!(
        insert("a.prompt", item, "encoding", InsertStyle::Line),
        with("encoding: ${1|embed,unembed,layerwise|}")
    );
    assert_eq!(
        insert("a.prompt", item, "measured", InsertStyle::Line),
        with("measured: {model: \"$1\", before: $2, after: $3}")
    );
    assert_eq!(
        insert("a.prompt", item, "scope", InsertStyle::Text),
        with("scope: ")
    );
    let case = "---\nhoplens.cases:\n  - id: x\n    h$0\n---\nT";
    let with = |inserted: &str| case.replace("h$0", inserted);
    let lines = insert("a.prompt", case, "hops", InsertStyle::Lines);
    assert_eq!(lines, with("hops:\n      - $1"));
    let line = insert("a.prompt", case, "hops", InsertStyle::Line);
    assert_eq!(line, with("hops: [{mention: \"$1\"}]"));
    assert_eq!(
        insert("a.prompt", case, "hops", InsertStyle::Text),
        with("hops:")
    );
    let flow = "---\nhoplens.cases: [{h$0}]\n---\nT";
    let braced = insert("a.prompt", flow, "hops", InsertStyle::Lines);
    assert_eq!(braced, flow.replace("h$0", "hops: [{mention: \"$1\"}]"));
    let renamed = insert(
        "a.prompt",
        "---\nhoplens.cas$0: []\n---\nT",
        "hoplens.inject",
        InsertStyle::Lines,
    );
    assert_eq!(renamed, "---\nhoplens.inject: []\n---\nT");
}
