//! Roles that the format implies, prefills, references and replies, on a miniature with a chat
//! template.

use hoplens_analysis::{
    AnalysisContext, AnalysisEvent, AnalysisProgress, AnalysisRequest, AnalysisSettings,
    CaseFindings, FileFindings, PromptReading, ReplySettings, Variant, run,
};
use std::path::Path;

use hoplens_prompt::parse;
use hoplens_runtime::{CancelToken, ChatTemplate, Hooks, Model, PromptQuery};
use hoplens_test_support::{ChatFixture, assert_close, load, miniature};

const CHATML: &str = "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n\
                      {% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}";

fn chat_model() -> Model {
    chat_model_in(&miniature("tiny-llama"))
}

fn chat_model_in(folder: &Path) -> Model {
    let mut model = load(folder);
    let special = ChatFixture::read().special;
    model.chat = Some(ChatTemplate::new("t.jinja".into(), CHATML.into(), special));
    model
}

fn findings(model: &Model, name: &str, text: &str) -> FileFindings {
    findings_with(model, &AnalysisSettings::default(), name, text).0
}

/// Returns the findings, and the replies that were reported while they grew.
fn findings_with(
    model: &Model,
    settings: &AnalysisSettings,
    name: &str,
    text: &str,
) -> (FileFindings, Vec<String>) {
    let cancel = CancelToken::new();
    let request = AnalysisRequest {
        replies: true,
        ..AnalysisRequest::verdicts(parse(name, text, None), text.to_owned())
    };
    let mut found = None;
    let mut replies = Vec::new();
    let mut show = |progress: AnalysisProgress<'_>| {
        if let AnalysisProgress::Replying(reply) = progress {
            replies.push(reply.to_owned());
        }
    };
    let context = AnalysisContext::new(model, settings, &cancel);
    let mut context = context.with_progress(&mut show);
    run(request, &mut context, &mut |event: AnalysisEvent| {
        event.apply(&mut found);
    })
    .unwrap();
    (found.unwrap(), replies)
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
    assert_eq!(replies.sampled.len(), ReplySettings::default().samples);
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

#[test]
fn settings_say_how_many_replies_are_sampled_and_how_long_they_are() {
    let model = chat_model();
    let text =
        "---\nhoplens.cases: [{expect: no model writes this, match: contains}]\n---\nName a reef";
    let settings = |samples, tokens| AnalysisSettings {
        replies: ReplySettings { samples, tokens },
        ..AnalysisSettings::default()
    };
    let replies = |samples, tokens| {
        let settings = settings(samples, tokens);
        let (mut found, shown) = findings_with(&model, &settings, "a.prompt", text);
        let replies = found.cases.remove(0).outcome.unwrap().replies.unwrap();
        (replies, shown)
    };
    let (none, shown) = replies(0, 3);
    assert_eq!(none.sampled, []);
    // A reply is reported as it grows, token by token.
    assert_eq!(shown.len(), 3, "{shown:?}");
    assert!(none.greedy.text.starts_with(&shown[2]), "{shown:?}");
    assert!(shown.windows(2).all(|pair| pair[1].starts_with(&pair[0])));
    let (two, _) = replies(2, 6);
    assert_eq!(two.sampled.len(), 2);
    assert!(
        two.greedy
            .text
            .starts_with(none.greedy.text.trim_end_matches('\u{fffd}'))
    );
}

/// The chat model with further end tokens; it has 0 anyway.
fn model_with_ends(ends: &[u32]) -> Model {
    let folder = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(miniature("tiny-llama")).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), folder.path().join(entry.file_name())).unwrap();
    }
    let config = serde_json::json!({"eos_token_id": ends}).to_string();
    std::fs::write(folder.path().join("generation_config.json"), config).unwrap();
    chat_model_in(folder.path())
}

/// A chat model whose likeliest reply is a few words, because the token behind them ends it; and
/// that reply.
fn brief_model() -> (Model, String) {
    let model = chat_model();
    let text =
        "---\nhoplens.cases: [{expect: no model writes this, match: contains}]\n---\nName a reef";
    let found = findings(&model, "a.prompt", text).cases.remove(0);
    let reply = found.outcome.unwrap().replies.unwrap().greedy.text;
    let ids = model.tokenizer.continuation(&reply);
    let words =
        |ids: &[u32]| -> String { ids.iter().map(|id| model.tokenizer.text(*id)).collect() };
    let is_end = |at: &usize| {
        let (before, said) = (&ids[..*at], words(&ids[..*at]));
        let is_text = said == said.trim() && !said.is_empty() && !said.contains('\u{fffd}');
        is_text && !before.contains(&ids[*at])
    };
    let count = (1..ids.len())
        .find(is_end)
        .expect("a token that may end the reply");
    (model_with_ends(&[ids[count]]), words(&ids[..count]))
}

fn case(model: &Model, keys: &str) -> CaseFindings {
    let text = format!("---\nhoplens.cases: [{{{keys}}}]\n---\nName a reef");
    findings(model, "a.prompt", &text).cases.remove(0)
}

#[test]
fn the_probability_of_a_whole_reply_includes_its_end() {
    let (model, reply) = brief_model();
    let answer = serde_json::to_string(&reply).unwrap();
    let begins = case(&model, &format!("expect: {answer}")).outcome.unwrap();
    let equals = case(&model, &format!("expect: {answer}, match: equals"));
    assert!(equals.query.ends_reply);
    let outcome = equals.outcome.unwrap();
    let p = outcome.probes.composed.p;
    // The ends behind the answer have probabilities of their own.
    let mut query = PromptQuery::new(&model.tokenizer, MESSAGE, AnalysisSettings::default().bos);
    let at = MESSAGE.len();
    for id in model
        .tokenizer
        .continuation(equals.query.expect[0].as_str())
    {
        query
            .tokens
            .push(hoplens_runtime::Token { id, range: at..at });
    }
    let ends = model.config().eos.iter();
    let end = |id: &u32| hoplens_runtime::Answer {
        text: String::new(),
        ids: vec![*id],
    };
    query.answers = ends.map(end).collect();
    let (scores, _) = model
        .score_all(
            std::slice::from_ref(&query),
            &Hooks::default(),
            &CancelToken::new(),
        )
        .unwrap();
    let expected = begins.probes.composed.p * scores[0].0.logp.exp();
    assert_close(p.ln(), expected.ln(), 1e-4, "answer and end");
    assert!(p < begins.probes.composed.p);
    let shown = outcome.probes.variant(Variant::Begins).unwrap();
    assert_close(shown.logp, begins.probes.composed.logp, 1e-4, "begins");
    // Whole replies are compared, too.
    let replies = outcome.replies.unwrap();
    assert!(replies.greedy.passes, "{replies:?}");
    let shorter = reply.trim_end().char_indices().next_back().unwrap().0;
    let begun = serde_json::to_string(&reply[..shorter]).unwrap();
    for (keys, passes) in [
        (format!("expect: {begun}, match: contains"), true),
        (format!("expect: {begun}, match: equals"), false),
    ] {
        let outcome = case(&model, &keys).outcome.unwrap();
        assert_eq!(outcome.replies.unwrap().greedy.passes, passes, "{keys}");
    }
}

#[test]
fn the_ends_of_a_model_add_up() {
    let p = |ends: &[u32]| {
        let model = model_with_ends(ends);
        let found = case(&model, "expect: fish, match: equals").outcome.unwrap();
        found.probes.composed.p
    };
    let (none, three, five, both) = (p(&[]), p(&[3]), p(&[5]), p(&[3, 5]));
    assert!(none < three && none < five);
    assert_close(both, three + five - none, 1e-6, "both ends");
}

#[test]
fn a_hop_may_lead_from_one_sentence_to_another() {
    let model = chat_model();
    let text = "---\nhoplens.cases:\n  - input: {plan: Pro}\n    prefill: You have\n    expect: \" \
                fish\"\n    hops: [{mention: \"I am on the {{plan}} plan.\", bridge: \"Customers \
                with Pro have fish.\"}]\n---\n{{role \"system\"}}Customers with Pro have \
                fish.{{role \"user\"}}I am on the {{plan}} plan. What have I?";
    let found = findings(&model, "a.prompt", text).cases.remove(0);
    let outcome = found.outcome.unwrap();
    let hop = &outcome.probes.hops[0];
    assert!(hop.is_statement);
    assert_eq!(hop.known.prompt, "I am on the Pro plan.");
    let stated = "I am on the Pro plan. Customers with Pro have fish. What have I?";
    assert!(
        hop.explicit.prompt.contains(stated),
        "{}",
        hop.explicit.prompt
    );
    assert!(hop.explicit.prompt.ends_with("assistant\nYou have"));
    let without = outcome.probes.no_subject.unwrap().prompt;
    assert!(
        without.contains("system\nCustomers with Pro have fish."),
        "{without}"
    );
    assert!(!without.contains("Pro plan"), "{without}");
}
