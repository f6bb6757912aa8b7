//! The text that a model reads, with tokens, on a miniature with a chat template.

use hoplens_analysis::{PromptSource, prompt_text};
use hoplens_ide::{PromptPreview, SegmentPreviewKind, Snapshot, preview};
use hoplens_runtime::{BosPolicy, ChatTemplate, Model};
use hoplens_test_support::{ChatFixture, load, miniature};

/// It trims messages and refuses a second system message.
const CHATML: &str = "{% for m in messages %}{% if m.role == 'system' and not loop.first %}\
                      {{ raise_exception('one system message at most') }}{% endif %}\
                      <|im_start|>{{ m.role }}\n{{ m.content | trim }}<|im_end|>\n{% endfor %}\
                      {% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}";

fn chat_model() -> Model {
    let mut model = load(&miniature("tiny-llama"));
    let special = ChatFixture::read().special;
    model.chat = Some(ChatTemplate::new("t.jinja".into(), CHATML.into(), special));
    model
}

fn shown(model: &Model, text: &str) -> PromptPreview {
    let snapshot = Snapshot::new("a.prompt", text, None);
    let source = PromptSource::new(&snapshot.file, &snapshot.text);
    let index = (!snapshot.file.cases.is_empty()).then_some(0);
    let prompt = prompt_text(Some(model), source, index, BosPolicy::Always);
    preview(&snapshot, index, &prompt)
}

/// Returns the kinds and texts of the exact text's parts.
fn exact(found: &PromptPreview) -> Vec<(SegmentPreviewKind, &str)> {
    let segments = found.exact.as_ref().unwrap().iter();
    segments.map(|one| (one.kind, one.text.as_str())).collect()
}

#[test]
fn the_exact_text_has_what_the_chat_template_adds() {
    use SegmentPreviewKind::{Template, Text, Unset};
    let model = chat_model();
    let found = shown(
        &model,
        "{{role \"system\"}}\nBe {{tone}} brief.\n{{role \"user\"}}Hi",
    );
    assert_eq!(
        exact(&found),
        [
            (Template, "<|im_start|>system\n"),
            (Text, "Be "),
            (Unset, ""),
            (Text, " brief."),
            (Template, "<|im_end|>\n<|im_start|>user\n"),
            (Text, "Hi"),
            (Template, "<|im_end|>\n<|im_start|>assistant\n"),
        ]
    );
    let text: String = exact(&found).iter().map(|(_, text)| *text).collect();
    let tokens = model.tokenizer.encode(&text, BosPolicy::Always);
    assert_eq!(found.tokens, Some(tokens.len()));
    assert_eq!(found.context, Some(model.config().context));
    // The messages keep the line breaks that the template trims.
    assert_eq!(found.messages[0].text, "\nBe  brief.\n");
    let inside = |part: &str| {
        let start = text.find(part).unwrap();
        let range = start..start + part.len();
        let own = tokens
            .iter()
            .filter(|one| !one.range.is_empty() && range.contains(&one.range.start));
        Some(own.count())
    };
    assert_eq!(found.messages[0].tokens, inside("Be  brief."));
    assert_eq!(found.messages[1].tokens, inside("Hi"));
    let own: usize = found.messages.iter().filter_map(|one| one.tokens).sum();
    assert_eq!(found.template_tokens, Some(tokens.len() - own));
}

#[test]
fn a_refusal_of_the_chat_template_is_told_and_the_messages_are_joined() {
    let text = "{{role \"user\"}}Hi{{role \"system\"}}Be brief.";
    let found = shown(&chat_model(), text);
    let refusal = found.refusal.as_deref().unwrap();
    assert!(refusal.contains("one system message at most"), "{refusal}");
    let joined: String = exact(&found).iter().map(|(_, text)| *text).collect();
    assert_eq!(joined, "Hi\n\nBe brief.");
    assert!(found.messages.iter().all(|one| one.tokens.is_some()));
}

#[test]
fn a_prefill_is_the_beginning_of_the_reply_in_the_exact_text() {
    let text = "---\nhoplens.cases: [{prefill: \"It is\"}]\n---\nWhat?";
    let found = shown(&chat_model(), text);
    let joined: String = exact(&found).iter().map(|(_, text)| *text).collect();
    assert_eq!(
        joined,
        "<|im_start|>user\nWhat?<|im_end|>\n<|im_start|>assistant\nIt is"
    );
    assert!(found.messages[1].is_continued && found.messages[1].tokens.is_some());
}

#[test]
fn a_text_far_longer_than_the_context_is_not_counted() {
    let model = chat_model();
    let long = "word ".repeat(model.config().context * 40);
    let found = shown(&model, &long);
    assert_eq!((found.tokens, found.messages[0].tokens), (None, None));
    assert_eq!(found.messages[0].text.trim_end(), long.trim_end());
    assert!(found.refusal.is_none());
}
