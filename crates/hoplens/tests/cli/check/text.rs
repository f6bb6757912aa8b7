//! The text output of `check`.

use super::{Folder, code, failing, json, stdout};

fn last_line(text: &str) -> &str {
    text.lines().last().unwrap()
}

#[test]
fn findings_of_the_lock_file_are_marked_as_known_and_counted() {
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
    // The heading of the second file's first finding precedes its path.
    let headed = old.lines().rev().find(|line| line.contains("]: ")).unwrap();
    assert!(headed.starts_with("warning["), "{headed}");
    assert!(!new.contains("known["), "{text}");
    let all = text.matches("warning[").count();
    let counts = format!("{} warnings: {all} new, {warnings} known;", all + warnings);
    assert!(text.contains(&counts), "{counts}: {text}");
}

#[test]
fn findings_name_their_case_if_there_are_several() {
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
fn the_summary_uses_correct_plurals() {
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
fn underlined_spaces_are_visible() {
    let folder = Folder::new();
    // After one of these words, the space changes the tiny model's continuation.
    let words = ["The", "A text", "is located", "war", "in the", "one two"];
    let found = words.iter().find_map(|words| {
        folder.write("space.prompt", &format!("{words} "));
        let text = stdout(&folder.run(&["check", "space.prompt"]));
        text.contains("[trailing-space]").then_some(text)
    });
    let text = found.expect("a prompt that a space changes");
    let label = text.lines().find(|line| line.contains("^ \" \" → \""));
    let label = label.unwrap_or_else(|| panic!("{text}"));
    // The label contains the next token instead of an empty answer.
    assert!(!label.contains("→ \"\"") && label.ends_with('%'), "{label}");
}
