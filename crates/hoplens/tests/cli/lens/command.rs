//! Runs the real binary's `lens` on miniatures.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

use hoplens_test_support::miniature;

pub const PROMPT: &str = "The largest coral reef system in the world is";

pub fn hoplens(folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_hoplens"))
        .current_dir(folder)
        .env("HF_HUB_OFFLINE", "1")
        .args(args)
        .arg("--model")
        .arg(miniature("tiny-gpt2"))
        .output()
        .expect("hoplens starts")
}

pub fn json(folder: &Path, args: &[&str]) -> Value {
    let output = hoplens(folder, args);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{errors}");
    serde_json::from_slice(&output.stdout).expect("standard output is JSON")
}

pub fn refusal(folder: &Path, args: &[&str]) -> String {
    let output = hoplens(folder, args);
    assert_eq!(output.status.code(), Some(2), "{args:?}");
    assert!(output.stdout.is_empty(), "{args:?}");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn every_head_is_read_at_any_token() {
    let folder = tempfile::tempdir().unwrap();
    let read = |more: &[&str]| {
        let mut args = vec!["lens", "--json", "--prompt", PROMPT, "--expect", " a"];
        args.extend(more);
        json(folder.path(), &args)
    };
    let last = read(&[]);
    let heads = last["heads"].as_array().unwrap();
    let layers = last["model"]["layers"].as_u64().unwrap();
    assert_eq!(
        heads.len() as u64,
        layers * last["model"]["heads"].as_u64().unwrap()
    );
    let count = last["tokens"].as_array().unwrap().len();
    assert_eq!(last["position"], count - 1);
    for head in heads {
        let attention = head["attention"].as_array().unwrap();
        assert_eq!(attention.len(), count);
        let sum: f64 = attention.iter().filter_map(Value::as_f64).sum();
        assert!((sum - 1.0).abs() < 1e-4, "{head}");
        assert_eq!(head["ablation"], "zero");
        assert!(head["ablation_dlogp"].is_number());
        assert_eq!(head["top"].as_array().unwrap().len(), 5);
    }
    // A token in the middle is read as if the prompt ended there.
    let middle = read(&["--position", "2"]);
    assert_eq!(middle["heads"][0]["attention"].as_array().unwrap().len(), 3);
    let from_the_end = (2 - count as i64).to_string();
    assert_eq!(read(&["--position", &from_the_end]), middle);
    // Estimates are marked, and mean ablation differs from zero ablation.
    let estimate = read(&["--ablate", "estimate"]);
    assert_eq!(estimate["heads"][0]["ablation"], "estimate");
    let mean = read(&["--ablate", "mean"]);
    assert_ne!(
        mean["heads"][0]["ablation_dlogp"],
        heads[0]["ablation_dlogp"]
    );
    let none = read(&["--ablate", "none"]);
    assert!(none["heads"][0]["ablation_dlogp"].is_null());
}

#[test]
fn the_page_contains_the_json_document() {
    let folder = tempfile::tempdir().unwrap();
    let args = ["lens", "--json", "--prompt", PROMPT, "--page", "heads.html"];
    let document = json(folder.path(), &args);
    let page = std::fs::read_to_string(folder.path().join("heads.html")).unwrap();
    let (_, data) = page.split_once("id=\"document\">").unwrap();
    let (data, _) = data.split_once("</script>").unwrap();
    assert_eq!(serde_json::from_str::<Value>(data).unwrap(), document);
}

#[test]
fn invalid_flags_are_rejected_by_name() {
    let folder = tempfile::tempdir().unwrap();
    for (args, parts) in [
        (
            &["lens", "--prompt", ""][..],
            &["--prompt", "no tokens"][..],
        ),
        (
            &["lens", "--prompt", "a b", "--position", "99"],
            &["--position", "99"],
        ),
        (
            &["lens", "--prompt", "a b", "--position", "-99"],
            &["--position", "-99"],
        ),
        (
            &["lens", "--prompt", "a b", "--lens", "trained"],
            &["lens.safetensors"],
        ),
        (&["lens", "train", "--layers", "77"], &["--layers", "77"]),
        (&["lens", "train", "--rank", "0"], &["--rank"]),
        (
            &["lens", "train", "--form", "full", "--objective", "head"],
            &["--objective"],
        ),
        (&["lens", "train", "--text", "none.txt"], &["none.txt"]),
    ] {
        let message = refusal(folder.path(), args);
        for part in parts {
            assert!(message.contains(part), "{args:?}: {message}");
        }
    }
}

#[test]
fn a_lens_is_trained_evaluated_and_used() {
    let folder = tempfile::tempdir().unwrap();
    let train = |out: &str, more: &[&str]| {
        let mut args = vec![
            "lens",
            "train",
            "--json",
            "--out",
            out,
            "--sample",
            "16",
            "--length",
            "16",
            "--steps",
            "6",
            "--batch",
            "60",
            "--held-out",
            "40",
            "--check-every",
            "2",
        ];
        args.extend(more);
        json(folder.path(), &args)
    };
    let trained = train("a.safetensors", &[]);
    assert_eq!(
        trained["curve"].as_array().unwrap().len(),
        7,
        "a point a step, and the start"
    );
    train("b.safetensors", &[]);
    let bytes = |name: &str| std::fs::read(folder.path().join(name)).unwrap();
    assert_eq!(
        bytes("a.safetensors"),
        bytes("b.safetensors"),
        "the seed decides"
    );
    train("c.safetensors", &["--seed", "1"]);
    assert_ne!(bytes("a.safetensors"), bytes("c.safetensors"));
    let left: Vec<String> = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with("a."))
        .collect();
    assert_eq!(
        left.len(),
        3,
        "the lens and its curve, nothing half done: {left:?}"
    );
    assert!(
        String::from_utf8(bytes("a.safetensors.curve.svg"))
            .unwrap()
            .contains("<svg")
    );

    let args = [
        "lens",
        "eval",
        "--json",
        "--lens",
        "a.safetensors",
        "--sample",
        "4",
    ];
    let held = json(folder.path(), &args);
    let all = &held["layers"].as_array().unwrap().last().unwrap();
    assert!(all["layer"].is_null());
    let kl = |lens: &str| all[lens]["kl"].as_f64();
    assert!(kl("trained") < kl("unembed"), "{all}");

    pictured_and_compared(folder.path(), &args);

    let read = |lens: &str| {
        let args = [
            "lens",
            "--json",
            "--prompt",
            PROMPT,
            "--lens",
            lens,
            "--lens-file",
            "a.safetensors",
            "--ablate",
            "none",
        ];
        json(folder.path(), &args)
    };
    let (trained, plain) = (read("trained"), read("unembed"));
    assert_eq!(trained["lens"], "trained");
    assert_ne!(trained["heads"][0]["top"], plain["heads"][0]["top"]);
    assert_eq!(
        trained["heads"][0]["direct_logit"],
        plain["heads"][0]["direct_logit"]
    );

    let mut damaged = bytes("a.safetensors");
    damaged.truncate(damaged.len() / 2);
    std::fs::write(folder.path().join("half.safetensors"), damaged).unwrap();
    let message = refusal(
        folder.path(),
        &["lens", "eval", "--lens", "half.safetensors"],
    );
    assert!(message.contains("not a complete lens file"), "{message}");
}

/// Checks the plot of `lens eval` with these flags, and its comparison with the unembed lens.
fn pictured_and_compared(folder: &Path, args: &[&str]) {
    let plotted = [args, &["--plot", "kl.svg"]].concat();
    json(folder, &plotted);
    let plot = std::fs::read_to_string(folder.join("kl.svg")).unwrap();
    assert!(plot.contains("unembed lens") && plot.contains("trained lens"));
    let against = [args, &["--against", "unembed"]].concat();
    let against = json(folder, &against);
    let all = against["layers"]
        .as_array()
        .unwrap()
        .last()
        .unwrap()
        .clone();
    assert!(all["kl"].as_f64().unwrap() > 0.0, "{all}");
}
