//! The files that `check` analyses.

use serde_json::Value;

use super::{Folder, code, failing, json, stderr};

fn names(found: &Value) -> Vec<&str> {
    let files = found["files"].as_array().unwrap().iter();
    files.map(|file| file["path"].as_str().unwrap()).collect()
}

fn folder() -> Folder {
    let folder = Folder::new();
    folder.write("a/one.prompt", "One");
    folder.write("a/deep/two.prompt", "Two");
    folder.write("a/notes.txt", "Three");
    folder.write("a/with.txt", "Four");
    folder.write("a/with.txt.hoplens.yaml", "version: 1\n");
    folder.write("a/ignored/five.prompt", "Five");
    folder.write(".gitignore", "ignored/\n");
    folder
}

#[test]
fn folders_and_globs_find_prompts_and_respect_gitignore() {
    let folder = folder();
    let found = json(&folder.run(&["check", "a", "--json"]));
    let all = ["a/deep/two.prompt", "a/one.prompt", "a/with.txt"];
    assert_eq!(names(&found), all);
    let found = json(&folder.run(&["check", "a/**/*.prompt", "a/*.txt", "--json"]));
    assert_eq!(
        names(&found),
        [
            "a/deep/two.prompt",
            "a/one.prompt",
            "a/notes.txt",
            "a/with.txt"
        ]
    );
    let found = json(&folder.run(&["check", "a/*.prompt", "--json"]));
    assert_eq!(names(&found), ["a/one.prompt"]);
    // A file that is named explicitly is read even if it is ignored.
    let found = json(&folder.run(&["check", "a/ignored/five.prompt", "--json"]));
    assert_eq!(names(&found), ["a/ignored/five.prompt"]);
}

#[test]
fn a_glob_without_matches_is_an_error() {
    let folder = folder();
    let output = folder.run(&["check", "b/*.prompt"]);
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("b/*.prompt") || stderr(&output).contains("cannot read b"));
    let output = folder.run(&["check", "a/*.md"]);
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("no file matches a/*.md"));
}

#[test]
fn project_globs_include_and_exclude_files() {
    let folder = folder();
    folder.write("hoplens.toml", "[check]\nexclude = [\"a/deep/**\"]\n");
    let found = json(&folder.run(&["check", ".", "--json"]));
    assert_eq!(names(&found), ["./a/one.prompt", "./a/with.txt"]);
    folder.write("hoplens.toml", "[check]\ninclude = [\"**/*.txt\"]\n");
    let found = json(&folder.run(&["check", "a", "--json"]));
    assert_eq!(names(&found), ["a/with.txt"]);
}

#[test]
fn large_and_empty_files_are_read() {
    let folder = Folder::new();
    folder.write("empty.prompt", "");
    let text = failing("The first").replace("hoplens.cases", "# x\nhoplens.cases");
    folder.write("large.txt", &"words and more of them\n".repeat(450_000));
    folder.write("fails.prompt", &text);
    let output = folder.run(&["check", "empty.prompt", "fails.prompt", "large.txt"]);
    // Ten megabytes are too long for any model; the other files are reported too.
    assert_eq!(code(&output), 1, "{}", stderr(&output));
    let told = super::stdout(&output);
    assert!(told.contains("large.txt"), "{told}");
    assert!(told.contains("fails.prompt"), "{told}");
}

#[test]
fn project_globs_are_relative_to_its_folder() {
    let folder = folder();
    folder.write("hoplens.toml", "[check]\nexclude = [\"a/deep/**\"]\n");
    let here = folder.path("a");
    let found = json(&folder.run(&["check", here.to_str().unwrap(), "--json"]));
    let found = names(&found);
    assert!(found.iter().all(|name| !name.contains("deep")), "{found:?}");
    // A file that is named in two ways is checked once.
    let found = json(&folder.run(&["check", "a/one.prompt", "./a/../a/one.prompt", "--json"]));
    assert_eq!(names(&found).len(), 1);
    folder.write("hoplens.toml", "[check]\nexclude = [\"a/{b\"]\n");
    let output = folder.run(&["check", "a"]);
    assert_eq!(code(&output), 2);
    assert!(
        stderr(&output).contains("hoplens.toml:2:12: `a/{b` is not a glob"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn an_invalid_file_does_not_hide_the_others() {
    let folder = folder();
    std::fs::write(folder.path("a/bad.prompt"), b"caf\xe9").unwrap();
    let output = folder.run(&["check", "a", "--json"]);
    assert_eq!(code(&output), 2);
    assert!(
        stderr(&output).contains("bad.prompt"),
        "{}",
        stderr(&output)
    );
    assert_eq!(names(&json(&output)).len(), 3);
}

#[cfg(unix)]
#[test]
fn a_link_and_its_file_are_one_prompt() {
    use std::os::unix::fs::symlink;
    let folder = folder();
    symlink("one.prompt", folder.path("a/again.prompt")).unwrap();
    symlink("a", folder.path("b")).unwrap();
    let checked = |args: &[&str]| {
        let args = [&["check", "--json"], args].concat();
        let found = json(&folder.run(&args));
        names(&found)
            .into_iter()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    // The name of the file is kept, whichever comes first.
    let all = ["a/one.prompt", "a/deep/two.prompt", "a/with.txt"];
    assert_eq!(checked(&["a"]), all);
    assert_eq!(checked(&["a", "a/one.prompt", "b/one.prompt"]), all);
    assert_eq!(checked(&["a/again.prompt"]), ["a/again.prompt"]);
    // A link with its own sidecar is another prompt.
    folder.write("a/again.prompt.hoplens.yaml", "version: 1\n");
    assert_eq!(checked(&["a"]).len(), 4);
}

#[test]
fn prompts_in_folders_with_a_dot_are_found() {
    let folder = Folder::new();
    folder.write(".github/prompts/one.prompt.md", "Say it");
    folder.write(".git/two.prompt", "Not this");
    let found = json(&folder.run(&["check", ".", "--json"]));
    let found = names(&found);
    assert_eq!(found, ["./.github/prompts/one.prompt.md"]);
}
