//! Reference numbers that Hugging Face Transformers computed, and the comparison with them.

use std::path::{Path, PathBuf};

use hoplens_injection::Encoding;
use hoplens_runtime::BosPolicy;
use serde::Deserialize;

use crate::miniatures::root;

/// A file of reference numbers for one model, computed with Hugging Face Transformers.
#[derive(Debug, Deserialize)]
pub struct ReferenceNumbers {
    pub bos: bool,
    pub traces: Vec<ReferenceTrace>,
    pub injections: Vec<ReferenceInjection>,
    /// Set for the miniatures only; files of real models have ablations in `traces`.
    pub ablations: Option<ReferenceAblations>,
    #[serde(default)]
    pub rows: Vec<ReferenceRow>,
}

/// The reference numbers of one prompt.
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

/// The reference numbers of one head.
#[derive(Debug, Deserialize)]
pub struct ReferenceHead {
    pub layer: usize,
    pub head: usize,
    pub norm: f64,
    pub unembed_top5: Vec<u32>,
    pub direct_logit: f64,
    pub attention: Vec<f64>,
}

/// The reference numbers of injecting one memory into one prompt.
#[derive(Debug, Deserialize)]
pub struct ReferenceInjection {
    pub prompt: String,
    pub expect: String,
    pub memory: String,
    pub baseline_logp_first: f64,
    pub cells: Vec<ReferenceCell>,
}

/// The score of the answer with one injection.
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

/// The reference numbers of ablating heads on one prompt.
#[derive(Debug, Deserialize)]
pub struct ReferenceAblations {
    pub prompt: String,
    pub expect: String,
    pub cells: Vec<ReferenceAblation>,
}

/// The score of the answer with one head ablated.
#[derive(Debug, Deserialize)]
pub struct ReferenceAblation {
    pub layer: usize,
    pub head: usize,
    pub logp_first: f64,
}

/// The scores of one row of the data set, without injection.
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
    /// Reads a file of reference numbers.
    pub fn read(path: &Path) -> Self {
        serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
    }

    /// Whether the reference prompts start with BOS.
    pub fn policy(&self) -> BosPolicy {
        if self.bos {
            BosPolicy::Always
        } else {
            BosPolicy::Never
        }
    }
}

/// Asserts that `found` is within `tolerance` of `expected`; `what` names the value.
#[track_caller]
pub fn assert_close(found: f64, expected: f64, tolerance: f64, what: &str) {
    assert!(
        (found - expected).abs() <= tolerance,
        "{what}: {found} is not within {tolerance} of {expected}"
    );
}

/// Nats: how far the default model's numbers may be from Transformers' (`docs/method.md`).
pub const SMOLLM2_TOLERANCE: f64 = 2e-3;

/// The path of a file of `../shared`, if it is there: tests without it are skipped.
pub fn shared(name: &str) -> Option<PathBuf> {
    let path = root().join("../shared").join(name);
    path.is_file().then_some(path)
}

/// The default model's reference numbers, if they are there.
pub fn smollm2_reference() -> Option<ReferenceNumbers> {
    shared("reference/smollm2.json").map(|path| ReferenceNumbers::read(&path))
}
