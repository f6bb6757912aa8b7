use std::path::PathBuf;

use crate::chat::template::{ChatTemplate, Message};
use crate::error::ModelError;
use hoplens_test_support::ChatFixture;

fn template(source: &str) -> ChatTemplate {
    ChatTemplate {
        path: PathBuf::from("some/tokenizer_config.json"),
        source: Ok(source.to_owned()),
        special: ChatFixture::read().special,
    }
}

fn user(content: &str) -> Vec<Message> {
    vec![Message {
        role: "user".into(),
        content: content.into(),
    }]
}

#[test]
fn templates_render_as_in_transformers() {
    let fixture = ChatFixture::read();
    let mut seen = 0;
    for case in &fixture.cases {
        let name = format!("{} {} {}", case.template, case.conversation, case.mode);
        let template = template(&fixture.templates[&case.template]);
        let messages: Vec<Message> = case
            .messages
            .iter()
            .map(|said| Message {
                role: said.role.clone(),
                content: said.content.clone(),
            })
            .collect();
        // How a message is continued is `hop`'s business.
        if case.mode == "continue" {
            continue;
        }
        let rendered = template.render(&messages, case.mode == "ask");
        match (&case.text, &case.error) {
            (Some(text), _) => assert_eq!(&rendered.unwrap(), text, "{name}"),
            (None, Some(said)) => {
                let error = rendered.unwrap_err().to_string();
                assert!(error.contains(said.as_str()), "{name}: {error}");
                assert!(error.contains("refuses"), "{name}: {error}");
            }
            (None, None) => panic!("{name} expects nothing"),
        }
        seen += 1;
    }
    assert!(seen > 40);
}

#[test]
fn errors_of_broken_templates_name_file_line_and_remedy() {
    for source in [
        "{{ messages\n}} {% for",
        "\n{{ messages.nothing.at_all }}",
        "{{ strftime_now('%Q%') }}",
        "{{ messages[0].content.frobnicate() }}",
        "{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}",
        "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
        "{% generation %}{{ 1 }}",
    ] {
        let error = template(source).render(&user("x"), true).unwrap_err();
        let said = error.to_string();
        assert!(matches!(error, ModelError::ChatTemplate { .. }), "{said}");
        for part in [
            "tokenizer_config.json",
            "cannot be used",
            "Fix the template",
        ] {
            assert!(said.contains(part), "{part}: {said}");
        }
    }
}

#[test]
fn strftime_now_writes_the_current_date() {
    let year = template("{{ strftime_now('%Y') }}")
        .render(&user("x"), true)
        .unwrap();
    assert!(year.parse::<u32>().unwrap() > 2000, "{year}");
}

#[test]
fn folder_templates_are_read_from_either_file() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    let rendered = || {
        ChatTemplate::of_folder(folder.path())
            .map(|template| template.render(&user("x"), true).map_err(|e| e.to_string()))
    };
    assert_eq!(rendered(), None);
    write("tokenizer_config.json", r#"{"bos_token": "<s>"}"#);
    assert_eq!(rendered(), None);
    write(
        "tokenizer_config.json",
        r#"{"bos_token": {"content": "<s>"}, "pad_token": null, "chat_template": "{{ bos_token }}A"}"#,
    );
    assert_eq!(rendered(), Some(Ok("<s>A".into())));
    write(
        "tokenizer_config.json",
        r#"{"bos_token": "<s>", "chat_template": [{"name": "tool_use", "template": "T"}, {"name": "default", "template": "D"}]}"#,
    );
    assert_eq!(rendered(), Some(Ok("D".into())));
    for (config, reason) in [
        (
            r#"{"chat_template": [{"name": "a", "template": "A"}, {"name": "b"}]}"#,
            "'default'",
        ),
        (r#"{"chat_template": 7}"#, "neither text nor a list"),
        ("{", "cannot be read"),
    ] {
        write("tokenizer_config.json", config);
        let error = rendered().unwrap().unwrap_err();
        assert!(
            error.contains(reason) && error.contains("tokenizer_config.json"),
            "{error}"
        );
    }
    write("chat_template.jinja", "J");
    assert_eq!(rendered(), Some(Ok("J".into())));
}

#[test]
fn tojson_rejects_huge_indents() {
    for indent in ["65", "100000", "99999999999999999999"] {
        let source = format!("{{{{ messages | tojson(indent={indent}) }}}}");
        let refused = template(&source).render(&user("a"), true);
        assert!(refused.is_err(), "{indent}: {refused:?}");
    }
    let fits = template("{{ messages | tojson(indent=64) }}").render(&user("a"), true);
    assert!(fits.unwrap().contains('\n'));
}
