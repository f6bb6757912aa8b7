//! Hops that nobody declared: the examples with their labels hidden on the real model, and facts
//! and switches on it.
//!
//! Skips, loudly, without the default model; fails instead where `HOPLENS_REQUIRE_MODEL=1` says
//! that it must be there.

use hoplens_analysis::{
    AnalysisContext, AnalysisSettings, CandidateSource, CaseQuery, name_key, undeclared,
};
use hoplens_prompt::{Facts, parse, parse_facts};
use hoplens_runtime::{CancelToken, Model};
use hoplens_test_support::{default_model, skip};

fn subject(prompt: &str) -> CaseQuery {
    CaseQuery {
        prompt: prompt.to_owned(),
        ..CaseQuery::default()
    }
}

/// The examples without variables or roles: prompt, mention and bridge.
fn labelled() -> Vec<(String, String, String)> {
    let names = ["arena", "element", "louvre", "parthenon", "python", "reef"];
    let read = |name: &str| {
        let folder = hoplens_test_support::root().join("examples");
        let file_name = format!("{name}.prompt");
        let text = std::fs::read_to_string(folder.join(&file_name)).unwrap();
        let file = parse(&file_name, &text, None);
        let hop = &file.cases[0].hops[0];
        let prompt = text[file.body.clone()].trim_end_matches('\n').to_owned();
        let bridge = hop.bridge.as_ref().unwrap().value.clone();
        (prompt, hop.mention.value.clone(), bridge)
    };
    names.into_iter().map(read).collect()
}

fn model() -> Option<Model> {
    default_model().map(|files| hoplens_test_support::load_files(&files))
}

#[test]
fn the_examples_are_read_without_their_labels() {
    let Some(model) = model() else {
        return skip("the default model");
    };
    let (settings, cancel) = (AnalysisSettings::default(), CancelToken::new());
    let context = AnalysisContext::new(&model, &settings, &cancel);
    let mut bridges = 0;
    let labelled = labelled();
    for (prompt, mention, bridge) in &labelled {
        let found = undeclared(&context, &subject(prompt), &Facts::default());
        let found = found.unwrap().unwrap();
        assert_eq!(&prompt[found.mention.clone()], mention, "{prompt}");
        let names = found.candidates.iter().take(5);
        bridges += names
            .filter(|one| name_key(&one.text) == name_key(bridge))
            .count();
    }
    assert!(
        2 * bridges >= labelled.len(),
        "{bridges} bridges of {}",
        labelled.len()
    );
}

#[test]
fn two_ways_of_asking_disagree_without_any_label() {
    let Some(model) = model() else {
        return skip("the default model");
    };
    let (settings, cancel) = (AnalysisSettings::default(), CancelToken::new());
    let context = AnalysisContext::new(&model, &settings, &cancel);
    let ask = |prompt: &str| {
        let facts = Facts::default();
        let found = undeclared(&context, &subject(prompt), &facts);
        found.unwrap().unwrap().inconsistent
    };
    let found = ask("The author of Hamlet was born in the town of").unwrap();
    assert_eq!(found.bridge, "William Shakespeare");
    assert_eq!(found.named.token, " Strat");
    assert_ne!(found.written.token, found.named.token);
    // Both ways lead to the same country.
    assert_eq!(ask("The capital of France is in the country of"), None);
}

#[test]
fn a_fact_stands_before_every_guess_and_a_declared_hop_is_left_alone() {
    let Some(model) = model() else {
        return skip("the default model");
    };
    let (settings, cancel) = (AnalysisSettings::default(), CancelToken::new());
    let facts = parse_facts("our flagship store in Europe: Harrods\n");
    let prompt = subject("Our flagship store in Europe is located in the city of");
    let ask = |subject: &CaseQuery, settings: &AnalysisSettings| {
        undeclared(
            &AnalysisContext::new(&model, settings, &cancel),
            subject,
            &facts,
        )
        .unwrap()
    };
    let found = ask(&prompt, &settings);
    if let Some(found) = &found {
        assert_eq!(found.candidates[0].source, CandidateSource::Facts);
        assert_eq!(found.candidates[0].text, "Harrods");
    }
    assert!(found.is_some(), "a fact's mention needs no grammar");
    let off = AnalysisSettings {
        declared_only: true,
        ..AnalysisSettings::default()
    };
    assert_eq!(ask(&prompt, &off), None);
    assert_eq!(ask(&subject("Paris is"), &settings), None);
}
