//! Checkpoints as Hugging Face keeps them: `config.json` and tensors by name.

use std::collections::BTreeMap;
use std::path::Path;

use safetensors::SafeTensors;
use safetensors::tensor::Dtype;
use serde_json::{Value as Json, json};

/// One tensor, outermost dimension first.
#[derive(Debug, Clone)]
pub struct Array {
    pub shape: Vec<usize>,
    pub data: Vec<f32>,
}

/// A model on its way from one format to another.
#[derive(Debug)]
pub struct Checkpoint {
    pub config: Json,
    pub tokenizer: Json,
    pub tensors: BTreeMap<String, Array>,
}

fn json(path: &Path) -> Json {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

impl Checkpoint {
    pub fn read(folder: &Path) -> Self {
        let bytes = std::fs::read(folder.join("model.safetensors")).unwrap();
        let file = SafeTensors::deserialize(&bytes).unwrap();
        let tensors = file.tensors().into_iter().map(|(name, tensor)| {
            assert_eq!(tensor.dtype(), Dtype::F32);
            let (values, _) = tensor.data().as_chunks::<4>();
            let array = Array {
                shape: tensor.shape().to_vec(),
                data: values
                    .iter()
                    .map(|four| f32::from_le_bytes(*four))
                    .collect(),
            };
            (name, array)
        });
        Self {
            tensors: tensors.collect(),
            config: json(&folder.join("config.json")),
            tokenizer: json(&folder.join("tokenizer.json")),
        }
    }

    /// A llama of random weights whose rows are long enough for blocks of 256.
    pub fn wide(like: &Path) -> Self {
        const WIDTH: usize = 256;
        let mut config = json(&like.join("config.json"));
        let changed = json!({"hidden_size": WIDTH, "intermediate_size": WIDTH, "head_dim": 64,
            "num_hidden_layers": 1, "tie_word_embeddings": false});
        for (key, value) in changed.as_object().unwrap() {
            config[key] = value.clone();
        }
        let vocab = config["vocab_size"].as_u64().unwrap() as usize;
        // Numerical Recipes' generator: the same weights everywhere.
        let mut state = 1_u32;
        let mut noise = move || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (f64::from(state) / f64::from(u32::MAX) - 0.5) as f32
        };
        let mut tensors = BTreeMap::new();
        let mut add = |name: &str, shape: &[usize]| {
            let count = shape.iter().product();
            let data = if shape.len() == 1 {
                vec![1.0; count]
            } else {
                (0..count).map(|_| 0.4 * noise()).collect()
            };
            let shape = shape.to_vec();
            tensors.insert(name.to_owned(), Array { shape, data });
        };
        add("model.embed_tokens.weight", &[vocab, WIDTH]);
        add("lm_head.weight", &[vocab, WIDTH]);
        add("model.norm.weight", &[WIDTH]);
        for name in ["input_layernorm", "post_attention_layernorm"] {
            add(&format!("model.layers.0.{name}.weight"), &[WIDTH]);
        }
        for (name, rows) in [
            ("q", WIDTH),
            ("k", WIDTH / 2),
            ("v", WIDTH / 2),
            ("o", WIDTH),
        ] {
            add(
                &format!("model.layers.0.self_attn.{name}_proj.weight"),
                &[rows, WIDTH],
            );
        }
        for name in ["gate", "up", "down"] {
            add(
                &format!("model.layers.0.mlp.{name}_proj.weight"),
                &[WIDTH, WIDTH],
            );
        }
        Self {
            config,
            tokenizer: json(&like.join("tokenizer.json")),
            tensors,
        }
    }
}
