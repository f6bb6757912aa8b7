//! The miniatures as GGUF files, held to the numbers of their safetensors.

mod checkpoint;
mod convert;
mod rope;

use std::path::PathBuf;

use crate::numbers::check_reference;
use candle_core::quantized::GgmlDType;
use checkpoint::Checkpoint;
use hoplens_runtime::{BosPolicy, CancelToken, Capture, Hooks, Model, Positions};
use hoplens_test_support::{ReferenceNumbers, load, miniature};

/// Within as much as Hugging Face Transformers and the safetensors agree.
const TINY: f64 = 1e-4;

/// Where the files are written: `HOPLENS_KEEP`, for a look at them with other tools, or nowhere
/// for long.
struct Folder(Option<tempfile::TempDir>);

impl Folder {
    fn new() -> Self {
        Self(
            std::env::var_os("HOPLENS_KEEP")
                .is_none()
                .then(|| tempfile::tempdir().unwrap()),
        )
    }

    fn file(&self, name: &str) -> PathBuf {
        match &self.0 {
            Some(folder) => folder.path().join(name),
            None => PathBuf::from(std::env::var_os("HOPLENS_KEEP").unwrap()).join(name),
        }
    }
}

#[track_caller]
fn agrees(name: &str) {
    let folder = Folder::new();
    let source = miniature(name);
    let path = folder.file(&format!("{name}.gguf"));
    convert::write(&Checkpoint::read(&source), GgmlDType::F32, &path);
    let reference = ReferenceNumbers::read(&source.join("reference.json"));
    check_reference(&load(&path), &reference, TINY);
}

#[test]
fn llama_agrees_with_transformers() {
    agrees("tiny-llama");
}

#[test]
fn gpt2_agrees_with_transformers() {
    agrees("tiny-gpt2");
}

#[test]
fn gpt_neox_agrees_with_transformers() {
    agrees("tiny-gpt-neox");
}

#[test]
fn qwen2_agrees_with_transformers() {
    agrees("tiny-qwen2");
}

#[test]
fn qwen3_agrees_with_transformers() {
    agrees("tiny-qwen3");
}

fn logits(model: &Model) -> Vec<f32> {
    let prompt = "The largest coral reef system in the world is located off the coast of";
    let tokens = hoplens_test_support::ids(model, prompt, BosPolicy::Always);
    let capture = Capture {
        logits: Positions::Last,
        ..Capture::default()
    };
    let run = model
        .forward(&[&tokens], &Hooks::capture(capture), &CancelToken::new())
        .unwrap();
    run.logits.row(0).to_vec()
}

/// The root mean square of the difference, as a share of the logits' own spread.
fn distance(found: &[f32], exact: &[f32]) -> f64 {
    let mean_square = |values: &mut dyn Iterator<Item = f64>| {
        values.map(|value| value * value).sum::<f64>() / exact.len() as f64
    };
    let mean = exact.iter().map(|x| f64::from(*x)).sum::<f64>() / exact.len() as f64;
    let pairs = found.iter().zip(exact);
    let apart = mean_square(&mut pairs.map(|(a, b)| f64::from(a - b)));
    let spread = mean_square(&mut exact.iter().map(|x| f64::from(*x) - mean));
    (apart / spread).sqrt()
}

#[track_caller]
fn is_near(checkpoint: &Checkpoint, name: &str, kinds: &[(GgmlDType, f64)]) {
    let folder = Folder::new();
    let model = |kind: GgmlDType| {
        let path = folder.file(&format!("{name}-{kind:?}.gguf"));
        convert::write(checkpoint, kind, &path);
        logits(&load(&path))
    };
    let exact = model(GgmlDType::F32);
    for (kind, most) in kinds {
        let found = model(*kind);
        assert!(found.iter().all(|logit| logit.is_finite()), "{kind:?}");
        let apart = distance(&found, &exact);
        // Unrelated logits are 1.4 away; a type that makes no difference was not used.
        assert!(0.0 < apart && apart < *most, "{name}, {kind:?}: {apart}");
    }
}

/// How far a type may be from f32. The miniatures' random weights are the worst case: real ones
/// are about half as far. Only the 5-bit and 4-bit types of small widths are far at all.
const OF_32: [(GgmlDType, f64); 7] = [
    (GgmlDType::F16, 0.005),
    (GgmlDType::BF16, 0.04),
    (GgmlDType::Q8_0, 0.1),
    (GgmlDType::Q5_0, 0.5),
    (GgmlDType::Q5_1, 0.6),
    (GgmlDType::Q4_0, 1.1),
    (GgmlDType::Q4_1, 1.0),
];

#[test]
fn types_with_short_blocks_are_near() {
    for name in [
        "tiny-llama",
        "tiny-gpt2",
        "tiny-gpt-neox",
        "tiny-qwen2",
        "tiny-qwen3",
    ] {
        is_near(&Checkpoint::read(&miniature(name)), name, &OF_32);
    }
}

#[test]
fn types_with_long_blocks_are_near() {
    let wide = Checkpoint::wide(&miniature("tiny-llama"));
    let kinds = [
        (GgmlDType::F16, 0.002),
        (GgmlDType::BF16, 0.01),
        (GgmlDType::Q8_0, 0.03),
        (GgmlDType::Q5_0, 0.3),
        (GgmlDType::Q5_1, 0.3),
        (GgmlDType::Q4_0, 0.4),
        (GgmlDType::Q4_1, 0.45),
        (GgmlDType::Q6K, 0.1),
        (GgmlDType::Q5K, 0.4),
        (GgmlDType::Q4K, 0.7),
        (GgmlDType::Q3K, 1.0),
        (GgmlDType::Q2K, 1.3),
    ];
    is_near(&wide, "wide", &kinds);
}
