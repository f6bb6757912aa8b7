//! A sequence that grows over its own keys and values says what whole passes say.

use std::sync::Arc;

use hoplens_runtime::{
    CancelToken, Hooks, Intervention, InterventionAction, LoadOptions, Model, ModelError,
    TargetPositions, top_k,
};
use hoplens_store::ModelFiles;
use hoplens_test_support::{FAMILIES, load, miniature};
use proptest::prelude::*;

/// Longer than the window of the miniature that has one (6), and than a prompt by far.
const TOKENS: usize = 24;

fn vector(model: &Model, seed: usize) -> Arc<[f32]> {
    let wave = |i: usize| ((i * 7 + seed * 13) % 11) as f32 / 3.0 - 1.5;
    (0..model.info.width).map(wave).collect()
}

fn change(model: &Model, layer: usize, at: TargetPositions) -> Intervention {
    Intervention {
        layer,
        sequence: None,
        at,
        action: InterventionAction::AddAttnOut(vector(model, layer)),
    }
}

/// The logits of the last token from a pass over all tokens.
fn whole(model: &Model, tokens: &[u32], interventions: &[Intervention]) -> Vec<f32> {
    let hooks = Hooks::interventions(interventions.to_vec());
    let trace = model
        .forward(&[tokens], &hooks, &CancelToken::new())
        .unwrap();
    trace.logits.row(0).to_vec()
}

#[track_caller]
fn close(found: &[f32], expected: &[f32], what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (a, b) in found.iter().zip(expected) {
        assert!((a - b).abs() < 1e-4, "{what}: {a} is not {b}");
    }
}

/// Greedy tokens after a prompt, each compared with a pass over all tokens before it.
#[track_caller]
fn check(model: &Model, prompt: &[u32], interventions: &[Intervention], what: &str) -> Vec<u32> {
    let cancel = CancelToken::new();
    let mut growing = model.continuation(interventions).unwrap();
    let mut tokens = prompt.to_vec();
    let mut logits = growing.push(prompt, &cancel).unwrap().to_vec();
    for _ in 0..TOKENS {
        let expected = whole(model, &tokens, interventions);
        close(&logits, &expected, what);
        let next = top_k(&logits, 1)[0].token;
        assert_eq!(next, top_k(&expected, 1)[0].token, "{what}");
        tokens.push(next);
        logits = growing.push(&[next], &cancel).unwrap().to_vec();
    }
    assert_eq!(growing.tokens(), tokens, "{what}");
    tokens
}

#[test]
fn continuations_give_the_logits_of_whole_passes_in_every_family() {
    let prompt: Vec<u32> = (30..39).collect();
    let last = TargetPositions::Range(prompt.len() - 1..prompt.len());
    for family in FAMILIES {
        let model = load(&miniature(family));
        check(&model, &prompt, &[], family);
        let mut texts = Vec::new();
        for at in [
            TargetPositions::All,
            last.clone(),
            TargetPositions::Range(2..5),
        ] {
            let what = format!("{family}, {at:?}");
            let knockout = Intervention {
                action: InterventionAction::BlockAttention(3..6),
                ..change(&model, 0, TargetPositions::Range(6..usize::MAX))
            };
            let changes = [change(&model, 1, at.clone()), knockout];
            texts.push(check(&model, &prompt, &changes, &what));
            // Two at once, and at the first layer.
            let changes = [
                change(&model, 0, at),
                change(&model, 2, TargetPositions::All),
            ];
            check(&model, &prompt, &changes, &what);
        }
        assert_ne!(texts[0], texts[2], "{family}: the scope matters");
    }
}

/// Interventions on every position change new tokens too; those on the prompt do not.
#[test]
fn the_scope_of_an_intervention_applies_to_pushed_tokens() {
    let model = load(&miniature("tiny-llama"));
    let prompt: Vec<u32> = (30..39).collect();
    let on_all = [change(&model, 1, TargetPositions::All)];
    let on_prompt = [change(&model, 1, TargetPositions::Range(0..prompt.len()))];
    let cancel = CancelToken::new();
    let mut all = model.continuation(&on_all).unwrap();
    let mut own = model.continuation(&on_prompt).unwrap();
    let same = all.push(&prompt, &cancel).unwrap().to_vec();
    close(own.push(&prompt, &cancel).unwrap(), &same, "the prompt");
    let all = all.push(&[77], &cancel).unwrap().to_vec();
    let own = own.push(&[77], &cancel).unwrap().to_vec();
    let most = all.iter().zip(&own).map(|(a, b)| (a - b).abs());
    assert!(most.fold(0.0, f32::max) > 1e-2, "the new token differs");
}

/// Dynamic scaling changes every key once a sequence is longer than the original context.
#[test]
fn length_dependent_rotations_are_recomputed() {
    let folder = tempfile::tempdir().unwrap();
    let from = miniature("tiny-llama");
    for name in ["model.safetensors", "tokenizer.json"] {
        std::fs::copy(from.join(name), folder.path().join(name)).unwrap();
    }
    let text = std::fs::read(from.join("config.json")).unwrap();
    let mut config: serde_json::Value = serde_json::from_slice(&text).unwrap();
    config["max_position_embeddings"] = 16.into();
    // Both spellings: the old key and the new one.
    let mut scaling = serde_json::json!({"rope_type": "dynamic", "factor": 4.0});
    config["rope_scaling"] = scaling.clone();
    scaling["rope_theta"] = 10000.0.into();
    config["rope_parameters"] = scaling;
    std::fs::write(folder.path().join("config.json"), config.to_string()).unwrap();
    let model = load(folder.path());
    assert!(model.config().context >= 40);
    let prompt: Vec<u32> = (30..39).collect();
    check(&model, &prompt, &[], "dynamic scaling");
    // The rotation is in force: the plain model says something else behind the same tokens.
    let plain = load(&from);
    let long: Vec<u32> = (30..63).collect();
    assert_ne!(whole(&model, &long, &[]), whole(&plain, &long, &[]));
}

#[test]
fn a_failed_push_keeps_the_tokens_before_it() {
    let model = load(&miniature("tiny-gpt2"));
    let cancel = CancelToken::new();
    let mut growing = model.continuation(&[]).unwrap();
    let context = model.config().context;
    assert!(matches!(
        growing.push(&[], &cancel),
        Err(ModelError::EmptyPrompt)
    ));
    growing.push(&[5, 6], &cancel).unwrap();
    let long = vec![7; context - 1];
    assert!(matches!(
        growing.push(&long, &cancel),
        Err(ModelError::TooLong { .. })
    ));
    assert!(growing.push(&[u32::MAX], &cancel).is_err());
    let stopped = CancelToken::new();
    stopped.cancel();
    assert!(matches!(
        growing.push(&[8], &stopped),
        Err(ModelError::Cancelled)
    ));
    assert_eq!(growing.tokens(), [5, 6]);
    let found = growing.push(&[9], &cancel).unwrap().to_vec();
    close(&found, &whole(&model, &[5, 6, 9], &[]), "afterwards");
    // To the last position that the model reads.
    growing.push(&long[2..], &cancel).unwrap();
    assert_eq!(growing.tokens().len(), context);
    assert!(growing.push(&[1], &cancel).is_err());
}

#[test]
fn overflowing_logits_are_an_error() {
    let model = load(&miniature("tiny-llama"));
    let huge: Arc<[f32]> = vec![f32::MAX; model.info.width].into();
    let change = Intervention {
        layer: 0,
        sequence: Some(3),
        at: TargetPositions::All,
        action: InterventionAction::AddAttnOut(huge),
    };
    // Once is large, twice is infinite.
    let twice = [change.clone(), change.clone()];
    let mut growing = model.continuation(&twice).unwrap();
    assert!(matches!(
        growing.push(&[1, 2], &CancelToken::new()),
        Err(ModelError::NotFinite { .. })
    ));
    let outside = Intervention {
        layer: 99,
        ..change
    };
    assert!(model.continuation(&[outside]).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// The split of a sequence into pushes changes nothing, and nothing is cached.
    #[test]
    fn the_size_of_a_push_does_not_matter(
        family in 0..FAMILIES.len(),
        pushes in prop::collection::vec(prop::collection::vec(1_u32..200, 1..9), 1..6),
        layer in 0_usize..3,
        start in 0_usize..12,
    ) {
        let files = ModelFiles::Folder(miniature(FAMILIES[family]));
        let model = Model::load(&files, &LoadOptions::default()).unwrap();
        let at = if start == 0 { TargetPositions::All } else { TargetPositions::Range(start..start + 2) };
        let changes = [change(&model, layer % model.info.layers, at)];
        let mut growing = model.continuation(&changes).unwrap();
        for tokens in &pushes {
            let found = growing.push(tokens, &CancelToken::new()).unwrap().to_vec();
            close(&found, &whole(&model, growing.tokens(), &changes), FAMILIES[family]);
        }
        prop_assert_eq!(model.cache_usage().0, 0);
    }
}
