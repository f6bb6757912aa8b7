//! Attention knock-out is what its definition says.

use std::ops::Range;

use hoplens_runtime::{
    ActivationCache, CancelToken, Capture, Hooks, Intervention, InterventionAction, Model,
    Positions, TargetPositions,
};
use hoplens_test_support::{FAMILIES, load, miniature};

/// Longer than the window of the miniature that has one.
const TOKENS: usize = 14;
/// The keys that are knocked out.
const KEYS: Range<usize> = 3..6;

fn knockout(layer: usize, queries: Range<usize>) -> Intervention {
    Intervention {
        layer,
        sequence: None,
        at: TargetPositions::Range(queries),
        action: InterventionAction::BlockAttention(KEYS),
    }
}

fn run(model: &Model, tokens: &[u32], interventions: Vec<Intervention>) -> ActivationCache {
    let hooks = Hooks {
        interventions,
        ..Hooks::capture(Capture {
            logits: Positions::All,
            attention: Positions::All,
            ..Capture::default()
        })
    };
    model
        .forward(&[tokens], &hooks, &CancelToken::new())
        .unwrap()
}

#[track_caller]
fn close(found: &[f32], expected: &[f32], what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (a, b) in found.iter().zip(expected) {
        assert!((a - b).abs() < 1e-4, "{what}: {a} is not {b}");
    }
}

#[test]
fn a_query_shares_its_attention_among_the_other_keys() {
    for family in FAMILIES {
        let model = load(&miniature(family));
        let tokens: Vec<u32> = (30..30 + TOKENS as u32).collect();
        let clean = run(&model, &tokens, Vec::new());
        for layer in 0..model.info.layers {
            // Some queries stand before the keys, among them and behind them.
            for queries in [2..5, 6..9, 6..TOKENS, 0..usize::MAX] {
                let what = format!("{family}, layer {layer}, queries {queries:?}");
                let blocked = run(&model, &tokens, vec![knockout(layer, queries.clone())]);
                // Nothing below the layer changes.
                let clean = &clean.layers[layer].attention[0];
                let blocked = &blocked.layers[layer].attention[0];
                assert_eq!(clean.rows, TOKENS * model.info.heads);
                for row in 0..clean.rows {
                    let query = row / model.info.heads;
                    let mut expected = clean.row(row).to_vec();
                    if queries.contains(&query) {
                        for key in KEYS.filter(|key| *key != query) {
                            expected[key] = 0.0;
                        }
                        let left: f32 = expected.iter().sum();
                        for weight in &mut expected {
                            *weight /= left;
                        }
                    }
                    close(blocked.row(row), &expected, &what);
                }
            }
        }
    }
}

#[test]
fn tokens_that_are_knocked_out_in_every_layer_have_no_effect_on_later_ones() {
    for family in FAMILIES {
        let model = load(&miniature(family));
        let tokens: Vec<u32> = (30..30 + TOKENS as u32).collect();
        let mut others = tokens.clone();
        for (key, token) in KEYS.zip([90, 91, 92]) {
            others[key] = token;
        }
        let everywhere = || {
            let layers = 0..model.info.layers;
            layers
                .map(|layer| knockout(layer, KEYS.end..usize::MAX))
                .collect()
        };
        let later = |tokens: &[u32], interventions: Vec<Intervention>| {
            let cache = run(&model, tokens, interventions);
            let rows = KEYS.end..TOKENS;
            rows.flat_map(|row| cache.logits.row(row).to_vec())
                .collect::<Vec<f32>>()
        };
        close(
            &later(&tokens, everywhere()),
            &later(&others, everywhere()),
            family,
        );
        let (with, without) = (later(&tokens, Vec::new()), later(&others, Vec::new()));
        assert!(
            with.iter().zip(&without).any(|(a, b)| (a - b).abs() > 1e-2),
            "{family}"
        );
    }
}
