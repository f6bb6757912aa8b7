//! Ablations of all heads in one batch, against one pass for each head.

use std::sync::Arc;

use hoplens_interp::ModelContext;
use hoplens_interp::lens::{Ablation, HeadAt, ablate_heads, estimate_ablations, read_heads};
use hoplens_runtime::{
    Answer, CancelToken, Capture, Hooks, Intervention, InterventionAction, Model, Positions,
    PromptQuery, TargetPositions, log_softmax_at,
};

use hoplens_test_support::{FAMILIES, load, miniature};

const TOKENS: [u32; 9] = [5, 17, 3, 200, 41, 5, 99, 300, 12];
const ANSWER: u32 = 77;

fn heads(model: &Model) -> Vec<HeadAt> {
    let heads = |layer| (0..model.info.heads).map(move |head| HeadAt { layer, head });
    (0..model.info.layers).flat_map(heads).collect()
}

fn query(interventions: &[Intervention]) -> PromptQuery {
    PromptQuery {
        answers: vec![Answer::from_token(ANSWER)],
        interventions: interventions.to_vec(),
        ..PromptQuery::from_ids(&TOKENS)
    }
}

/// The mean of a head's z over the prompt.
fn mean(model: &Model, layer: usize, head: usize) -> Arc<[f32]> {
    let hooks = Hooks::capture(Capture {
        z: Positions::All,
        ..Capture::default()
    });
    let trace = model
        .forward(&[&TOKENS], &hooks, &CancelToken::new())
        .unwrap();
    let dim = model.config().head_dim;
    let z = |row| trace.layers[layer].head(row, head, dim);
    (0..dim)
        .map(|value| {
            let sum: f32 = (0..TOKENS.len()).map(|row| z(row)[value]).sum();
            sum / TOKENS.len() as f32
        })
        .collect()
}

fn logp_with(model: &Model, layer: usize, action: InterventionAction) -> f64 {
    let change = Intervention {
        layer,
        sequence: None,
        at: TargetPositions::All,
        action,
    };
    let hooks = Hooks::interventions(vec![change]);
    let trace = model
        .forward(&[&TOKENS], &hooks, &CancelToken::new())
        .unwrap();
    log_softmax_at(trace.logits.row(0), ANSWER as usize)
}

#[test]
fn batched_ablations_equal_single_passes() {
    for family in FAMILIES {
        let model = load(&miniature(family));
        let heads = heads(&model);
        for ablation in [Ablation::Zero, Ablation::Mean] {
            let cancel = CancelToken::new();
            let context = ModelContext::new(&model, &cancel);
            let found = ablate_heads(context, &query(&[]), &heads, ablation).unwrap();
            assert_eq!(found.len(), heads.len());
            for (logp, HeadAt { layer, head }) in found.iter().zip(&heads) {
                let action = match ablation {
                    Ablation::Zero => InterventionAction::ZeroHead(*head),
                    Ablation::Mean => {
                        InterventionAction::ReplaceHead(*head, mean(&model, *layer, *head))
                    }
                };
                let expected = logp_with(&model, *layer, action);
                assert!(
                    (logp - expected).abs() < 1e-4,
                    "{family} {ablation:?} {layer}.{head}: {logp} and {expected}"
                );
            }
        }
    }
}

/// The injections in force: an addition at each of two layers, at all positions and at one.
fn in_force(model: &Model) -> Vec<Intervention> {
    let vector = |scale: f32| -> Arc<[f32]> {
        let values = 0..model.info.width;
        values.map(|value| scale * (value as f32).sin()).collect()
    };
    let add = |layer, at, scale| Intervention {
        layer,
        sequence: None,
        at,
        action: InterventionAction::AddAttnOut(vector(scale)),
    };
    let last = TOKENS.len() - 1..TOKENS.len();
    vec![
        add(0, TargetPositions::All, 0.5),
        add(1, TargetPositions::Range(last), 2.0),
    ]
}

#[test]
fn ablations_keep_the_injections_in_force() {
    for family in FAMILIES {
        let model = load(&miniature(family));
        let heads = heads(&model);
        let (cancel, in_force) = (CancelToken::new(), in_force(&model));
        let context = ModelContext::new(&model, &cancel);
        let injected = query(&in_force);
        let zero = Ablation::Zero;
        let found = ablate_heads(context, &injected, &heads, zero).unwrap();
        let plain = |more: Option<Intervention>| {
            let hooks = Hooks::interventions(more.into_iter().chain(in_force.clone()).collect());
            let trace = model.forward(&[&TOKENS], &hooks, &cancel).unwrap();
            log_softmax_at(trace.logits.row(0), ANSWER as usize)
        };
        let mut moved = false;
        for (logp, HeadAt { layer, head }) in found.iter().zip(&heads) {
            let silent = Intervention {
                layer: *layer,
                sequence: None,
                at: TargetPositions::All,
                action: InterventionAction::ZeroHead(*head),
            };
            let expected = plain(Some(silent));
            assert!(
                (logp - expected).abs() < 1e-4,
                "{family} {layer}.{head}: {logp} {expected}"
            );
            let at = HeadAt {
                layer: *layer,
                head: *head,
            };
            let alone = ablate_heads(context, &query(&[]), &[at], zero);
            moved |= (alone.unwrap()[0] - logp).abs() > 1e-3;
        }
        assert!(moved, "{family}: the injections change nothing");
        let read = read_heads(context, &injected, ANSWER, 3).unwrap();
        assert!((read.logp - plain(None)).abs() < 1e-4);
        let sum: f32 = read.heads.iter().map(|head| head.direct_logit).sum();
        // The injected vectors are in neither the heads nor the rest.
        assert!((sum + read.rest - read.logit).abs() > 1e-3, "{family}");
    }
}

/// The estimate agrees with a measurement in which the head's output is scaled down slightly.
#[test]
fn the_estimate_is_the_first_order_change() {
    for family in FAMILIES {
        let model = load(&miniature(family));
        let heads = heads(&model);
        let cancel = CancelToken::new();
        let found =
            estimate_ablations(ModelContext::new(&model, &cancel), &query(&[]), &heads).unwrap();
        let hooks = Hooks::capture(Capture {
            z: Positions::All,
            ..Capture::default()
        });
        let clean = model.forward(&[&TOKENS], &hooks, &cancel).unwrap();
        let baseline = logp_with(
            &model,
            0,
            InterventionAction::AddAttnOut(vec![0.0; model.info.width].into()),
        );
        let dim = model.config().head_dim;
        for (estimate, HeadAt { layer, head }) in found.iter().zip(&heads) {
            // A two-hundredth less of the head at each position.
            let share = 0.005;
            let changes = (0..TOKENS.len())
                .map(|row| Intervention {
                    layer: *layer,
                    sequence: None,
                    at: TargetPositions::Range(row..row + 1),
                    action: InterventionAction::ReplaceHead(
                        *head,
                        clean.layers[*layer]
                            .head(row, *head, dim)
                            .iter()
                            .map(|z| z * (1.0 - share))
                            .collect(),
                    ),
                })
                .collect();
            let trace = model
                .forward(&[&TOKENS], &Hooks::interventions(changes), &cancel)
                .unwrap();
            let less = log_softmax_at(trace.logits.row(0), ANSWER as usize) - baseline;
            let expected = less / f64::from(share);
            let tolerance = 0.1 * expected.abs() + 2e-3;
            assert!(
                (estimate - expected).abs() < tolerance,
                "{family} {layer}.{head}: {estimate} and {expected}"
            );
        }
    }
}
