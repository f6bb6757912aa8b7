//! The tensor names of each family, in Hugging Face's files and in GGUF.

use crate::config::Family;

/// How a checkpoint stores the weight of a linear map.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Orientation {
    /// `[outputs, inputs]`: `torch.nn.Linear` and GGUF.
    OutputMajor,
    /// `[inputs, outputs]`: GPT-2's `Conv1D`.
    InputMajor,
}

/// How a checkpoint stores queries, keys and values.
#[derive(Debug, Clone)]
pub(super) enum QkvTensors {
    /// One tensor each.
    Split([String; 3]),
    /// One tensor: all queries, all keys, all values.
    Fused(String),
    /// One tensor: query, key and value of the first head, then of the second, … (GPT-NeoX).
    PerHead(String),
}

/// The names outside the blocks, without `.weight`.
#[derive(Debug, Clone)]
pub(super) struct ModelTensorNames {
    pub(super) embedding: String,
    pub(super) positions: String,
    pub(super) final_norm: String,
    pub(super) head: String,
}

/// The names of one block, without `.weight` and `.bias`.
#[derive(Debug, Clone)]
pub(super) struct LayerTensorNames {
    pub(super) attention_norm: String,
    pub(super) qkv: QkvTensors,
    pub(super) qk_norms: [String; 2],
    pub(super) output: String,
    pub(super) mlp_norm: String,
    /// The gate comes first, where there is one.
    pub(super) up: Vec<String>,
    pub(super) down: String,
}

/// The naming of one family in one kind of file.
#[derive(Debug, Clone, Copy)]
pub(super) enum TensorNaming {
    /// Safetensors; every name starts with `prefix`.
    HuggingFace {
        family: Family,
        prefix: &'static str,
    },
    /// GGUF.
    Gguf { family: Family },
}

impl TensorNaming {
    /// How the checkpoint stores its linear maps.
    pub(super) fn orientation(self) -> Orientation {
        match self {
            Self::HuggingFace {
                family: Family::Gpt2,
                ..
            } => Orientation::InputMajor,
            _ => Orientation::OutputMajor,
        }
    }

    /// Whether rows of queries and keys are stored permuted, for rotation by neighbours.
    pub(super) fn permutes_queries_and_keys(self) -> bool {
        matches!(
            self,
            Self::Gguf {
                family: Family::Llama
            }
        )
    }

    /// The names outside the blocks.
    pub(super) fn outside(self) -> ModelTensorNames {
        let names = |embedding: String, positions: String, final_norm: String, head: &str| {
            ModelTensorNames {
                embedding,
                positions,
                final_norm,
                head: head.into(),
            }
        };
        match self {
            Self::Gguf { .. } => names(
                "token_embd".into(),
                "position_embd".into(),
                "output_norm".into(),
                "output",
            ),
            Self::HuggingFace {
                family: Family::Gpt2 | Family::GptNeo | Family::GptJ,
                prefix: p,
            } => names(
                format!("{p}wte"),
                format!("{p}wpe"),
                format!("{p}ln_f"),
                "lm_head",
            ),
            Self::HuggingFace {
                family: Family::GptNeoX,
                prefix: p,
            } => names(
                format!("{p}embed_in"),
                String::new(),
                format!("{p}final_layer_norm"),
                "embed_out",
            ),
            Self::HuggingFace { prefix: p, .. } => names(
                format!("{p}embed_tokens"),
                String::new(),
                format!("{p}norm"),
                "lm_head",
            ),
        }
    }

    /// The names of one block.
    pub(super) fn inside(self, layer: usize) -> LayerTensorNames {
        match self {
            Self::Gguf { family } => gguf(family, layer),
            Self::HuggingFace { family, prefix } => hugging_face(family, prefix, layer),
        }
    }
}

/// Modules of a model as Hugging Face Transformers names them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModuleNames {
    /// The linear map whose output is a layer's attention output.
    pub attention_output: String,
    /// The norm before the head.
    pub final_norm: String,
}

/// The names of a family's modules around one layer, as in Hugging Face Transformers.
pub fn module_names(family: Family, layer: usize) -> ModuleNames {
    let naming = TensorNaming::HuggingFace {
        family,
        prefix: prefixes(family)[0],
    };
    ModuleNames {
        attention_output: naming.inside(layer).output,
        final_norm: naming.outside().final_norm,
    }
}

/// The prefixes of the tensor names in a family's checkpoints, the usual one first.
pub(super) const fn prefixes(family: Family) -> [&'static str; 2] {
    match family {
        Family::Gpt2 | Family::GptNeo | Family::GptJ => ["transformer.", ""],
        Family::GptNeoX => ["gpt_neox.", ""],
        Family::Llama | Family::Qwen2 | Family::Qwen3 => ["model.", ""],
    }
}

fn gguf(family: Family, layer: usize) -> LayerTensorNames {
    let name = |part: &str| format!("blk.{layer}.{part}");
    let gated = !matches!(family, Family::Gpt2 | Family::GptNeoX);
    LayerTensorNames {
        attention_norm: name("attn_norm"),
        qkv: if gated {
            QkvTensors::Split(["attn_q", "attn_k", "attn_v"].map(name))
        } else {
            QkvTensors::Fused(name("attn_qkv"))
        },
        qk_norms: ["attn_q_norm", "attn_k_norm"].map(name),
        output: name("attn_output"),
        mlp_norm: name("ffn_norm"),
        up: if gated {
            vec![name("ffn_gate"), name("ffn_up")]
        } else {
            vec![name("ffn_up")]
        },
        down: name("ffn_down"),
    }
}

fn hugging_face(family: Family, prefix: &str, layer: usize) -> LayerTensorNames {
    let h = |part: &str| format!("{prefix}h.{layer}.{part}");
    let block = |part: &str| format!("{prefix}layers.{layer}.{part}");
    match family {
        Family::Gpt2 => LayerTensorNames {
            attention_norm: h("ln_1"),
            qkv: QkvTensors::Fused(h("attn.c_attn")),
            qk_norms: Default::default(),
            output: h("attn.c_proj"),
            mlp_norm: h("ln_2"),
            up: vec![h("mlp.c_fc")],
            down: h("mlp.c_proj"),
        },
        Family::GptNeo => LayerTensorNames {
            attention_norm: h("ln_1"),
            qkv: QkvTensors::Split(["q", "k", "v"].map(|x| h(&format!("attn.attention.{x}_proj")))),
            qk_norms: Default::default(),
            output: h("attn.attention.out_proj"),
            mlp_norm: h("ln_2"),
            up: vec![h("mlp.c_fc")],
            down: h("mlp.c_proj"),
        },
        Family::GptJ => LayerTensorNames {
            attention_norm: h("ln_1"),
            qkv: QkvTensors::Split(["q", "k", "v"].map(|x| h(&format!("attn.{x}_proj")))),
            qk_norms: Default::default(),
            output: h("attn.out_proj"),
            mlp_norm: String::new(),
            up: vec![h("mlp.fc_in")],
            down: h("mlp.fc_out"),
        },
        Family::GptNeoX => LayerTensorNames {
            attention_norm: block("input_layernorm"),
            qkv: QkvTensors::PerHead(block("attention.query_key_value")),
            qk_norms: Default::default(),
            output: block("attention.dense"),
            mlp_norm: block("post_attention_layernorm"),
            up: vec![block("mlp.dense_h_to_4h")],
            down: block("mlp.dense_4h_to_h"),
        },
        Family::Llama | Family::Qwen2 | Family::Qwen3 => LayerTensorNames {
            attention_norm: block("input_layernorm"),
            qkv: QkvTensors::Split(["q", "k", "v"].map(|x| block(&format!("self_attn.{x}_proj")))),
            qk_norms: ["q", "k"].map(|x| block(&format!("self_attn.{x}_norm"))),
            output: block("self_attn.o_proj"),
            mlp_norm: block("post_attention_layernorm"),
            up: ["gate", "up"]
                .map(|x| block(&format!("mlp.{x}_proj")))
                .to_vec(),
            down: block("mlp.down_proj"),
        },
    }
}
