//! The gradients of the backward pass equal finite differences of the forward pass.

use std::sync::Arc;

use hoplens_runtime::{
    CancelToken, Capture, Fork, Hooks, Intervention, InterventionAction, Model, ModelError,
    TargetPositions,
};
use hoplens_test_support::{FAMILIES, load, miniature};

const TOKENS: [u32; 9] = [5, 17, 3, 44, 8, 101, 29, 64, 12];
const FIRST_TOKENS: [u32; 2] = [7, 30];

/// Values between -1 and 1, the same for the same seed.
fn direction(width: usize, seed: u64) -> Vec<f32> {
    let mut state = seed * 2 + 1;
    (0..width)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state % 2001) as f32 / 1000.0 - 1.0
        })
        .collect()
}

/// The size of the steps of the finite differences.
const STEP: f32 = 0.01;

/// The central difference of logp_first per unit of `direction`, added to `hook_attn_out` of
/// `layer` from position `first` on.
fn difference(
    model: &Model,
    interventions: &[Intervention],
    layer: usize,
    first: usize,
    direction: &[f32],
) -> f64 {
    let fork = |sign: f32| Fork {
        sequence: 0,
        layer,
        at: TargetPositions::Range(first..TOKENS.len()),
        vector: direction.iter().map(|value| sign * STEP * value).collect(),
    };
    let hooks = Hooks {
        capture: Capture {
            first_tokens: FIRST_TOKENS.to_vec(),
            ..Capture::default()
        },
        interventions: interventions.to_vec(),
        forks: vec![fork(1.0), fork(-1.0)],
        ..Hooks::default()
    };
    let cache = model
        .forward(&[&TOKENS], &hooks, &CancelToken::new())
        .unwrap();
    let logp = |at: usize| cache.first_token_scores[at].logp_first;
    (logp(1) - logp(2)) / f64::from(2.0 * STEP)
}

fn check(model: &Model, interventions: &[Intervention], what: &str) {
    let gradients = model
        .attn_out_gradients(&TOKENS, &FIRST_TOKENS, interventions, &CancelToken::new())
        .unwrap();
    let width = model.info.width;
    assert_eq!(gradients.attn_out.len(), model.info.layers);
    let mut largest = 0.0_f64;
    for (layer, grad) in gradients.attn_out.iter().enumerate() {
        assert_eq!((grad.rows, grad.cols), (TOKENS.len(), width));
        for first in [0, 4, TOKENS.len() - 1] {
            let direction = direction(width, (layer * 100 + first) as u64);
            let predicted: f64 = (first..TOKENS.len())
                .flat_map(|row| grad.row(row).iter().zip(&direction))
                .map(|(grad, value)| f64::from(grad * value))
                .sum();
            let found = difference(model, interventions, layer, first, &direction);
            let error = (found - predicted).abs();
            assert!(
                error <= 1e-3 + 0.01 * predicted.abs(),
                "{what}, layer {layer} from {first}: {predicted} by the backward pass, {found} by differences"
            );
            largest = largest.max(predicted.abs());
        }
    }
    assert!(largest > 0.05, "{what}: all gradients are near 0");
}

#[test]
fn gradients_equal_finite_differences_in_every_family() {
    for family in FAMILIES {
        check(&load(&miniature(family)), &[], family);
    }
}

#[test]
fn gradients_account_for_interventions() {
    for family in FAMILIES {
        let model = load(&miniature(family));
        let width = model.info.width;
        let head_dim = model.config().head_dim;
        let change = |layer, at, action| Intervention {
            layer,
            sequence: None,
            at,
            action,
        };
        let vector: Arc<[f32]> = direction(width, 77).into();
        let head: Arc<[f32]> = direction(head_dim, 78).into();
        let changes = [
            change(
                0,
                TargetPositions::All,
                InterventionAction::AddAttnOut(Arc::clone(&vector)),
            ),
            change(
                1,
                TargetPositions::Range(2..5),
                InterventionAction::ReplaceAttnOut(vector),
            ),
            change(1, TargetPositions::All, InterventionAction::ZeroHead(0)),
            change(
                1,
                TargetPositions::Range(4..usize::MAX),
                InterventionAction::BlockAttention(1..4),
            ),
            change(
                model.info.layers - 1,
                TargetPositions::Range(3..8),
                InterventionAction::ReplaceHead(1, head),
            ),
        ];
        check(&model, &changes, family);
    }
}

#[test]
fn overflowing_logits_are_an_error() {
    let model = load(&miniature("tiny-llama"));
    let vector = vec![f32::INFINITY; model.info.width].into();
    let change = Intervention {
        layer: 1,
        sequence: None,
        at: TargetPositions::All,
        action: InterventionAction::AddAttnOut(vector),
    };
    let gradients =
        model.attn_out_gradients(&TOKENS, &FIRST_TOKENS, &[change], &CancelToken::new());
    assert!(matches!(gradients, Err(ModelError::NotFinite { .. })));
}
