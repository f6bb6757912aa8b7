//! Files that are no models, or models that hoplens does not support.

use crate::bad_input::{Folder, refuses};
use hoplens_test_support::miniature;

/// Returns a GGUF header with these counts of tensors and entries, then `rest`.
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

/// Returns a metadata entry with a text.
fn entry(key: &str, value: &str) -> Vec<u8> {
    [text(key), 8_u32.to_le_bytes().to_vec(), text(value)].concat()
}

/// Returns a metadata entry with a count.
fn count(key: &str, value: u32) -> Vec<u8> {
    [
        text(key),
        4_u32.to_le_bytes().to_vec(),
        value.to_le_bytes().to_vec(),
    ]
    .concat()
}

/// Returns the header of an f32 tensor at an offset.
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
fn files_that_are_no_models_are_rejected() {
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
fn hostile_gguf_headers_are_rejected() {
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
        (
            "twice.gguf",
            gguf(0, 2, &[llama.clone(), llama.clone()].concat()),
        ),
        (
            "big-endian.gguf",
            [b"GGUF".as_slice(), &[0, 0, 0, 3]].concat(),
        ),
        (
            "truth.gguf",
            gguf(0, 1, &[text("x"), vec![7, 0, 0, 0, 2]].concat()),
        ),
        (
            "type.gguf",
            gguf(0, 1, &[text("x"), vec![99, 0, 0, 0, 2]].concat()),
        ),
        ("dimensions.gguf", gguf(1, 0, &tensor("x", &[1; 99], 0))),
        ("zero.gguf", gguf(1, 0, &tensor("x", &[0, 8], 0))),
        (
            "same-tensor.gguf",
            gguf(
                2,
                0,
                &[tensor("x", &[1], 0), tensor("x", &[1], 0), vec![0; 64]].concat(),
            ),
        ),
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
fn hostile_safetensors_are_rejected() {
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
fn unsupported_architectures_are_rejected() {
    let folder = Folder::new();
    let mamba = gguf(0, 1, &entry("general.architecture", "mamba"));
    let path = folder.file("mamba.gguf", mamba);
    refuses(&path, "a", &["mamba.gguf", "'mamba'", "Supported: llama"]);
    let model = folder.model("tiny-llama", "config.json", r#"{"model_type": "t5"}"#);
    refuses(&model, "a", &["config.json", "'t5'", "Supported: gpt2"]);
    let model = folder.model("tiny-llama", "config.json", "{}");
    refuses(
        &model,
        "a",
        &["config.json", "no model_type", "Supported: gpt2"],
    );
}

#[test]
fn unsupported_formats_are_rejected() {
    let config = std::fs::read_to_string(miniature("tiny-llama").join("config.json")).unwrap();
    let folder = Folder::new();
    for (entry, words) in [
        (
            r#""quantization_config": {"quant_method": "awq", "bits": 4}"#,
            ["'awq', 4 bits", "GGUF"],
        ),
        (
            r#""quantization_config": {"quant_method": "gptq"}"#,
            ["'gptq'", "original model"],
        ),
        (
            r#""quantization": {"group_size": 64, "bits": 8}"#,
            ["'mlx', 8 bits", "original model"],
        ),
    ] {
        let changed = config.replacen('{', &format!("{{{entry},"), 1);
        let model = folder.model("tiny-llama", "config.json", changed);
        refuses(&model, "a", &["config.json", words[0], words[1]]);
    }
    for (name, words) in [
        ("pytorch_model.bin", ["pickled", "safetensors"]),
        ("consolidated.00.pth", ["pickled", "safetensors"]),
        ("model.onnx", ["ONNX", "GGUF"]),
        ("weights.npz", ["MLX", "GGUF"]),
        ("adapter_model.safetensors", ["adapter", "merge"]),
    ] {
        let folder = Folder::new();
        folder.file("config.json", &config);
        folder.file("tokenizer.json", "{}");
        folder.file(name, "x");
        refuses(folder.0.path(), "a", &[name, words[0], words[1]]);
    }
    // ggml defines this type, but hoplens does not dequantize it.
    let mut odd = tensor("token_embd.weight", &[256, 8], 0);
    let kind = odd.len() - 12;
    odd[kind] = 20;
    let rest = [entry("general.architecture", "llama"), odd, vec![0; 64]].concat();
    let counts = [
        ("llama.block_count", 1),
        ("llama.embedding_length", 256),
        ("llama.attention.head_count", 1),
        ("llama.feed_forward_length", 8),
        ("llama.context_length", 8),
    ];
    let entries: Vec<u8> = counts
        .iter()
        .flat_map(|(key, value)| count(key, *value))
        .collect();
    let bytes = gguf(1, 1 + counts.len() as u64, &[entries, rest].concat());
    let path = folder.file("iq.gguf", bytes);
    refuses(&path, "a", &["iq.gguf", "IQ4_NL", "Q4_K_M"]);
}

/// Absurd counts are rejected before memory is allocated for them.
#[test]
fn absurd_attention_windows_are_rejected() {
    let folder = Folder::new();
    let change = |family: &str, edit: &dyn Fn(&mut serde_json::Value)| {
        let text = std::fs::read(miniature(family).join("config.json")).unwrap();
        let mut config: serde_json::Value = serde_json::from_slice(&text).unwrap();
        edit(&mut config);
        let model = folder.model(family, "config.json", config.to_string());
        refuses(&model, "a", &["config.json", "fetch it again"]);
    };
    change("tiny-gpt-neo", &|config| config["window_size"] = 0.into());
    change("tiny-llama", &|config| {
        config["model_type"] = "mistral".into();
        config["sliding_window"] = 0.into();
    });
    // 100 000 kinds, repeated 100 000 times, would take ten gigabytes.
    change("tiny-gpt-neo", &|config| {
        let kinds = vec!["global"; 100_000];
        config["attention_layers"] = serde_json::Value::Null;
        config["attention_types"] = serde_json::json!([[kinds, 100_000]]);
    });
}

/// A tokenizer with few entries, of which one has an id that the weights lack.
#[test]
fn a_token_id_without_weights_is_rejected() {
    let text = std::fs::read(miniature("tiny-llama").join("tokenizer.json")).unwrap();
    let mut tokenizer: serde_json::Value = serde_json::from_slice(&text).unwrap();
    let vocab = tokenizer["model"]["vocab"].as_object_mut().unwrap();
    let (last, _) = vocab.iter().max_by_key(|(_, id)| id.as_u64()).unwrap();
    let last = last.clone();
    vocab.insert(last, 4_000_000.into());
    let folder = Folder::new();
    let model = folder.model("tiny-llama", "tokenizer.json", tokenizer.to_string());
    refuses(&model, "a", &["4000001 tokens", "tokenizer"]);
}

#[test]
fn absurd_configurations_are_rejected() {
    let config = std::fs::read_to_string(miniature("tiny-llama").join("config.json")).unwrap();
    let folder = Folder::new();
    for (old, new) in [
        (
            "\"num_hidden_layers\": 3",
            "\"num_hidden_layers\": 1000000000",
        ),
        ("\"num_hidden_layers\": 3", "\"num_hidden_layers\": -3"),
        ("\"num_hidden_layers\": 3", "\"num_hidden_layers\": 0"),
        ("\"num_hidden_layers\": 3", "\"num_hidden_layers\": 2.5"),
        (
            "\"num_hidden_layers\": 3",
            "\"num_hidden_layers\": \"three\"",
        ),
        (
            "\"hidden_size\": 32",
            "\"hidden_size\": 18446744073709551615",
        ),
        ("\"head_dim\": 8", "\"head_dim\": 4000000"),
        ("\"head_dim\": 8", "\"head_dim\": 7"),
        ("\"num_key_value_heads\": 2", "\"num_key_value_heads\": 3"),
        ("\"num_key_value_heads\": 2", "\"num_key_value_heads\": 0"),
        ("\"rms_norm_eps\": 1e-06", "\"rms_norm_eps\": -1"),
        ("\"rope_theta\": 10000.0", "\"rope_theta\": -1"),
        ("\"rope_theta\": 10000.0", "\"rope_theta\": 0"),
        (
            "\"rope_type\": \"default\"",
            "\"rope_type\": \"linear\", \"factor\": 0",
        ),
        ("\"rope_type\": \"default\"", "\"rope_type\": \"linear\""),
        (
            "\"rope_type\": \"default\"",
            "\"rope_type\": \"dynamic\", \"factor\": 1e300",
        ),
        ("\"rope_type\": \"default\"", "\"rope_type\": \"spiral\""),
        ("\"hidden_act\": \"silu\"", "\"hidden_act\": \"tanhexp\""),
    ] {
        let changed = config.replace(old, new);
        assert_ne!(changed, config, "{old}");
        let model = folder.model("tiny-llama", "config.json", changed);
        refuses(&model, "a", &["config.json", "fetch it again"]);
    }
    for text in ["[]", "3", "null", "", "\u{feff}{}", "{\"model_type\": 3}"] {
        let model = folder.model("tiny-llama", "config.json", text);
        refuses(&model, "a", &["config.json"]);
    }
    // The same as GGUF.
    let counts = |layers: u32| {
        [
            ("llama.block_count", layers),
            ("llama.embedding_length", 8),
            ("llama.attention.head_count", 1),
            ("llama.feed_forward_length", 8),
            ("llama.context_length", 8),
        ]
        .iter()
        .flat_map(|(key, value)| count(key, *value))
        .collect::<Vec<u8>>()
    };
    for (name, layers, words) in [
        ("layers.gguf", u32::MAX, ["layer count", "fetch it again"]),
        ("none.gguf", 0, ["layer count 0", "fetch it again"]),
        ("cut.gguf", 3, ["blk.0.", "is missing"]),
    ] {
        let rest = [
            entry("general.architecture", "llama"),
            entry("tokenizer.ggml.model", "gpt2"),
            counts(layers),
            tensor("token_embd.weight", &[8, 4], 0),
            vec![0; 256],
        ];
        let path = folder.file(name, gguf(1, 7, &rest.concat()));
        refuses(&path, "a", &[name, words[0], words[1]]);
    }
}

#[test]
fn mismatched_model_files_are_rejected() {
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
