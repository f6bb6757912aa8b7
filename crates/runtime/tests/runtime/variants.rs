//! Settings of `config.json` that the miniatures do not have, against what Hugging Face
//! Transformers computed with them: `tests/fixtures/variants.json`, which
//! `tests/fixtures/scripts/variants.py` wrote.

use std::collections::BTreeMap;
use std::path::Path;

use hoplens_runtime::{CancelToken, Capture, Hooks, Model, Positions, Sequences, log_softmax};
use hoplens_test_support::{assert_close, load, miniature};
use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorView};
use serde::Deserialize;
use serde_json::{Map, Value};

const TOLERANCE: f64 = 1e-4;

#[derive(Deserialize)]
struct Variants {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    base: String,
    config: Map<String, Value>,
    removed: Vec<String>,
    /// Tensors that the miniature lacks: element i is 0.3·sin(i + 1).
    sines: BTreeMap<String, Vec<usize>>,
    prompts: Vec<Prompt>,
}

#[derive(Deserialize)]
struct Prompt {
    ids: Vec<u32>,
    token_logp: Vec<f64>,
    top: Vec<usize>,
    top_logp: Vec<f64>,
}

/// A copy of the miniature with other settings.
fn write(case: &Case, folder: &Path) {
    let base = miniature(&case.base);
    let text = std::fs::read(base.join("config.json")).unwrap();
    let mut config: Map<String, Value> = serde_json::from_slice(&text).unwrap();
    for key in &case.removed {
        config.remove(key);
    }
    config.extend(case.config.clone());
    let config = serde_json::to_vec(&config).unwrap();
    std::fs::write(folder.join("config.json"), config).unwrap();
    std::fs::copy(base.join("tokenizer.json"), folder.join("tokenizer.json")).unwrap();
    let bytes = std::fs::read(base.join("model.safetensors")).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let sines: BTreeMap<String, Vec<u8>> = case
        .sines
        .iter()
        .map(|(name, shape)| {
            let values = (1..=shape.iter().product()).map(|i: usize| 0.3 * (i as f64).sin());
            let bytes = values.flat_map(|value| (value as f32).to_le_bytes());
            (name.clone(), bytes.collect())
        })
        .collect();
    let added = sines.iter().map(|(name, data)| {
        let shape = case.sines[name].clone();
        (
            name.clone(),
            TensorView::new(Dtype::F32, shape, data).unwrap(),
        )
    });
    let all: Vec<_> = file.tensors().into_iter().chain(added).collect();
    let bytes = safetensors::serialize(all, None).unwrap();
    std::fs::write(folder.join("model.safetensors"), bytes).unwrap();
}

fn check(model: &Model, case: &Case, prompt: &Prompt) {
    let capture = Capture {
        logits: Positions::Last,
        token_logps: Sequences::All,
        ..Capture::default()
    };
    let run = model
        .forward(
            &[&prompt.ids],
            &Hooks::capture(capture),
            &CancelToken::new(),
        )
        .unwrap();
    let what = format!("{}, {} tokens", case.name, prompt.ids.len());
    assert_eq!(run.token_logps[0].len(), prompt.token_logp.len());
    for (found, expected) in run.token_logps[0].iter().zip(&prompt.token_logp) {
        assert_close(f64::from(*found), *expected, TOLERANCE, &what);
    }
    let logps = log_softmax(run.logits.row(0));
    for (token, expected) in prompt.top.iter().zip(&prompt.top_logp) {
        assert_close(logps[*token], *expected, TOLERANCE, &what);
    }
}

fn cases() -> Vec<Case> {
    let path = hoplens_test_support::root().join("tests/fixtures/variants.json");
    let variants: Variants = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    variants.cases
}

#[test]
fn every_setting_agrees_with_transformers() {
    let cases = cases();
    assert!(cases.len() > 40);
    for case in &cases {
        let folder = tempfile::tempdir().unwrap();
        write(case, folder.path());
        let model = load(folder.path());
        for prompt in &case.prompts {
            check(&model, case, prompt);
        }
    }
}

/// Other sequences in a pass change nothing, even where frequencies depend on the length.
#[test]
fn sequences_of_one_pass_rotate_by_their_own_length() {
    for case in cases()
        .iter()
        .filter(|case| case.name.starts_with("dynamic") || case.name.starts_with("longrope"))
    {
        let folder = tempfile::tempdir().unwrap();
        write(case, folder.path());
        let model = load(folder.path());
        let together: Vec<&[u32]> = case.prompts.iter().map(|one| &one.ids[..]).collect();
        let capture = Capture {
            token_logps: Sequences::All,
            ..Capture::default()
        };
        let run = model
            .forward(&together, &Hooks::capture(capture), &CancelToken::new())
            .unwrap();
        for (found, prompt) in run.token_logps.iter().zip(&case.prompts) {
            for (found, expected) in found.iter().zip(&prompt.token_logp) {
                assert_close(f64::from(*found), *expected, TOLERANCE, &case.name);
            }
        }
    }
}
