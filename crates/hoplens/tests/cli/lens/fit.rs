//! `hoplens lens fit` and `lens --lens jacobian` through the real binary, on a miniature.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

use crate::lens::command::PROMPT;
use hoplens_test_support::miniature;

/// Runs the binary on a miniature, with its caches below `folder`.
fn hoplens(folder: &Path, family: &str, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_hoplens"))
        .current_dir(folder)
        .env("HF_HUB_OFFLINE", "1")
        .env("HOPLENS_CACHE", folder.join("cache"))
        .args(args)
        .arg("--model")
        .arg(miniature(family))
        .output()
        .expect("hoplens starts")
}

fn json(folder: &Path, args: &[&str]) -> Value {
    let output = hoplens(folder, "tiny-gpt2", args);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{errors}");
    serde_json::from_slice(&output.stdout).expect("standard output is JSON")
}

fn refusal(folder: &Path, family: &str, args: &[&str]) -> String {
    let output = hoplens(folder, family, args);
    assert_eq!(output.status.code(), Some(2), "{args:?}");
    assert!(output.stdout.is_empty(), "{args:?}");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

const FIT: [&str; 8] = [
    "lens",
    "fit",
    "--sequences",
    "2",
    "--tokens",
    "40",
    "--rank",
    "8",
];

#[test]
fn a_fitted_lens_reads_the_heads() {
    let folder = tempfile::tempdir().unwrap();
    let fitted = json(folder.path(), &[&FIT[..], &["--json"]].concat());
    let path = Path::new(fitted["lens"].as_str().unwrap()).to_owned();
    let digest = fitted["model"]["sha256"].as_str().unwrap();
    assert!(path.starts_with(folder.path().join("cache")));
    assert_eq!(
        path.file_name().unwrap().to_str().unwrap(),
        format!("{digest}.jacobian.safetensors")
    );
    let bytes = std::fs::metadata(&path).unwrap().len();
    assert_eq!(fitted["bytes"], bytes);
    assert_eq!(fitted["rank"], 8);
    assert_eq!(fitted["source"]["fitted"]["text"]["source"], "sampled");
    assert_eq!(fitted["source"]["fitted"]["text"]["tokens"], 80);
    assert!(!path.with_extension("safetensors.checkpoint").exists());
    let read = |more: &[&str]| {
        let args = ["lens", "--json", "--ablate", "none", "--prompt", PROMPT];
        json(folder.path(), &[&args[..], more].concat())
    };
    let (plain, jacobian) = (read(&[]), read(&["--lens", "jacobian"]));
    assert_eq!(plain["lens"], "unembed");
    assert_eq!(jacobian["lens"], "jacobian");
    let words = |document: &Value| document["heads"][0]["top"].clone();
    assert_ne!(words(&plain), words(&jacobian));
    let file = ["--lens", "jacobian", "--lens-file", path.to_str().unwrap()];
    assert_eq!(read(&file), jacobian);
}

#[test]
fn the_seed_and_the_text_decide_the_lens() {
    let folder = tempfile::tempdir().unwrap();
    let text =
        "The largest coral reef system in the world is off the coast of Australia. ".repeat(40);
    std::fs::write(folder.path().join("text.txt"), text).unwrap();
    let fit = |more: &[&str]| {
        json(
            folder.path(),
            &[&FIT[..], &["--json", "--out", "lens.safetensors"], more].concat(),
        );
        std::fs::read(folder.path().join("lens.safetensors")).unwrap()
    };
    let sampled = fit(&[]);
    assert_eq!(fit(&[]), sampled);
    assert_ne!(fit(&["--seed", "5"]), sampled);
    let files = fit(&["--text", "text.txt"]);
    assert_ne!(files, sampled);
    assert_eq!(fit(&["--text", "text.txt"]), files);
}

#[test]
fn bad_input_to_a_fit_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("short.txt"), "Too short.").unwrap();
    std::fs::write(folder.path().join("lens.safetensors.checkpoint"), "damaged").unwrap();
    for (args, reason) in [
        (&["--rank", "0"][..], "--rank"),
        (&["--sequences", "0"], "--sequences"),
        (&["--tokens", "31"], "--tokens: give 32 or more"),
        (&["--text", "short.txt"], "no sequence of 32 tokens"),
        (&["--text", "absent.txt"], "absent.txt"),
        (&["--out", "absent/lens.safetensors"], "cannot write"),
        (
            &["--out", "lens.safetensors"],
            "not a complete Jacobian lens",
        ),
    ] {
        let message = refusal(
            folder.path(),
            "tiny-gpt2",
            &[&["lens", "fit"], args].concat(),
        );
        assert!(message.contains(reason), "{args:?}: {message}");
    }
    json(
        folder.path(),
        &[
            &FIT[..],
            &["--json", "--out", "lens.safetensors", "--restart"],
        ]
        .concat(),
    );
}

#[test]
fn a_lens_that_is_missing_or_foreign_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let read = ["lens", "--prompt", PROMPT, "--lens", "jacobian"];
    let missing = refusal(folder.path(), "tiny-gpt2", &read);
    assert!(missing.contains("hoplens lens fit"), "{missing}");
    json(
        folder.path(),
        &[&FIT[..], &["--json", "--out", "lens.safetensors"]].concat(),
    );
    let from_file = [&read[..], &["--lens-file", "lens.safetensors"]].concat();
    let foreign = refusal(folder.path(), "tiny-llama", &from_file);
    assert!(foreign.contains("fitted to tiny-gpt2"), "{foreign}");
    std::fs::write(folder.path().join("lens.safetensors"), b"\x80\x02pickle").unwrap();
    let damaged = refusal(folder.path(), "tiny-gpt2", &from_file);
    assert!(
        damaged.contains("not a complete Jacobian lens"),
        "{damaged}"
    );
}
