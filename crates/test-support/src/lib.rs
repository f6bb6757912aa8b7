//! What the integration tests of several crates share: the miniature models, the reference
//! numbers, tolerances, and a stand-in for the Hugging Face hub.
#![allow(
    missing_docs,
    clippy::missing_panics_doc,
    clippy::struct_field_names,
    reason = "only tests use it, a panic is their failure, and fields are named as in the files"
)]

pub mod hub;

use std::path::{Path, PathBuf};

use hoplens_injection::Encoding;
use hoplens_runtime::{BosPolicy, LoadOptions, Model};
use hoplens_store::ModelFiles;
use hoplens_store::{ModelRef, StoreOptions, locate};
use serde::Deserialize;

/// The miniatures, one for each family.
pub const FAMILIES: [&str; 7] = [
    "tiny-gpt2",
    "tiny-gpt-neo",
    "tiny-gptj",
    "tiny-gpt-neox",
    "tiny-llama",
    "tiny-qwen2",
    "tiny-qwen3",
];

/// The root of the repository.
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap().into()
}

/// The folder of a miniature model.
pub fn miniature(name: &str) -> PathBuf {
    root().join("tests/fixtures").join(name)
}

/// The default model's file, if it is on this disk.
///
/// # Panics
/// If it is not although `HOPLENS_REQUIRE_MODEL=1` says that it must be.
pub fn default_model() -> Option<ModelFiles> {
    let options = StoreOptions::from_env();
    let located = locate(&ModelRef::default_model(), &options).unwrap();
    let required = std::env::var("HOPLENS_REQUIRE_MODEL").is_ok_and(|value| value == "1");
    assert!(
        located.is_some() || !required,
        "HOPLENS_REQUIRE_MODEL=1, but the default model is not here: run `hoplens models pull`"
    );
    located.map(|located| located.format)
}

/// Says that a test did not run for want of something.
#[allow(clippy::print_stderr, reason = "a skipped test must be seen")]
pub fn skip(missing: &str) {
    eprintln!("SKIPPED: this test needs {missing}");
}

/// Loads a model's files, which must be loadable.
pub fn load_files(files: &ModelFiles) -> Model {
    Model::load(files, &LoadOptions::default()).unwrap()
}

/// Loads a model that must be loadable.
pub fn load(path: &Path) -> Model {
    let files = if path.is_dir() {
        ModelFiles::Folder(path.into())
    } else {
        ModelFiles::Gguf(path.into())
    };
    load_files(&files)
}

#[derive(Debug, Deserialize)]
pub struct ReferenceNumbers {
    pub bos: bool,
    pub traces: Vec<ReferenceTrace>,
    pub injections: Vec<ReferenceInjection>,
    /// The miniatures' form; the real model's ablations stand in its traces.
    pub ablations: Option<ReferenceAblations>,
    #[serde(default)]
    pub rows: Vec<ReferenceRow>,
}

#[derive(Debug, Deserialize)]
pub struct ReferenceTrace {
    pub prompt: String,
    pub expect: String,
    pub ids: Vec<u32>,
    pub expect_ids: Vec<u32>,
    pub top10: Vec<(u32, f64)>,
    pub logp_first: f64,
    pub logp_full: f64,
    pub rank_first: usize,
    pub token_logp: Vec<f64>,
    pub heads: Vec<ReferenceHead>,
    #[serde(default)]
    pub ablations: Vec<ReferenceAblation>,
}

#[derive(Debug, Deserialize)]
pub struct ReferenceHead {
    pub layer: usize,
    pub head: usize,
    pub norm: f64,
    pub unembed_top5: Vec<u32>,
    pub direct_logit: f64,
    pub attention: Vec<f64>,
}

#[derive(Debug, Deserialize)]
pub struct ReferenceInjection {
    pub prompt: String,
    pub expect: String,
    pub memory: String,
    pub baseline_logp_first: f64,
    pub cells: Vec<ReferenceCell>,
}

#[derive(Debug, Deserialize)]
pub struct ReferenceCell {
    pub encoding: Encoding,
    pub layer: usize,
    pub tau: f64,
    pub scope: String,
    pub logp_first: f64,
    pub rank_first: usize,
    pub memory_norm: f64,
}

#[derive(Debug, Deserialize)]
pub struct ReferenceAblations {
    pub prompt: String,
    pub expect: String,
    pub cells: Vec<ReferenceAblation>,
}

#[derive(Debug, Deserialize)]
pub struct ReferenceAblation {
    pub layer: usize,
    pub head: usize,
    pub logp_first: f64,
}

#[derive(Debug, Deserialize)]
pub struct ReferenceRow {
    pub row: usize,
    pub obscure_logp_first: f64,
    pub obscure_rank_first: usize,
    pub explicit_logp_first: f64,
    pub obscure_logp_full: f64,
    pub explicit_logp_full: f64,
}

impl ReferenceNumbers {
    pub fn read(path: &Path) -> Self {
        serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
    }

    pub fn policy(&self) -> BosPolicy {
        if self.bos {
            BosPolicy::Always
        } else {
            BosPolicy::Never
        }
    }
}

#[track_caller]
pub fn assert_close(found: f64, expected: f64, tolerance: f64, what: &str) {
    assert!(
        (found - expected).abs() <= tolerance,
        "{what}: {found} is not within {tolerance} of {expected}"
    );
}

/// The ids of a prompt as the reference tokenised it.
pub fn ids(model: &Model, text: &str, policy: BosPolicy) -> Vec<u32> {
    model
        .tokenizer
        .encode(text, policy)
        .iter()
        .map(|token| token.id)
        .collect()
}
