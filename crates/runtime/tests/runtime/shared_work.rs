//! Work that is shared or left out changes no result: forks with one vector, rows that nothing reads,
//! runs over reference prompts, attention outputs of texts read alone.

use std::sync::Arc;

use hoplens_runtime::{
    ActivationCache, CancelToken, Capture, Fork, Hooks, Intervention, InterventionAction,
    LoadOptions, Model, Positions, Reuse, TargetPositions,
};
use hoplens_store::ModelFiles;
use hoplens_test_support::{FAMILIES, load, miniature};

/// Three prompts that begin alike, and one that does not.
const PROMPTS: [&[u32]; 4] = [
    &[10, 11, 12, 13, 14, 15],
    &[10, 11, 12, 13, 20],
    &[30, 31, 32],
    &[10, 11, 12, 40, 41, 42, 43],
];

fn vector(model: &Model, seed: usize) -> Arc<[f32]> {
    let wave = |i: usize| ((i * 7 + seed * 13) % 11) as f32 / 3.0 - 1.5;
    (0..model.info.width).map(wave).collect()
}

#[track_caller]
fn close(a: &[f32], b: &[f32], what: &str) {
    assert_eq!(a.len(), b.len(), "{what}");
    for (a, b) in a.iter().zip(b) {
        assert!((a - b).abs() < 1e-4, "{what}: {a} is not {b}");
    }
}

fn run(model: &Model, sequences: &[&[u32]], hooks: &Hooks) -> ActivationCache {
    model
        .forward(sequences, hooks, &CancelToken::new())
        .unwrap()
}

fn fork(sequence: usize, layer: usize, vector: &Arc<[f32]>) -> Fork {
    Fork {
        sequence,
        layer,
        at: TargetPositions::All,
        vector: Arc::clone(vector),
    }
}

#[test]
fn forks_with_one_vector_share_the_positions_that_their_sequences_share() {
    for family in FAMILIES {
        let model = load(&miniature(family));
        let vectors = [vector(&model, 1), vector(&model, 2)];
        for reuse in [Reuse::Nothing, Reuse::Reference, Reuse::Reference] {
            for layer in 0..model.info.layers {
                let both = |sequence| vectors.each_ref().map(|one| fork(sequence, layer, one));
                let together = Hooks {
                    reuse,
                    forks: (0..PROMPTS.len()).flat_map(both).collect(),
                    ..Hooks::interventions(Vec::new())
                };
                let together = run(&model, &PROMPTS, &together);
                for (index, tokens) in PROMPTS.into_iter().enumerate() {
                    let alone = Hooks {
                        forks: both(0).to_vec(),
                        ..Hooks::interventions(Vec::new())
                    };
                    let alone = run(&model, &[tokens], &alone);
                    for variant in 0..2 {
                        let row = PROMPTS.len() + 2 * index + variant;
                        let found = together.logits.row(row);
                        close(found, alone.logits.row(1 + variant), family);
                    }
                }
            }
        }
    }
}

#[test]
fn shared_positions_of_forks_are_computed_once() {
    let model = load(&miniature("tiny-llama"));
    let hooks = |vectors: [&Arc<[f32]>; 4]| Hooks {
        forks: vectors
            .into_iter()
            .enumerate()
            .map(|(sequence, vector)| fork(sequence, 0, vector))
            .collect(),
        ..Hooks::interventions(Vec::new())
    };
    let one = vector(&model, 1);
    let others = [1, 2, 3, 4].map(|seed| vector(&model, seed));
    // The prompts have 21 positions; 14 of them are different.
    let together = run(&model, &PROMPTS, &hooks([&one; 4]));
    assert_eq!(together.computed, 21 + 14);
    let apart = run(&model, &PROMPTS, &hooks(others.each_ref()));
    assert_eq!(apart.computed, 21 + 21);
}

/// A pass that captures every row of the last block computes all of them.
#[test]
fn rows_that_nothing_reads_change_no_result() {
    for family in FAMILIES {
        let model = load(&miniature(family));
        let last = model.info.layers - 1;
        let change = |at, action| Intervention {
            layer: last,
            sequence: Some(1),
            at,
            action,
        };
        let mlp = InterventionAction::AddMlpOut(vector(&model, 3));
        let attn = InterventionAction::AddAttnOut(vector(&model, 4));
        let hooks = |capture: Capture| Hooks {
            interventions: vec![
                change(TargetPositions::All, mlp.clone()),
                change(TargetPositions::Range(2..5), attn.clone()),
            ],
            forks: vec![
                fork(0, last, &vector(&model, 5)),
                Fork {
                    at: TargetPositions::Range(4..5),
                    ..fork(1, 0, &vector(&model, 6))
                },
            ],
            ..Hooks::capture(capture)
        };
        let few = Capture {
            logits: Positions::Last,
            first_tokens: vec![7, 9],
            ..Capture::default()
        };
        let all = Capture {
            mlp_out: Positions::All,
            resid_final: Positions::All,
            logits: Positions::All,
            ..few.clone()
        };
        let few = run(&model, &PROMPTS, &hooks(few));
        let all = run(&model, &PROMPTS, &hooks(all));
        let mut end = 0;
        for (index, tokens) in PROMPTS.iter().enumerate() {
            end += tokens.len();
            close(few.logits.row(index), all.logits.row(end - 1), family);
        }
        // The first fork keeps its six positions, the second one its last.
        let forked = [end + 5, end + 6].map(|row| all.logits.row(row));
        for (index, logits) in forked.into_iter().enumerate() {
            close(few.logits.row(PROMPTS.len() + index), logits, family);
        }
        let scores = few.first_token_scores.iter().zip(&all.first_token_scores);
        for (few, all) in scores {
            assert!((few.logp_first - all.logp_first).abs() < 1e-4, "{family}");
        }
        assert_eq!(all.layers[last].mlp_out.rows, 21, "{family}");
        // Part of the rows: those of the last position of each sequence.
        let some = Capture {
            mlp_out: Positions::Last,
            ..Capture::default()
        };
        let some = run(&model, &PROMPTS, &Hooks::capture(some));
        let whole = Capture {
            mlp_out: Positions::Last,
            resid_final: Positions::All,
            ..Capture::default()
        };
        let whole = run(&model, &PROMPTS, &Hooks::capture(whole));
        let found = &some.layers[last].mlp_out.data;
        close(found, &whole.layers[last].mlp_out.data, family);
    }
}

#[test]
fn other_runs_do_not_displace_those_over_reference_prompts() {
    let files = ModelFiles::Folder(miniature("tiny-llama"));
    let whole = Model::load(&files, &LoadOptions::default()).unwrap();
    let hooks = |reuse| Hooks {
        reuse,
        ..Hooks::interventions(Vec::new())
    };
    run(&whole, &PROMPTS[..1], &hooks(Reuse::Residuals));
    let (one, _) = whole.cache_usage();
    let options = LoadOptions {
        cache_bytes: one,
        ..LoadOptions::default()
    };
    let model = Model::load(&files, &options).unwrap();
    run(&model, &PROMPTS[..1], &hooks(Reuse::Reference));
    for first in 50..60 {
        let other = [first; 6];
        run(&model, &[&other], &hooks(Reuse::Residuals));
    }
    let again = run(&model, &PROMPTS[..1], &hooks(Reuse::Reference));
    assert_eq!(again.computed, 0);
    let (bytes, budget) = model.cache_usage();
    assert_eq!((bytes, budget), (2 * one, 2 * one), "both have a limit");
    // Further reference prompts displace it.
    run(&model, &[&[60; 6]], &hooks(Reuse::Reference));
    assert_eq!(model.cache_usage().0, 2 * one);
    let again = run(&model, &PROMPTS[..1], &hooks(Reuse::Reference));
    assert_eq!(again.computed, 6);
}

#[test]
fn attention_outputs_of_texts_are_those_of_a_pass_and_are_kept() {
    for family in FAMILIES {
        let model = load(&miniature(family));
        let cancel = CancelToken::new();
        let capture = Capture {
            attn_out: Positions::Last,
            ..Capture::default()
        };
        let pass = run(&model, &PROMPTS, &Hooks::capture(capture));
        let texts = PROMPTS.map(<[u32]>::to_vec);
        // Some of them are known already.
        let first = model.last_attn_outs(&texts[1..3], &cancel).unwrap();
        let found = model.last_attn_outs(&texts, &cancel).unwrap();
        assert!(Arc::ptr_eq(&first[0][0], &found[1][0]), "{family}");
        for (row, layers) in found.iter().enumerate() {
            for (layer, vector) in layers.iter().enumerate() {
                close(vector, pass.layers[layer].attn_out.row(row), family);
            }
        }
        model.clear_cache();
        let fresh = model.last_attn_outs(&texts[1..2], &cancel).unwrap();
        assert!(!Arc::ptr_eq(&first[0][0], &fresh[0][0]), "{family}");
    }
}
