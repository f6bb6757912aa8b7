use std::collections::BTreeMap;
use std::fmt::Write as _;

use expect_test::{Expect, expect};

use super::*;
use hoplens_analysis::{PromptSource, prompt_text};
use hoplens_prompt::CompanionTexts;
use hoplens_runtime::BosPolicy;

fn shown(snapshot: &Snapshot, index: Option<usize>) -> PromptPreview {
    let source = PromptSource::new(&snapshot.file, &snapshot.text);
    preview(
        snapshot,
        index,
        &prompt_text(None, source, index, BosPolicy::Auto),
    )
}

/// Writes the messages with each part and the text of the file that it comes from.
fn written(snapshot: &Snapshot, preview: &PromptPreview) -> String {
    let mut out = String::new();
    for message in &preview.messages {
        let state = match (message.is_sent, message.is_continued) {
            (false, _) => " (not sent)",
            (true, true) => " (continued)",
            (true, false) => "",
        };
        writeln!(out, "{}{state}", message.role).unwrap();
        let joined: String = message
            .segments
            .iter()
            .map(|one| one.text.as_str())
            .collect();
        assert_eq!(joined, message.text, "the parts are the whole text");
        for segment in &message.segments {
            let source = segment.source.clone().map(|range| &snapshot.text[range]);
            write!(out, "  {:?} {:?}", segment.kind, segment.text).unwrap();
            match source {
                Some(source) if source == segment.text => {}
                Some(source) => write!(out, " <- {source:?}").unwrap(),
                None => write!(out, " <- nowhere").unwrap(),
            }
            if let Some(value) = &segment.value {
                let file = if value.in_sidecar {
                    snapshot.file.sidecar.as_deref().unwrap()
                } else {
                    snapshot.text.as_str()
                };
                write!(out, ", {} = {}", value.name, &file[value.range.clone()]).unwrap();
            }
            if let Some(note) = &segment.note {
                write!(out, ", {}", note.split('.').next().unwrap()).unwrap();
            }
            out.push('\n');
        }
    }
    if !preview.unset.is_empty() {
        writeln!(out, "without a value: {}", preview.unset.join(", ")).unwrap();
    }
    if let Some(error) = &preview.error {
        writeln!(out, "error: {}", error.message).unwrap();
    }
    out
}

#[track_caller]
fn check(name: &str, text: &str, sidecar: Option<&str>, expected: &Expect) {
    let snapshot = Snapshot::new(name, text, sidecar);
    let index = (!snapshot.file.cases.is_empty()).then_some(0);
    expected.assert_eq(&written(&snapshot, &shown(&snapshot, index)));
}

#[test]
fn messages_are_cut_into_lines_and_values_with_their_sources() {
    let text = "---\nhoplens.cases: [{id: a, input: {city: \"Zürich 🏔\"}}]\n---\n\
                {{role \"system\"}}\nBe brief.\nBe kind.\n{{role \"user\"}}\nWhere is {{city}}?\n";
    check(
        "a.prompt",
        text,
        None,
        &expect![[r#"
        system
          Text "\n"
          Text "Be brief.\n"
          Text "Be kind.\n"
        user
          Text "\n"
          Text "Where is "
          Value "Zürich 🏔" <- "{{city}}", city = "Zürich 🏔"
          Text "?"
    "#]],
    );
}

#[test]
fn line_breaks_of_windows_stay_with_their_lines() {
    let text = "---\r\nhoplens.cases: [{id: a, input: {x: \"ä\"}}]\r\n---\r\nOne 🌍.\r\nTwo {{x}}.\r\n\r\nThree.";
    check(
        "a.prompt",
        text,
        None,
        &expect![[r#"
        user
          Text "One 🌍.\r\n"
          Text "Two "
          Value "ä" <- "{{x}}", x = "ä"
          Text ".\r\n"
          Text "\r\n"
          Text "Three."
    "#]],
    );
    let text = "---\r\nname: a\r\n---\r\nsystem:\r\nOne ä.\r\nTwo.\r\n\r\nuser:\r\nThree.\r\n";
    check(
        "a.prompty",
        text,
        None,
        &expect![[r#"
        system
          Text "One ä.\n" <- "One ä.\r\n"
          Text "Two."
        user
          Text "Three."
    "#]],
    );
}

#[test]
fn variables_without_a_value_are_shown_in_their_places() {
    let text =
        "{{role \"system\"}}You help {{user.name}} in {{lang}}.\n{{role \"user\"}}{{question}}";
    check(
        "a.prompt",
        text,
        None,
        &expect![[r#"
        system
          Text "You help "
          Unset "" <- "{{user.name}}"
          Text " in "
          Unset "" <- "{{lang}}"
          Text ".\n"
        user (not sent)
          Unset "" <- "{{question}}"
        without a value: lang, question, user.name
    "#]],
    );
    // The variable decides more than its own place, so its tag is only looked up.
    let text = "Hi {{name}}{{#if name}}, welcome{{else}}, stranger{{/if}}.";
    check(
        "a.prompt",
        text,
        None,
        &expect![[r#"
        user
          Text "Hi "
          Unset "" <- "{{name}}"
          Text ", stranger"
          Text "."
        without a value: name
    "#]],
    );
    let text = "system:\nHello {{ name }}!\n\nuser:\n{{ question }}\n";
    check(
        "a.prompty",
        text,
        None,
        &expect![[r#"
        system
          Text "Hello "
          Unset "" <- "{{ name }}"
          Text "!"
        user
          Unset "" <- "{{ question }}"
        without a value: name, question
    "#]],
    );
    let text = "Fix ${input:file:a path} now";
    check(
        "a.prompt.md",
        text,
        None,
        &expect![[r#"
        user
          Text "Fix "
          Unset "" <- "${input:file:a path}"
          Text " now"
        without a value: file
    "#]],
    );
}

#[test]
fn loops_and_partials_belong_to_their_tags() {
    let text = "---\nhoplens.cases: [{input: {items: [{a: one}, {b: two}]}}]\n---\n\
                {{> head}}\n{{#each items}}- {{a}}!\n{{/each}}";
    let partials = BTreeMap::from([("head".to_owned(), "From a file,\ntwo lines.\n".to_owned())]);
    let companions = CompanionTexts {
        partials: Some(&partials),
        ..CompanionTexts::default()
    };
    let snapshot = Snapshot::read("a.prompt", text, companions);
    let found = written(&snapshot, &shown(&snapshot, Some(0)));
    expect![[r#"
        user
          Value "From a file,\ntwo lines.\n" <- "{{> head}}"
          Text "- "
          Value "one" <- "{{a}}"
          Text "!\n"
          Text "- "
          Unset "" <- "{{a}}"
          Text "!\n"
        without a value: a
    "#]]
    .assert_eq(&found);
}

#[test]
fn what_is_left_out_is_noted_in_its_place() {
    let text = "{{role \"user\"}}Look: {{media url=\"a.png\"}} What is it?{{history}}";
    check(
        "a.prompt",
        text,
        None,
        &expect![[r#"
        user
          Text "Look: "
          Omitted "" <- "{{media url=\"a.png\"}}", This part of the prompt is a picture, a sound or a file, which hoplens cannot give to the model
          Text " What is it?"
          Omitted "" <- "{{history}}", The conversation's history is not part of the text that is measured: `{{history}}` is left out
    "#]],
    );
    let text = "messages:\n  - role: user\n    content:\n      - type: text\n        text: Look.\n      \
                - type: image_url\n        image_url: {url: a.png}\n";
    check(
        "a.prompt.yml",
        text,
        None,
        &expect![[r#"
        user
          Text "Look."
          Omitted "" <- "type: image_url\n        image_url: {url: a.png}", This part of the prompt is a picture, a sound or a file, which hoplens cannot give to the model
    "#]],
    );
}

#[test]
fn tags_that_github_keeps_in_the_text_are_marked_there() {
    let text = "messages:\n  - role: system\n    content: |\n      Be {{tone}}.\n      Really {{tone}}.\n  \
                - role: user\n    content: \"{{city}} \\u00e4?\"\ntestData:\n  - city: Rome\n";
    check(
        "a.prompt.yml",
        text,
        None,
        &expect![[r#"
            system
              Text "Be "
              Unset "{{tone}}"
              Text ".\n"
              Text "Really "
              Unset "{{tone}}"
              Text ".\n"
            user
              Value "Rome" <- "{{city}}", city = Rome
              Text " "
              Text "ä" <- "\\u00e4"
              Text "?"
            without a value: tone
        "#]],
    );
}

#[test]
fn a_prefill_begins_the_message_that_the_model_continues() {
    let text = "---\nhoplens.cases: [{prefill: \"It is\"}]\n---\nWhat is it?";
    check(
        "a.prompt",
        text,
        None,
        &expect![[r#"
        user
          Text "What is it?"
        model (continued)
          Value "It is" <- nowhere, prefill = "It is"
    "#]],
    );
}

#[test]
fn values_of_a_sidecar_and_texts_without_a_format_are_mapped() {
    let sidecar = "version: 1\ncases: [{id: one, input: {thing: reef}}]\n";
    check(
        "a.prompt",
        "The {{thing}}",
        Some(sidecar),
        &expect![[r#"
        user
          Text "The "
          Value "reef" <- "{{thing}}", thing = reef
    "#]],
    );
    check(
        "a.txt",
        "The reef\nis in",
        None,
        &expect![[r#"
        text
          Text "The reef\n"
          Text "is in"
    "#]],
    );
    let text = "---\nname: reviewer\ntools: ['search']\n---\nYou review ${input:what}.";
    check(
        "reviewer.agent.md",
        text,
        None,
        &expect![[r#"
        user
          Text "You review "
          Unset "" <- "${input:what}"
          Text "."
        without a value: what
    "#]],
    );
}

#[test]
fn errors_say_that_the_prompt_is_not_what_the_file_means() {
    check(
        "a.prompt",
        "Hi {{#if x}}",
        None,
        &expect![[r#"
        user
          Text "Hi {{#if x}}"
        error: The template cannot be rendered, so hoplens does not run its cases: the block `{{#if x}}` is never closed. Write `{{/if}}` where it ends.
    "#]],
    );
    check(
        "a.prompt",
        "---\na: [\n---\nHi",
        None,
        &expect![[r#"
        user
          Text "---\n"
          Text "a: [\n"
          Text "---\n"
          Text "Hi"
        error: The front matter is not valid YAML: unclosed bracket '['. dotprompt then sends the whole file to the model, front matter included, and drops what it declares.
    "#]],
    );
    // An invalid declaration of hoplens' own does not change the prompt.
    let text = "---\nhoplens.inject: [{memory: 1, layer: x, tau: 1}]\n---\nHi";
    check(
        "a.prompt",
        text,
        None,
        &expect![[r#"
        user
          Text "Hi"
    "#]],
    );
}

#[test]
fn the_case_at_the_cursor_is_found() {
    let text = "---\nhoplens.cases:\n  - {id: a, expect: x}\n  - id: b\n    expect: y\n---\nHi";
    let sidecar = "version: 1\ncases: [{id: c, expect: z}]\n";
    let snapshot = Snapshot::new("a.prompt", text, Some(sidecar));
    let at = |origin, text: &str, word: &str| case_at(&snapshot, origin, text.find(word).unwrap());
    assert_eq!(at(Origin::FrontMatter, text, "x}"), Some(0));
    assert_eq!(at(Origin::FrontMatter, text, "y\n"), Some(1));
    assert_eq!(at(Origin::FrontMatter, text, "Hi"), None);
    assert_eq!(at(Origin::Sidecar, sidecar, "z}"), Some(2));
    assert_eq!(at(Origin::Sidecar, sidecar, "version"), None);
    assert_eq!(case_named(&snapshot, "b"), Some(1));
    assert_eq!(case_named(&snapshot, "#3"), Some(2));
    assert_eq!(case_named(&snapshot, "#4"), None);
    assert_eq!(case_named(&snapshot, "none"), None);

    let text =
        "# A\n\n```prompt\nOne\n```\n\nText\n\n```prompt\n---\nname: two\n---\nTwo {{x}}\n```\n";
    let snapshot = Snapshot::new("a.md", text, None);
    let at = |word: &str| case_at(&snapshot, Origin::FrontMatter, text.find(word).unwrap());
    assert_eq!(
        (at("One"), at("name"), at("Two")),
        (Some(0), Some(1), Some(1))
    );
    assert_eq!((at("# A"), at("Text")), (None, None));
    let second = shown(&snapshot, Some(1));
    assert_eq!(second.messages[0].text, "Two ");
    assert_eq!(second.cases, ["#1", "#2"]);
}
