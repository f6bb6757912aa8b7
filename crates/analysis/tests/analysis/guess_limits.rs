//! Where a hop that nobody declared is looked for. Skips, loudly, without the default model.

use hoplens_analysis::{
    AnalysisContext, AnalysisEvent, AnalysisRequest, AnalysisSettings, FileFindings, run,
};
use hoplens_prompt::{Facts, parse, parse_facts};
use hoplens_runtime::{CancelToken, Model};
use hoplens_test_support::{default_model, load_files, skip};

const PROMPT: &str = "The largest coral reef system in the world is located off the coast of";

/// Whether a hop was looked for in the prompt and a mention found.
fn is_guessed(model: &Model, text: &str, facts: Facts) -> bool {
    let (settings, cancel) = (AnalysisSettings::default(), CancelToken::new());
    let request = AnalysisRequest {
        facts,
        undeclared: true,
        ..AnalysisRequest::verdicts(parse("a.prompt", text, None), text.to_owned())
    };
    let mut found: Option<FileFindings> = None;
    let mut context = AnalysisContext::new(model, &settings, &cancel);
    run(request, &mut context, &mut |event: AnalysisEvent| {
        event.apply(&mut found);
    })
    .unwrap();
    let case = found.unwrap().cases.remove(0);
    case.outcome.unwrap().undeclared.is_some()
}

#[test]
fn hops_are_guessed_only_where_a_guess_can_help() {
    let Some(files) = default_model() else {
        return skip("the default model");
    };
    let mut model = load_files(&files);
    let chat = model.chat.take();
    let none = Facts::default;
    assert!(is_guessed(&model, PROMPT, none()));
    // A finished sentence is not continued with the bridge's answer.
    assert!(!is_guessed(&model, &format!("{PROMPT} Australia."), none()));
    let long = format!("{}{PROMPT}", "The sea is wide and deep today.\n".repeat(45));
    assert!(!is_guessed(&model, &long, none()));
    // The model is sure of the next letter of the alphabet.
    let sure = "The first letters of the alphabet are A, B, C, D, E, F, G, H,";
    assert!(!is_guessed(&model, sure, none()));
    // Instructions have roles, or are a message of the user.
    let roles = format!("{{{{role \"user\"}}}}{PROMPT}");
    assert!(!is_guessed(&model, &roles, none()));
    model.chat = chat;
    assert!(!is_guessed(&model, PROMPT, none()));
    // A fact of the project is no guess.
    let facts = parse_facts("largest coral reef system in the world: the Great Barrier Reef\n");
    assert!(is_guessed(&model, PROMPT, facts));
}
