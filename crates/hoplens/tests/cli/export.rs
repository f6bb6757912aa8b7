//! `hoplens export`: the exported files, the reported distance from the injection, and errors.

use std::path::Path;
use std::process::{Command, Output};

use candle_core::Device;
use candle_core::quantized::gguf_file::{Content, Value};
use hoplens_injection::{Encoding, Scope};
use hoplens_interp::ModelContext;
use hoplens_interp::memory::{
    Library, MemoryEncoding, MemoryError, MemoryInjection, Placement, Script, Side, control_vector,
    encode, python,
};
use hoplens_runtime::{
    Answer, BosPolicy, CancelToken, Capture, Hooks, Intervention, InterventionAction, Model,
    Positions, PromptQuery, TargetPositions,
};
use hoplens_store::ModelFiles;
use hoplens_test_support::{FAMILIES, load, miniature, skip};

const PROMPT: &str = "The tallest building in the world";
const BOS: BosPolicy = BosPolicy::Auto;
/// Families that llama.cpp supports.
const IN_LLAMA_CPP: [&str; 5] = [
    "tiny-gpt2",
    "tiny-gpt-neox",
    "tiny-llama",
    "tiny-qwen2",
    "tiny-qwen3",
];

fn memory_injection(encoding: Encoding, layer: usize, scope: Scope) -> MemoryInjection {
    MemoryInjection {
        memory: "Great Barrier \"Reef\"\n".into(),
        placement: Placement {
            encoding,
            layer,
            head: None,
            tau: -2.5,
            scope,
        },
    }
}

fn query(model: &Model) -> PromptQuery {
    PromptQuery {
        answers: vec![Answer::from_token(7)],
        ..PromptQuery::new(&model.tokenizer, PROMPT, BOS)
    }
}

#[test]
fn the_file_contains_the_memory_times_tau() {
    for family in IN_LLAMA_CPP {
        let model = load(&miniature(family));
        let last = model.info.layers - 1;
        let injections = [
            memory_injection(Encoding::Embed, last, Scope::All),
            memory_injection(Encoding::Embed, last, Scope::All),
        ];
        let cancel = CancelToken::new();
        let context = ModelContext::new(&model, &cancel);
        let vector = control_vector(context, &injections, BOS, None).unwrap();
        let at = match vector.side {
            Side::Before => (last - 1).max(1),
            Side::Behind => last,
        };
        let parallel = family == "tiny-gpt-neox";
        assert_eq!(vector.side == Side::Behind, parallel, "{family}");
        let mut file = std::io::Cursor::new(model.control_vector_file(&vector.directions).unwrap());
        let content = Content::read(&mut file).unwrap();
        let text = |key: &str| content.metadata[key].to_string().unwrap().clone();
        assert_eq!(text("general.architecture"), "controlvector");
        let hint = text("controlvector.model_hint");
        assert_eq!(hint, family.trim_start_matches("tiny-").replace('-', ""));
        let count = &content.metadata["controlvector.layer_count"];
        assert!(matches!(count, Value::I32(1)), "{count:?}");
        let name = format!("direction.{at}");
        assert_eq!(content.tensor_infos.keys().collect::<Vec<_>>(), [&name]);
        let tensor = content.tensor(&mut file, &name, &Device::Cpu).unwrap();
        let found: Vec<f32> = tensor.dequantize(&Device::Cpu).unwrap().to_vec1().unwrap();
        let embed = MemoryEncoding::new(Encoding::Embed, BOS);
        let memory = encode(context, &injections[0].memory, embed);
        let memory = memory.unwrap();
        assert_eq!(found.len(), model.info.width);
        for (found, value) in found.iter().zip(memory.at(last).iter()) {
            assert!(
                (found + 5.0 * value).abs() < 1e-5,
                "{family}: {found} {value}"
            );
        }
    }
}

#[test]
fn a_direction_is_added_after_its_block() {
    for family in FAMILIES {
        let model = load(&miniature(family));
        let ids = hoplens_test_support::ids(&model, PROMPT, BOS);
        let vector: Vec<f32> = (0..model.info.width).map(|i| i as f32 * 0.25).collect();
        let change = Intervention {
            layer: model.info.layers - 1,
            sequence: None,
            at: TargetPositions::Range(1..3),
            action: InterventionAction::AddMlpOut(vector.as_slice().into()),
        };
        let run = |interventions| {
            let capture = Capture {
                resid_final: Positions::All,
                ..Capture::default()
            };
            let hooks = Hooks {
                interventions,
                ..Hooks::capture(capture)
            };
            model.forward(&[&ids], &hooks, &CancelToken::new()).unwrap()
        };
        let (clean, changed) = (run(Vec::new()), run(vec![change]));
        for position in 0..ids.len() {
            let rows = [&clean, &changed].map(|trace| trace.resid_final.row(position));
            for (i, (before, after)) in rows[0].iter().zip(rows[1]).enumerate() {
                let added = if (1..3).contains(&position) {
                    vector[i]
                } else {
                    0.0
                };
                assert!(
                    (after - before - added).abs() < 1e-4,
                    "{family}, {position}, {i}"
                );
            }
        }
    }
}

#[test]
fn with_a_parallel_mlp_a_control_vector_equals_the_injection() {
    for family in IN_LLAMA_CPP {
        let model = load(&miniature(family));
        let injections = [memory_injection(Encoding::Unembed, 1, Scope::All)];
        let (query, cancel) = (query(&model), CancelToken::new());
        let context = ModelContext::new(&model, &cancel);
        let vector = control_vector(context, &injections, BOS, Some(&query));
        let likeness = vector.unwrap().likeness.unwrap();
        assert!(likeness.kl_written > 1e-6, "{family}: {likeness:?}");
        if family == "tiny-gpt-neox" {
            assert!(likeness.kl_vector.abs() < 1e-6, "{likeness:?}");
        } else {
            assert!(likeness.kl_vector > 1e-6, "{family}: {likeness:?}");
        }
    }
}

#[test]
fn scripts_are_python_and_name_every_injection() {
    let python_runs = Command::new("python3").arg("--version").output().is_ok();
    if !python_runs {
        skip("python3, for the syntax of exported scripts");
    }
    for family in FAMILIES {
        let folder = miniature(family);
        let model = load(&folder);
        let query = query(&model);
        let injections = [
            memory_injection(Encoding::Layerwise, 1, Scope::All),
            memory_injection(Encoding::Embed, 0, Scope::Last),
            memory_injection(Encoding::Unembed, 1, Scope::All),
        ];
        for library in [Library::TransformerLens, Library::Nnsight] {
            let script = Script {
                library,
                files: &ModelFiles::Folder(folder.clone()),
                injections: &injections,
                query: &query,
            };
            let text = python(&model, &script).unwrap();
            let last = format!("slice({}, {})", query.tokens.len() - 1, query.tokens.len());
            let order = [
                "(0, -2.5 * embed(",
                "(1, -2.5 * layerwise(",
                "(1, -2.5 * unembed(",
            ];
            let places = order.map(|part| text.find(part).expect(part));
            assert!(places.is_sorted() && text.contains(&last), "{text}");
            if python_runs {
                compiles(&text);
            }
        }
    }
}

fn compiles(text: &str) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("script.py");
    std::fs::write(&path, text).unwrap();
    let check = "import sys; compile(open(sys.argv[1], encoding='utf-8').read(), 'script', 'exec')";
    let output = Command::new("python3")
        .args(["-c", check])
        .arg(path)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}\n{text}");
}

fn export(folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_hoplens"))
        .arg("export")
        .args(args)
        .current_dir(folder)
        .env("HF_HUB_OFFLINE", "1")
        .output()
        .unwrap()
}

/// Returns a folder of prompt files that are named after their injections.
fn prompts() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, inject: &str| {
        let cases = "hoplens.cases:\n  - {id: a, expect: x}\n  - {id: b, expect: x}\n";
        let text = format!("---\n{cases}hoplens.inject:\n{inject}---\nThe tall\n");
        std::fs::write(folder.path().join(name), text).unwrap();
    };
    let line = |case: &str| format!("  - {{case: {case}, memory: m, layer: 1, tau: 2}}\n");
    file("one.prompt", &line("a"));
    file("two.prompt", &(line("a") + &line("b")));
    let head = "  - {case: a, memory: m, layer: 1, head: 0, tau: 2}\n";
    file("head.prompt", head);
    std::fs::write(folder.path().join("none.prompt"), "The tall").unwrap();
    folder
}

#[track_caller]
fn refuses(folder: &Path, family: &str, args: &str, words: &[&str]) {
    let model = miniature(family);
    let mut args: Vec<&str> = args.split_whitespace().collect();
    args.extend(["--model", model.to_str().unwrap()]);
    let output = export(folder, &args);
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{args:?}: {error}");
    for word in words {
        assert!(
            error.contains(word),
            "{args:?} does not say '{word}': {error}"
        );
    }
    assert!(output.stdout.is_empty(), "{args:?} printed a result");
    assert!(!folder.join("out.gguf").exists(), "{args:?}");
}

#[test]
fn unsupported_injections_are_rejected_and_nothing_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let refused = |family: &str, flags: &str, words: &[&str]| {
        let args = format!("--memory m --to gguf --out out.gguf {flags}");
        refuses(folder.path(), family, &args, words);
    };
    let last = "--tau 2 --layer 1 --scope last";
    refused("tiny-llama", last, &["every position", "--scope all"]);
    let first = "--tau 2 --layer 0";
    refused("tiny-llama", first, &["layer 0", "layer 1 or later"]);
    refused("tiny-llama", "--tau 2 --layer 99", &["layer 99"]);
    let family = "tiny-gpt-neo";
    refused(family, "--tau 2 --layer 1", &["gpt_neo", "--to nnsight"]);
    let nan = "--layer 1 --tau nan";
    refused("tiny-llama", nan, &["not a finite number"]);
    let span = "--tau 2 --layer 1 --span tall";
    refused("tiny-llama", span, &["--scope span"]);
}

#[test]
fn ambiguous_or_missing_injections_of_a_file_are_rejected() {
    let folder = prompts();
    let refused = |args: &str, words: &[&str]| refuses(folder.path(), "tiny-llama", args, words);
    refused("one.prompt --to gguf", &["--out"]);
    refused("two.prompt --to nnsight", &["a, b", "--case"]);
    refused("two.prompt --case c --to nnsight", &["no case 'c'", "a, b"]);
    let second = "one.prompt --injection 2 --to nnsight";
    refused(second, &["1 injection, so there is no 2"]);
    let none = "one.prompt --case b --injection 1 --to nnsight";
    refused(none, &["0 injections, so there is no 1"]);
    let zeroth = "two.prompt --case a --injection 0 --to nnsight";
    refused(zeroth, &["no 0"]);
    refused("none.prompt --to nnsight", &["no injection"]);
    for library in ["nnsight", "transformer-lens"] {
        let script = format!("head.prompt --to {library}");
        refused(&script, &["one head", "--to gguf"]);
    }
}

#[test]
fn flags_without_effect_are_rejected() {
    let folder = prompts();
    let memory = "--memory m --layer 1 --tau 2 --prompt tall --to nnsight";
    let refused = |before: &str, flag: &str| {
        let words = [flag.split(' ').next().unwrap(), "cannot be used with"];
        let args = format!("{before} {flag}");
        refuses(folder.path(), "tiny-llama", &args, &words);
    };
    for flag in ["--case a", "--injection 1"] {
        refused(memory, flag);
    }
    for flag in ["--layer 0", "--tau 9", "--prompt y", "--expect y"] {
        refused("one.prompt --to nnsight", flag);
    }
}

#[test]
fn every_target_rejects_an_empty_prompt() {
    let folder = tempfile::tempdir().unwrap();
    let model = miniature("tiny-gpt2");
    let model = model.to_str().unwrap();
    let flags = "--memory m --layer 1 --tau 2 --out out --bos never --prompt";
    for target in ["gguf", "nnsight", "transformer-lens"] {
        let mut args: Vec<&str> = flags.split(' ').collect();
        args.extend(["", "--to", target, "--model", model]);
        let output = export(folder.path(), &args);
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{target}: {error}");
        assert!(error.contains("the prompt is empty"), "{target}: {error}");
        assert!(!folder.path().join("out").exists(), "{target}");
    }
}

#[test]
fn control_vectors_support_heads_and_scripts_reject_them() {
    let model = load(&miniature("tiny-llama"));
    let query = query(&model);
    let mut into_head = memory_injection(Encoding::Embed, 1, Scope::All);
    into_head.placement.head = Some(1);
    let injections = [into_head];
    for library in [Library::TransformerLens, Library::Nnsight] {
        let script = Script {
            library,
            files: &ModelFiles::Folder(miniature("tiny-llama")),
            injections: &injections,
            query: &query,
        };
        let refused = python(&model, &script);
        assert!(
            matches!(refused, Err(MemoryError::HeadOfScript)),
            "{refused:?}"
        );
    }
    let memory = &injections[0].memory;
    let cancel = CancelToken::new();
    let context = ModelContext::new(&model, &cancel);
    let of_head = MemoryEncoding {
        head: Some(1),
        ..MemoryEncoding::new(Encoding::Embed, BOS)
    };
    let projected = encode(context, memory, of_head);
    let vector = control_vector(context, &injections, BOS, None).unwrap();
    let direction = vector.directions.values().next().unwrap();
    for (found, value) in direction.iter().zip(projected.unwrap().at(1).iter()) {
        assert!((found + 2.5 * value).abs() < 1e-5, "{found} {value}");
    }
}

#[test]
fn the_distance_of_the_control_vector_is_reported() {
    let folder = tempfile::tempdir().unwrap();
    let model = miniature("tiny-llama");
    let args =
        "--memory m --layer 1 --tau 2 --to gguf --out out.gguf --json --prompt tall --expect x";
    let mut args: Vec<&str> = args.split_whitespace().collect();
    args.extend(["--model", model.to_str().unwrap()]);
    let output = export(folder.path(), &args);
    assert!(output.status.success(), "{output:?}");
    let said: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let measured = &said["control_vector"]["measured"];
    for key in [
        "p_written",
        "p_injected",
        "p_vector",
        "kl_vector",
        "kl_written",
    ] {
        assert!(measured[key].is_f64(), "{said}");
    }
    assert_eq!(said["control_vector"]["directions"], serde_json::json!([1]));
    assert!(folder.path().join("out.gguf").is_file());
}
