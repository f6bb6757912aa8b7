//! Bad input: a clear error that names the file and the remedy, exit code 2, never a panic.

mod common;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use common::miniature;

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

    /// A copy of a miniature in which one file has other bytes.
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

/// Asks a model a prompt; the command must fail with code 2 and say all of `words`.
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

/// A GGUF header with `tensors` and `entries` counted, then `rest`.
fn gguf(tensors: u64, entries: u64, rest: &[u8]) -> Vec<u8> {
    let mut bytes = b"GGUF".to_vec();
    bytes.extend(3_u32.to_le_bytes());
    bytes.extend(tensors.to_le_bytes());
    bytes.extend(entries.to_le_bytes());
    bytes.extend(rest);
    bytes
}

fn text(value: &str) -> Vec<u8> {
    let mut bytes = (value.len() as u64).to_le_bytes().to_vec();
    bytes.extend(value.as_bytes());
    bytes
}

/// One metadata entry that holds a text.
fn entry(key: &str, value: &str) -> Vec<u8> {
    [text(key), 8_u32.to_le_bytes().to_vec(), text(value)].concat()
}

/// One tensor of f32 at an offset.
fn tensor(name: &str, dims: &[u64], offset: u64) -> Vec<u8> {
    let mut bytes = text(name);
    bytes.extend((dims.len() as u32).to_le_bytes());
    for dim in dims {
        bytes.extend(dim.to_le_bytes());
    }
    bytes.extend(0_u32.to_le_bytes());
    bytes.extend(offset.to_le_bytes());
    bytes
}

#[test]
fn files_that_are_no_models() {
    let folder = Folder::new();
    let remedy = "Fetch it again";
    for (name, bytes) in [
        ("text.gguf", b"just a text".to_vec()),
        ("empty.gguf", Vec::new()),
        ("magic.gguf", b"GGUF".to_vec()),
        ("version.gguf", [b"GGUF".as_slice(), &[9, 0, 0, 0]].concat()),
    ] {
        let path = folder.file(name, bytes);
        refuses(&path, "a", &[name, remedy]);
    }
    refuses(&folder.0.path().join("absent.gguf"), "a", &["absent.gguf"]);
    refuses(folder.0.path(), "a", &["several GGUF files", "name one"]);
    refuses(Folder::new().0.path(), "a", &["model.safetensors"]);
}

#[test]
fn hostile_gguf_headers() {
    let folder = Folder::new();
    let llama = entry("general.architecture", "llama");
    let huge = u64::MAX / 2;
    let alignment = [
        text("general.alignment"),
        4_u32.to_le_bytes().to_vec(),
        vec![0; 4],
    ]
    .concat();
    let long_key = huge.to_le_bytes().to_vec();
    let array = [
        text("tokenizer.ggml.tokens"),
        9_u32.to_le_bytes().to_vec(),
        8_u32.to_le_bytes().to_vec(),
        huge.to_le_bytes().to_vec(),
    ]
    .concat();
    let deep: Vec<u8> = (0..100_000)
        .flat_map(|_| [9_u32.to_le_bytes().to_vec(), 1_u64.to_le_bytes().to_vec()].concat())
        .collect();
    let deep = [text("x"), 9_u32.to_le_bytes().to_vec(), deep].concat();
    for (name, bytes) in [
        ("tensors.gguf", gguf(huge, 0, &[])),
        ("entries.gguf", gguf(0, huge, &[])),
        ("key.gguf", gguf(0, 1, &long_key)),
        ("array.gguf", gguf(0, 1, &array)),
        ("deep.gguf", gguf(0, 1, &deep)),
        ("alignment.gguf", gguf(0, 1, &alignment)),
    ] {
        let path = folder.file(name, bytes);
        refuses(&path, "a", &[name, "Fetch it again"]);
    }
    for (name, dims, offset) in [
        ("past.gguf", vec![8, 8], 1 << 40),
        ("wrap.gguf", vec![u64::MAX, u64::MAX], 0),
        ("far.gguf", vec![8], u64::MAX - 8),
    ] {
        let rest = [
            llama.clone(),
            tensor("token_embd.weight", &dims, offset),
            vec![0; 64],
        ]
        .concat();
        let path = folder.file(name, gguf(1, 1, &rest));
        refuses(&path, "a", &[name, "token_embd.weight"]);
    }
}

#[test]
fn hostile_safetensors() {
    let folder = Folder::new();
    let whole = std::fs::read(miniature("tiny-llama").join("model.safetensors")).unwrap();
    let huge_header = [&u64::MAX.to_le_bytes()[..], b"{}"].concat();
    let outside = br#"{"lm_head.weight":{"dtype":"F32","shape":[9],"data_offsets":[0,36]}}"#;
    let outside = [&(outside.len() as u64).to_le_bytes()[..], outside].concat();
    let wrap = br#"{"x":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,0]}}"#;
    let wrap = [&(wrap.len() as u64).to_le_bytes()[..], wrap].concat();
    for bytes in [
        whole[..whole.len() / 2].to_vec(),
        whole[..4].to_vec(),
        Vec::new(),
        huge_header,
        outside,
        wrap,
    ] {
        let model = folder.model("tiny-llama", "model.safetensors", bytes);
        refuses(&model, "a", &["model.safetensors", "Fetch it again"]);
    }
}

#[test]
fn models_that_hoplens_does_not_run() {
    let folder = Folder::new();
    let mamba = gguf(0, 1, &entry("general.architecture", "mamba"));
    let path = folder.file("mamba.gguf", mamba);
    refuses(&path, "a", &["mamba.gguf", "'mamba'", "Supported: llama"]);
    let model = folder.model("tiny-llama", "config.json", r#"{"model_type": "t5"}"#);
    refuses(&model, "a", &["config.json", "'t5'", "Supported: gpt2"]);
}

#[test]
fn parts_that_do_not_belong_together() {
    let folder = Folder::new();
    let config = std::fs::read_to_string(miniature("tiny-llama").join("config.json")).unwrap();
    let wider = config.replace("\"intermediate_size\": 64", "\"intermediate_size\": 65");
    assert_ne!(config, wider);
    let model = folder.model("tiny-llama", "config.json", wider);
    refuses(&model, "a", &["tensor 'model.layers.", "not [65, 32]"]);
    for nonsense in [
        "\"num_attention_heads\": 0",
        "\"num_attention_heads\": 99999999999",
    ] {
        let changed = config.replace("\"num_attention_heads\": 4", nonsense);
        let model = folder.model("tiny-llama", "config.json", changed);
        refuses(&model, "a", &["config.json", "fetch it again"]);
    }
    let model = folder.model("tiny-llama", "config.json", "{");
    refuses(&model, "a", &["config.json", "not JSON"]);
    let model = folder.model("tiny-llama", "tokenizer.json", "{}");
    refuses(&model, "a", &["tokenizer.json", "not a tokenizer"]);
}

#[test]
fn prompts_that_do_not_fit() {
    let model = miniature("tiny-gpt2");
    refuses(&model, "", &["the prompt is empty"]);
    refuses(
        &model,
        &"word ".repeat(500),
        &["reads at most 128", "Shorten"],
    );
    let model = model.to_str().unwrap();
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
fn without_network_or_model() {
    let args = ["probe", "--prompt", "a", "--offline"];
    refuses_args(&args, &["smollm2-135m", "offline"]);
    let args = ["probe", "--prompt", "a", "--model", "nonsense-model"];
    refuses_args(&args, &["nonsense-model", "smollm2-135m"]);
}

#[test]
fn prompt_files_that_cannot_be_read() {
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
    // The prompt is too long for the model; what can be said of it is said all the same.
    let long = folder.file("long.prompt", "word ".repeat(500));
    let args = [
        "check",
        long.to_str().unwrap(),
        "--model",
        model.to_str().unwrap(),
    ];
    let output = hoplens(&args);
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{error}");
    for word in ["long.prompt", "reads at most 128", "Shorten"] {
        assert!(error.contains(word), "{error}");
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
        report.contains("front-matter") && report.contains("bad.prompt:"),
        "{report}"
    );
}

/// An injection that cannot be placed does not hide what is found elsewhere.
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
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{error}");
    assert!(
        error.contains("a.prompt") && error.contains("layer 999"),
        "{error}"
    );
    assert!(
        report.contains("b.prompt") && report.contains("answer-unlikely"),
        "{report}"
    );
}

/// A magnitude beyond all numbers is refused, not reported as a result.
#[test]
fn overflow_is_no_result() {
    let model = miniature("tiny-gpt2");
    let model = model.to_str().unwrap();
    let args = [
        "sweep", "--model", model, "--prompt", "a b", "--expect", " x", "--memory", "m",
    ];
    refuses_args(&[&args[..], &["--tau", "1e300"]].concat(), &["overflow"]);
}
