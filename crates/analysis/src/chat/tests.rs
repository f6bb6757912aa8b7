use std::fmt::Write as _;

use proptest::prelude::*;

use super::*;
use hoplens_prompt::{parse, render};
use hoplens_test_support::ChatFixture;

fn template(source: &str) -> ChatTemplate {
    let special = ChatFixture::read().special;
    ChatTemplate::new("some.gguf".into(), source.to_owned(), special)
}

/// Returns a prompt file with these messages.
fn file<'a>(messages: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let mut file = String::new();
    for (role, content) in messages {
        let role = if role == ASSISTANT { "model" } else { role };
        write!(file, "{{{{role \"{role}\"}}}}{content}").unwrap();
    }
    file
}

fn read(template: Option<&ChatTemplate>, text: &str) -> Result<MappedText, ModelError> {
    let file = parse("a.prompt", text, None);
    let rendered = render(&file, text, None);
    let reading = reading(template, &rendered, BodyReading::Continuation);
    joined(template, &rendered, reading)
}

/// Returns the text that comes from the prompt file.
fn written(mapped: &MappedText) -> String {
    let pieces = mapped.pieces.iter().filter(|piece| piece.source.is_some());
    pieces
        .map(|piece| &mapped.text[piece.rendered.clone()])
        .collect()
}

/// Checks that verbatim pieces equal their source and that the pieces cover the text. Returns the
/// text that does not come from the prompt file.
fn check_origins(mapped: &MappedText, file: &str) -> String {
    let mut at = 0;
    let mut nowhere = String::new();
    for piece in &mapped.pieces {
        assert_eq!(piece.rendered.start, at);
        at = piece.rendered.end;
        let text = &mapped.text[piece.rendered.clone()];
        match &piece.source {
            Some(source) if piece.verbatim => assert_eq!(&file[source.clone()], text),
            Some(_) => {}
            None => nowhere.push_str(text),
        }
    }
    assert_eq!(at, mapped.text.len());
    nowhere
}

#[test]
fn conversations_are_rendered_as_by_transformers() {
    let fixture = ChatFixture::read();
    let mut seen = 0;
    for case in &fixture.cases {
        let continues = case.messages.last().unwrap().role == ASSISTANT;
        // hoplens continues a last message of the model and asks for an answer otherwise.
        if (case.mode == "continue") != continues || case.mode == "no" {
            continue;
        }
        // This template writes the content several times, and Transformers leaves its own marker in
        // the text then.
        if continues && case.template == "python" {
            continue;
        }
        let name = format!("{} {}", case.template, case.conversation);
        let said = case.messages.iter();
        let file = file(said.map(|said| (said.role.as_str(), said.content.as_str())));
        let template = template(&fixture.templates[&case.template]);
        let mapped = read(Some(&template), &file);
        let Some(text) = &case.text else {
            let error = mapped.unwrap_err().to_string();
            assert!(
                error.contains(case.error.as_deref().unwrap()),
                "{name}: {error}"
            );
            continue;
        };
        let mapped = mapped.unwrap();
        assert_eq!(&mapped.text, text, "{name}");
        check_origins(&mapped, &file);
        seen += 1;
        // These change or drop parts of the content.
        if case.template == "python" || case.conversation == "think" {
            continue;
        }
        let written = written(&mapped);
        for said in &case.messages {
            let content = said.content.trim();
            assert!(
                written.contains(content),
                "{name}: {content:?} comes from nowhere"
            );
        }
    }
    assert!(seen >= 36, "{seen}");
}

#[test]
fn prompts_without_roles_or_template_are_unchanged() {
    let chatml = template(&ChatFixture::read().templates["chatml"]);
    let plain = read(Some(&chatml), "The reef is").unwrap();
    assert_eq!(plain.text, "The reef is");
    let joined = read(None, &file([("system", "S"), ("user", "U")])).unwrap();
    assert_eq!(joined.text, "S\n\nU");
}

#[test]
fn template_text_is_not_mapped_to_a_message() {
    let chatml = template(&ChatFixture::read().templates["chatml"]);
    let source = file([("user", "assistant")]);
    let mapped = read(Some(&chatml), &source).unwrap();
    let at = mapped
        .to_rendered(source.rfind("assistant").unwrap())
        .unwrap();
    assert_eq!(&mapped.text[at - 17..at], "<|im_start|>user\n");
    // The end of the prompt maps to the end of the last message.
    let end = mapped.text.len();
    assert_eq!(mapped.to_source(end..end), Some(source.len()..source.len()));
}

#[test]
fn white_space_that_survives_is_mapped() {
    let source = file([("user", "\n hi \n")]);
    let kept = template("[{{ messages[0].content }}]");
    assert_eq!(
        check_origins(&read(Some(&kept), &source).unwrap(), &source),
        "[]"
    );
    let trimmed = template("[ {{ messages[0].content | trim }}\n]");
    let mapped = read(Some(&trimmed), &source).unwrap();
    assert_eq!(check_origins(&mapped, &source), "[ \n]");
}

#[test]
fn templates_that_inspect_the_content_are_mapped_where_possible() {
    let source = file([("user", "please be LOUD"), ("system", "now")]);
    let looks = "{% for m in messages %}{% if 'LOUD' in m.content %}!{{ m.content }}!\
                 {% else %}({{ m.content }}){% endif %}{% endfor %}";
    let mapped = read(Some(&template(looks)), &source).unwrap();
    assert_eq!(mapped.text, "!please be LOUD!(now)");
    assert_eq!(check_origins(&mapped, &source), "!!()");
    let changes = template("{% for m in messages %}<{{ m.content | upper }}>{% endfor %}");
    let mapped = read(Some(&changes), &source).unwrap();
    assert_eq!(check_origins(&mapped, &source), "<PLEASE BE LOUD><NOW>");
}

#[test]
fn a_message_that_the_template_drops_cannot_be_continued() {
    let source = file([("user", "u"), ("model", "m")]);
    let drops = template("{% for m in messages if m.role == 'user' %}{{ m.content }}{% endfor %}");
    let error = read(Some(&drops), &source).unwrap_err().to_string();
    for part in ["some.gguf", "to continue", "roles"] {
        assert!(error.contains(part), "{part}: {error}");
    }
}

proptest! {
    #[test]
    fn any_conversation_is_mapped_to_its_file(
        turns in proptest::collection::vec(("(system|user|model)", "[^{}\\\\]{0,12}"), 0..5)
    ) {
        let turns: Vec<(&str, &str)> =
            turns.iter().map(|(role, said)| (role.as_str(), said.as_str())).collect();
        let source = file(turns);
        for (name, text) in &ChatFixture::read().templates {
            if let Ok(mapped) = read(Some(&template(text)), &source) {
                check_origins(&mapped, &source);
            } else {
                prop_assert!(name != "chatml", "{source:?}");
            }
        }
    }
}
