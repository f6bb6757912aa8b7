//! The Jacobians of the final residual equal finite differences of the forward pass, and what
//! torch's autograd computed: `tests/fixtures/jacobians.safetensors`, which
//! `tests/fixtures/scripts/jacobians.py` wrote.

use std::ops::Range;
use std::sync::Arc;

use hoplens_runtime::{
    CancelToken, Capture, Hooks, Intervention, InterventionAction, Matrix, Model, ModelError,
    Positions, TargetPositions,
};
use hoplens_test_support::{FAMILIES, load, miniature, root};
use safetensors::SafeTensors;

/// The tokens and positions of `jacobians.py`.
fn tokens(count: u32) -> Vec<u32> {
    (0..count).map(|i| (7 * i * i + 3 * i + 5) % 405).collect()
}

const LENGTH: u32 = 100;
const POSITIONS: Range<usize> = 16..99;

fn rows(
    model: &Model,
    tokens: &[u32],
    positions: Range<usize>,
    outputs: Range<usize>,
) -> Vec<Matrix> {
    let cancel = CancelToken::new();
    let trace = model.trace_jacobians(tokens, positions, &cancel).unwrap();
    trace.rows(outputs, &cancel, &mut |_| {}).unwrap()
}

#[test]
fn jacobians_equal_those_of_autograd_in_every_family() {
    let bytes = std::fs::read(root().join("tests/fixtures/jacobians.safetensors")).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    for family in FAMILIES {
        let model = load(&miniature(family));
        let width = model.info.width;
        let expected = file.tensor(family).unwrap();
        assert_eq!(expected.shape(), [model.info.layers - 1, width, width]);
        let (expected, _) = expected.data().as_chunks::<4>();
        let expected: Vec<f32> = expected
            .iter()
            .map(|bytes| f32::from_le_bytes(*bytes))
            .collect();
        let found = rows(&model, &tokens(LENGTH), POSITIONS, 0..width);
        for (layer, (found, expected)) in found
            .iter()
            .zip(expected.chunks_exact(width * width))
            .enumerate()
        {
            let size = |values: &mut dyn Iterator<Item = f32>| {
                values.map(|value| value * value).sum::<f32>().sqrt()
            };
            let norm = size(&mut expected.iter().copied());
            let pairs = found.data.iter().zip(expected);
            let error = size(&mut pairs.map(|(a, b)| a - b));
            assert!(
                error <= 1e-4 * norm,
                "{family}, layer {layer}: an error of {error} in a matrix of norm {norm}"
            );
        }
    }
}

/// The size of the steps of the finite differences.
const STEP: f32 = 0.02;

/// The mean over `positions` p of the change of Σ h_final\[p′\] over `positions` p′, per unit of
/// `direction` that is added to the residual after block `layer` at p.
fn differences(
    model: &Model,
    layer: usize,
    positions: &Range<usize>,
    tokens: &[u32],
    direction: &[f32],
) -> Vec<f64> {
    let change = |sequence: usize, position: usize, sign: f32| {
        let vector: Arc<[f32]> = direction.iter().map(|value| sign * STEP * value).collect();
        Intervention {
            layer,
            sequence: Some(sequence),
            at: TargetPositions::Range(position..position + 1),
            action: InterventionAction::AddMlpOut(vector),
        }
    };
    let signed = positions
        .clone()
        .flat_map(|position| [(position, 1.0), (position, -1.0)]);
    let changes = signed.enumerate();
    let interventions: Vec<Intervention> = changes
        .map(|(sequence, (position, sign))| change(sequence, position, sign))
        .collect();
    let sequences = vec![tokens; interventions.len()];
    let hooks = Hooks {
        interventions,
        ..Hooks::capture(Capture {
            resid_final: Positions::All,
            ..Capture::default()
        })
    };
    let cache = model
        .forward(&sequences, &hooks, &CancelToken::new())
        .unwrap();
    let mut sums = vec![0.0; model.info.width];
    for sequence in 0..sequences.len() {
        let sign = if sequence % 2 == 0 { 1.0 } else { -1.0 };
        for position in positions.clone() {
            let row = cache.resid_final.row(sequence * tokens.len() + position);
            for (sum, value) in sums.iter_mut().zip(row) {
                *sum += sign * f64::from(*value);
            }
        }
    }
    let scale = f64::from(2.0 * STEP) * positions.len() as f64;
    sums.iter().map(|sum| sum / scale).collect()
}

#[test]
fn jacobians_equal_finite_differences_in_every_family() {
    let positions = 5..21;
    let tokens = tokens(23);
    for family in FAMILIES {
        let model = load(&miniature(family));
        let width = model.info.width;
        let direction: Vec<f32> = (0..width).map(|i| (1.7 * i as f32 + 0.3).sin()).collect();
        let jacobians = rows(&model, &tokens, positions.clone(), 0..width);
        for (layer, jacobian) in jacobians.iter().enumerate() {
            let found = differences(&model, layer, &positions, &tokens, &direction);
            for (output, found) in found.iter().enumerate() {
                let products = jacobian.row(output).iter().zip(&direction);
                let predicted: f64 = products.map(|(j, value)| f64::from(j * value)).sum();
                assert!(
                    (found - predicted).abs() <= 5e-3 + 0.01 * predicted.abs(),
                    "{family}, layer {layer}, output {output}: {predicted} by the backward pass, {found} by differences"
                );
            }
        }
    }
}

#[test]
fn rows_do_not_depend_on_how_they_are_divided() {
    let model = load(&miniature("tiny-qwen3"));
    let tokens = tokens(LENGTH);
    let all = rows(&model, &tokens, POSITIONS, 0..model.info.width);
    let part = rows(&model, &tokens, POSITIONS, 9..21);
    for (all, part) in all.iter().zip(&part) {
        assert_eq!((part.rows, part.cols), (12, model.info.width));
        for (row, output) in (9..21).enumerate() {
            for (a, b) in all.row(output).iter().zip(part.row(row)) {
                assert!((a - b).abs() <= 1e-5 * (1.0 + a.abs()), "{a} is not {b}");
            }
        }
    }
}

#[test]
fn one_thread_computes_the_same_as_several() {
    let model = load(&miniature("tiny-gpt2"));
    let tokens = tokens(LENGTH);
    let all = || rows(&model, &tokens, POSITIONS, 0..model.info.width);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build();
    assert_eq!(pool.unwrap().install(all), all());
}

#[test]
fn positions_and_outputs_that_do_not_exist_are_errors() {
    let model = load(&miniature("tiny-llama"));
    let cancel = CancelToken::new();
    let tokens = tokens(20);
    for positions in [3..21, 7..7] {
        let refused = model.trace_jacobians(&tokens, positions, &cancel);
        assert!(matches!(refused, Err(ModelError::OutOfRange { .. })));
    }
    let trace = model.trace_jacobians(&tokens, 3..19, &cancel).unwrap();
    let width = model.info.width;
    let refused = trace.rows(0..width + 1, &cancel, &mut |_| {});
    assert!(matches!(refused, Err(ModelError::OutOfRange { .. })));
    cancel.cancel();
    let stopped = trace.rows(0..width, &cancel, &mut |_| {});
    assert!(matches!(stopped, Err(ModelError::Cancelled)));
}
