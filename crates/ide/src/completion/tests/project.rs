//! Completion in `hoplens.toml`.

use crate::completion::project::{complete_project, project_key_at};

/// Checks the labels at `$0` of a `hoplens.toml`.
#[track_caller]
fn check_project_labels(marked: &str, expected: &[&str]) {
    let offset = marked.find("$0").expect("a cursor");
    let text = marked.replacen("$0", "", 1);
    let list = complete_project(&text, offset);
    let labels: Vec<&str> = list.iter().map(|one| one.label.as_str()).collect();
    assert_eq!(labels, expected, "{marked}");
}

/// Returns the `hoplens.toml` after inserting the completion with this label at `$0`.
#[track_caller]
fn insert_project(marked: &str, label: &str) -> String {
    let offset = marked.find("$0").expect("a cursor");
    let mut text = marked.replacen("$0", "", 1);
    let list = complete_project(&text, offset);
    let one = list.iter().find(|one| one.label == label).expect(label);
    text.replace_range(one.range.clone(), &one.new_text);
    text
}

#[test]
fn keys_tables_and_values_of_hoplens_toml_are_offered() {
    check_project_labels("mo$0", &["model", "bos", "ignore", "declared_only"]);
    check_project_labels("model = \"x\"\nb$0", &["bos", "ignore", "declared_only"]);
    check_project_labels("bos = $0", &["auto", "always", "never"]);
    check_project_labels("declared_only = $0", &["true", "false"]);
    check_project_labels(
        "ignore = [\"hop-lost\", $0]",
        hoplens_prompt::Code::CURRENT_NAMES,
    );
    check_project_labels(
        "ignore = [\n  \"hop-lost\",\n  $0\n]\n",
        hoplens_prompt::Code::CURRENT_NAMES,
    );
    check_project_labels(
        "[search]\nencodings = [$0]",
        &["embed", "unembed", "layerwise"],
    );
    check_project_labels("[search]\nscopes = $0", &["all", "last"]);
    check_project_labels("[thresholds]\nknown = $0", &["0.05"]);
    check_project_labels(
        "[sea$0",
        &["thresholds", "search", "replies", "check", "templates"],
    );
    check_project_labels(
        "[check]\n[sea$0]",
        &["thresholds", "search", "replies", "templates"],
    );
    check_project_labels("# mo$0", &[]);
    check_project_labels(
        "[search]\nmost = 1\npa$0",
        &["encodings", "taus", "scopes", "passes"],
    );
    check_project_labels(
        "[check]\r\nexclude = []\r\n$0",
        &[
            "include",
            "tolerance",
            "[thresholds]",
            "[search]",
            "[replies]",
            "[templates]",
        ],
    );
    assert_eq!(insert_project("model = $0", "gpt2"), "model = \"gpt2\"");
    assert_eq!(
        insert_project("model = \"gp$0\"", "gpt2"),
        "model = \"gpt2\""
    );
    assert_eq!(
        insert_project("ignore = $0", "hop-lost"),
        "ignore = [\"hop-lost\"]"
    );
    assert_eq!(
        insert_project("ignore = [ho$0]", "hop-lost"),
        "ignore = [\"hop-lost\"]"
    );
    assert_eq!(insert_project("[sea$0]", "search"), "[search]");
    assert_eq!(insert_project("bo$0", "bos"), "bos = ");
    assert_eq!(insert_project("bo$0 = 1", "bos"), "bos = 1");
}

#[test]
fn the_key_at_an_offset_is_found_in_its_table() {
    let (key, range) = project_key_at("[search]\nmost = 1\n", 11).unwrap();
    assert_eq!((key.table, key.name, range), ("search", "most", 9..13));
    assert!(project_key_at("most = 1", 2).is_none());
    assert_eq!(
        project_key_at("check.exclude = []", 8).unwrap().0.name,
        "exclude"
    );
}
