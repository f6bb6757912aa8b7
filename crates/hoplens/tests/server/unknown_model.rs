//! A model that cannot be loaded is a finding on every open prompt, until another one is ready.

use serde_json::{Value, json};

use crate::client::Client;
use crate::editor;
use crate::session_start::{Start, tiny_gpt2};

const URI: &str = "file:///somewhere/a.prompt";
const STATUS: &str = "experimental/serverStatus";
const TEXT: &str = "---\nhoplens.cases: [\n---\nRome is";

fn codes(found: &Value) -> Vec<&str> {
    let all = found["diagnostics"].as_array().unwrap();
    all.iter()
        .map(|one| one["code"].as_str().unwrap())
        .collect()
}

fn failing(model: &str, words: &[&str]) -> Client {
    let mut client = Client::start(&Start {
        model: String::new(),
        options: json!({"hoplens": {"debounceMs": 50, "model": model}}),
        ..Start::default()
    });
    let status = client.notification(STATUS, |status| status["quiescent"] == true);
    assert_eq!(status["health"], "error", "{status}");
    let reason = status["message"].as_str().unwrap().to_owned();
    client.notification("window/showMessage", |shown| shown["message"] == *reason);
    client.open(URI, "dotprompt", TEXT);
    let found = client.diagnostics(URI, |_| true);
    assert_eq!(codes(&found), ["invalid-yaml", "unknown-model"]);
    let one = &found["diagnostics"][1];
    assert_eq!(one["severity"], 2);
    assert_eq!(editor::slice(TEXT, &one["range"]), "---");
    let message = one["message"].as_str().unwrap();
    assert!(message.ends_with(&reason), "{message}");
    for word in words {
        assert!(message.contains(word), "no {word:?} in {message}");
    }
    client
}

#[test]
fn an_unusable_model_is_a_diagnostic_on_the_first_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.json");
    std::fs::write(path, r#"{"model_type": "mamba"}"#).unwrap();
    for name in ["model.safetensors", "tokenizer.json"] {
        std::fs::copy(tiny_gpt2().join(name), folder.path().join(name)).unwrap();
    }
    let unknown = folder.path().display().to_string();
    let mut client = failing(&unknown, &["config.json", "'mamba'", "gpt2, gpt_neo"]);
    // Edits keep the diagnostic; static checks continue.
    client.change(URI, 2, &json!([{"text": "Rome is"}]));
    let found = client.diagnostics(URI, |found| found["version"] == 2);
    assert_eq!(codes(&found), ["unknown-model"]);
    // The prompt suppresses the diagnostic.
    let text = "{{!hoplens-ignore unknown-model }}Rome is";
    client.change(URI, 3, &json!([{"text": text}]));
    let found = client.diagnostics(URI, |found| found["version"] == 3);
    assert_eq!(codes(&found), Vec::<&str>::new());
    client.change(URI, 4, &json!([{"text": "Rome is"}]));
    client.diagnostics(URI, |found| {
        found["version"] == 4 && codes(found).len() == 1
    });
    // Select another model.
    let tiny = tiny_gpt2().display().to_string();
    let settings = json!({"settings": {"hoplens": {"model": tiny}}});
    client.notify("workspace/didChangeConfiguration", settings);
    client.notification(STATUS, |status| {
        status["health"] == "ok" && status["quiescent"] == true
    });
    client.diagnostics(URI, |found| codes(found).is_empty());
    client.notify(
        "textDocument/didClose",
        json!({"textDocument": {"uri": URI}}),
    );
    client.diagnostics(URI, |found| found["version"].is_null());
}

#[test]
fn an_invalid_model_name_is_reported() {
    failing("no-such-alias", &["no-such-alias", "smollm2-135m"]);
}

#[test]
fn a_damaged_model_file_is_reported() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cut.gguf");
    std::fs::write(&path, b"GGUF\x03\0\0\0").unwrap();
    let model = path.display().to_string();
    failing(&model, &["cut.gguf", "cut short", "Fetch it again"]);
}
