//! Which findings a file has.

use hoplens_analysis::{
    AnalysisSettings, FileFindings, Inconsistency, PromptSource, Thresholds, TokenProbability,
    Undeclared, Variant, Verdict, case_query,
};
use hoplens_ide::{Snapshot, diagnostics, repair_edit};
use hoplens_prompt::{Code, Severity, edited};
use hoplens_runtime::Model;

use super::{CHAIN, found, outcome, repairs, settings, verdicts};
use hoplens_test_support::{assert_close, load, miniature};

/// Analyses one prompt with thresholds that every case passes.
fn lenient(model: &Model, snapshot: &Snapshot) -> FileFindings {
    let settings = AnalysisSettings {
        thresholds: Thresholds {
            known: 0.0,
            shortcut_share: 1e9,
            lost_factor: 1e9,
            gain_factor: 0.0,
            ..Thresholds::default()
        },
        ..settings()
    };
    verdicts(model, &snapshot.file, &snapshot.text, &settings)
}

#[test]
fn a_mention_that_occurs_twice_is_rewritten_twice() {
    let model = load(&miniature("tiny-llama"));
    let text = "---\nhoplens.cases:\n  - expect: \" Seine\"\n    hops:\n      - {mention: The capital of \
                France, bridge: Paris}\n---\nThe capital of France is big. Through the capital of \
                France runs the";
    let mut snapshot = Snapshot::new("twice.prompt", text, None);
    let findings = found(&model, &snapshot);
    let case = findings.cases[0].clone();
    let probes = &outcome(&case).probes;
    let bare = &probes.no_subject.as_ref().unwrap().prompt;
    assert_eq!(bare, "It is big. Through it runs the");
    snapshot.findings = Some(findings);
    let offered = repairs(&model, &snapshot, &case);
    let rewrite = offered.iter().find(|one| one.change.kind() == "rewrite");
    let edit = repair_edit(&snapshot, &case, rewrite.unwrap()).unwrap();
    assert_eq!(edit.edits.len(), 2);
    let (file, text) = edited(&snapshot.file, &snapshot.text, &edit);
    assert_eq!(
        &text[file.body.clone()],
        "Paris is big. Through Paris runs the"
    );
    let after = verdicts(&model, &file, &text, &settings());
    let measured = outcome(&after.cases[0]).probes.composed.logp;
    assert_close(measured, rewrite.unwrap().logp_after, 1e-3, "both");
}

#[test]
fn a_bridge_next_to_its_mention_is_not_named_again() {
    let model = load(&miniature("tiny-llama"));
    let text = "---\nhoplens.cases:\n  - expect: \" Seine\"\n    hops:\n      - {mention: The capital of \
                France, bridge: Paris}\n---\nThe capital of France, Paris, lies on the";
    let mut snapshot = Snapshot::new("named.prompt", text, None);
    let findings = found(&model, &snapshot);
    let case = findings.cases[0].clone();
    let probes = &outcome(&case).probes;
    assert_eq!(probes.no_subject.as_ref().unwrap().prompt, "It lies on the");
    assert_eq!(probes.hops[0].explicit.prompt, probes.composed.prompt);
    snapshot.findings = Some(findings);
    let kinds: Vec<&str> = repairs(&model, &snapshot, &case)
        .iter()
        .map(|one| one.change.kind())
        .collect();
    for said_already in ["fact", "appositive"] {
        assert!(!kinds.contains(&said_already), "{kinds:?}");
    }
}

#[test]
fn an_injection_that_the_model_cannot_take_is_left_out_and_reported() {
    let model = load(&miniature("tiny-llama"));
    let bad = CHAIN
        .replace("embed, layer: 0", "embed, layer: 99")
        .replace("---\nThe", "  - {memory: x, encoding: embed, layer: 1, head: 77, tau: 1}\n  - {memory: x, layer: 1, tau: 1, scope: {span: stands}}\n---\nThe");
    let snapshot = Snapshot::new("chain.prompt", bad.clone(), None);
    let findings = found(&model, &snapshot);
    let lines = bad.lines();
    let kept: String = lines
        .filter(|line| !line.contains("layer: 99") && !line.contains("77"))
        .flat_map(|line| [line, "\n"])
        .collect();
    let without = found(&model, &Snapshot::new("chain.prompt", kept, None));
    for (case, wanted) in findings.cases.iter().zip(&without.cases) {
        let wanted = outcome(wanted).probes.composed.logp;
        assert_close(outcome(case).probes.composed.logp, wanted, 1e-6, &case.id);
    }
    assert_eq!(findings.cases.len(), 2);
    assert_eq!(findings.cases[0].query.injections.len(), 1);
    assert_eq!(findings.cases[1].query.injections.len(), 2);
    let mut words: Vec<&str> = findings
        .problems
        .iter()
        .map(|one| &bad[one.range.clone()])
        .collect();
    words.sort_unstable();
    assert_eq!(words[0], "77");
    assert_eq!(words[1], "99");
    assert!(words[2].contains("span: stands"), "{words:?}");
    assert_eq!(words.len(), 3);
    let mut shown = snapshot;
    shown.findings = Some(findings);
    let told = diagnostics(&shown);
    let error = told.iter().find(|one| &bad[one.range.clone()] == "99");
    let error = error.unwrap();
    assert_eq!(
        (error.code, error.severity),
        (Code::InvalidInjection, Severity::Error)
    );
    assert!(
        error.message.contains("layer 99 does not exist"),
        "{}",
        error.message
    );
}

#[test]
fn a_prompt_that_cannot_be_rendered_is_not_analysed() {
    let model = load(&miniature("tiny-llama"));
    let text = CHAIN.replace("{{verb}}", "{{verb}");
    let snapshot = Snapshot::new("chain.prompt", text.clone(), None);
    assert_eq!(found(&model, &snapshot).cases, []);
    let case = case_query(&model, PromptSource::new(&snapshot.file, &text), Some(0));
    let error = case.unwrap_err().to_string();
    assert!(error.contains("cannot be rendered"), "{error}");
}

#[test]
fn only_the_unset_variable_is_reported_in_a_prompt_that_has_one() {
    let model = load(&miniature("tiny-gpt2"));
    let file = |body: &str| format!("---\nhoplens.cases:\n  - {{expect: \" Paris\"}}\n---\n{body}");
    let codes = |body: &str| -> Vec<Code> {
        let mut snapshot = Snapshot::new("hole.prompt", file(body), None);
        let mut findings = found(&model, &snapshot);
        let case = findings.cases[0].clone();
        let found = repairs(&model, &snapshot, &case);
        if let Ok(outcome) = &mut findings.cases[0].outcome {
            outcome.repairs = Some(found);
        }
        snapshot.findings = Some(findings);
        let codes = diagnostics(&snapshot).into_iter().map(|one| one.code);
        codes
            .filter(|code| !code.as_str().starts_with("answer"))
            .collect()
    };
    assert_eq!(codes("The capital  of is"), [Code::TokenSplit]);
    assert_eq!(codes("The capital of {{thing}} is"), [Code::UnsetVariable]);
    assert_eq!(codes("The capital is {{thing}}"), [Code::UnsetVariable]);
}

#[test]
fn a_trailing_space_is_repaired_without_a_failing_verdict() {
    let model = load(&miniature("tiny-gpt2"));
    // At least one of these answers is more probable without the space.
    let mut seen = 0;
    for answer in ["Paris", "the", "water", "river", "a", "hill"] {
        let sidecar = format!("version: 1\ncases: [{{expect: {answer}}}]\n");
        let mut snapshot = Snapshot::new("space.txt", "The capital of  France is ", Some(&sidecar));
        let findings = lenient(&model, &snapshot);
        let case = findings.cases[0].clone();
        let outcome = outcome(&case);
        assert_eq!(outcome.verdict, Some(Verdict::Ok));
        let trimmed = outcome.probes.variant(Variant::Trimmed).unwrap().logp;
        let costs = trimmed > outcome.probes.composed.logp;
        assert_eq!(outcome.wants_repairs(), costs);
        if !costs {
            continue;
        }
        seen += 1;
        snapshot.findings = Some(findings);
        let found = repairs(&model, &snapshot, &case);
        // No other change is tried where no verdict fails.
        assert_eq!(found.len(), 1);
        assert_close(found[0].logp_after, trimmed, 1e-4, answer);
        let edit = repair_edit(&snapshot, &case, &found[0]).unwrap();
        assert_eq!(edit.apply(&snapshot.text), "The capital of  France is");
    }
    assert!(seen > 0);
}

#[test]
fn a_missing_space_is_reported_only_if_it_costs_probability() {
    let model = load(&miniature("tiny-gpt2"));
    let (mut costs, mut free) = (0, 0);
    for answer in ["Paris", "the", "water", "river", "a", "hill", "x"] {
        let sidecar = format!("version: 1\ncases: [{{expect: {answer}}}]\n");
        let mut snapshot = Snapshot::new("a.txt", "The capital is", Some(&sidecar));
        let mut findings = found(&model, &snapshot);
        findings.thresholds.gain_factor = 1.1;
        let probes = &outcome(&findings.cases[0]).probes;
        let Some(literal) = probes.variant(Variant::Literal) else {
            continue;
        };
        let factor = literal.p / probes.composed.p;
        snapshot.findings = Some(findings);
        let told = diagnostics(&snapshot);
        let told = told
            .iter()
            .find(|one| one.code == Code::TokenSplit && one.severity == Severity::Hint);
        assert_eq!(told.is_some(), factor >= 1.1, "{answer}: {factor} {told:?}");
        match told {
            Some(_) => costs += 1,
            None => free += 1,
        }
    }
    assert!(costs > 0 && free > 0, "{costs} {free}");
}

#[test]
fn a_guess_about_a_prompt_with_an_unset_variable_is_not_reported() {
    let model = load(&miniature("tiny-gpt2"));
    let mut snapshot = Snapshot::new("a.txt", "The tallest tower is in", None);
    let mut findings = found(&model, &snapshot);
    let says = |token: &str| TokenProbability {
        token: token.to_owned(),
        p: 0.5,
    };
    if let Ok(outcome) = &mut findings.cases[0].outcome {
        outcome.undeclared = Some(Undeclared {
            mention: 0..17,
            candidates: Vec::new(),
            inconsistent: Some(Inconsistency {
                bridge: "X".into(),
                prompt: "X is in".into(),
                written: says(" a"),
                named: says(" b"),
                written_when_named: 0.1,
                named_as_written: 0.1,
            }),
            guessed: None,
        });
    }
    for (has_holes, expected) in [(false, 1), (true, 0)] {
        findings.cases[0].has_holes = has_holes;
        snapshot.findings = Some(findings.clone());
        let told = diagnostics(&snapshot);
        let guesses = told.iter().filter(|one| one.code == Code::HopInconsistent);
        assert_eq!(guesses.count(), expected);
    }
}
