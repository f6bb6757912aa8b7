//! Rotary scaling in GGUF metadata means what it means in `config.json`.

use std::path::Path;

use candle_core::quantized::GgmlDType;
use candle_core::quantized::gguf_file::Value;
use serde_json::json;

use crate::gguf::checkpoint::{Array, Checkpoint};
use crate::gguf::{convert, distance, logits};
use hoplens_test_support::{load, miniature};

/// The logits of tiny-llama with these `rope_parameters`.
fn from_config(parameters: &serde_json::Value) -> Vec<f32> {
    let folder = tempfile::tempdir().unwrap();
    let base = miniature("tiny-llama");
    for name in ["model.safetensors", "tokenizer.json"] {
        std::fs::copy(base.join(name), folder.path().join(name)).unwrap();
    }
    let mut config = Checkpoint::read(&base).config;
    config["rope_parameters"] = parameters.clone();
    let path = folder.path().join("config.json");
    std::fs::write(path, config.to_string()).unwrap();
    logits(&load(folder.path()))
}

#[track_caller]
fn same(parameters: &serde_json::Value, checkpoint: &Checkpoint, entries: &[(&str, Value)]) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rope.gguf");
    convert::write_with(checkpoint, GgmlDType::F32, &path, entries);
    let found = logits(&load(Path::new(&path)));
    let expected = from_config(parameters);
    assert!(distance(&found, &expected) < 1e-4);
    let plain = from_config(&json!({"rope_type": "default", "rope_theta": 10_000.0}));
    assert!(distance(&found, &plain) > 1e-2);
}

fn tiny() -> Checkpoint {
    Checkpoint::read(&miniature("tiny-llama"))
}

#[test]
fn linear() {
    let parameters = json!({"rope_type": "linear", "rope_theta": 10_000.0, "factor": 4.0});
    let new = [
        ("rope.scaling.type", Value::String("linear".into())),
        ("rope.scaling.factor", Value::F32(4.0)),
    ];
    same(&parameters, &tiny(), &new);
    same(
        &parameters,
        &tiny(),
        &[("rope.scale_linear", Value::F32(4.0))],
    );
}

#[test]
fn yarn() {
    let entries = |more: &[(&'static str, f32)]| {
        let mut entries = vec![
            ("rope.scaling.type", Value::String("yarn".into())),
            ("rope.scaling.factor", Value::F32(4.0)),
            ("rope.scaling.original_context_length", Value::U32(16)),
        ];
        entries.extend(more.iter().map(|(key, value)| (*key, Value::F32(*value))));
        entries
    };
    let mut parameters = json!({"rope_type": "yarn", "rope_theta": 10_000.0, "factor": 4.0,
        "original_max_position_embeddings": 16});
    same(&parameters, &tiny(), &entries(&[]));
    parameters["beta_fast"] = json!(8.0);
    parameters["beta_slow"] = json!(0.5);
    parameters["attention_factor"] = json!(1.5 * (0.1 * 4.0_f64.ln() + 1.0));
    let more = [
        ("rope.scaling.yarn_beta_fast", 8.0),
        ("rope.scaling.yarn_beta_slow", 0.5),
        ("rope.scaling.attn_factor", 1.5),
    ];
    same(&parameters, &tiny(), &entries(&more));
}

/// llama.cpp stores Llama 3's frequencies as one divisor each.
#[test]
fn llama_3() {
    let parameters = json!({"rope_type": "llama3", "rope_theta": 10_000.0, "factor": 8.0,
        "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 128});
    // Wavelengths of 6, 63, 628 and 6283 positions: kept, in between, divided, divided.
    let smooth = (128.0 / (20.0 * std::f32::consts::PI) - 1.0) / (4.0 - 1.0);
    let between = 1.0 / ((1.0 - smooth) / 8.0 + smooth);
    let mut checkpoint = tiny();
    let divisors = Array {
        shape: vec![4],
        data: vec![1.0, between, 8.0, 8.0],
    };
    checkpoint
        .tensors
        .insert("rope_freqs.weight".into(), divisors);
    same(&parameters, &checkpoint, &[]);
}
