//! Runs over several files.

use super::{Folder, code, failing, json, stderr, stdout};

#[test]
fn one_prompt_over_the_context_changes_no_other_result() {
    let folder = Folder::new();
    folder.write("a.prompt", &failing("The first"));
    let alone = json(&folder.run(&["check", "a.prompt", "--json"]));
    let long = "words and more of them ".repeat(2000);
    let case = "---\nhoplens.cases: [{expect: x}]\n---\n";
    folder.write("long.prompt", &format!("{case}{long}"));
    folder.write("z.prompt", "The first");
    let output = folder.run(&["check", ".", "--json"]);
    assert_eq!(code(&output), 1, "{}", stderr(&output));
    let found = json(&output);
    let files = found["files"].as_array().unwrap();
    assert_eq!(files.len(), 3);
    assert_eq!(
        files[0]["cases"][0]["p"],
        alone["files"][0]["cases"][0]["p"]
    );
    assert_eq!(files[1]["diagnostics"][0]["code"], "analysis-failed");
    // Without a case, nothing is asked, and so nothing is wrong.
    folder.write("long.prompt", &long);
    let output = folder.run(&["check", "long.prompt", "z.prompt"]);
    assert_eq!(code(&output), 0, "{}", stdout(&output));
    assert!(stdout(&output).contains("[analysis-failed]"));
}

#[test]
fn progress_is_one_line_a_file_where_standard_error_is_no_terminal() {
    let folder = Folder::new();
    folder.write("a.prompt", "The first");
    folder.write("b.prompt", "The second");
    let output = folder.run(&["check", ".", "--declared-only"]);
    let lines = stderr(&output);
    assert!(
        lines.contains("1 of 2: ./a.prompt\n2 of 2: ./b.prompt\n"),
        "{lines}"
    );
    let lines = stderr(&folder.run(&["check", "a.prompt"]));
    assert!(!lines.contains("1 of 1"), "{lines}");
}

#[test]
fn no_model_is_asked_about_a_partial() {
    let folder = Folder::new();
    folder.write("_head.prompt", "The first");
    folder.write("a.prompt", "{{> head}}");
    let found = json(&folder.run(&["check", ".", "--json", "--declared-only"]));
    let cases = |at: usize| found["files"][at]["cases"].as_array().unwrap().len();
    assert_eq!(found["files"][1]["path"], "./_head.prompt");
    assert_eq!((cases(0), cases(1)), (1, 0));
}
