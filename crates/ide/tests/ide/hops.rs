//! Probes and repairs, compared with running each prompt by itself.

mod declare;
mod findings;

use hoplens_analysis::{
    AnalysisContext, AnalysisSettings, CaseFindings, CaseOutcome, CaseQuery, FileFindings,
    PromptSource, ReferencePrompts, Repair, SearchSettings, Thresholds, Variant, add_evidence,
    find_repairs, find_verdicts, run_probes,
};
use hoplens_ide::{Snapshot, repair_edit};
use hoplens_injection::Scope;
use hoplens_prompt::{PromptFile, edited};
use hoplens_runtime::{CancelToken, Model};
use hoplens_test_support::{FAMILIES, assert_close, load, miniature};

const CHAIN: &str = "---
hoplens.cases:
  - id: seine
    input: {verb: lies}
    expect: [\" Seine\", \" Thames\"]
    hops:
      - {mention: \"the country of the Eiffel Tower\", bridge: \"France\"}
      - {mention: \"The capital of France\", bridge: \"Paris\"}
  - id: other
    input: {verb: stands}
    expect: \" hill\"
hoplens.inject:
  - {case: seine, memory: river, encoding: embed, layer: 0, tau: 2, scope: all}
  - {memory: \" water\", encoding: unembed, layer: 1, tau: -1, scope: last}
---
The capital  of the country of the Eiffel Tower {{verb}} on the
";

/// Settings that offer every measured repair.
fn settings() -> AnalysisSettings {
    AnalysisSettings {
        thresholds: Thresholds {
            gain_factor: 0.0,
            ..Thresholds::default()
        },
        search: SearchSettings {
            taus: vec![1.0, 4.0],
            most: 100,
            ..SearchSettings::default()
        },
        ..AnalysisSettings::default()
    }
}

fn found(model: &Model, snapshot: &Snapshot) -> FileFindings {
    verdicts(model, &snapshot.file, &snapshot.text, &settings())
}

fn verdicts(
    model: &Model,
    file: &PromptFile,
    text: &str,
    settings: &AnalysisSettings,
) -> FileFindings {
    let cancel = CancelToken::new();
    let context = AnalysisContext::new(model, settings, &cancel);
    find_verdicts(&context, PromptSource::new(file, text)).unwrap()
}

fn outcome(case: &CaseFindings) -> &CaseOutcome {
    case.outcome.as_ref().unwrap()
}

/// Returns the answers' log-probability after a prompt without declarations.
fn alone(model: &Model, prompt: &str, expect: &[String]) -> f64 {
    let subject = CaseQuery {
        prompt: prompt.to_owned(),
        expect: expect.to_vec(),
        ..CaseQuery::default()
    };
    let (probes, _) = {
        let (settings, cancel) = (settings(), CancelToken::new());
        run_probes(&AnalysisContext::new(model, &settings, &cancel), &subject).unwrap()
    };
    probes.composed.logp
}

#[test]
fn each_probe_scores_the_prompt_that_it_names() {
    let snapshot = Snapshot::new("chain.prompt", CHAIN, None);
    for family in FAMILIES {
        let model = load(&miniature(family));
        let findings = found(&model, &snapshot);
        let case = &findings.cases[0];
        let probes = &outcome(case).probes;
        let expect = &case.query.expect;
        let prompts: Vec<&str> = probes
            .hops
            .iter()
            .map(|hop| &*hop.explicit.prompt)
            .collect();
        assert_eq!(
            prompts,
            ["The capital  of France lies on the", "Paris lies on the"]
        );
        let mut bare = probes
            .hops
            .iter()
            .map(|hop| &hop.explicit)
            .collect::<Vec<_>>();
        bare.extend(probes.explicit());
        bare.extend(&probes.no_subject);
        bare.extend(&probes.without_injections);
        assert_eq!(bare.len(), 5);
        for probe in bare {
            let wanted = alone(&model, &probe.prompt, expect);
            assert_close(probe.logp, wanted, 1e-4, &probe.prompt);
        }
        let nobody = probes.no_subject.as_ref().unwrap();
        // Once the first bridge is named, the second mention is the whole description.
        assert_eq!(nobody.prompt, "It lies on the");
        for hop in &probes.hops {
            let bare = hop.bridge.clone();
            let bridges = [bare, format!("the {}", hop.bridge)];
            let wanted = alone(&model, &hop.known.prompt, &bridges);
            assert_close(hop.known.logp, wanted, 1e-4, &hop.known.prompt);
        }
        assert_eq!(probes.hops[1].known.prompt, "The capital  of France is");
    }
}

#[test]
fn a_probe_without_an_injection_equals_the_file_without_it() {
    let model = load(&miniature("tiny-llama"));
    let snapshot = Snapshot::new("chain.prompt", CHAIN, None);
    let findings = found(&model, &snapshot);
    let probes = &outcome(&findings.cases[0]).probes;
    let lines: Vec<&str> = CHAIN.lines().collect();
    for (index, memory) in [(0, "memory: river"), (1, "memory: \" water\"")] {
        let kept = lines.iter().filter(|line| !line.contains(memory));
        let text: String = kept.flat_map(|line| [*line, "\n"]).collect();
        let without = found(&model, &Snapshot::new("chain.prompt", text, None));
        let wanted = outcome(&without.cases[0]).probes.composed.logp;
        assert_close(probes.without(index).unwrap().logp, wanted, 1e-4, memory);
    }
    // A space before a memory that has none; the other memory has one.
    let spaced = CHAIN.replace("memory: river", "memory: \" river\"");
    let spaced = found(&model, &Snapshot::new("chain.prompt", spaced, None));
    let wanted = outcome(&spaced.cases[0]).probes.composed.logp;
    let variant = probes.variant(Variant::Spaced(0)).unwrap();
    assert_close(variant.logp, wanted, 1e-4, "spaced");
    assert!(probes.variant(Variant::Spaced(1)).is_none());
}

#[test]
fn trailing_and_missing_spaces_are_measured() {
    let model = load(&miniature("tiny-gpt2"));
    let sidecar = "version: 1\ncases: [{expect: Paris}]\n";
    let text = "The capital of France is ";
    let snapshot = Snapshot::new("space.txt", text, Some(sidecar));
    let findings = found(&model, &snapshot);
    let trimmed = outcome(&findings.cases[0]).probes.variant(Variant::Trimmed);
    let wanted = alone(&model, text.trim_end(), &[" Paris".into()]);
    assert_close(trimmed.unwrap().logp, wanted, 1e-4, "trimmed");
    // Without the space at the end, hoplens adds one before the answer.
    let snapshot = Snapshot::new("space.txt", text.trim_end(), Some(sidecar));
    let findings = found(&model, &snapshot);
    let probes = &outcome(&findings.cases[0]).probes;
    assert!(probes.variant(Variant::Trimmed).is_none());
    assert_close(probes.composed.logp, wanted, 1e-4, "spaced");
    let literal = probes.variant(Variant::Literal).unwrap();
    assert!((literal.logp - wanted).abs() > 1e-3);
}

#[test]
fn an_applied_repair_has_the_measured_effect() {
    let snapshot = Snapshot::new("chain.prompt", CHAIN, None);
    for family in ["tiny-gpt2", "tiny-llama", "tiny-gpt-neox"] {
        let model = load(&miniature(family));
        let findings = found(&model, &snapshot);
        let case = &findings.cases[0];
        let repairs = repairs(&model, &snapshot, case);
        let mut snapshot = snapshot.clone();
        snapshot.findings = Some(findings.clone());
        let mut kinds: Vec<&str> = Vec::new();
        for repair in &repairs {
            let edit = repair_edit(&snapshot, case, repair)
                .unwrap_or_else(|| panic!("{family}: no edit for {repair:?}"));
            let (file, text) = edited(&snapshot.file, &snapshot.text, &edit);
            let settings = settings();
            let after = verdicts(&model, &file, &text, &settings);
            let outcome = outcome(&after.cases[0]);
            let what = format!("{family}: {:?}", repair.change);
            // τ and the numbers in the file are as exact as those in memory.
            assert_close(outcome.probes.composed.logp, repair.logp_after, 1e-3, &what);
            assert_eq!(outcome.probes.composed.rank, repair.rank_after, "{what}");
            kinds.push(repair.change.kind());
        }
        for kind in ["inject", "rewrite", "appositive", "fact", "respell"] {
            assert!(kinds.contains(&kind), "{family}: no {kind} in {kinds:?}");
        }
    }
}

#[test]
fn stability_is_the_change_of_the_other_cases() {
    let model = load(&miniature("tiny-gpt2"));
    let mut snapshot = Snapshot::new("chain.prompt", CHAIN, None);
    let findings = found(&model, &snapshot);
    let case = findings.cases[0].clone();
    let before = outcome(&findings.cases[1]).probes.composed.logp;
    snapshot.findings = Some(findings);
    let mut seen = 0;
    for repair in repairs(&model, &snapshot, &case) {
        let stability = repair.stability.unwrap();
        assert_eq!(stability.cases, 1);
        let mut wider = repair_edit(&snapshot, &case, &repair).unwrap();
        if repair.change.injection().is_some() {
            // An injection is measured as if it acted on every case.
            for edit in &mut wider.edits {
                edit.new_text = edit.new_text.replace("case: seine, ", "");
                assert!(!edit.new_text.contains("case: seine"), "{}", edit.new_text);
            }
        }
        let (file, text) = edited(&snapshot.file, &snapshot.text, &wider);
        let after = verdicts(&model, &file, &text, &settings());
        let after = outcome(&after.cases[1]).probes.composed.logp;
        assert_close(stability.mean_dlogp, after - before, 1e-3, "Δlog p");
        assert_close(stability.worst_dlogp, after - before, 1e-3, "Δlog p");
        seen += 1;
    }
    assert!(seen > 5);
}

/// The repairs of a case with their evidence.
fn measured(
    model: &Model,
    snapshot: &Snapshot,
    case: &CaseFindings,
    reference_prompts: &ReferencePrompts,
) -> Vec<Repair> {
    let (settings, cancel) = (settings(), CancelToken::new());
    let mut context = AnalysisContext::new(model, &settings, &cancel);
    let source = PromptSource::new(&snapshot.file, &snapshot.text);
    let mut repairs = find_repairs(&mut context, case).unwrap();
    add_evidence(&mut context, source, case, reference_prompts, &mut repairs).unwrap();
    repairs
}

fn repairs(model: &Model, snapshot: &Snapshot, case: &CaseFindings) -> Vec<Repair> {
    let reference_prompts = ReferencePrompts::new(&snapshot.file, []);
    let found = measured(model, snapshot, case, &reference_prompts);
    // The search tries these two scopes; a span would be another one.
    let scopes = [Scope::All, Scope::Last];
    let known = |repair: &Repair| {
        let memory_injection = repair.change.injection();
        memory_injection
            .is_none_or(|memory_injection| scopes.contains(&memory_injection.placement.scope))
    };
    assert!(found.iter().all(known));
    found
}

#[test]
fn other_prompts_are_run_once_for_all_cases() {
    let model = load(&miniature("tiny-gpt2"));
    let text = CHAIN.replace(
        "hoplens.inject:",
        "  - {id: third, input: {verb: looks}, expect: \" sea\"}\nhoplens.inject:",
    );
    let snapshot = Snapshot::new("chain.prompt", text, None);
    let findings = found(&model, &snapshot);
    let subjects: Vec<CaseQuery> = findings
        .cases
        .iter()
        .map(|case| case.query.clone())
        .collect();
    let repairs = |case: usize, reference_prompts: &ReferencePrompts| {
        measured(&model, &snapshot, &findings.cases[case], reference_prompts)
    };
    let fresh = || ReferencePrompts::new(&snapshot.file, subjects.clone());
    let shared = fresh();
    assert_eq!(shared.read(), 0);
    let first = repairs(0, &shared);
    // The two other prompts, and the same two as cases of the file.
    assert_eq!(shared.read(), 4);
    assert_eq!(first.len(), repairs(0, &shared).len());
    assert_eq!(shared.read(), 4);
    let injections = |found: &[Repair]| {
        let acts = |one: &&Repair| one.change.injection().is_some();
        found.iter().filter(acts).count()
    };
    assert!(injections(&first) > 0);
    for case in [0, 1, 2] {
        let (alone, together) = (repairs(case, &fresh()), repairs(case, &shared));
        assert_eq!(alone.len(), together.len());
        for (alone, together) in alone.iter().zip(&together) {
            assert_eq!(alone.change, together.change);
            let others = |of: &Repair| of.side_effects.as_ref()?.cases;
            if let (Some(alone), Some(together)) = (others(alone), others(together)) {
                assert_eq!(alone.prompts, together.prompts);
                assert_close(alone.mean_kl, together.mean_kl, 1e-4, "side effects");
            }
            let gap = |of: &Repair| of.stability.unwrap().mean_dlogp;
            assert_close(gap(alone), gap(together), 1e-4, "stability");
        }
    }
    assert!(shared.read() <= 6);
}
