//! Identities that hold for every family: no reference numbers needed.

use hoplens_interp::ModelContext;
use hoplens_interp::lens::read_heads;
use hoplens_runtime::{
    BosPolicy, CancelToken, Capture, Device, Fork, Hooks, Intervention, InterventionAction,
    LoadOptions, Model, Positions, PromptQuery, Sequences, TargetPositions,
};
use hoplens_store::ModelFiles;
use hoplens_test_support::{FAMILIES, load, miniature};

#[test]
fn direct_contributions_add_up_to_the_logit() {
    for family in FAMILIES {
        let model = load(&miniature(family));
        let ids = hoplens_test_support::ids(
            &model,
            "The tallest building in the world",
            BosPolicy::Always,
        );
        for target in [3, 77, 400] {
            let query = PromptQuery::from_ids(&ids);
            let cancel = CancelToken::new();
            let context = ModelContext::new(&model, &cancel);
            let reading = read_heads(context, &query, target, 0).unwrap();
            let heads: f32 = reading.heads.iter().map(|head| head.direct_logit).sum();
            let sum = heads + reading.rest;
            let logit = reading.logit;
            assert!((sum - logit).abs() < 1e-4, "{family}: {sum} is not {logit}");
        }
    }
}

#[test]
fn batched_sequences_equal_single_passes() {
    for family in FAMILIES {
        let model = load(&miniature(family));
        let texts = ["a", "The largest coral reef", "naïve café 🙂 in 東京 is"];
        let ids: Vec<Vec<u32>> = texts.iter().map(|text| model.tokenizer.ids(text)).collect();
        let rows: Vec<&[u32]> = ids.iter().map(Vec::as_slice).collect();
        let hooks = Hooks::capture(Capture {
            logits: Positions::Last,
            ..Capture::default()
        });
        let together = model.forward(&rows, &hooks, &CancelToken::new()).unwrap();
        for (index, row) in rows.iter().enumerate() {
            let alone = model.forward(&[row], &hooks, &CancelToken::new()).unwrap();
            for (a, b) in together.logits.row(index).iter().zip(alone.logits.row(0)) {
                assert!((a - b).abs() < 1e-5, "{family}: {a} is not {b}");
            }
        }
    }
}

/// Runs the GPU code path on the CPU.
#[test]
fn candle_matrix_products_equal_the_own_kernels() {
    for family in FAMILIES {
        let ours = load(&miniature(family));
        let options = LoadOptions {
            device: Device::Candle,
            ..LoadOptions::default()
        };
        let files = ModelFiles::Folder(miniature(family));
        let candles = Model::load(&files, &options).unwrap();
        let ids = ours.tokenizer.ids("The largest coral reef in the world");
        let hooks = Hooks::capture(Capture {
            logits: Positions::All,
            token_logps: Sequences::All,
            ..Capture::default()
        });
        let [ours, candles] = [&ours, &candles]
            .map(|model| model.forward(&[&ids], &hooks, &CancelToken::new()).unwrap());
        for (a, b) in ours.logits.data.iter().zip(&candles.logits.data) {
            assert!((a - b).abs() < 1e-4, "{family}: {a} is not {b}");
        }
    }
}

#[test]
fn captures_do_not_change_the_logits() {
    for family in FAMILIES {
        let model = load(&miniature(family));
        let ids = model
            .tokenizer
            .ids("The first president of the United States");
        let clean = Hooks::capture(Capture {
            logits: Positions::All,
            ..Capture::default()
        });
        let all = Positions::All;
        let full = Hooks::capture(Capture {
            logits: all.clone(),
            attention: all.clone(),
            z: all.clone(),
            attn_out: all.clone(),
            mlp_out: all.clone(),
            resid_pre: all.clone(),
            resid_final: all,
            token_logps: Sequences::All,
            first_tokens: vec![0],
        });
        let clean = model.forward(&[&ids], &clean, &CancelToken::new()).unwrap();
        let full = model.forward(&[&ids], &full, &CancelToken::new()).unwrap();
        assert_eq!(clean.logits, full.logits, "{family}");
        for layer in &full.layers {
            for row in layer.attention[0].data.chunks(ids.len()) {
                assert!((row.iter().sum::<f32>() - 1.0).abs() < 1e-5, "{family}");
            }
        }
    }
}

#[test]
fn a_cancelled_pass_stops() {
    let model = load(&miniature("tiny-gpt2"));
    let cancel = CancelToken::new();
    cancel.cancel();
    let result = model.forward(&[&[1, 2, 3]], &Hooks::default(), &cancel);
    assert_eq!(result.unwrap_err().to_string(), "cancelled");
}

/// A fork equals a whole pass with the same intervention.
#[test]
fn a_fork_equals_a_whole_pass() {
    for family in FAMILIES {
        let model = load(&miniature(family));
        let ids =
            hoplens_test_support::ids(&model, "The tallest building in the", BosPolicy::Always);
        let other = model.tokenizer.ids("a b");
        let last = ids.len() - 1;
        let vector = |seed: usize| -> std::sync::Arc<[f32]> {
            let wave = |i: usize| ((i * 7 + seed * 13) % 11) as f32 - 5.0;
            (0..model.info.width).map(wave).collect()
        };
        let places = [
            TargetPositions::All,
            TargetPositions::Range(last..last + 1),
            TargetPositions::Range(2..4),
        ];
        let in_force = Intervention {
            layer: model.info.layers - 1,
            sequence: None,
            at: TargetPositions::All,
            action: InterventionAction::AddAttnOut(vector(99)),
        };
        let mut forks = Vec::new();
        for layer in (0..model.info.layers).rev() {
            for at in &places {
                forks.push(Fork {
                    sequence: 1,
                    layer,
                    at: at.clone(),
                    vector: vector(forks.len()),
                });
            }
        }
        let hooks = Hooks {
            forks: forks.clone(),
            ..Hooks::interventions(vec![in_force.clone()])
        };
        let trace = model
            .forward(&[&other, &ids], &hooks, &CancelToken::new())
            .unwrap();
        assert_eq!(trace.logits.rows, 2 + forks.len());
        for (index, fork) in forks.iter().enumerate() {
            let whole = Intervention {
                layer: fork.layer,
                sequence: None,
                at: fork.at.clone(),
                action: InterventionAction::AddAttnOut(fork.vector.clone()),
            };
            let whole = Hooks::interventions(vec![in_force.clone(), whole]);
            let whole = model.forward(&[&ids], &whole, &CancelToken::new()).unwrap();
            for (a, b) in trace.logits.row(2 + index).iter().zip(whole.logits.row(0)) {
                assert!((a - b).abs() < 1e-4, "{family}, {fork:?}: {a} is not {b}");
            }
        }
    }
}
