//! Invalid project settings.

use serde_json::{Value, json};

use crate::client::Client;
use crate::editor;
use crate::session_start::{Start, uri};

const SHOWN: &str = "window/showMessage";
const WRONG: &str = "[search]\nmost = \"many\"\n";

fn watched(path: &std::path::Path) -> Value {
    json!({"changes": [{"uri": uri(path), "type": 2}]})
}

#[test]
fn errors_of_settings_are_shown_once_after_each_change() {
    let folder = tempfile::tempdir().unwrap();
    let (path, prompt) = (
        folder.path().join("hoplens.toml"),
        folder.path().join("a.prompt"),
    );
    std::fs::write(&path, WRONG).unwrap();
    let mut client = Client::ready(&Start::default());
    let prompt = uri(&prompt);
    client.open(&prompt, "dotprompt", "The first");
    let shown = client.notification(SHOWN, |_| true);
    assert_eq!(shown["type"], 1);
    let message = shown["message"].as_str().unwrap();
    for word in ["hoplens.toml:2:8", "many", "none of its settings counts"] {
        assert!(message.contains(word), "{message}");
    }
    // Another analysis does not show the error again, as the end of the session checks.
    client.change(&prompt, 2, &json!([{"text": "The second"}]));
    client.diagnostics(&prompt, |found| found["version"] == 2);
    std::fs::write(&path, "[serch]\n").unwrap();
    client.notify("workspace/didChangeWatchedFiles", watched(&path));
    let shown = client.notification(SHOWN, |_| true);
    assert!(
        shown["message"].as_str().unwrap().contains("serch"),
        "{shown}"
    );
    std::fs::write(&path, "[search]\n").unwrap();
    client.notify("workspace/didChangeWatchedFiles", watched(&path));
    client.notify(
        "textDocument/didClose",
        json!({"textDocument": {"uri": prompt}}),
    );
    client.diagnostics(&prompt, |found| found["version"].is_null());
}

#[test]
fn errors_of_open_settings_are_diagnostics_without_a_message() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hoplens.toml");
    let (settings, prompt) = (uri(&path), uri(&folder.path().join("a.prompt")));
    std::fs::write(&path, WRONG).unwrap();
    let mut client = Client::ready(&Start::default());
    client.open(&settings, "toml", WRONG);
    let found = client.diagnostics(&settings, |_| true);
    assert_eq!(
        (&found["version"], &found["diagnostics"][0]["severity"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(
        editor::slice(WRONG, &found["diagnostics"][0]["range"]),
        "\"many\""
    );
    client.open(&prompt, "dotprompt", "The first");
    client.diagnostics(&prompt, |_| true);
    client.change(&settings, 2, &json!([{"text": "[search]\nmost = 3\n"}]));
    let found = client.diagnostics(&settings, |found| found["version"] == 2);
    assert_eq!(found["diagnostics"], json!([]));
    // The prompt is analysed with the settings as they are in the editor.
    let ignoring = "ignore = [\"invalid-yaml\"]\n";
    client.change(&settings, 3, &json!([{"text": ignoring}]));
    std::fs::write(&path, ignoring).unwrap();
    client.notify(
        "textDocument/didSave",
        json!({"textDocument": {"uri": settings}}),
    );
    client.change(
        &prompt,
        2,
        &json!([{"text": "---\nhoplens.cases: [\n---\nRome"}]),
    );
    let found = client.diagnostics(&prompt, |found| found["version"] == 2);
    assert_eq!(found["diagnostics"], json!([]));
    // The model's findings may follow.
    client.notify(
        "textDocument/didClose",
        json!({"textDocument": {"uri": prompt}}),
    );
    client.diagnostics(&prompt, |found| found["version"].is_null());
}

#[test]
fn a_former_code_in_the_settings_gives_a_hint() {
    let folder = tempfile::tempdir().unwrap();
    let settings = uri(&folder.path().join("hoplens.toml"));
    let mut client = Client::ready(&Start::default());
    let text = "# é🙂\nignore = [\"hop-lost\", \"front-matter\"]\n";
    client.open(&settings, "toml", text);
    let found = client.diagnostics(&settings, |_| true);
    let [hint] = &found["diagnostics"].as_array().unwrap()[..] else {
        panic!("{found}");
    };
    assert_eq!(
        (&hint["code"], &hint["severity"]),
        (&json!("deprecated-ignore"), &json!(4))
    );
    assert_eq!(editor::slice(text, &hint["range"]), "\"front-matter\"");
    let message = hint["message"].as_str().unwrap();
    assert!(message.contains("unset-variable"), "{message}");
    client.change(
        &settings,
        2,
        &json!([{"text": "ignore = [\"unset-variable\"]\n"}]),
    );
    client.diagnostics(&settings, |found| found["diagnostics"] == json!([]));
}
