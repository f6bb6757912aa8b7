//! Roles that the format implies, prefills, references and replies, on a miniature with a chat
//! template.

use hoplens_analysis::{
    AnalysisContext, AnalysisEvent, AnalysisRequest, AnalysisSettings, FileFindings, PromptReading,
    REPLY_SAMPLES, run,
};
use hoplens_prompt::parse;
use hoplens_runtime::{CancelToken, ChatTemplate, Hooks, Model, PromptQuery};
use hoplens_test_support::{ChatFixture, assert_close, load, miniature};

const CHATML: &str = "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n\
                      {% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}";

fn chat_model() -> Model {
    let mut model = load(&miniature("tiny-llama"));
    let special = ChatFixture::read().special;
    model.chat = Some(ChatTemplate::new("t.jinja".into(), CHATML.into(), special));
    model
}

fn findings(model: &Model, name: &str, text: &str) -> FileFindings {
    let (settings, cancel) = (AnalysisSettings::default(), CancelToken::new());
    let request = AnalysisRequest {
        replies: true,
        ..AnalysisRequest::verdicts(parse(name, text, None), text.to_owned())
    };
    let mut found = None;
    let mut context = AnalysisContext::new(model, &settings, &cancel);
    run(request, &mut context, &mut |event: AnalysisEvent| {
        event.apply(&mut found);
    })
    .unwrap();
    found.unwrap()
}

/// Returns how the only case is read, and the text that the model reads.
fn read(model: &Model, name: &str, text: &str) -> (PromptReading, String) {
    let mut found = findings(model, name, text);
    let case = found.cases.remove(0);
    (case.reading, case.rendered.text)
}

const MESSAGE: &str = "<|im_start|>user\nName a reef<|im_end|>\n<|im_start|>assistant\n";

#[test]
fn a_body_without_roles_is_one_user_message_for_a_chat_model() {
    let model = chat_model();
    for name in ["a.prompt", "a.prompty", "a.prompt.md"] {
        let (reading, text) = read(&model, name, "---\ndescription: x\n---\nName a reef");
        assert_eq!(reading, PromptReading::UserMessage, "{name}");
        assert_eq!(text, MESSAGE, "{name}");
    }
    // No runtime sends plain text; a base model has no template.
    let (reading, text) = read(&model, "a.txt", "Name a reef");
    assert_eq!(
        (reading, &*text),
        (PromptReading::Continuation, "Name a reef")
    );
    let base = load(&miniature("tiny-llama"));
    let (reading, text) = read(&base, "a.prompt", "Name a reef");
    assert_eq!(
        (reading, &*text),
        (PromptReading::Continuation, "Name a reef")
    );
    let (reading, _) = read(&model, "a.prompt", "{{role \"user\"}}Name a reef");
    assert_eq!(reading, PromptReading::Chat);
}

#[test]
fn promptfoo_sends_its_prompts_as_user_messages() {
    let model = chat_model();
    let text = "prompts: [Name a reef]\ntests: [{assert: [{type: starts-with, value: It}]}]\n";
    let (reading, text) = read(&model, "promptfooconfig.yaml", text);
    assert_eq!((reading, &*text), (PromptReading::UserMessage, MESSAGE));
    // A configuration that only names files has no prompt, not even an empty message.
    let text = "prompts: [\"file://a.txt\"]\ntests: [{assert: [{type: starts-with, value: It}]}]\n";
    let found = findings(&model, "promptfooconfig.yaml", text);
    assert_eq!(found.cases, []);
}

#[test]
fn raw_cases_hops_and_injections_make_it_a_text_to_continue() {
    let model = chat_model();
    for declared in [
        "hoplens.cases: [{expect: a, raw: true}]",
        "hoplens.cases: [{expect: a, hops: [{mention: a reef, bridge: Ningaloo}]}]",
        "hoplens.inject: [{memory: sea, layer: 0, tau: 1}]",
    ] {
        let text = format!("---\n{declared}\n---\nName a reef");
        let (reading, text) = read(&model, "a.prompt", &text);
        assert_eq!(
            (reading, &*text),
            (PromptReading::Continuation, "Name a reef")
        );
    }
    let text = "---\nhoplens.cases: [{expect: a, raw: false}]\n---\nName a reef";
    assert_eq!(read(&model, "a.prompt", text).0, PromptReading::UserMessage);
}

#[test]
fn the_first_word_of_a_reply_has_no_space_before_it() {
    let model = chat_model();
    let text =
        |expect: &str| format!("---\nhoplens.cases: [{{expect: \"{expect}\"}}]\n---\nName a reef");
    let found = findings(&model, "a.prompt", &text(" fish"));
    assert_eq!(found.cases[0].query.expect, ["fish"]);
    let plain = findings(&model, "a.prompt", &text("fish"));
    assert_eq!(found.cases[0].outcome, plain.cases[0].outcome);
}

#[test]
fn a_prefill_continues_the_reply() {
    let model = chat_model();
    let case = "hoplens.cases: [{prefill: It is, expect: fish}]";
    let found = findings(
        &model,
        "a.prompt",
        &format!("---\n{case}\n---\nName a reef"),
    );
    let query = &found.cases[0].query;
    assert_eq!(query.prompt, format!("{MESSAGE}It is"));
    // The reply that the prompt itself begins is continued.
    let text =
        format!("---\n{case}\n---\n{{{{role \"user\"}}}}Name a reef{{{{role \"model\"}}}}Yes:");
    let found = findings(&model, "a.prompt", &text);
    assert!(
        found.cases[0]
            .query
            .prompt
            .ends_with("assistant\nYes: It is")
    );
    // A raw prompt is continued by it.
    let text = "---\nhoplens.cases: [{raw: true, prefill: is, expect: fish}]\n---\nThe reef";
    let found = findings(&model, "a.prompt", text);
    assert_eq!(found.cases[0].query.prompt, "The reef is");
}

#[test]
fn a_reference_is_scored_as_the_mean_over_its_tokens() {
    let model = chat_model();
    let case = "hoplens.cases: [{reference: \"The sea [[is blue]] here\"}]";
    let found = findings(
        &model,
        "a.prompt",
        &format!("---\n{case}\n---\nName a reef"),
    );
    let case = &found.cases[0];
    let outcome = case.outcome.as_ref().unwrap();
    let score = outcome.reference.unwrap();
    // Token by token, each with a pass of its own.
    let tokenizer = &model.tokenizer;
    let mut query = PromptQuery::new(tokenizer, MESSAGE, AnalysisSettings::default().bos);
    let reply = tokenizer.continuation("The sea is blue here");
    let mut logps = Vec::new();
    for id in &reply {
        let answer = hoplens_runtime::Answer {
            text: String::new(),
            ids: vec![*id],
        };
        query.answers = vec![answer];
        let cancel = CancelToken::new();
        let (scores, _) = model
            .score_all(std::slice::from_ref(&query), &Hooks::default(), &cancel)
            .unwrap();
        logps.push(scores[0].0.logp);
        let range = MESSAGE.len()..MESSAGE.len();
        query.tokens.push(hoplens_runtime::Token { id: *id, range });
    }
    assert_eq!(score.tokens, reply.len());
    let mean = logps.iter().sum::<f64>() / logps.len() as f64;
    assert_close(score.mean_logp, mean, 1e-4, "mean");
    // The tokens that overlap " is blue".
    let mut end = 0;
    let part: Vec<f64> = reply
        .iter()
        .zip(&logps)
        .filter(|(id, _)| {
            let start = end;
            end += tokenizer.bytes(**id).len();
            start < 15 && 8 < end
        })
        .map(|(_, logp)| *logp)
        .collect();
    let mean = part.iter().sum::<f64>() / part.len() as f64;
    assert_close(score.part_mean_logp.unwrap(), mean, 1e-4, "part");
    // The part is the expected answer behind the words before it.
    assert_eq!(case.query.prompt, format!("{MESSAGE}The sea"));
    assert_eq!(case.query.expect, [" is blue"]);
    assert!(outcome.verdict.is_some());
}

#[test]
fn answers_are_looked_for_in_whole_replies() {
    let model = chat_model();
    let case = |answer: &str, kind: &str| {
        let answer = serde_json::to_string(answer).unwrap();
        let text =
            format!("---\nhoplens.cases: [{{expect: {answer}, match: {kind}}}]\n---\nName a reef");
        findings(&model, "a.prompt", &text).cases.remove(0)
    };
    let absent = case("no model writes this", "contains");
    assert!(absent.query.expect.is_empty());
    let outcome = absent.outcome.unwrap();
    assert_eq!(outcome.verdict, None);
    let replies = outcome.replies.unwrap();
    assert_eq!(replies.sampled.len(), REPLY_SAMPLES);
    assert!(!replies.greedy.passes && replies.sampled_passes() == 0);
    // A word of the likeliest reply is found, and the reply ends with it.
    let mut words = replies.greedy.text.split_whitespace().skip(1);
    let is_text = |word: &&str| word.chars().all(char::is_alphanumeric);
    let word = words
        .find(is_text)
        .expect("a word without broken characters");
    let found = case(word, "contains").outcome.unwrap().replies.unwrap();
    assert!(found.greedy.passes, "{word} {found:?}");
    assert!(replies.greedy.text.starts_with(&found.greedy.text));
    assert!(found.greedy.text.len() < replies.greedy.text.len());
    // The samples are the same each time.
    assert_eq!(
        case("no model writes this", "contains")
            .outcome
            .unwrap()
            .replies,
        Some(replies)
    );
}
