//! Flags that several commands share.

use super::{Folder, code, failing, json, stderr, stdout};

const SWEEP: [&str; 7] = [
    "sweep",
    "--prompt",
    "The first war the war",
    "--expect",
    " the",
    "--memory",
    " x",
];
const EXPORT: [&str; 11] = [
    "export",
    "--prompt",
    "The first war the war",
    "--memory",
    " x",
    "--layer=1",
    "--tau=2",
    "--expect",
    " the",
    "--out",
    "x",
];

#[test]
fn span_scope_and_span_text_require_each_other() {
    let folder = Folder::new();
    for command in [&SWEEP[..], &[&EXPORT[..], &["--to=nnsight"]].concat()] {
        let refused = |args: &[&str]| {
            let output = folder.run(&[command, args].concat());
            assert_eq!(code(&output), 2, "{args:?}");
            stderr(&output)
        };
        let error = refused(&["--scope=span"]);
        assert!(
            error.contains("error: --scope span: name the piece"),
            "{error}"
        );
        let error = refused(&["--span=war"]);
        assert!(
            error.contains("error: --span: is used only with"),
            "{error}"
        );
        let error = refused(&["--nth=2"]);
        assert!(error.contains("--span <TEXT>"), "{error}");
    }
}

#[test]
fn export_supports_the_occurrences_and_heads_of_sweep() {
    let folder = Folder::new();
    let injections = |args: &[&str]| {
        let found = json(&folder.run(&[&EXPORT[..], args, &["--json"]].concat()));
        found["injections"].clone()
    };
    let span = ["--to=nnsight", "--scope=span", "--span=war"];
    let script = |nth: &str| {
        injections(&[&span[..], &["--nth", nth]].concat());
        folder.read("x")
    };
    assert_ne!(script("1"), script("2"));
    assert_eq!(injections(&["--to=gguf", "--head=1"])[0]["head"], 1);
    let with_head = std::fs::read(folder.path("x")).unwrap();
    injections(&["--to=gguf"]);
    assert_ne!(std::fs::read(folder.path("x")).unwrap(), with_head);
}

#[test]
fn a_comparison_without_injections_prints_a_note() {
    let folder = Folder::new();
    folder.write("one.prompt", "The first");
    let args = ["generate", "one.prompt", "--compare", "--max-tokens=2"];
    let output = folder.run(&args);
    assert_eq!(code(&output), 0);
    assert!(
        stderr(&output).contains("[#1: no injection is in force"),
        "{}",
        stderr(&output)
    );
    assert!(!stdout(&output).contains("with injections"));
    assert_eq!(stdout(&output).matches("== #1").count(), 1);
    let text = failing("The first").replace(
        "---\nThe",
        "hoplens.inject:\n  - {memory: \" war\", layer: 1, tau: 1}\n---\nThe",
    );
    folder.write("one.prompt", &text);
    let output = folder.run(&args);
    assert!(
        !stderr(&output).contains("no injection"),
        "{}",
        stderr(&output)
    );
    assert!(stdout(&output).contains("== one, with injections"));
}

#[test]
fn words_require_memories() {
    let folder = Folder::new();
    let output = folder.run(&["eval", "--data", "x.csv", "--words=3"]);
    assert_eq!(code(&output), 2);
    assert!(
        stderr(&output).contains("--memories <LIST|FILE>"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn help_lists_a_commands_own_flags_first() {
    let folder = Folder::new();
    for command in ["generate", "sweep", "check", "export", "eval"] {
        let help = stdout(&folder.bare(&[command, "--help"], None));
        let (own, every) = help.split_once("Options of every command:").unwrap();
        for flag in ["--model", "--json", "--offline", "--bos"] {
            assert!(
                !own.contains(&format!("  {flag} ")) && every.contains(flag),
                "{command} {flag}"
            );
        }
        assert!(own.contains("--help"), "{command}");
    }
    // Each command has its own defaults and descriptions.
    let help = |command: &str| stdout(&folder.bare(&[command, "--help"], None));
    assert!(help("eval").contains("[default: embed,unembed,layerwise]"));
    assert!(help("eval").contains("obscure entity"));
    assert!(help("sweep").contains("[default: embed]"));
    assert!(help("sweep").contains("`span` needs --span"));
}
