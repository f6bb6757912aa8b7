//! What several integration tests share: the miniatures, the reference numbers, tolerances.
#![allow(
    dead_code,
    clippy::struct_field_names,
    reason = "each test binary uses its own part; the fields are named as in the files"
)]

use std::path::{Path, PathBuf};

use hoplens::lens::{self, ablate_heads, read_heads};
use hoplens::memory::{Grid, Subject, encode, sweep};
use hoplens::model::store::{ModelRef, StoreOptions, locate};
use hoplens::model::{
    BosPolicy, Cancel, Capture, Hooks, LoadOptions, Model, ModelFiles, Positions, Sequences,
    log_softmax, rank_of,
};
use hoplens::prompt::{Encoding, Scope};
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

/// The folder of a miniature model.
pub fn miniature(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures")
        .join(name)
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
pub struct Reference {
    pub bos: bool,
    pub traces: Vec<Trace>,
    pub injections: Vec<Injection>,
    /// The miniatures' form; the real model's ablations stand in its traces.
    pub ablations: Option<Ablations>,
    #[serde(default)]
    pub rows: Vec<Row>,
}

#[derive(Debug, Deserialize)]
pub struct Trace {
    pub prompt: String,
    pub expect: String,
    pub ids: Vec<u32>,
    pub expect_ids: Vec<u32>,
    pub top10: Vec<(u32, f64)>,
    pub logp_first: f64,
    pub logp_full: f64,
    pub rank_first: usize,
    pub token_logp: Vec<f64>,
    pub heads: Vec<Head>,
    #[serde(default)]
    pub ablations: Vec<Ablation>,
}

#[derive(Debug, Deserialize)]
pub struct Head {
    pub layer: usize,
    pub head: usize,
    pub norm: f64,
    pub unembed_top5: Vec<u32>,
    pub direct_logit: f64,
    pub attention: Vec<f64>,
}

#[derive(Debug, Deserialize)]
pub struct Injection {
    pub prompt: String,
    pub expect: String,
    pub memory: String,
    pub baseline_logp_first: f64,
    pub cells: Vec<Cell>,
}

#[derive(Debug, Deserialize)]
pub struct Cell {
    pub encoding: Encoding,
    pub layer: usize,
    pub tau: f64,
    pub scope: String,
    pub logp_first: f64,
    pub rank_first: usize,
    pub memory_norm: f64,
}

#[derive(Debug, Deserialize)]
pub struct Ablations {
    pub prompt: String,
    pub expect: String,
    pub cells: Vec<Ablation>,
}

#[derive(Debug, Deserialize)]
pub struct Ablation {
    pub layer: usize,
    pub head: usize,
    pub logp_first: f64,
}

#[derive(Debug, Deserialize)]
pub struct Row {
    pub row: usize,
    pub obscure_logp_first: f64,
    pub obscure_rank_first: usize,
    pub explicit_logp_first: f64,
    pub obscure_logp_full: f64,
    pub explicit_logp_full: f64,
}

impl Reference {
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

/// Everything in a reference file, within `tolerance` nats.
pub fn check_reference(model: &Model, reference: &Reference, tolerance: f64) {
    assert!(!reference.traces.is_empty() && !reference.injections.is_empty());
    for trace in &reference.traces {
        check_trace(model, trace, reference.policy(), tolerance);
    }
    for injection in &reference.injections {
        check_injections(model, injection, reference.policy(), tolerance);
    }
    if let Some(ablations) = &reference.ablations {
        let tokens = ids(model, &ablations.prompt, reference.policy());
        check_ablations(
            model,
            &tokens,
            &ablations.expect,
            &ablations.cells,
            tolerance,
        );
    }
}

fn check_trace(model: &Model, trace: &Trace, policy: BosPolicy, tolerance: f64) {
    let tokens = ids(model, &trace.prompt, policy);
    assert_eq!(tokens, trace.ids, "tokens of {:?}", trace.prompt);
    let answer = model.tokenizer.ids(&trace.expect);
    assert_eq!(answer, trace.expect_ids, "tokens of {:?}", trace.expect);

    let capture = Capture {
        logits: Positions::Last,
        token_logps: Sequences::All,
        ..Capture::default()
    };
    let run = model
        .forward(&[&tokens], &Hooks::capture(capture), &Cancel::new())
        .unwrap();
    let logits = run.logits.row(0);
    let logps = log_softmax(logits);
    for (token, logp) in &trace.top10 {
        assert_close(
            logps[*token as usize],
            *logp,
            tolerance,
            "top-10 log-probability",
        );
    }
    assert_eq!(rank_of(logits, answer[0]), trace.rank_first);
    for (found, expected) in run.token_logps[0].iter().zip(&trace.token_logp) {
        assert_close(
            f64::from(*found),
            *expected,
            tolerance,
            "token log-probability",
        );
    }
    assert_eq!(run.token_logps[0].len(), trace.token_logp.len());

    let answers = [hoplens::model::Answer {
        text: trace.expect.clone(),
        ids: answer.clone(),
    }];
    let hooks = Hooks::default();
    let (score, _) = model
        .score(&tokens, &answers, &hooks, &Cancel::new())
        .unwrap();
    assert_close(score.logp_first, trace.logp_first, tolerance, "logp_first");
    assert_close(score.logp, trace.logp_full, tolerance, "logp_full");

    let reading = read_heads(model, &tokens, answer[0], 5, &Cancel::new()).unwrap();
    for head in &trace.heads {
        let found = &reading.heads[head.layer * model.info.heads + head.head];
        let place = format!("layer {} head {}", head.layer, head.head);
        assert_close(
            f64::from(found.norm),
            head.norm,
            1e-3 * head.norm,
            &format!("norm, {place}"),
        );
        assert_close(
            f64::from(found.direct_logit),
            head.direct_logit,
            (1e-3 * head.direct_logit.abs()).max(tolerance),
            &format!("direct logit, {place}"),
        );
        assert_eq!(found.attention.len(), head.attention.len());
        for (a, b) in found.attention.iter().zip(&head.attention) {
            assert_close(f64::from(*a), *b, tolerance, &format!("attention, {place}"));
        }
        let top: Vec<u32> = found.top.iter().map(|(token, _)| *token).collect();
        assert_eq!(top, head.unembed_top5, "unembed top 5, {place}");
    }
    check_ablations(model, &tokens, &trace.expect, &trace.ablations, tolerance);
}

fn check_injections(model: &Model, injection: &Injection, policy: BosPolicy, tolerance: f64) {
    let tokens = model.tokenizer.encode(&injection.prompt, policy);
    let first = model.tokenizer.ids(&injection.expect)[0];
    let subject = Subject {
        text: &injection.prompt,
        tokens: &tokens,
        first_tokens: &[first],
        bos: policy,
        interventions: &[],
    };
    let layers: Vec<usize> = (0..model.info.layers)
        .filter(|layer| injection.cells.iter().any(|cell| cell.layer == *layer))
        .collect();
    let mut taus: Vec<f64> = injection.cells.iter().map(|cell| cell.tau).collect();
    taus.sort_by(f64::total_cmp);
    taus.dedup();
    let grid = Grid {
        head: None,
        encodings: vec![Encoding::Embed, Encoding::Unembed, Encoding::Layerwise],
        layers,
        taus,
        scopes: vec![Scope::All, Scope::Last],
    };
    let swept = sweep(
        model,
        &subject,
        &injection.memory,
        &grid,
        &Cancel::new(),
        &mut |_| {},
    )
    .unwrap();
    assert_eq!(swept.cells.len(), injection.cells.len());
    assert_close(
        swept.baseline.logp_first,
        injection.baseline_logp_first,
        tolerance,
        "injection baseline",
    );
    for cell in &injection.cells {
        let scope = if cell.scope == "all" {
            Scope::All
        } else {
            Scope::Last
        };
        let found = swept
            .cells
            .iter()
            .find(|c| {
                (c.encoding, c.layer, &c.scope) == (cell.encoding, cell.layer, &scope)
                    && (c.tau - cell.tau).abs() < 1e-9
            })
            .unwrap();
        assert_close(
            found.logp_first,
            cell.logp_first,
            tolerance,
            &format!("{cell:?}"),
        );
        let vector = encode(
            model,
            &injection.memory,
            cell.encoding,
            policy,
            &Cancel::new(),
        )
        .unwrap();
        let norm = vector
            .at(cell.layer)
            .iter()
            .map(|v| f64::from(*v).powi(2))
            .sum::<f64>()
            .sqrt();
        assert_close(
            norm,
            cell.memory_norm,
            1e-3 * cell.memory_norm,
            &format!("{cell:?}"),
        );
    }
}

fn check_ablations(
    model: &Model,
    tokens: &[u32],
    expect: &str,
    cells: &[Ablation],
    tolerance: f64,
) {
    let first = model.tokenizer.ids(expect)[0];
    let heads: Vec<(usize, usize)> = cells.iter().map(|cell| (cell.layer, cell.head)).collect();
    let found = ablate_heads(
        model,
        tokens,
        &[first],
        &heads,
        lens::Ablation::Zero,
        &Cancel::new(),
    )
    .unwrap();
    for (logp, cell) in found.iter().zip(cells) {
        assert_close(*logp, cell.logp_first, tolerance, &format!("{cell:?}"));
    }
}
