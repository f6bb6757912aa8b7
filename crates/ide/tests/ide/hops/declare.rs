//! Guessed hops that are declared by an action.

use hoplens_analysis::{
    FileFindings, Guessed, Inconsistency, TokenProbability, Undeclared, Verdict,
};
use hoplens_ide::{CodeAction, Snapshot, diagnostics, hop_actions};
use hoplens_prompt::{Code, Origin, edited};
use hoplens_test_support::{load, miniature};

use super::{found, outcome};

const MENTION: &str = "The tallest tower of France";

fn says(token: &str) -> TokenProbability {
    TokenProbability {
        token: token.to_owned(),
        p: 0.5,
    }
}

fn inconsistency() -> Inconsistency {
    Inconsistency {
        bridge: "the Eiffel Tower".into(),
        prompt: "The Eiffel Tower is in".into(),
        written: says(" a"),
        named: says(" Paris"),
        written_when_named: 0.1,
        named_as_written: 0.1,
    }
}

/// Returns the actions at the mention of a snapshot with these findings.
fn offered(snapshot: &mut Snapshot, findings: FileFindings) -> Vec<CodeAction> {
    snapshot.findings = Some(findings);
    let all = diagnostics(snapshot);
    let at = snapshot.text.find(MENTION).unwrap();
    hop_actions(snapshot, &all, Origin::FrontMatter, &(at..at))
}

#[test]
fn a_guess_without_a_case_becomes_a_case_with_a_hop() {
    let model = load(&miniature("tiny-gpt2"));
    let text = format!("{MENTION} is in");
    let mut snapshot = Snapshot::new("a.prompt", text.clone(), None);
    let mut findings = found(&model, &snapshot);
    findings.cases[0].outcome.as_mut().unwrap().undeclared = Some(Undeclared {
        mention: 0..MENTION.len(),
        candidates: Vec::new(),
        inconsistent: Some(inconsistency()),
        guessed: None,
    });
    let actions = offered(&mut snapshot, findings);
    let [action] = &actions[..] else {
        panic!("one action: {actions:?}");
    };
    assert_eq!(
        action.title,
        format!("Declare this hop: \"{MENTION}\" is \"the Eiffel Tower\"")
    );
    assert_eq!(action.fixes[0].code, Code::HopInconsistent);
    let (file, text) = edited(&snapshot.file, &snapshot.text, &action.edit);
    assert_eq!(&text[file.body.clone()], format!("{MENTION} is in"));
    // The file gives the analysis of a declared hop.
    let declared = Snapshot::new("a.prompt", text, None);
    let findings = found(&model, &declared);
    let case = &findings.cases[0];
    assert_eq!(case.query.expect, [" Paris"]);
    assert_eq!(case.query.mentions[0].phrase, MENTION);
    let outcome = outcome(case);
    assert_eq!(outcome.probes.hops[0].bridge, "the Eiffel Tower");
    assert!(outcome.verdict.is_some() && outcome.undeclared.is_none());
}

#[test]
fn a_guess_in_a_case_is_declared_there() {
    let model = load(&miniature("tiny-gpt2"));
    let prompt = format!("{MENTION} is in");
    let with_hop = format!(
        "---\nhoplens.cases:\n  - id: tower\n    expect: \" Paris\"\n    hops:\n      - {{mention: \"{MENTION}\", bridge: \"the Eiffel Tower\"}}\n---\n{prompt}"
    );
    let declared = Snapshot::new("a.prompt", with_hop.clone(), None);
    let probes = outcome(&found(&model, &declared).cases[0]).probes.clone();
    let text = format!("---\nhoplens.cases:\n  - id: tower\n    expect: \" Paris\"\n---\n{prompt}");
    let mut snapshot = Snapshot::new("a.prompt", text, None);
    let mut findings = found(&model, &snapshot);
    findings.cases[0].outcome.as_mut().unwrap().undeclared = Some(Undeclared {
        mention: 0..MENTION.len(),
        candidates: Vec::new(),
        inconsistent: None,
        guessed: Some(Guessed {
            bridge: "the Eiffel Tower".into(),
            probes,
            verdict: Verdict::HopLost,
        }),
    });
    let actions = offered(&mut snapshot, findings.clone());
    let [action] = &actions[..] else {
        panic!("one action: {actions:?}");
    };
    assert_eq!(action.edit.apply(&snapshot.text), with_hop);
    // Without a guess there is nothing to declare.
    findings.cases[0].outcome.as_mut().unwrap().undeclared = None;
    assert_eq!(offered(&mut snapshot, findings), []);
}
