//! A checkpoint as a GGUF file, as llama.cpp's `convert_hf_to_gguf.py` lays it out.

use std::path::Path;

use candle_core::quantized::gguf_file::{self, Value};
use candle_core::quantized::{GgmlDType, QTensor};
use candle_core::{Device, Tensor};
use serde_json::Value as Json;

use crate::gguf::checkpoint::{Array, Checkpoint};

/// Writes a GGUF file whose matrices are of type `kind`; vectors stay f32, as llama.cpp has them.
pub fn write(checkpoint: &Checkpoint, kind: GgmlDType, path: &Path) {
    write_with(checkpoint, kind, path, &[]);
}

/// The same with `more` entries about the architecture.
pub fn write_with(checkpoint: &Checkpoint, kind: GgmlDType, path: &Path, more: &[(&str, Value)]) {
    let mut entries = metadata(checkpoint);
    for (key, value) in more {
        let key = format!("{}.{key}", family(checkpoint));
        entries.push((key, value.clone()));
    }
    let tensors: Vec<(String, QTensor)> = checkpoint
        .tensors
        .iter()
        .map(|(name, array)| tensor(checkpoint, name, array, kind))
        .collect();
    let entries: Vec<(&str, &Value)> = entries.iter().map(|(key, v)| (key.as_str(), v)).collect();
    let tensors: Vec<(&str, &QTensor)> = tensors.iter().map(|(name, t)| (&**name, t)).collect();
    let mut file = std::fs::File::create(path).unwrap();
    gguf_file::write(&mut file, &entries, &tensors).unwrap();
}

fn family(checkpoint: &Checkpoint) -> &str {
    checkpoint.config["model_type"].as_str().unwrap()
}

fn tensor(
    checkpoint: &Checkpoint,
    name: &str,
    array: &Array,
    kind: GgmlDType,
) -> (String, QTensor) {
    let array = arranged(checkpoint, name, array);
    let shape = array.shape.clone();
    let values = Tensor::from_vec(array.data, shape.clone(), &Device::Cpu).unwrap();
    // Rows that do not fit a kind's blocks are stored in half precision.
    let kind = match shape[..] {
        [_, row] if row.is_multiple_of(kind.block_size()) => kind,
        [_, _] => GgmlDType::F16,
        _ => GgmlDType::F32,
    };
    let tensor = QTensor::quantize(&values, kind).unwrap();
    (name_in_gguf(name), tensor)
}

/// The numbers in the order in which llama.cpp wants them.
fn arranged(checkpoint: &Checkpoint, name: &str, array: &Array) -> Array {
    let count = |key: &str| checkpoint.config[key].as_u64().unwrap() as usize;
    match family(checkpoint) {
        "llama" if name.contains("q_proj") => permuted(array, count("num_attention_heads")),
        "llama" if name.contains("k_proj") => permuted(array, count("num_key_value_heads")),
        "gpt2" if array.shape.len() == 2 && name.contains(".c_") => transposed(array),
        "gpt_neox" if name.contains("query_key_value") => {
            sorted_by_part(array, count("num_attention_heads"))
        }
        _ => array.clone(),
    }
}

/// Rows of each head in the order `0, d/2, 1, d/2 + 1, …`.
fn permuted(array: &Array, heads: usize) -> Array {
    let [rows, width] = array.shape[..] else {
        panic!("a matrix was expected, not {:?}", array.shape);
    };
    let dims = rows / heads;
    let order = (0..heads).flat_map(|head| {
        (0..dims / 2).flat_map(move |pair| [0, dims / 2].map(|half| head * dims + half + pair))
    });
    let data = order.flat_map(|row| array.data[row * width..(row + 1) * width].to_vec());
    Array {
        shape: array.shape.clone(),
        data: data.collect(),
    }
}

fn transposed(array: &Array) -> Array {
    let [rows, columns] = array.shape[..] else {
        panic!("a matrix was expected, not {:?}", array.shape);
    };
    let data = (0..columns).flat_map(|c| (0..rows).map(move |r| array.data[r * columns + c]));
    Array {
        shape: vec![columns, rows],
        data: data.collect(),
    }
}

/// From `[head][query, key, value]` to `[query, key, value][head]`, of weights or of biases.
fn sorted_by_part(array: &Array, heads: usize) -> Array {
    let block = array.data.len() / heads / 3;
    let order = (0..3).flat_map(|part| (0..heads).map(move |head| head * 3 + part));
    let data = order.flat_map(|at| array.data[at * block..(at + 1) * block].to_vec());
    Array {
        shape: array.shape.clone(),
        data: data.collect(),
    }
}

fn name_in_gguf(name: &str) -> String {
    const PARTS: [(&str, &str); 24] = [
        ("wte", "token_embd"),
        ("wpe", "position_embd"),
        ("ln_f", "output_norm"),
        ("embed_in", "token_embd"),
        ("final_layer_norm", "output_norm"),
        ("embed_out", "output"),
        ("embed_tokens", "token_embd"),
        ("norm", "output_norm"),
        ("lm_head", "output"),
        ("ln_1", "attn_norm"),
        ("attn.c_attn", "attn_qkv"),
        ("attn.c_proj", "attn_output"),
        ("ln_2", "ffn_norm"),
        ("mlp.c_fc", "ffn_up"),
        ("mlp.c_proj", "ffn_down"),
        ("input_layernorm", "attn_norm"),
        ("attention.query_key_value", "attn_qkv"),
        ("attention.dense", "attn_output"),
        ("post_attention_layernorm", "ffn_norm"),
        ("mlp.dense_h_to_4h", "ffn_up"),
        ("mlp.dense_4h_to_h", "ffn_down"),
        ("mlp.gate_proj", "ffn_gate"),
        ("mlp.up_proj", "ffn_up"),
        ("mlp.down_proj", "ffn_down"),
    ];
    if name == "rope_freqs.weight" {
        return name.to_owned();
    }
    let name = ["transformer.", "gpt_neox.", "model."]
        .iter()
        .find_map(|prefix| name.strip_prefix(prefix))
        .unwrap_or(name);
    let (name, kind) = name.rsplit_once('.').unwrap();
    let (block, part) = match name.split_once('.') {
        Some(("h" | "layers", rest)) => {
            let (layer, part) = rest.split_once('.').unwrap();
            (format!("blk.{layer}."), part)
        }
        _ => (String::new(), name),
    };
    let part = match part.strip_prefix("self_attn.") {
        Some("o_proj") => "attn_output".to_owned(),
        Some(part) => format!("attn_{}", part.trim_end_matches("_proj")),
        None => {
            let known = PARTS.iter().find(|(theirs, _)| *theirs == part);
            known
                .unwrap_or_else(|| panic!("no name for {part}"))
                .1
                .to_owned()
        }
    };
    format!("{block}{part}.{kind}")
}

fn metadata(checkpoint: &Checkpoint) -> Vec<(String, Value)> {
    let config = &checkpoint.config;
    let architecture = match family(checkpoint) {
        "gpt_neox" => "gptneox",
        other => other,
    };
    let mut entries = vec![(
        "general.architecture".to_owned(),
        Value::String(architecture.into()),
    )];
    let mut add = |key: &str, value: Value| entries.push((format!("{architecture}.{key}"), value));
    let first = |keys: &[&str]| keys.iter().find_map(|key| config[key].as_u64());
    let count = |keys: &[&str]| Value::U32(first(keys).unwrap() as u32);
    let number = |value: &Json| Value::F32(value.as_f64().unwrap() as f32);
    let (width, heads) = (
        &["hidden_size", "n_embd"],
        &["num_attention_heads", "n_head"],
    );
    add(
        "context_length",
        count(&["max_position_embeddings", "n_positions"]),
    );
    add("embedding_length", count(width));
    add("block_count", count(&["num_hidden_layers", "n_layer"]));
    let mlp_width = first(&["intermediate_size", "n_inner"]);
    let mlp_width = mlp_width.unwrap_or_else(|| 4 * first(width).unwrap());
    add("feed_forward_length", Value::U32(mlp_width as u32));
    add("attention.head_count", count(heads));
    let head_dim = first(&["head_dim"]).unwrap_or(first(width).unwrap() / first(heads).unwrap());
    match architecture {
        "gpt2" => add(
            "attention.layer_norm_epsilon",
            number(&config["layer_norm_epsilon"]),
        ),
        "gptneox" => {
            let share = config["rope_parameters"]["partial_rotary_factor"].as_f64();
            let dims = (share.unwrap() * head_dim as f64) as u32;
            add("rope.dimension_count", Value::U32(dims));
            let parallel = config["use_parallel_residual"].as_bool().unwrap();
            add("use_parallel_residual", Value::Bool(parallel));
            add(
                "attention.layer_norm_epsilon",
                number(&config["layer_norm_eps"]),
            );
        }
        _ => {
            add("attention.head_count_kv", count(&["num_key_value_heads"]));
            add(
                "attention.layer_norm_rms_epsilon",
                number(&config["rms_norm_eps"]),
            );
            add(
                "rope.freq_base",
                number(&config["rope_parameters"]["rope_theta"]),
            );
            if config["head_dim"].is_u64() {
                add("attention.key_length", Value::U32(head_dim as u32));
                add("attention.value_length", Value::U32(head_dim as u32));
            }
            if architecture == "llama" {
                add("rope.dimension_count", Value::U32(head_dim as u32));
                add("vocab_size", count(&["vocab_size"]));
            }
        }
    }
    entries.extend(tokenizer(checkpoint));
    entries
}

fn tokenizer(checkpoint: &Checkpoint) -> Vec<(String, Value)> {
    let model = &checkpoint.tokenizer["model"];
    let vocabulary = model["vocab"].as_object().unwrap();
    let mut tokens = vec![""; vocabulary.len()];
    for (token, id) in vocabulary {
        tokens[id.as_u64().unwrap() as usize] = token;
    }
    let added = checkpoint.tokenizer["added_tokens"].as_array().unwrap();
    // 3 is a control token, 1 an ordinary one.
    let is_control = |id: usize| added.iter().any(|one| one["id"] == id);
    let kinds = (0..tokens.len()).map(|id| Value::I32(if is_control(id) { 3 } else { 1 }));
    let merges = model["merges"].as_array().unwrap().iter().map(|pair| {
        let [left, right] = [0, 1].map(|at| pair[at].as_str().unwrap());
        Value::String(format!("{left} {right}"))
    });
    let text = |text: &&str| Value::String((*text).to_owned());
    let id = |key: &str| Value::U32(checkpoint.config[key].as_u64().unwrap() as u32);
    [
        ("model", Value::String("gpt2".into())),
        ("pre", Value::String("gpt-2".into())),
        ("tokens", Value::Array(tokens.iter().map(text).collect())),
        ("token_type", Value::Array(kinds.collect())),
        ("merges", Value::Array(merges.collect())),
        ("bos_token_id", id("bos_token_id")),
        ("eos_token_id", id("eos_token_id")),
        ("add_bos_token", Value::Bool(false)),
    ]
    .map(|(key, value)| (format!("tokenizer.ggml.{key}"), value))
    .into()
}
