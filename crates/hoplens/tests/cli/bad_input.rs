//! Bad input causes a clear error that names the file and the remedy, exit code 2, and never a
//! panic.

mod models;
mod weights;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use hoplens_test_support::miniature;

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }

    /// Returns a copy of a miniature in which one file has other content.
    fn model(&self, family: &str, changed: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let folder = self.0.path().join(family);
        std::fs::create_dir_all(&folder).unwrap();
        for name in ["config.json", "model.safetensors", "tokenizer.json"] {
            std::fs::copy(miniature(family).join(name), folder.join(name)).unwrap();
        }
        std::fs::write(folder.join(changed), bytes).unwrap();
        folder
    }
}

fn hoplens(args: &[&str]) -> Output {
    let root = tempfile::tempdir().unwrap();
    Command::new(env!("CARGO_BIN_EXE_hoplens"))
        .args(args)
        .env("HF_HUB_CACHE", root.path().join("hub"))
        .env("HOPLENS_CACHE", root.path().join("hoplens"))
        .env("HF_HUB_OFFLINE", "1")
        .output()
        .unwrap()
}

/// Runs a prompt on a model. The command must fail with code 2 and an error that contains all of
/// `words`.
#[track_caller]
fn refuses(model: &Path, prompt: &str, words: &[&str]) {
    let model = model.to_str().unwrap();
    refuses_args(&["probe", "--prompt", prompt, "--model", model], words);
}

#[track_caller]
fn refuses_args(args: &[&str], words: &[&str]) {
    let output = hoplens(args);
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{args:?}: {error}");
    assert!(!error.contains("panicked"), "{args:?}: {error}");
    assert!(output.stdout.is_empty(), "{args:?} printed a result");
    for word in words {
        assert!(error.contains(word), "{args:?}: no '{word}' in: {error}");
    }
}

#[test]
fn prompts_that_do_not_fit_are_rejected() {
    let model = miniature("tiny-gpt2");
    refuses(&model, "", &["the prompt is empty", "--bos always"]);
    refuses(
        &model,
        &"word ".repeat(500),
        &["reads at most 128", "Shorten"],
    );
    let model = model.to_str().unwrap();
    // Only the beginning of a huge file is tokenized.
    let folder = Folder::new();
    let huge = folder.file("huge.prompt", "word ".repeat(5000));
    let output = hoplens(&["check", "--model", model, huge.to_str().unwrap()]);
    let report = String::from_utf8_lossy(&output.stdout);
    assert!(report.contains("has at least "), "{report}");
    // It has no case, so nothing is wrong.
    assert_eq!(output.status.code(), Some(0), "{report}");
    let sweep = |more: &[&str], words: &[&str]| {
        let args = ["sweep", "--model", model, "--prompt", "a b c"];
        refuses_args(&[&args[..], more].concat(), words);
    };
    sweep(
        &["--expect", " x", "--memory", ""],
        &["the memory", "has no tokens"],
    );
    sweep(
        &["--expect", "", "--memory", "m"],
        &["expected answer", "has no tokens"],
    );
    let base = ["--expect", " x", "--memory", "m"];
    sweep(
        &[&base[..], &["--layers", "7"]].concat(),
        &["layer 7 does not exist"],
    );
    sweep(
        &[&base[..], &["--tau", "nan"]].concat(),
        &["--tau", "finite"],
    );
    sweep(
        &[&base[..], &["--layers", "3..1"]].concat(),
        &["--layers", "empty"],
    );
    sweep(&[&base[..], &["--scope", "span"]].concat(), &["--span"]);
    let absent = ["--scope", "span", "--span", "zebra"];
    sweep(
        &[&base[..], &absent].concat(),
        &["does not contain \"zebra\""],
    );
}

#[test]
fn missing_models_are_reported() {
    let args = ["probe", "--prompt", "a", "--offline"];
    refuses_args(&args, &["smollm2-135m", "offline"]);
    let args = ["probe", "--prompt", "a", "--model", "nonsense-model"];
    refuses_args(&args, &["nonsense-model", "smollm2-135m"]);
}

#[test]
#[cfg(not(any(feature = "cuda", feature = "metal")))]
fn devices_that_this_build_lacks_are_rejected() {
    let model = miniature("tiny-gpt2");
    let model = model.to_str().unwrap();
    for device in ["cuda", "metal"] {
        let args = [
            "probe", "--prompt", "a", "--model", model, "--device", device,
        ];
        let feature = format!("--features {device}");
        refuses_args(&args, &[device, &feature, "--device cpu"]);
    }
}

#[test]
fn unreadable_prompt_files_are_reported() {
    let folder = Folder::new();
    let model = miniature("tiny-gpt2");
    let check = |path: &Path, words: &[&str]| {
        let args = [
            "check",
            path.to_str().unwrap(),
            "--model",
            model.to_str().unwrap(),
        ];
        refuses_args(&args, words);
    };
    check(
        &folder.0.path().join("absent.prompt"),
        &["absent.prompt", "Check the path"],
    );
    check(folder.0.path(), &["no prompt files"]);
    let latin = folder.file("latin.prompt", b"caf\xe9");
    check(&latin, &["latin.prompt", "offset 3", "UTF-8"]);
    // A case whose prompt is too long for the model is a finding.
    let case = "---\nhoplens.cases: [{expect: x}]\n---\n";
    let long = folder.file("long.prompt", format!("{case}{}", "word ".repeat(500)));
    let args = [
        "check",
        long.to_str().unwrap(),
        "--model",
        model.to_str().unwrap(),
    ];
    let output = hoplens(&args);
    let report = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{report}");
    for word in ["long.prompt", "reads at most 128", "Shorten"] {
        assert!(report.contains(word), "{report}");
    }
}

/// Bad prompt text is a finding, not an error.
#[test]
fn invalid_yaml_is_a_finding() {
    let folder = Folder::new();
    let bad = folder.file(
        "bad.prompt",
        "---\nhoplens.cases: [\n---\nThe tallest building is",
    );
    let model = miniature("tiny-gpt2");
    let output = hoplens(&[
        "check",
        bad.to_str().unwrap(),
        "--model",
        model.to_str().unwrap(),
    ]);
    let report = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{report}");
    assert!(
        report.contains("invalid-yaml") && report.contains("bad.prompt:"),
        "{report}"
    );
}

/// An injection that cannot be placed is a finding at its own layer, and its case runs without it.
/// A case that cannot run does not hide findings in other files.
#[test]
fn one_bad_case_does_not_hide_the_others() {
    let folder = Folder::new();
    let case = "---\nhoplens.cases: [{id: a, expect: x}]\n";
    let bad = "hoplens.inject: [{case: a, memory: m, layer: 999, tau: 1}]\n";
    folder.file("a.prompt", format!("{case}{bad}---\nThe tallest"));
    folder.file("b.prompt", format!("{case}---\nThe tallest"));
    let model = miniature("tiny-gpt2");
    let args = [
        "check",
        folder.0.path().to_str().unwrap(),
        "--model",
        model.to_str().unwrap(),
    ];
    let output = hoplens(&args);
    let report = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{report}");
    assert!(
        report.contains("a.prompt:2:") && report.contains("layer 999"),
        "{report}"
    );
    assert_eq!(report.matches("[answer-unlikely]").count(), 2, "{report}");
    folder.file(
        "a.prompt",
        format!("{case}---\n{}", "The tallest ".repeat(999)),
    );
    let output = hoplens(&args);
    let report = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{report}");
    assert!(
        report.contains("a.prompt") && report.contains("tokens"),
        "{report}"
    );
    assert!(
        report.contains("b.prompt") && report.contains("answer-unlikely"),
        "{report}"
    );
}

/// A magnitude that overflows is rejected, not reported as a result.
#[test]
fn an_overflow_is_an_error() {
    let model = miniature("tiny-gpt2");
    let model = model.to_str().unwrap();
    let args = [
        "sweep", "--model", model, "--prompt", "a b", "--expect", " x", "--memory", "m",
    ];
    refuses_args(&[&args[..], &["--tau", "1e300"]].concat(), &["overflow"]);
}
