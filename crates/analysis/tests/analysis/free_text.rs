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

/// A chat model, a question, and the likeliest reply to it, which is short because the token behind
/// it ends it.
fn brief_model() -> (Model, String, String) {
    let model = chat_model();
    let tokenizer = &model.tokenizer;
    let words = |ids: &[u32]| -> String { ids.iter().map(|id| tokenizer.text(*id)).collect() };
    let (question, ids) = (0..60)
        .map(|number| format!("Name reef {number}"))
        .find_map(|question| {
            let absent = "expect: no model writes this, match: contains";
            let outcome = case_of(&model, &question, absent).outcome.unwrap();
            let ids = tokenizer.continuation(&outcome.replies.unwrap().greedy.text);
            let is_end = |at: &usize| {
                let said = words(&ids[..*at]);
                // The answer has the same tokens as the reply.
                tokenizer.continuation(&said) == ids[..*at]
                    && said.len() > 1
                    && said == said.trim()
                    && said
                        .chars()
                        .all(|char| char.is_ascii_graphic() || char == ' ')
                    && !ids[..*at].contains(&ids[*at])
            };
            let count = (1..ids.len()).find(is_end)?;
            Some((question, ids[..=count].to_vec()))
        })
        .expect("a reply that begins with whole words");
    let (end, said) = ids.split_last().unwrap();
    (model_with_ends(&[*end]), question, words(said))
}

fn case(model: &Model, keys: &str) -> CaseFindings {
    case_of(model, "Name a reef", keys)
}

fn case_of(model: &Model, question: &str, keys: &str) -> CaseFindings {
    let text = format!("---\nhoplens.cases: [{{{keys}}}]\n---\n{question}");
    findings(model, "a.prompt", &text).cases.remove(0)
}

#[test]
fn the_probability_of_a_whole_reply_includes_its_end() {
    let (model, question, reply) = brief_model();
    let case = |keys: &str| case_of(&model, &question, keys);
    let answer = serde_json::to_string(&reply).unwrap();
    let begins = case(&format!("expect: {answer}")).outcome.unwrap();
    let equals = case(&format!("expect: {answer}, match: equals"));
    assert!(equals.query.ends_reply);
    let outcome = equals.outcome.as_ref().unwrap();
    let p = outcome.probes.composed.p;
    // The ends behind the answer have probabilities of their own.
    let prompt = equals.query.prompt.as_str();
    let mut query = PromptQuery::new(&model.tokenizer, prompt, AnalysisSettings::default().bos);
    let at = prompt.len();
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
    let replies = outcome.replies.as_ref().unwrap();
    assert!(replies.greedy.passes, "{replies:?}");
    // A part of the reply is contained in it, and does not equal it.
    let begun = serde_json::to_string(&reply[..1]).unwrap();
    for (keys, passes) in [
        (format!("expect: {begun}, match: contains"), true),
        (format!("expect: {begun}, match: equals"), false),
    ] {
        let outcome = case(&keys).outcome.unwrap();
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
    let text = "---\nhoplens.cases:\n  - input: {plan: Pro}\n    prefill: It is\n    expect: fish\n    \
                hops: [{mention: \"I am on {{plan}} now.\", bridge: \"On Pro one has \
                fish.\"}]\n---\n{{role \"system\"}}On Pro one has fish.{{role \"user\"}}I am on \
                {{plan}} now. So?";
    let found = findings(&model, "a.prompt", text).cases.remove(0);
    let outcome = found.outcome.unwrap();
    let hop = &outcome.probes.hops[0];
    assert!(hop.is_statement);
    assert_eq!(hop.known.prompt, "I am on Pro now.");
    let stated = "user\nI am on Pro now. On Pro one has fish. So?";
    assert!(
        hop.explicit.prompt.contains(stated),
        "{}",
        hop.explicit.prompt
    );
    assert!(hop.explicit.prompt.ends_with("assistant\nIt is"));
    let without = outcome.probes.no_subject.unwrap().prompt;
    assert!(
        without.contains("system\nOn Pro one has fish."),
        "{without}"
    );
    assert!(without.contains("user\nIt So?"), "{without}");
}
