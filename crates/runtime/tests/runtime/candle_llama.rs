//! Our forward pass against candle-transformers' Llama on the same weights.

use candle_core::{DType, Device, Tensor};
use candle_nn::VarBuilder;
use candle_transformers::models::llama::{Cache, Config, Llama, LlamaConfig};
use hoplens_runtime::{CancelToken, Capture, Hooks, Positions};
use hoplens_test_support::{load, miniature};
use serde_json::json;

#[test]
fn logits_are_those_of_candle() {
    let folder = miniature("tiny-llama");
    let model = load(&folder);
    let config = config(&folder);
    let device = Device::Cpu;
    let tensors =
        candle_core::safetensors::load(folder.join("model.safetensors"), &device).unwrap();
    let weights = VarBuilder::from_tensors(tensors, DType::F32, &device);
    let theirs = Llama::load(weights, &config).unwrap();
    for prompt in [
        "The largest coral reef system in the world",
        "naïve café 🙂",
        "a",
    ] {
        let ids = model.tokenizer.ids(prompt);
        let hooks = Hooks::capture(Capture {
            logits: Positions::Last,
            ..Capture::default()
        });
        let ours = model.forward(&[&ids], &hooks, &CancelToken::new()).unwrap();
        let input = Tensor::new(ids.as_slice(), &device)
            .unwrap()
            .unsqueeze(0)
            .unwrap();
        let mut cache = Cache::new(false, DType::F32, &config, &device).unwrap();
        let logits = theirs.forward(&input, 0, &mut cache).unwrap();
        let logits = logits.squeeze(0).unwrap().to_vec1::<f32>().unwrap();
        assert_eq!(ours.logits.row(0).len(), logits.len());
        for (a, b) in ours.logits.row(0).iter().zip(&logits) {
            assert!((a - b).abs() < 1e-4, "{a} is not {b}");
        }
    }
}

/// candle reads the rotary base from the top level, where Transformers 5 no longer writes it.
fn config(folder: &std::path::Path) -> Config {
    let text = std::fs::read_to_string(folder.join("config.json")).unwrap();
    let mut json: serde_json::Value = serde_json::from_str(&text).unwrap();
    json["rope_theta"] = json!(json["rope_parameters"]["rope_theta"].as_f64().unwrap());
    let config: LlamaConfig = serde_json::from_value(json).unwrap();
    config.into_config(false)
}
