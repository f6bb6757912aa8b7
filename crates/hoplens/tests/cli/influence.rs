//! Tests the real binary's `influence`, and `check --influence`, on a miniature.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use hoplens_test_support::miniature;
use serde_json::{Value, json};

const TEXT: &str = "---\nhoplens.cases:\n  - {id: a, expect: \" b\"}\n  - {id: c}\n---\n\
                    One is here. Two is there.\nThree is not.\nFour is";

fn written(folder: &Path, text: &str) -> PathBuf {
    let path = folder.join("a.prompt");
    std::fs::write(&path, text).unwrap();
    path
}

fn hoplens(args: &[&str], path: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_hoplens"))
        .args(args)
        .arg(path)
        .arg("--offline")
        .arg("--model")
        .arg(miniature("tiny-llama"))
        .output()
        .unwrap()
}

#[track_caller]
fn json_of(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"))
}

fn range(line: usize, start: usize, end: usize) -> Value {
    json!({"start": {"line": line, "column": start}, "end": {"line": line, "column": end}})
}

#[test]
fn each_sentence_has_an_effect_on_each_case() {
    let folder = tempfile::tempdir().unwrap();
    let path = written(folder.path(), TEXT);
    let output = hoplens(&["influence", "--json"], &path);
    assert!(output.status.success(), "{output:?}");
    let found = json_of(&output);
    assert_eq!(found["schema"], 1);
    assert_eq!(found["method"], "remove");
    assert_eq!(found["cases"][0]["id"], "a");
    assert!(found["cases"][0]["logp"].is_number());
    assert!(found["cases"][1]["reply"].is_string());
    let influence = found["influence"].as_array().unwrap();
    let ranges: Vec<&Value> = influence.iter().map(|one| &one["range"]).collect();
    let expected = [range(6, 1, 13), range(6, 14, 27), range(7, 1, 14)];
    assert_eq!(ranges[..3], expected.iter().collect::<Vec<_>>());
    assert_eq!(ranges[3..], expected.iter().collect::<Vec<_>>());
    assert!(
        influence[..3]
            .iter()
            .all(|one| one["delta_logp"].is_number() && one["case"] == "a")
    );
    assert!(
        influence[3..]
            .iter()
            .all(|one| one["kl"].is_number() && one["case"] == "c")
    );
    let knockout = json_of(&hoplens(
        &["influence", "--json", "--method", "knockout"],
        &path,
    ));
    assert_ne!(
        knockout["influence"][1]["delta_logp"],
        influence[1]["delta_logp"]
    );
    let one = json_of(&hoplens(&["influence", "--json", "--case", "c"], &path));
    assert_eq!(one["influence"].as_array().unwrap()[..], influence[3..]);
}

#[test]
fn text_has_a_bar_by_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = written(folder.path(), TEXT);
    let output = hoplens(&["influence", "--case", "a"], &path);
    let text = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0].contains(" a: P(\" b\") is "), "{text}");
    for (line, (number, sentence)) in lines[1..].iter().zip([
        ("6", "One is here."),
        ("6", "Two is there."),
        ("7", "Three is not."),
    ]) {
        assert!(line.trim_start().starts_with(number), "{text}");
        assert!(line.ends_with(sentence), "{text}");
    }
    assert!(text.contains(&"█".repeat(16)), "{text}");
}

#[test]
fn a_case_that_cannot_be_run_is_an_error_after_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let text = "---\nhoplens.cases: [{id: a}, {id: b, input: {x: true}}]\n---\n\
                {{#if x}}One. Two{{/if}}";
    let path = written(folder.path(), text);
    let output = hoplens(&["influence", "--json"], &path);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        String::from_utf8_lossy(&output.stderr).contains("case a"),
        "{output:?}"
    );
    assert_eq!(json_of(&output)["cases"][0]["id"], "b");
    let output = hoplens(&["influence", "--case", "nobody"], &path);
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn check_measures_influence_only_when_asked() {
    let folder = tempfile::tempdir().unwrap();
    let path = written(folder.path(), TEXT);
    let plain = json_of(&hoplens(&["check", "--json"], &path));
    assert!(plain["files"][0].get("influence").is_none());
    let measured = json_of(&hoplens(&["check", "--influence", "--json"], &path));
    let alone = json_of(&hoplens(&["influence", "--json"], &path));
    let influence = &measured["files"][0]["influence"];
    assert_eq!(influence.as_array().unwrap().len(), 6);
    assert_eq!(influence[0]["range"], alone["influence"][0]["range"]);
}
