//! Where a hop that nobody declared is looked for.

use hoplens_analysis::{
    AnalysisContext, AnalysisEvent, AnalysisRequest, AnalysisSettings, FileFindings, run,
};
use hoplens_prompt::{Facts, parse, parse_facts};
use hoplens_runtime::{CancelToken, ChatTemplate, Model};
use hoplens_test_support::{ChatFixture, default_model, load, load_files, miniature, skip};

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
fn hops_are_guessed_in_short_texts_to_continue_only() {
    let mut model = load(&miniature("tiny-gpt2"));
    let none = Facts::default;
    assert!(is_guessed(&model, PROMPT, none()));
    // A finished sentence is not continued with the bridge's answer.
    assert!(!is_guessed(&model, &format!("{PROMPT} Australia."), none()));
    assert!(!is_guessed(
        &model,
        &format!("{{{{role \"user\"}}}}{PROMPT}"),
        none()
    ));
    model.chat = Some(ChatTemplate::new(
        "t.jinja".into(),
        "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}".into(),
        ChatFixture::read().special,
    ));
    assert!(!is_guessed(&model, PROMPT, none()));
    // A fact of the project is no guess.
    let facts = parse_facts("largest coral reef system: Great Barrier Reef\n");
    assert!(is_guessed(&model, PROMPT, facts));
}

#[test]
fn hops_are_guessed_only_where_the_model_is_not_sure_and_the_prompt_is_short() {
    let Some(files) = default_model() else {
        return skip("the default model");
    };
    let mut model = load_files(&files);
    // Every prompt here is a text to continue.
    model.chat = None;
    let none = Facts::default;
    assert!(is_guessed(&model, PROMPT, none()));
    let long = format!("{}{PROMPT}", "The sea is wide and deep today.\n".repeat(45));
    assert!(!is_guessed(&model, &long, none()));
    // The model is sure of the next letter of the alphabet.
    let sure = "The first letters of the alphabet are A, B, C, D, E, F, G, H,";
    assert!(!is_guessed(&model, sure, none()));
}
