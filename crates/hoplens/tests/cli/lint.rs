//! Runs the real binary's `lint`, which never needs a model.

use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

/// A repository in which the binary runs without any model.
struct Repository(TempDir);

impl Repository {
    fn new() -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        std::fs::create_dir(folder.0.path().join(".git")).unwrap();
        folder
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.0.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// Runs the binary in `folder` with a model store that does not exist.
    fn run_in(&self, folder: &str, args: &[&str], workspace: Option<&Path>) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hoplens"));
        let nowhere = self.0.path().join("no-models");
        command
            .args(args)
            .current_dir(self.0.path().join(folder))
            .env("HF_HUB_CACHE", &nowhere)
            .env("HOPLENS_CACHE", &nowhere)
            .env_remove("GITHUB_WORKSPACE");
        if let Some(workspace) = workspace {
            command.env("GITHUB_WORKSPACE", workspace);
        }
        let output = command.output().unwrap();
        assert!(!nowhere.exists(), "a model was searched");
        output
    }

    fn run(&self, args: &[&str]) -> Output {
        self.run_in("", args, None)
    }
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

const WRONG: &str = "---\ninput:\n  schema:\n    userMessage: string\n---\n{{query}}";
const HELPER: &str = "Plan.\n{{#if items}}{{bulets items}}{{/if}}";

#[test]
fn findings_are_reported_without_a_model() {
    let repository = Repository::new();
    repository.write("wrong.prompt", WRONG);
    for args in [
        &["lint", "wrong.prompt"][..],
        &["check", "wrong.prompt", "--static"],
    ] {
        let output = repository.run(args);
        assert_eq!(code(&output), 1);
        let text = stdout(&output);
        assert!(text.contains("warning[undeclared-variable]"), "{text}");
        assert!(text.contains("Did you mean `userMessage`?"), "{text}");
        assert!(text.ends_with("1 file; 1 warning\n"), "{text}");
    }
    let output = repository.run(&["lint", "wrong.prompt", "--json"]);
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(found.get("model").is_none());
    let found = &found["files"][0];
    assert_eq!(found["cases"], serde_json::json!([]));
    assert_eq!(found["diagnostics"][0]["code"], "undeclared-variable");
    assert_eq!(found["diagnostics"][0]["range"]["start"]["line"], 6);
}

#[test]
fn files_whose_variables_the_application_fills_are_clean() {
    let repository = Repository::new();
    repository.write(
        "a.prompt",
        "---\nmodel: x\ninput:\n  schema:\n    city: string, the place\n---\n{{city}} and {{city}}",
    );
    repository.write("b.prompt", "Hello {{name}}");
    repository.write(
        "c.prompty",
        "---\nname: c\ninputs:\n  q: {kind: string}\n---\nuser:\n{{ q }}",
    );
    let output = repository.run(&["lint", "."]);
    assert_eq!(code(&output), 0);
    assert_eq!(stdout(&output), "3 files; nothing found\n");
    // A case without a value is information.
    repository.write(
        "b.prompt",
        "---\nhoplens.cases: [{expect: x}]\n---\nHello {{name}} {{name}}",
    );
    let output = repository.run(&["lint", "b.prompt"]);
    assert_eq!(code(&output), 0);
    assert_eq!(stdout(&output).matches("[unset-variable]").count(), 1);
}

#[test]
fn the_summary_lists_files_with_errors_first() {
    let repository = Repository::new();
    repository.write("a.prompt", WRONG);
    repository.write("b.prompt", "Fine");
    repository.write("c.prompt", HELPER);
    repository.write("d.prompt", WRONG);
    let text = stdout(&repository.run(&["lint", "."]));
    let end: Vec<&str> = text.lines().rev().take(5).collect();
    let expected = [
        "4 files; 1 error, 2 warnings",
        "",
        "warning ./d.prompt: 1 warning",
        "warning ./a.prompt: 1 warning",
        "error   ./c.prompt: 1 error",
    ];
    assert_eq!(end, expected);
}

#[test]
fn files_and_projects_declare_helpers_of_the_application() {
    let repository = Repository::new();
    repository.write("a.prompt", HELPER);
    assert_eq!(code(&repository.run(&["lint", "."])), 1);
    repository.write("hoplens.toml", "[templates]\nhelpers = [\"bulets\"]\n");
    assert_eq!(code(&repository.run(&["lint", "."])), 0);
    repository.write("hoplens.toml", "");
    let text = format!("---\nhoplens.helpers: [bulets]\n---\n{HELPER}");
    repository.write("a.prompt", &text);
    assert_eq!(code(&repository.run(&["lint", "."])), 0);
}

#[test]
fn annotations_and_sarif_name_files_relative_to_the_repository() {
    let repository = Repository::new();
    repository.write("sub/a.prompt", WRONG);
    let uri = |output: &Output| {
        let log: Value = serde_json::from_slice(&output.stdout).unwrap();
        let place = &log["runs"][0]["results"][0]["locations"][0]["physicalLocation"];
        place["artifactLocation"]["uri"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let github = ["lint", "a.prompt", "--format", "github"];
    let sarif = ["lint", "a.prompt", "--format", "sarif"];
    let root = repository.0.path();
    for workspace in [None, Some(root)] {
        let text = stdout(&repository.run_in("sub", &github, workspace));
        assert!(
            text.starts_with("::warning file=sub/a.prompt,line=6,"),
            "{text}"
        );
        assert_eq!(
            uri(&repository.run_in("sub", &sarif, workspace)),
            "sub/a.prompt"
        );
    }
    // A file of no repository.
    std::fs::remove_dir(root.join(".git")).unwrap();
    let found = uri(&repository.run_in("sub", &sarif, None));
    assert!(
        found.starts_with("file://") && found.ends_with("/sub/a.prompt"),
        "{found}"
    );
}

#[test]
fn a_file_that_cannot_be_read_does_not_hide_the_others() {
    let repository = Repository::new();
    repository.write("a.prompt", WRONG);
    std::fs::write(repository.0.path().join("bad.prompt"), b"caf\xe9").unwrap();
    let output = repository.run(&["lint", "."]);
    assert_eq!(code(&output), 2);
    assert!(stdout(&output).contains("[undeclared-variable]"));
    assert!(stdout(&output).ends_with("1 file, 1 file not read; 1 warning\n"));
}

#[test]
fn partials_in_a_folder_are_checked_too() {
    let folder = Repository::new();
    folder.write("_broken.prompt", "Dear {{#if name}}{{name}}");
    folder.write("promptfooconfig.yaml", "tests: []\n");
    let output = folder.run(&["lint", "."]);
    assert_eq!(code(&output), 1, "{}", stdout(&output));
    let text = stdout(&output);
    assert!(text.contains("[template-error]"), "{text}");
    assert!(text.contains("_broken.prompt"), "{text}");
    // What a partial may use depends on the prompt that includes it.
    folder.write("_broken.prompt", "Dear {{> name}}");
    let output = folder.run(&["lint", "."]);
    assert_eq!(code(&output), 0, "{}", stdout(&output));
    folder.write("a.prompt", "{{> broken}}");
    let output = folder.run(&["lint", "."]);
    assert_eq!(code(&output), 1, "{}", stdout(&output));
}

#[test]
fn files_of_agents_are_found_and_other_markdown_is_not() {
    let repository = Repository::new();
    let agent = "---\nname: a\ndescription: Helps.\ntools: ['search']\n---\nYou help.\n";
    for name in [
        ".github/agents/review.agent.md",
        ".github/instructions/style.instructions.md",
        ".claude/skills/release/SKILL.md",
        ".claude/skills/release/steps.md",
        "notes/skill.md",
        "AGENTS.md",
        ".github/copilot-instructions.md",
    ] {
        repository.write(name, agent);
    }
    let output = repository.run(&["lint", ".", "--json"]);
    assert_eq!(code(&output), 0, "{}", stdout(&output));
    let found: Value = serde_json::from_str(&stdout(&output)).unwrap();
    let files = found["files"].as_array().unwrap();
    let mut names: Vec<&str> = files
        .iter()
        .map(|file| file["path"].as_str().unwrap())
        .collect();
    names.sort_unstable();
    assert_eq!(
        names,
        [
            "./.claude/skills/release/SKILL.md",
            "./.github/agents/review.agent.md",
            "./.github/instructions/style.instructions.md",
        ]
    );
    for file in files {
        assert_eq!(file["diagnostics"], serde_json::json!([]), "{file}");
    }
}
