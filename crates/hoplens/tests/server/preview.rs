//! The rendered prompt of `hoplens.server.preview`.

use serde_json::{Value, json};

use crate::client::Client;
use crate::session_start::{Start, uri};
use crate::statics::without_model;
use hoplens::server::protocol::preview::{PreviewResult, PreviewSegmentKind};

const URI: &str = "file:///somewhere/guide.prompt";
const TEXT: &str = "---\nhoplens.cases:\n  - {id: rome, input: {city: \"Rome 🏛\"}}\n  \
    - {id: oslo, input: {city: Oslo}}\n---\n{{role \"system\"}}Be brief.\nKnow {{country}}.\
    {{role \"user\"}}Where is {{city}}, ä?";

/// A client whose server never analyses on its own, so that no diagnostics of a model arrive.
fn manual(model: &str) -> Client {
    let start = Start {
        model: model.to_owned(),
        options: json!({"hoplens": {"run": "manual"}}),
        at_any_time: vec!["textDocument/publishDiagnostics"],
        ..Start::default()
    };
    Client::ready(&start)
}

fn preview(client: &mut Client, argument: Value) -> PreviewResult {
    client.command("preview", argument)
}

/// Returns the texts of a result's messages, with their roles.
fn messages(found: &PreviewResult) -> Vec<(&str, &str)> {
    let messages = found.messages.iter();
    messages
        .map(|message| (message.role.as_str(), message.text.as_str()))
        .collect()
}

#[test]
fn a_preview_has_messages_with_tokens_and_ranges_in_the_clients_encoding() {
    let mut client = manual(&Start::default().model);
    client.open(URI, "dotprompt", TEXT);
    let found = preview(&mut client, json!({"uri": URI}));
    assert_eq!((found.uri.as_str(), found.version), (URI, Some(1)));
    assert_eq!(
        (found.case.as_deref(), found.cases.len()),
        (Some("rome"), 2)
    );
    assert_eq!(
        messages(&found),
        [
            ("system", "Be brief.\nKnow ."),
            ("user", "Where is Rome 🏛, ä?")
        ]
    );
    assert_eq!(found.unset, ["country"]);
    assert!(found.error.is_none() && found.without_model.is_none());
    let model = found.model.as_ref().unwrap();
    let own: usize = found.messages.iter().map(|one| one.tokens.unwrap()).sum();
    assert_eq!(model.tokens, Some(own + model.template_tokens.unwrap()));
    assert!(own > 5 && model.context > 0 && !model.name.is_empty());
    let exact: String = model.segments.iter().map(|one| one.text.as_str()).collect();
    // This model has no chat template.
    assert_eq!(exact, "Be brief.\nKnow .\n\nWhere is Rome 🏛, ä?");
    assert_eq!(
        model
            .segments
            .iter()
            .filter(|one| one.kind == PreviewSegmentKind::Template)
            .count(),
        1
    );

    let user = serde_json::to_value(&found.messages[1].segments).unwrap();
    let range = |line: u32, from: u32, to: u32| json!({"start": {"line": line, "character": from}, "end": {"line": line, "character": to}});
    let expected = json!([
        {"kind": "text", "text": "Where is ", "source": range(6, 32, 41)},
        {"kind": "value", "text": "Rome 🏛", "source": range(6, 41, 49), "tag": "{{city}}",
         "value": {"name": "city", "uri": URI, "range": range(2, 29, 38)}},
        {"kind": "text", "text": ", ä?", "source": range(6, 49, 53)},
    ]);
    assert_eq!(user, expected);
    let system = serde_json::to_value(&found.messages[0].segments).unwrap();
    assert_eq!(
        system[2],
        json!({"kind": "unset", "text": "", "source": range(6, 5, 16), "tag": "{{country}}"})
    );
}

#[test]
fn the_case_at_the_position_comes_before_the_chosen_one() {
    let mut client = manual(&Start::default().model);
    client.open(URI, "dotprompt", TEXT);
    let mut shown = |argument: Value| preview(&mut client, argument).case;
    let in_oslo = json!({"line": 3, "character": 10});
    let in_body = json!({"line": 6, "character": 1});
    assert_eq!(
        shown(json!({"uri": URI, "position": in_oslo})).as_deref(),
        Some("oslo")
    );
    let both = json!({"uri": URI, "position": in_oslo, "case": "rome"});
    assert_eq!(shown(both).as_deref(), Some("oslo"));
    let chosen = json!({"uri": URI, "position": in_body, "case": "oslo"});
    assert_eq!(shown(chosen).as_deref(), Some("oslo"));
    assert_eq!(
        shown(json!({"uri": URI, "case": "#2"})).as_deref(),
        Some("oslo")
    );
    // An editor follows a case that the author has just renamed.
    let gone = json!({"uri": URI, "position": in_body, "case": "gone"});
    assert_eq!(shown(gone).as_deref(), Some("rome"));
}

#[test]
fn without_a_model_there_are_messages_and_no_counts() {
    let folder = tempfile::tempdir().unwrap();
    let start = Start {
        at_any_time: vec![
            "textDocument/publishDiagnostics",
            "experimental/serverStatus",
        ],
        ..without_model(folder.path())
    };
    let mut client = Client::start(&start);
    client.open(URI, "dotprompt", TEXT);
    let found = preview(&mut client, json!({"uri": URI}));
    assert_eq!(messages(&found).len(), 2);
    assert!(found.model.is_none() && found.messages[0].tokens.is_none());
    assert!(found.without_model.unwrap().starts_with("no model yet"));
}

#[test]
fn an_error_of_the_template_is_part_of_the_result() {
    let mut client = manual(&Start::default().model);
    client.open(URI, "dotprompt", "Hi {{#if x}}there");
    let found = preview(&mut client, json!({"uri": URI}));
    let error = found.error.unwrap();
    assert!(
        error.message.contains("cannot be rendered"),
        "{}",
        error.message
    );
    assert_eq!(error.range.unwrap().start.character, 3);
    assert_eq!(found.case, None);
    client.change(URI, 2, &json!([{"text": "Hi {{#if x}}there{{/if}}"}]));
    let found = preview(&mut client, json!({"uri": URI}));
    assert_eq!((found.version, found.error.is_some()), (Some(2), false));
}

#[test]
fn a_position_in_the_sidecar_and_agent_files_are_previewed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("skills/guide/SKILL.md");
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let text = "---\nname: guide\ndescription: Guides.\n---\nGo to ${input:city}.\n";
    std::fs::write(&path, text).unwrap();
    let sidecar = path.with_file_name("SKILL.md.hoplens.yaml");
    let cases =
        "version: 1\ncases:\n  - {id: a, input: {city: Rome}}\n  - {id: b, input: {city: Oslo}}\n";
    std::fs::write(&sidecar, cases).unwrap();
    let mut client = manual(&Start::default().model);
    client.open(&uri(&sidecar), "yaml", cases);
    let at = json!({"uri": uri(&sidecar), "position": {"line": 3, "character": 9}});
    let found = preview(&mut client, at);
    // The model of this test has no chat template, so it reads a text.
    assert_eq!(messages(&found), [("text", "Go to Oslo.")]);
    assert_eq!(found.uri.as_str(), uri(&path));
    let value = found.messages[0].segments[1].value.as_ref().unwrap();
    assert_eq!(
        (value.uri.as_str(), value.range.start.line),
        (uri(&sidecar).as_str(), 3)
    );

    // VS Code gives the language also to a file that is not read.
    let other = uri(&folder.path().join("copilot-instructions.md"));
    client.open(&other, "instructions", "Be brief.");
    let params = json!({"command": "hoplens.server.preview", "arguments": [{"uri": other}]});
    assert_eq!(client.refusal("workspace/executeCommand", params), -32602);
    client.open(
        "untitled:Untitled-1",
        "chatagent",
        "---\nname: a\n---\nBe brief.",
    );
    let found = preview(&mut client, json!({"uri": "untitled:Untitled-1"}));
    assert_eq!(messages(&found), [("text", "Be brief.")]);
}
