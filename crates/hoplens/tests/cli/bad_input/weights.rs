//! Weights in one or several safetensors files, complete and damaged.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use half::{bf16, f16};
use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorView};
use serde_json::json;

use crate::bad_input::{Folder, hoplens, refuses};
use hoplens_test_support::{load, miniature};

const INDEX: &str = "model.safetensors.index.json";

type Tensors = BTreeMap<String, (Dtype, Vec<usize>, Vec<u8>)>;

fn tensors(family: &str) -> Tensors {
    let bytes = std::fs::read(miniature(family).join("model.safetensors")).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let all = file.tensors().into_iter().map(|(name, view)| {
        let parts = (view.dtype(), view.shape().to_vec(), view.data().to_vec());
        (name, parts)
    });
    all.collect()
}

fn file(tensors: &Tensors) -> Vec<u8> {
    let views = tensors.iter().map(|(name, (kind, shape, data))| {
        (name, TensorView::new(*kind, shape.clone(), data).unwrap())
    });
    safetensors::serialize(views, None).unwrap()
}

/// Returns the weights with every tensor converted to another type.
fn converted(family: &str, kind: Dtype, convert: impl Fn(f32) -> Vec<u8>) -> Vec<u8> {
    let mut all = tensors(family);
    for (found, _, data) in all.values_mut() {
        let (values, _) = data.as_chunks::<4>();
        *data = values
            .iter()
            .flat_map(|four| convert(f32::from_le_bytes(*four)))
            .collect();
        *found = kind;
    }
    file(&all)
}

/// Writes tiny-llama in two files; `index` may change their index.
fn sharded(folder: &Folder, index: impl Fn(&mut BTreeMap<String, String>)) -> PathBuf {
    let (mut first, mut second) = (tensors("tiny-llama"), Tensors::new());
    let names: Vec<String> = first.keys().cloned().collect();
    for name in &names[names.len() / 2..] {
        second.insert(name.clone(), first.remove(name).unwrap());
    }
    let path = folder.model("tiny-llama", "generation_config.json", "{}");
    let mut places = BTreeMap::new();
    for (at, shard) in [first, second].iter().enumerate() {
        let name = format!("model-0000{}-of-00002.safetensors", at + 1);
        places.extend(shard.keys().map(|tensor| (tensor.clone(), name.clone())));
        std::fs::write(path.join(name), file(shard)).unwrap();
    }
    std::fs::remove_file(path.join("model.safetensors")).unwrap();
    index(&mut places);
    let text = json!({"metadata": {}, "weight_map": places}).to_string();
    std::fs::write(path.join(INDEX), text).unwrap();
    path
}

/// Returns the result of a prompt, without the model's name and digest.
fn answer(path: &Path) -> serde_json::Value {
    let path = path.to_str().unwrap();
    let args = [
        "probe",
        "--prompt",
        "The largest coral",
        "--json",
        "--model",
        path,
    ];
    let output = hoplens(&args);
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{error}");
    let mut answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    answer["model"].take();
    answer
}

#[test]
fn shards_equal_the_whole_model() {
    let folder = Folder::new();
    let whole = answer(&miniature("tiny-llama"));
    assert_eq!(answer(&sharded(&folder, |_| {})), whole);
}

#[test]
fn invalid_shard_indices_are_rejected() {
    let folder = Folder::new();
    let path = sharded(&folder, |_| {});
    std::fs::remove_file(path.join("model-00002-of-00002.safetensors")).unwrap();
    refuses(
        &path,
        "a",
        &["model.safetensors.index.json", "not all the files"],
    );

    let folder = Folder::new();
    let path = sharded(&folder, |places| {
        let first = "model-00001-of-00002.safetensors".to_owned();
        places.insert("model.norm.weight".into(), first);
    });
    refuses(
        &path,
        "a",
        &[INDEX, "'model.norm.weight'", "where it is not"],
    );

    let folder = Folder::new();
    let path = sharded(&folder, |places| {
        places.remove("model.norm.weight");
    });
    refuses(
        &path,
        "a",
        &["'model.norm.weight' is missing", "fetch it again"],
    );

    for outside in ["../model.safetensors", "/etc/passwd", "a/../../b", ".."] {
        let folder = Folder::new();
        let path = sharded(&folder, |places| {
            places.insert("model.norm.weight".into(), outside.into());
        });
        refuses(&path, "a", &[INDEX, "outside its folder"]);
    }
    for text in [
        "",
        "[]",
        "{}",
        r#"{"weight_map": {}}"#,
        r#"{"weight_map": {"x": 3}}"#,
    ] {
        let folder = Folder::new();
        let path = sharded(&folder, |_| {});
        std::fs::write(path.join(INDEX), text).unwrap();
        refuses(&path, "a", &[INDEX]);
    }
}

#[test]
fn half_precision_is_close_and_integers_are_rejected() {
    let folder = Folder::new();
    let exact = load(&miniature("tiny-llama")).unembedding(7);
    let halves = converted("tiny-llama", Dtype::F16, |x| {
        f16::from_f32(x).to_le_bytes().to_vec()
    });
    let brains = converted("tiny-llama", Dtype::BF16, |x| {
        bf16::from_f32(x).to_le_bytes().to_vec()
    });
    for (bytes, most) in [(halves, 1e-3), (brains, 1e-2)] {
        let path = folder.model("tiny-llama", "model.safetensors", bytes);
        for (found, exact) in load(&path).unembedding(7).iter().zip(&exact) {
            assert!((found - exact).abs() <= most * exact.abs().max(1e-3));
        }
        answer(&path);
    }
    let integers = converted("tiny-llama", Dtype::I8, |x| vec![x as i8 as u8]);
    let path = folder.model("tiny-llama", "model.safetensors", integers);
    refuses(&path, "a", &["model.safetensors", "I8", "GGUF"]);
}

/// Without an output head of its own, a model uses its embedding.
#[test]
fn a_missing_output_head_is_tied_to_the_embedding() {
    let folder = Folder::new();
    let mut all = tensors("tiny-llama");
    all.remove("lm_head.weight");
    let path = folder.model("tiny-llama", "model.safetensors", file(&all));
    let model = load(&path);
    assert_eq!(model.unembedding(7), model.embedding(7));
    let untied = load(&miniature("tiny-llama"));
    assert_ne!(untied.unembedding(7), untied.embedding(7));
}

#[test]
fn weights_that_are_not_finite_are_rejected() {
    let folder = Folder::new();
    for strange in [f32::NAN, f32::INFINITY] {
        let mut all = tensors("tiny-llama");
        let (_, _, data) = all.get_mut("model.layers.1.mlp.up_proj.weight").unwrap();
        data[40..44].copy_from_slice(&strange.to_le_bytes());
        let path = folder.model("tiny-llama", "model.safetensors", file(&all));
        let words = ["up_proj", "1 values that are not finite", "fetch it again"];
        refuses(&path, "a", &words);
    }
    // Each value is finite, but their sums are not.
    let huge = converted("tiny-llama", Dtype::F32, |_| {
        f32::MAX.to_le_bytes().to_vec()
    });
    let path = folder.model("tiny-llama", "model.safetensors", huge);
    refuses(&path, "a", &["not finite", "fetch the model again"]);
}

/// A tokenizer with more tokens than the weights, and tokenizer files that are damaged.
#[test]
fn tokenizers_of_other_models_are_rejected() {
    let folder = Folder::new();
    let text = std::fs::read(miniature("tiny-llama").join("tokenizer.json")).unwrap();
    let mut tokenizer: serde_json::Value = serde_json::from_slice(&text).unwrap();
    let vocabulary = tokenizer["model"]["vocab"].as_object_mut().unwrap();
    for more in 0..10 {
        vocabulary.insert(format!("more{more}"), json!(405 + more));
    }
    let path = folder.model("tiny-llama", "tokenizer.json", tokenizer.to_string());
    refuses(
        &path,
        "a",
        &["415 tokens", "the weights have 405", "its own tokenizer"],
    );
    for text in ["", "[]", "{}", r#"{"model": {"type": "BPE"}}"#, "\0\0"] {
        let path = folder.model("tiny-llama", "tokenizer.json", text);
        refuses(&path, "a", &["tokenizer.json", "its own tokenizer"]);
    }
}
