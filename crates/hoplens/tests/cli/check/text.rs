//! What `check` prints for people.

use super::{Folder, code, failing, json, stdout};

fn last_line(text: &str) -> &str {
    text.lines().last().unwrap()
}

#[test]
fn what_a_lock_file_has_is_called_known_and_counted_apart() {
    let folder = Folder::new();
    folder.write("one.prompt", &failing("The first"));
    let text = stdout(&folder.run(&["check", "."]));
    let warnings = text.matches("warning[").count();
    assert!(0 < warnings && !text.contains("known["), "{text}");
    assert!(!last_line(&text).contains("known"), "{text}");
    folder.run(&["check", ".", "--update"]);
    folder.write("two.prompt", &failing("The second"));
    let text = stdout(&folder.run(&["check", ".", "--baseline"]));
    let (old, new) = text.split_once("two.prompt:").unwrap();
    assert_eq!(old.matches("known[").count(), warnings, "{text}");
    // The second file's first finding is headed before its place.
    let headed = old.lines().rev().find(|line| line.contains("]: ")).unwrap();
    assert!(headed.starts_with("warning["), "{headed}");
    assert!(!new.contains("known["), "{text}");
    let all = text.matches("warning[").count();
    let counts = format!("{} warnings: {all} new, {warnings} known;", all + warnings);
    assert!(text.contains(&counts), "{counts}: {text}");
}

#[test]
fn a_finding_names_its_case_where_there_are_several() {
    let folder = Folder::new();
    folder.write("one.prompt", &failing("The first"));
    let text = stdout(&folder.run(&["check", "one.prompt"]));
    assert!(text.contains("^ → \" fought\""), "{text}");
    let second = failing("The first").replace(
        "---\nThe first",
        "  - id: other\n    expect: \" in\"\n---\nThe first",
    );
    folder.write("two.prompt", &second);
    let text = stdout(&folder.run(&["check", "two.prompt"]));
    for label in ["^ case one → \" fought\"", "^ case other → \" in\""] {
        assert!(text.contains(label), "{label}: {text}");
    }
    let found = json(&folder.run(&["check", "two.prompt", "--json"]));
    let found = found["files"][0]["diagnostics"].as_array().unwrap();
    assert!(found.iter().any(|one| one["case"] == "other"), "{found:?}");
}

#[test]
fn the_summary_counts_in_words_that_agree() {
    let folder = Folder::new();
    folder.write("good.prompt", "A text\n");
    let text = stdout(&folder.run(&["check", "good.prompt"]));
    let line = last_line(&text);
    assert!(
        line.starts_with("1 file, 1 case, 0 failing; nothing found; measured with "),
        "{line}"
    );
    let bad = "---\nhoplens.cases: [{expect: [}\n---\nText\n";
    folder.write("bad.prompt", bad);
    std::fs::write(folder.path("worse.prompt"), b"caf\xe9").unwrap();
    let output = folder.run(&["check", "."]);
    assert_eq!(code(&output), 2);
    let text = stdout(&output);
    let line = last_line(&text);
    assert!(
        line.starts_with("2 files, 1 file not read, 2 cases, 0 failing; 1 error; "),
        "{line}"
    );
}

#[test]
fn a_space_that_is_underlined_can_be_seen() {
    let folder = Folder::new();
    // Some word before the space makes the tiny model go on otherwise than without it.
    let words = ["The", "A text", "is located", "war", "in the", "one two"];
    let found = words.iter().find_map(|words| {
        folder.write("space.prompt", &format!("{words} "));
        let text = stdout(&folder.run(&["check", "space.prompt"]));
        text.contains("[trailing-space]").then_some(text)
    });
    let text = found.expect("a prompt that a space changes");
    let label = text.lines().find(|line| line.contains("^ \" \" → \""));
    let label = label.unwrap_or_else(|| panic!("{text}"));
    // The token that comes, not an empty place where an answer would stand.
    assert!(!label.contains("→ \"\"") && label.ends_with('%'), "{label}");
}
