//! Cached runs and positions that sequences share change no result.

use std::sync::Arc;

use hoplens_runtime::{
    ActivationCache, CancelToken, Capture, Fork, Hooks, Intervention, InterventionAction,
    LoadOptions, Matrix, Model, Positions, Reuse, Sequences, TargetPositions,
};
use hoplens_store::ModelFiles;
use hoplens_test_support::{FAMILIES, load, miniature};
use proptest::prelude::*;

/// Compares a pass that starts from the cache with one that does not.
#[track_caller]
fn check(model: &Model, sequences: &[&[u32]], hooks: &Hooks) {
    let cancel = CancelToken::new();
    let reusing = model.forward(sequences, hooks, &cancel).unwrap();
    let fresh = Hooks {
        reuse: Reuse::Nothing,
        ..hooks.clone()
    };
    // Each sequence alone, so that the batch shares nothing either.
    let mut logits = Matrix::default();
    let mut forked = Matrix::default();
    for (index, tokens) in sequences.iter().enumerate() {
        let own = |sequence: Option<usize>| sequence.is_none_or(|one| one == index);
        let alone = Hooks {
            interventions: fresh
                .interventions
                .iter()
                .filter(|change| own(change.sequence))
                .map(|change| Intervention {
                    sequence: None,
                    ..change.clone()
                })
                .collect(),
            forks: fresh
                .forks
                .iter()
                .filter(|fork| fork.sequence == index)
                .map(|fork| Fork {
                    sequence: 0,
                    ..fork.clone()
                })
                .collect(),
            ..fresh.clone()
        };
        let forks = alone.forks.len();
        let trace = model.forward(&[tokens], &alone, &cancel).unwrap();
        let rows = trace.logits.rows - forks;
        extend(&mut logits, &trace.logits, 0..rows);
        extend(&mut forked, &trace.logits, rows..rows + forks);
        compare_captures(&reusing, &trace, index);
    }
    let forks = forked.rows;
    extend(&mut logits, &forked, 0..forks);
    assert_eq!(reusing.logits.rows, logits.rows);
    close(&reusing.logits.data, &logits.data, "logits");
}

fn extend(target: &mut Matrix, source: &Matrix, rows: std::ops::Range<usize>) {
    target.cols = source.cols;
    target.rows += rows.len();
    for row in rows {
        target.data.extend(source.row(row));
    }
}

/// Row `index` of captures at the last position belongs to sequence `index`.
#[track_caller]
fn compare_captures(together: &ActivationCache, alone: &ActivationCache, index: usize) {
    if let Some(logps) = alone.token_logps.first() {
        close(
            &together.token_logps[index],
            logps,
            "token log-probabilities",
        );
    }
    for (a, b) in together.layers.iter().zip(&alone.layers) {
        if b.z.rows == 1 {
            close(a.z.row(index), b.z.row(0), "z");
            close(&a.attention[index].data, &b.attention[0].data, "attention");
            close(a.resid_pre.row(index), b.resid_pre.row(0), "resid_pre");
        }
    }
    if alone.resid_final.rows == 1 {
        let (a, b) = (together.resid_final.row(index), alone.resid_final.row(0));
        close(a, b, "resid_final");
    }
}

#[track_caller]
fn close(a: &[f32], b: &[f32], what: &str) {
    assert_eq!(a.len(), b.len(), "{what}");
    for (a, b) in a.iter().zip(b) {
        assert!((a - b).abs() < 1e-4, "{what}: {a} is not {b}");
    }
}

fn vector(model: &Model, seed: usize) -> Arc<[f32]> {
    let wave = |i: usize| ((i * 7 + seed * 13) % 11) as f32 / 3.0 - 1.5;
    (0..model.info.width).map(wave).collect()
}

fn hooks(capture: Capture) -> Hooks {
    Hooks {
        reuse: Reuse::Keys,
        ..Hooks::capture(capture)
    }
}

fn at_last() -> Capture {
    let last = Positions::Last;
    Capture {
        logits: last.clone(),
        attention: last.clone(),
        z: last.clone(),
        resid_pre: last.clone(),
        resid_final: last,
        token_logps: Sequences::All,
        ..Capture::default()
    }
}

#[test]
fn edited_prompts_give_the_results_of_a_fresh_pass() {
    for family in FAMILIES {
        let model = load(&miniature(family));
        let mut tokens: Vec<u32> = (10..24).collect();
        let logits = Capture {
            logits: Positions::Last,
            token_logps: Sequences::All,
            ..Capture::default()
        };
        for (step, hooks) in [hooks(logits), hooks(at_last())]
            .iter()
            .cycle()
            .take(12)
            .enumerate()
        {
            check(&model, &[&tokens], hooks);
            // The same prompt again: the cache holds every position.
            check(&model, &[&tokens], hooks);
            match step % 4 {
                0 => tokens.push(90),
                1 => tokens[13 - step] += 1,
                2 => tokens.truncate(11),
                _ => tokens.insert(5, 77),
            }
        }
        let (bytes, budget) = model.cache_usage();
        assert!(0 < bytes && bytes <= budget, "{family}: {bytes}");
    }
}

#[test]
fn sequences_with_a_common_prefix_share_its_positions() {
    for family in FAMILIES {
        let model = load(&miniature(family));
        let long: Vec<u32> = (10..24).collect();
        let mut other = long[..9].to_vec();
        other.extend([200, 201]);
        let rows: [&[u32]; 5] = [&long[..9], &long, &other, &long, &long[..3]];
        for reuse in [Reuse::Nothing, Reuse::Keys, Reuse::Keys] {
            let mut hooks = hooks(at_last());
            hooks.reuse = reuse;
            check(&model, &rows, &hooks);
            // An intervention on one sequence ends the shared prefix where it starts.
            hooks.interventions = vec![
                Intervention {
                    layer: 1,
                    sequence: Some(3),
                    at: TargetPositions::Range(4..6),
                    action: InterventionAction::AddAttnOut(vector(&model, 3)),
                },
                Intervention {
                    layer: 0,
                    sequence: None,
                    at: TargetPositions::All,
                    action: InterventionAction::AddAttnOut(vector(&model, 4)),
                },
            ];
            check(&model, &rows, &hooks);
        }
    }
}

#[test]
fn forks_of_cached_and_fresh_runs_agree() {
    for family in FAMILIES {
        let model = load(&miniature(family));
        let tokens: Vec<u32> = (30..41).collect();
        let mut hooks = Hooks {
            reuse: Reuse::Residuals,
            ..Hooks::interventions(vec![Intervention {
                layer: 0,
                sequence: None,
                at: TargetPositions::Range(2..3),
                action: InterventionAction::AddAttnOut(vector(&model, 1)),
            }])
        };
        for round in 0..3 {
            hooks.forks = (0..model.info.layers)
                .rev()
                .flat_map(|layer| {
                    [
                        TargetPositions::All,
                        TargetPositions::Range(10..11),
                        TargetPositions::Range(3..5),
                    ]
                    .map(|at| (layer, at))
                })
                .map(|(layer, at)| Fork {
                    sequence: 0,
                    layer,
                    at,
                    vector: vector(&model, layer + round),
                })
                .collect();
            check(&model, &[&tokens], &hooks);
        }
    }
}

#[test]
fn cached_positions_are_not_computed_again() {
    let model = load(&miniature("tiny-qwen3"));
    let mut tokens: Vec<u32> = (10..24).collect();
    let computed = |tokens: &[&[u32]], hooks: &Hooks| {
        let trace = model.forward(tokens, hooks, &CancelToken::new()).unwrap();
        trace.computed
    };
    let hooks = hooks(at_last());
    assert_eq!(computed(&[&tokens], &hooks), 14, "nothing is cached");
    tokens[12] = 99;
    assert_eq!(computed(&[&tokens], &hooks), 2, "changed at position 12");
    assert_eq!(computed(&[&tokens], &hooks), 1, "its last row is captured");
    let (bytes, _) = model.cache_usage();
    assert_eq!(computed(&[&tokens[..8]], &hooks), 1, "its prefix");
    assert_eq!(model.cache_usage().0, bytes, "a prefix is not cached again");
    let logits = Hooks {
        capture: Capture {
            logits: Positions::Last,
            token_logps: Sequences::All,
            ..Capture::default()
        },
        ..hooks.clone()
    };
    assert_eq!(computed(&[&tokens], &logits), 0, "everything is cached");
    let fresh = Hooks {
        reuse: Reuse::Nothing,
        ..logits
    };
    let other = [1, 2];
    let rows: [&[u32]; 3] = [&tokens, &other, &tokens[..9]];
    assert_eq!(
        computed(&rows, &fresh),
        16,
        "one sequence is the prefix of another"
    );
    let fork = |layer| Fork {
        sequence: 0,
        layer,
        at: TargetPositions::Range(13..14),
        vector: vector(&model, 1),
    };
    let forks = Hooks {
        reuse: Reuse::Residuals,
        forks: vec![fork(0), fork(2)],
        ..fresh
    };
    assert_eq!(computed(&[&tokens], &forks), 16, "no residuals are cached");
    assert_eq!(computed(&[&tokens], &forks), 2, "only the forks");
}

/// The budget limits what one pass leaves in the cache, for any number of sequences.
#[test]
fn one_pass_caches_no_more_than_the_budget() {
    let files = ModelFiles::Folder(miniature("tiny-llama"));
    let whole = Model::load(&files, &LoadOptions::default()).unwrap();
    let hooks = hooks(at_last());
    let tokens: Vec<u32> = (10..20).collect();
    whole
        .forward(&[&tokens], &hooks, &CancelToken::new())
        .unwrap();
    let (one, _) = whole.cache_usage();
    let options = LoadOptions {
        cache_bytes: 2 * one,
        ..LoadOptions::default()
    };
    let model = Model::load(&files, &options).unwrap();
    let others: Vec<Vec<u32>> = (1..5).map(|first| (first..first + 10).collect()).collect();
    let rows: Vec<&[u32]> = others.iter().map(Vec::as_slice).collect();
    check(&model, &rows, &hooks);
    assert_eq!(model.cache_usage().0, 2 * one);
    // The first sequences are cached; where residuals do not fit, keys and values still are.
    let trace = model
        .forward(&rows[..2], &hooks, &CancelToken::new())
        .unwrap();
    assert_eq!(trace.computed, 2);
    let residuals = Hooks {
        reuse: Reuse::Residuals,
        ..hooks
    };
    let long: Vec<u32> = (100..115).collect();
    model
        .forward(&[&long], &residuals, &CancelToken::new())
        .unwrap();
    let trace = model
        .forward(&[&long], &residuals, &CancelToken::new())
        .unwrap();
    assert_eq!(trace.computed, 1);
}

#[test]
fn without_a_budget_nothing_is_cached_and_results_are_equal() {
    let options = LoadOptions {
        cache_bytes: 0,
        ..LoadOptions::default()
    };
    let files = ModelFiles::Folder(miniature("tiny-llama"));
    let model = Model::load(&files, &options).unwrap();
    let tokens: Vec<u32> = (10..20).collect();
    for reuse in [Reuse::Keys, Reuse::Residuals] {
        let mut hooks = hooks(at_last());
        hooks.reuse = reuse;
        check(&model, &[&tokens], &hooks);
        check(&model, &[&tokens], &hooks);
    }
    assert_eq!(model.cache_usage(), (0, 0));
}

#[test]
fn a_variant_reads_the_cache_and_leaves_nothing_in_it() {
    let model = load(&miniature("tiny-llama"));
    let tokens: Vec<u32> = (10..24).collect();
    let cancel = CancelToken::new();
    model
        .forward(&[&tokens], &hooks(at_last()), &cancel)
        .unwrap();
    let (bytes, _) = model.cache_usage();
    let variant = [&tokens[..9], &tokens[11..]].concat();
    let read_only = Hooks {
        reuse: Reuse::CachedKeys,
        ..hooks(at_last())
    };
    for _ in 0..2 {
        check(&model, &[&variant], &read_only);
        let trace = model.forward(&[&variant], &read_only, &cancel).unwrap();
        assert_eq!(trace.computed, 3);
        assert_eq!(model.cache_usage().0, bytes);
    }
}

#[test]
fn a_cancelled_pass_caches_nothing() {
    let model = load(&miniature("tiny-llama"));
    let cancel = CancelToken::new();
    cancel.cancel();
    assert!(
        model
            .forward(&[&[1, 2]], &hooks(at_last()), &cancel)
            .is_err()
    );
    assert_eq!(model.cache_usage().0, 0);
    model
        .forward(&[&[1, 2]], &hooks(at_last()), &CancelToken::new())
        .unwrap();
    assert!(0 < model.cache_usage().0);
    model.clear_cache();
    assert_eq!(model.cache_usage().0, 0);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// Random prompts with common prefixes, random interventions, random forks.
    #[test]
    fn random_passes_give_the_results_of_fresh_ones(
        family in 0..FAMILIES.len(),
        passes in prop::collection::vec(
            (
                prop::collection::vec(prop::collection::vec(5_u32..8, 1..9), 1..4),
                prop::collection::vec((0_usize..3, 0_usize..6, 0_usize..5, any::<bool>()), 0..3),
                prop::collection::vec((0_usize..3, 0_usize..9), 0..5),
                0_usize..5,
            ),
            1..6,
        ),
    ) {
        let model = load(&miniature(FAMILIES[family]));
        for (sequences, changes, forks, reuse) in passes {
            let rows: Vec<&[u32]> = sequences.iter().map(Vec::as_slice).collect();
            let mut hooks = hooks(at_last());
            hooks.reuse = [
                Reuse::Nothing,
                Reuse::Keys,
                Reuse::CachedKeys,
                Reuse::Residuals,
                Reuse::Reference,
            ][reuse];
            // Forks with one vector share the positions that their sequences share.
            let vectors: Vec<Arc<[f32]>> = (0..3).map(|seed| vector(&model, seed)).collect();
            for (layer, start, kind, own) in changes {
                hooks.interventions.push(Intervention {
                    layer: layer % model.info.layers,
                    sequence: own.then_some(start % rows.len()),
                    at: if start == 0 { TargetPositions::All } else { TargetPositions::Range(start..start + 2) },
                    action: match kind {
                        0 => InterventionAction::ZeroHead(start % model.info.heads),
                        1 => InterventionAction::ReplaceAttnOut(vector(&model, start)),
                        2 => InterventionAction::BlockAttention(start / 2..start),
                        _ => InterventionAction::AddAttnOut(vector(&model, start)),
                    },
                });
            }
            for (layer, start) in forks {
                let sequence = start % rows.len();
                let first = start % rows[sequence].len();
                hooks.forks.push(Fork {
                    sequence,
                    layer: layer % model.info.layers,
                    at: if start % 3 == 0 { TargetPositions::All } else { TargetPositions::Range(first..first + 1) },
                    vector: vectors[layer].clone(),
                });
            }
            // `check` orders the forks by sequence.
            hooks.forks.sort_by_key(|fork| fork.sequence);
            check(&model, &rows, &hooks);
        }
    }
}
