//! Diagnostics and hovers that need no model.

use serde_json::{Value, json};

use crate::client::Client;
use crate::editor;
use crate::session_start::{Start, uri};

const URI: &str = "file:///somewhere/static.prompt";

/// Returns a session that never has a model.
pub fn without_model(folder: &std::path::Path) -> Start {
    let at = |name: &str| Some(folder.join(name).display().to_string());
    Start {
        model: "smollm2-135m".into(),
        env: vec![
            ("HF_HUB_CACHE", at("hub")),
            ("HOPLENS_CACHE", at("own")),
            ("HF_HUB_OFFLINE", None),
        ],
        ..Start::default()
    }
}

#[test]
fn bad_yaml_is_underlined_at_once_without_a_model() {
    let folder = tempfile::tempdir().unwrap();
    let mut client = Client::start(&without_model(folder.path()));
    let status = client.notification("experimental/serverStatus", |status| {
        status["quiescent"] == true
    });
    assert_eq!(status["health"], "warning");
    let message = status["message"].as_str().unwrap();
    assert!(
        message.contains("hoplens models pull smollm2-135m"),
        "{message}"
    );

    let text = "---\n# 🙂 é\nhoplens.cases: [\n---\nRome is";
    client.open(URI, "dotprompt", text);
    let found = client.diagnostics(URI, |_| true);
    assert_eq!(found["version"], 1);
    let first = &found["diagnostics"][0];
    assert_eq!(first["code"], "invalid-yaml");
    assert_eq!(first["severity"], 1);
    assert_eq!(first["source"], "hoplens");

    // Fix the error in UTF-16 columns, including a line with wide characters.
    let range = json!({"start": {"line": 2, "character": 15}, "end": {"line": 2, "character": 16}});
    let wide = json!({"start": {"line": 1, "character": 2}, "end": {"line": 1, "character": 4}});
    let changes = json!([{"range": range, "text": "[]"}, {"range": wide, "text": "x"}]);
    client.change(URI, 2, &changes);
    let found = client.diagnostics(URI, |found| found["version"] == 2);
    assert_eq!(found["diagnostics"], json!([]));
    assert_eq!(
        client.text(URI),
        "---\n# x é\nhoplens.cases: []\n---\nRome is"
    );

    // A hover explains why there are no results; outside the prompt it is empty.
    let at = |line: u32| json!({"textDocument": {"uri": URI}, "position": {"line": line, "character": 1}});
    let hover = client.request("textDocument/hover", at(4));
    let shown = hover["contents"]["value"].as_str().unwrap();
    assert!(
        shown.starts_with("No model yet: the model smollm2-135m"),
        "{shown}"
    );
    assert_eq!(client.request("textDocument/hover", at(1)), Value::Null);
}

#[test]
fn ranges_count_in_the_clients_encoding() {
    let text = "---\nhoplens.inject: [{memory: \"é🙂\", layer: 0, taw: 1}]\n---\nRome is";
    let range = |encoding: &str| {
        let folder = tempfile::tempdir().unwrap();
        let mut client = Client::start(&Start {
            capabilities: json!({"general": {"positionEncodings": [encoding]}}),
            ..without_model(folder.path())
        });
        client.open(URI, "dotprompt", text);
        let found = client.diagnostics(URI, |_| true);
        let found = found["diagnostics"].as_array().unwrap().clone();
        let key = found
            .into_iter()
            .find(|one| one["message"].as_str().unwrap().contains("taw"));
        key.unwrap()["range"].clone()
    };
    let utf16 = range("utf-16");
    assert_eq!(editor::slice(text, &utf16), "taw");
    let column = utf16["start"]["character"].as_u64().unwrap();
    assert_eq!(range("utf-8")["start"]["character"], column + 3);
    assert_eq!(range("utf-32")["start"]["character"], column - 1);
}

#[test]
fn a_plain_file_is_ignored_until_it_has_a_sidecar() {
    let folder = tempfile::tempdir().unwrap();
    let mut client = Client::start(&without_model(folder.path()));
    client.notification("experimental/serverStatus", |status| {
        status["quiescent"] == true
    });
    let plain = uri(&folder.path().join("plain.txt"));
    let sidecar = format!("{plain}.hoplens.yaml");
    client.open(&plain, "plaintext", "Rome is");
    client.open(&sidecar, "yaml", "version: 2\ncases: []\n");
    let beside = client.diagnostics(&sidecar, |_| true);
    assert_eq!(beside["diagnostics"][0]["code"], "invalid-value");
    assert_eq!(beside["version"], 1);
    client.diagnostics(&plain, |found| found["version"] == 1);
    // Fix the sidecar in the editor without saving it.
    client.change(&sidecar, 2, &json!([{"text": "version: 1\ncases: []\n"}]));
    let beside = client.diagnostics(&sidecar, |_| true);
    assert_eq!(
        (&beside["diagnostics"], &beside["version"]),
        (&json!([]), &json!(2))
    );
    client.diagnostics(&plain, |found| found["version"] == 1);
    // Closing the sidecar discards unsaved text, and the file on the disk counts.
    client.change(&sidecar, 3, &json!([{"text": "version: 3\n"}]));
    client.diagnostics(&sidecar, |found| found["version"] == 3);
    client.diagnostics(&plain, |_| true);
    client.notify(
        "textDocument/didClose",
        json!({"textDocument": {"uri": sidecar}}),
    );
    client.diagnostics(&sidecar, |found| found["diagnostics"] == json!([]));
    client.diagnostics(&plain, |_| true);
}

#[test]
fn lint_findings_have_quick_fixes_without_a_model() {
    let folder = tempfile::tempdir().unwrap();
    let mut client = Client::start(&without_model(folder.path()));
    client.notification("experimental/serverStatus", |status| {
        status["quiescent"] == true
    });
    let text = "---\ninput:\n  schema:\n    userMessage: string\n---\n{{query}}";
    client.open(URI, "dotprompt", text);
    let found = client.diagnostics(URI, |found| found["version"] == 1);
    let found = found["diagnostics"].as_array().unwrap();
    let codes: Vec<&str> = found
        .iter()
        .map(|one| one["code"].as_str().unwrap())
        .collect();
    assert_eq!(codes, ["undeclared-variable", "unused-variable"]);
    assert_eq!(editor::slice(text, &found[0]["range"]), "query");
    let params = json!({
        "textDocument": {"uri": URI},
        "range": found[0]["range"],
        "context": {"diagnostics": [], "only": ["quickfix.hoplens.correct"]},
    });
    let actions = client.request("textDocument/codeAction", params);
    assert_eq!(actions[0]["title"], "Replace by `userMessage`");
    assert_eq!(actions[0]["isPreferred"], true);
    // The findings follow the text.
    let range = &found[0]["range"];
    client.change(URI, 2, &json!([{"range": range, "text": "userMessage"}]));
    let found = client.diagnostics(URI, |found| found["version"] == 2);
    assert_eq!(found["diagnostics"], json!([]));
}
