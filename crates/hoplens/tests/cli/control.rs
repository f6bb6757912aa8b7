//! Controls and side effects of injections, compared with plain loops of whole passes.
#![allow(
    clippy::print_stderr,
    reason = "a figure that was measured must be seen"
)]

use std::process::Command;

use hoplens_analysis::{
    AnalysisContext, AnalysisSettings, PromptSource, ReferencePrompts, Verdict, add_evidence,
    case_queries, find_repairs, find_verdicts,
};
use hoplens_injection::{Encoding, Scope, SpanScope};
use hoplens_interp::ModelContext;
use hoplens_interp::memory::{
    Control, MemoryEncoding, MemoryInjection, NEUTRAL_PROMPTS, Placement, SideEffectSummary,
    control, encode, encode_all, neutral_prompts, place, random_memories, resolve_scope,
    side_effects,
};
use hoplens_prompt::parse;
use hoplens_runtime::{
    Answer, BosPolicy, CancelToken, Hooks, Intervention, InterventionAction, Model, PromptQuery,
    TargetPositions, log_softmax, log_softmax_at, rank_of,
};
use hoplens_test_support::{FAMILIES, assert_close, default_model, load, miniature, skip};
use serde_json::Value;

const PROMPT: &str = "The tallest building in the world is located in";
const ENCODINGS: [Encoding; 3] = [Encoding::Embed, Encoding::Unembed, Encoding::Layerwise];

fn placement(encoding: Encoding, scope: Scope, tau: f64) -> Placement {
    Placement {
        encoding,
        layer: 1,
        head: None,
        tau,
        scope,
    }
}

fn injection(memory: &str, placement: Placement) -> MemoryInjection {
    MemoryInjection {
        memory: memory.to_owned(),
        placement,
    }
}

fn span(text: &str) -> Scope {
    Scope::Span(SpanScope {
        text: text.into(),
        nth: 1,
    })
}

/// Returns the logits after a prompt by one whole pass.
fn logits(model: &Model, ids: &[u32], interventions: Vec<Intervention>) -> Vec<f32> {
    let hooks = Hooks::interventions(interventions);
    let trace = model.forward(&[ids], &hooks, &CancelToken::new()).unwrap();
    trace.logits.row(0).to_vec()
}

fn in_force(model: &Model) -> Intervention {
    Intervention {
        layer: 0,
        sequence: None,
        at: TargetPositions::Range(1..3),
        action: InterventionAction::AddAttnOut(vec![0.05; model.info.width].into()),
    }
}

#[test]
fn a_control_equals_a_plain_loop() {
    for family in FAMILIES {
        let model = load(&miniature(family));
        let acting = [in_force(&model)];
        let query = PromptQuery {
            answers: vec![Answer::from_token(7)],
            interventions: acting.to_vec(),
            ..PromptQuery::new(&model.tokenizer, PROMPT, BosPolicy::Always)
        };
        let ids = query.ids();
        let cancel = CancelToken::new();
        let context = ModelContext::new(&model, &cancel);
        let random = random_memories("coral", &[], 22, 3);
        for encoding in ENCODINGS {
            for scope in [Scope::All, Scope::Last, span("tallest building")] {
                let chosen = injection("coral", placement(encoding, scope, 2.5));
                let placement = &chosen.placement;
                let found = control(context, &query, &chosen, &random, &mut |_| {}).unwrap();
                assert_eq!(found.random.len(), random.len());
                let plain = |memory: &str| {
                    let encoding = MemoryEncoding::new(encoding, BosPolicy::Always);
                    let vector = encode(context, memory, encoding).unwrap();
                    let at = resolve_scope(&placement.scope, PROMPT, &query.tokens).unwrap();
                    let change = place(&vector, 1, 2.5, at).unwrap();
                    let logits = logits(&model, &ids, vec![acting[0].clone(), change]);
                    log_softmax_at(&logits, 7)
                };
                let what = format!("{family}, {placement:?}");
                assert_close(found.chosen.logp_first, plain("coral"), 1e-4, &what);
                let clean = log_softmax_at(&logits(&model, &ids, acting.to_vec()), 7);
                assert_close(found.baseline.logp_first, clean, 1e-4, &what);
                let mut lower = 0;
                for (one, memory) in found.random.iter().zip(&random) {
                    assert_eq!(one.memory, *memory);
                    assert_close(one.reading.logp_first, plain(memory), 1e-4, &what);
                    lower += usize::from(one.reading.logp_first < found.chosen.logp_first);
                }
                let share = 100.0 * lower as f64 / random.len() as f64;
                assert_close(found.percentile(), share, 1e-9, &what);
                let again = control(context, &query, &chosen, &random, &mut |_| {});
                assert_same(&found, &again.unwrap());
            }
        }
    }
}

/// Compares two controls. The second one reuses the cached clean run, so it is equal within
/// rounding.
fn assert_same(first: &Control, again: &Control) {
    for (a, b) in first.random.iter().zip(&again.random) {
        assert_eq!(a.memory, b.memory);
        assert_close(a.reading.logp_first, b.reading.logp_first, 1e-5, &a.memory);
    }
}

#[test]
fn memories_encoded_together_equal_single_encodings() {
    for family in FAMILIES {
        let model = load(&miniature(family));
        let texts = random_memories("Eiffel Tower", &[], 70, 0);
        for encoding in ENCODINGS {
            for bos in [BosPolicy::Always, BosPolicy::Never] {
                let cancel = CancelToken::new();
                let context = ModelContext::new(&model, &cancel);
                let encoding = MemoryEncoding::new(encoding, bos);
                let all = encode_all(context, &texts, encoding).unwrap();
                assert_eq!(all.len(), texts.len());
                for (text, found) in texts.iter().zip(&all) {
                    let alone = encode(context, text, encoding).unwrap();
                    for layer in 0..model.info.layers {
                        for (a, b) in found.at(layer).iter().zip(alone.at(layer).iter()) {
                            let near = 1e-4 * b.abs().max(1.0);
                            assert!((a - b).abs() < near, "{family}, {text}: {a} is not {b}");
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn a_memory_that_overflows_ranks_lowest() {
    let model = load(&miniature("tiny-gpt2"));
    let query = PromptQuery {
        answers: vec![Answer::from_token(7)],
        ..PromptQuery::new(&model.tokenizer, PROMPT, BosPolicy::Never)
    };
    let cancel = CancelToken::new();
    let context = ModelContext::new(&model, &cancel);
    // The largest value of "a" times this is still finite; that of longer memories is not.
    let embed = MemoryEncoding::new(Encoding::Embed, BosPolicy::Never);
    let vector = encode(context, "a", embed).unwrap();
    let largest = vector.at(1).iter().fold(0.0f32, |a, b| a.max(b.abs()));
    let tau = f64::from(f32::MAX) / f64::from(largest) * 0.999;
    let long = "persons, places, works and bodies of one to four words";
    let control = |memory| {
        let chosen = injection(memory, placement(Encoding::Embed, Scope::Last, tau));
        control(context, &query, &chosen, &[long], &mut |_| {})
    };
    let found = control("a").unwrap();
    assert!(found.random[0].reading.logp_first.is_nan());
    assert_eq!(found.random[0].reading.rank, model.config().vocab);
    assert!(found.percentile() >= 50.0);
    // The chosen memory must have a reading.
    assert!(control(long).unwrap_err().to_string().contains("overflow"));
}

fn reference_prompts(model: &Model) -> Vec<PromptQuery> {
    let mut all = neutral_prompts(model, BosPolicy::Always);
    all.truncate(30);
    all[3].interventions = vec![in_force(model)];
    all
}

#[test]
fn side_effects_equal_a_plain_double_loop() {
    for family in FAMILIES {
        let model = load(&miniature(family));
        let mut reference_prompts = reference_prompts(&model);
        // Answers of which some are right, whatever the model.
        let top = |one: &PromptQuery| {
            let logits = logits(&model, &one.ids(), one.interventions.clone());
            (0..logits.len() as u32).find(|token| rank_of(&logits, *token) == 0)
        };
        for one in reference_prompts.iter_mut().step_by(2) {
            one.answers = top(one).map(Answer::from_token).into_iter().collect();
        }
        let all = placement(Encoding::Layerwise, Scope::All, 4.0);
        let nowhere = placement(Encoding::Embed, span("of"), 4.0);
        let last = placement(Encoding::Embed, Scope::Last, 8.0);
        let injections = [
            injection("coral", all),
            injection("coral", nowhere),
            injection("Lisbon", last),
        ];
        let cancel = CancelToken::new();
        let context = ModelContext::new(&model, &cancel);
        let mut done = Vec::new();
        let found = side_effects(
            context,
            &reference_prompts,
            &injections,
            BosPolicy::Always,
            &mut |n| done.push(n),
        )
        .unwrap();
        assert_eq!(found.len(), 3);
        assert!(found[1].is_none());
        assert!(done.len() > 1 && done.last() == Some(&reference_prompts.len()));
        let mut flips = 0;
        for (effects, injection) in found.iter().zip(&injections) {
            let placement = &injection.placement;
            let Some(effects) = effects else { continue };
            assert_eq!(effects.len(), reference_prompts.len());
            let vector = injection.vector(context, BosPolicy::Always).unwrap();
            for (effect, one) in effects.iter().zip(&reference_prompts) {
                let at = match placement.scope {
                    Scope::All => TargetPositions::All,
                    _ => TargetPositions::Range(one.tokens.len() - 1..one.tokens.len()),
                };
                let change = place(&vector, placement.layer, placement.tau, at).unwrap();
                let before = logits(&model, &one.ids(), one.interventions.clone());
                let with = [one.interventions.clone(), vec![change]].concat();
                let after = logits(&model, &one.ids(), with);
                let (p, q) = (log_softmax(&before), log_softmax(&after));
                let kl: f64 = p.iter().zip(&q).map(|(p, q)| p.exp() * (p - q)).sum();
                assert_close(effect.kl, kl, 1e-4, &format!("{family}, {placement:?}"));
                let top =
                    |logps: &[f64]| (0..logps.len()).max_by(|a, b| logps[*a].total_cmp(&logps[*b]));
                assert_eq!(effect.flips, top(&p) != top(&q), "{family}");
                let is_right = |logps: &[f64]| {
                    let first = one.first_tokens().first().copied();
                    first.map(|first| top(logps) == Some(first as usize))
                };
                let right = is_right(&p).zip(is_right(&q));
                assert_eq!(effect.right, right, "{family}");
                flips += usize::from(effect.flips);
            }
        }
        assert!(flips > 0, "{family}: nothing to compare");
    }
}

#[test]
fn an_injection_of_magnitude_zero_has_no_side_effects() {
    for family in FAMILIES {
        let model = load(&miniature(family));
        let reference_prompts = reference_prompts(&model);
        for scope in [Scope::All, Scope::Last] {
            let nothing = placement(Encoding::Embed, scope, 0.0);
            let found = side_effects(
                ModelContext::new(&model, &CancelToken::new()),
                &reference_prompts,
                &[injection("coral", nothing)],
                BosPolicy::Always,
                &mut |_| {},
            )
            .unwrap();
            let effects = SideEffectSummary::of(found[0].as_ref().unwrap());
            assert_eq!(effects.prompts, 30);
            // The difference is rounding, because the rows have other positions in the batch.
            assert!(effects.max_kl < 1e-6, "{family}: {effects:?}");
            assert_eq!(effects.flips, 0);
            assert_eq!(effects.right_before, effects.right_after);
        }
    }
}

#[test]
fn the_neutral_prompts_are_distinct() {
    let mut prompts: Vec<&str> = NEUTRAL_PROMPTS.iter().map(|(prompt, _)| *prompt).collect();
    prompts.sort_unstable();
    prompts.dedup();
    assert_eq!(prompts.len(), 40);
    let answered = NEUTRAL_PROMPTS
        .iter()
        .filter(|(_, answer)| answer.is_some());
    assert!(answered.count() >= 20);
}

/// Returns the JSON that a command prints on a miniature.
fn json(family: &str, args: &[&str], exit: i32) -> Value {
    let model = miniature(family);
    let output = Command::new(env!("CARGO_BIN_EXE_hoplens"))
        .args(args)
        .args(["--json", "--offline", "--model", model.to_str().unwrap()])
        .output()
        .unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(exit), "{args:?}: {complaint}");
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn a_sweep_reports_control_and_side_effects_reproducibly() {
    let sweep = |scope: &[&str]| {
        let args = [
            "sweep", "--prompt", PROMPT, "--expect", " Dubai", "--memory", "coral", "--tau", "1,6",
        ];
        json("tiny-llama", &[&args[..], scope].concat(), 0)
    };
    let found = sweep(&[]);
    let (best, control) = (&found["best"], &found["control"]);
    for key in ["encoding", "layer", "tau", "scope"] {
        assert_eq!(best[key], control[key], "{key}");
    }
    assert_eq!(control["memories"], 40);
    let percentile = control["percentile"].as_f64().unwrap();
    assert!((0.0..=100.0).contains(&percentile));
    assert!(control["mean_gain"].is_f64() && control["median_gain"].is_f64());
    let collateral = &found["collateral"];
    assert_eq!(collateral["prompts"], 40);
    assert!(collateral["max_kl"].as_f64().unwrap() >= collateral["mean_kl"].as_f64().unwrap());
    for key in ["flips", "answered", "right_before", "right_after"] {
        assert!(collateral[key].is_u64(), "{key}");
    }
    let again = sweep(&[]);
    assert_eq!(found["control"], again["control"]);
    assert_eq!(found["collateral"], again["collateral"]);
    // The span of this prompt is in no other prompt.
    let of_a_span = sweep(&["--scope", "span", "--span", "tallest building"]);
    assert_eq!(of_a_span["collateral"], Value::Null);
    assert!(of_a_span["control"]["percentile"].is_f64());
}

const TWO_CASES: &str = "---
hoplens.cases:
  - id: lost
    input: {thing: \"The largest coral reef system in the world\"}
    expect: \" Australia\"
    hops: [{mention: \"The largest coral reef system in the world\", bridge: \"the Great Barrier Reef\"}]
  - id: other
    input: {thing: \"The Eiffel Tower\"}
    expect: \" Paris\"
---
{{thing}} is located off the coast of";

#[test]
fn the_other_cases_of_a_file_are_reference_prompts() {
    let Some(files) = default_model() else {
        return skip("the default model");
    };
    let model = hoplens_test_support::load_files(&files);
    let file = parse("two.prompt", TWO_CASES, None);
    let settings = AnalysisSettings::default();
    let cancel = CancelToken::new();
    let mut context = AnalysisContext::new(&model, &settings, &cancel);
    let source = PromptSource::new(&file, TWO_CASES);
    let findings = find_verdicts(&context, source).unwrap();
    let others = case_queries(&model, source);
    assert_eq!(others.len(), 2);
    let case = &findings.cases[0];
    let outcome = case.outcome.as_ref().unwrap();
    assert_eq!(outcome.verdict, Some(Verdict::HopLost));
    let reference_prompts = ReferencePrompts::new(&file, others);
    let mut repairs = find_repairs(&mut context, case).unwrap();
    add_evidence(&mut context, source, case, &reference_prompts, &mut repairs).unwrap();
    let (mut injections, mut rewrites) = (0, 0);
    for repair in &repairs {
        let Some(MemoryInjection { memory, placement }) = repair.change.injection() else {
            assert!(repair.control.is_none() && repair.side_effects.is_none());
            rewrites += 1;
            continue;
        };
        injections += 1;
        assert_eq!(memory, "Great Barrier Reef");
        let control = repair.control.as_ref().unwrap();
        assert_eq!(control.random.len(), 40, "{placement:?}");
        // The answer has one token, so the search measures the same number.
        assert_close(control.chosen.logp_first, repair.logp_after, 1e-3, "chosen");
        assert!(control.percentile() > 80.0, "{}", control.percentile());
        let side_effects = repair.side_effects.as_ref().unwrap();
        // The repaired case itself is left out.
        let cases = side_effects.cases.unwrap();
        assert_eq!((cases.prompts, cases.answered), (1, 1));
        assert_eq!(side_effects.all.prompts, 41);
        assert!(side_effects.neutral.right_before >= 12, "{side_effects:?}");
    }
    assert!(injections > 0 && rewrites > 0);
}

#[test]
fn a_check_reports_control_and_side_effects_of_every_injection() {
    let file = hoplens_test_support::root().join("crates/hoplens/tests/server/tiny.prompt");
    let found = json("tiny-gpt2", &["check", file.to_str().unwrap()], 1);
    let repairs = found["files"][0]["cases"][0]["repairs"].as_array().unwrap();
    let mut seen = 0;
    for repair in repairs {
        if repair["kind"] == "inject" {
            seen += 1;
            let percentile = repair["control_percentile"].as_f64().unwrap();
            assert!((0.0..=100.0).contains(&percentile));
            let collateral = &repair["collateral"];
            assert_eq!(collateral["prompts"], 40);
            assert_eq!(collateral["neutral"]["prompts"], 40);
            assert_eq!(collateral["cases"], Value::Null);
            assert!(collateral["mean_kl"].is_f64() && collateral["flips"].is_u64());
            let title = repair["title"].as_str().unwrap();
            assert!(title.ends_with("random memories)"), "{title}");
        } else {
            assert_eq!(repair["control_percentile"], Value::Null);
            assert_eq!(repair["collateral"], Value::Null);
        }
    }
    assert!(seen > 0, "{found}");
}
