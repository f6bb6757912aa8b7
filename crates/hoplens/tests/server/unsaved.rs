//! Files that prompts share and that are open in the editor with unsaved changes.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::client::Client;
use crate::session_start::{Start, tiny_gpt2, uri};

const TEXT: &str = include_str!("tiny.prompt");
const BROKEN: &str = "---\nhoplens.cases: [\n---\nRome is";

fn codes(found: &Value) -> Vec<&str> {
    let all = found["diagnostics"].as_array().unwrap().iter();
    all.map(|one| one["code"].as_str().unwrap()).collect()
}

fn close(client: &mut Client, uri: &str) {
    let document = json!({"uri": uri});
    client.notify("textDocument/didClose", json!({"textDocument": document}));
}

/// Replaces the whole text of an open document.
fn replace(client: &mut Client, uri: &str, version: i64, text: &str) {
    client.change(uri, version, &json!([{"text": text}]));
}

fn save(client: &mut Client, uri: &str) {
    let document = json!({"uri": uri});
    client.notify("textDocument/didSave", json!({"textDocument": document}));
}

/// Copies a miniature whose positions rotate, with a context that is long enough for the glossary
/// in which bridges are guessed.
fn with_long_context(folder: &Path) -> PathBuf {
    let copy = folder.join("model");
    std::fs::create_dir(&copy).unwrap();
    let original = tiny_gpt2().with_file_name("tiny-llama");
    for entry in std::fs::read_dir(original).unwrap() {
        let path = entry.unwrap().path();
        std::fs::copy(&path, copy.join(path.file_name().unwrap())).unwrap();
    }
    let path = copy.join("config.json");
    let config = std::fs::read_to_string(&path).unwrap();
    let mut config: Value = serde_json::from_str(&config).unwrap();
    config["max_position_embeddings"] = json!(512);
    std::fs::write(&path, config.to_string()).unwrap();
    copy
}

#[test]
fn unsaved_facts_count_until_they_are_closed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("facts.yaml");
    let (facts, prompt) = (uri(&path), uri(&folder.path().join("store.prompt")));
    let saved = "our flagship store: zebra\n";
    std::fs::write(&path, saved).unwrap();
    let mut client = Client::ready(&Start {
        model: with_long_context(folder.path()).display().to_string(),
        ..Start::default()
    });
    let names = |bridge: &str| {
        let bridge = format!("\"{bridge}\", its own guess");
        move |found: &Value| {
            let first = found["diagnostics"][0]["message"].as_str();
            first.is_some_and(|message| message.contains(&bridge))
        }
    };
    let text = "There is a cafe in our flagship store";
    client.open(&prompt, "dotprompt", text);
    client.diagnostics(&prompt, names("zebra"));
    client.open(&facts, "yaml", saved);
    replace(&mut client, &facts, 2, "our flagship store: Harbour\n");
    client.diagnostics(&prompt, names("Harbour"));
    // Completion offers them too.
    let list = "---\nhoplens.cases:\n  - hops: [{mention: our flagship store, bridge: ";
    replace(&mut client, &prompt, 2, &format!("{list}}}]\n---\n{text}"));
    let character = list.lines().last().unwrap().len();
    let offered = client.request(
        "textDocument/completion",
        json!({"textDocument": {"uri": prompt}, "position": {"line": 2, "character": character}}),
    );
    assert_eq!(offered[0]["label"], "Harbour", "{offered}");
    replace(&mut client, &prompt, 3, text);
    client.diagnostics(&prompt, names("Harbour"));
    close(&mut client, &facts);
    client.diagnostics(&prompt, names("zebra"));
    close(&mut client, &prompt);
    client.diagnostics(&prompt, |found| found["version"].is_null());
}

#[test]
fn saved_facts_count_without_a_notice_of_the_change_on_the_disk() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("facts.yaml");
    let (facts, prompt) = (uri(&path), uri(&folder.path().join("store.prompt")));
    let mut client = Client::ready(&Start {
        model: with_long_context(folder.path()).display().to_string(),
        options: json!({"hoplens": {"run": "onSave"}}),
        ..Start::default()
    });
    client.open(
        &prompt,
        "dotprompt",
        "There is a cafe in our flagship store",
    );
    client.diagnostics(&prompt, |_| true);
    client.open(&facts, "yaml", "");
    let text = "our flagship store: zebra\n";
    replace(&mut client, &facts, 2, text);
    std::fs::write(&path, text).unwrap();
    save(&mut client, &facts);
    client.diagnostics(&prompt, |found| codes(found) == ["hop-inconsistent"]);
    close(&mut client, &prompt);
    client.diagnostics(&prompt, |found| found["version"].is_null());
}

#[test]
fn unsaved_settings_count_until_they_are_closed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hoplens.toml");
    std::fs::write(&path, "declared_only = true\n").unwrap();
    let (settings, prompt) = (uri(&path), uri(&folder.path().join("a.prompt")));
    let mut client = Client::ready(&Start::default());
    client.open(&prompt, "dotprompt", BROKEN);
    client.diagnostics(&prompt, |found| codes(found) == ["invalid-yaml"]);
    client.open(&settings, "toml", "declared_only = true\n");
    replace(&mut client, &settings, 2, "ignore = [\"invalid-yaml\"]\n");
    client.diagnostics(&prompt, |found| codes(found).is_empty());
    // Settings with a mistake do not count, and their diagnostics say so.
    replace(&mut client, &settings, 3, "ignore = [\"invalid-yaml\n");
    client.diagnostics(&settings, |found| found["version"] == 3);
    client.diagnostics(&prompt, |found| codes(found) == ["invalid-yaml"]);
    replace(&mut client, &settings, 4, "ignore = [\"invalid-yaml\"]\n");
    client.diagnostics(&settings, |found| found["version"] == 4);
    client.diagnostics(&prompt, |found| codes(found).is_empty());
    close(&mut client, &settings);
    client.diagnostics(&prompt, |found| codes(found) == ["invalid-yaml"]);
    close(&mut client, &prompt);
    client.diagnostics(&prompt, |found| found["version"].is_null());
}

#[test]
fn unsaved_settings_hide_the_models_findings_before_the_model_runs_again() {
    let folder = tempfile::tempdir().unwrap();
    let settings = uri(&folder.path().join("hoplens.toml"));
    let prompt = uri(&folder.path().join("a.prompt"));
    let mut client = Client::ready(&Start {
        options: json!({"hoplens": {"run": "onSave"}}),
        ..Start::default()
    });
    client.open(&prompt, "dotprompt", TEXT);
    client.diagnostics(&prompt, |found| {
        found["diagnostics"][0]["data"]["weighed"] == true
    });
    client.open(&settings, "toml", "");
    replace(&mut client, &settings, 2, "ignore = [\"hop-unknown\"]\n");
    client.diagnostics(&prompt, |found| codes(found).is_empty());
    replace(&mut client, &settings, 3, "");
    client.diagnostics(&prompt, |found| codes(found) == ["hop-unknown"]);
}

#[test]
fn the_model_of_settings_counts_once_they_are_saved() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hoplens.toml");
    let naming = |model: &str| {
        let model = tiny_gpt2().with_file_name(model);
        format!("model = {:?}\n", model.display().to_string())
    };
    std::fs::write(&path, naming("tiny-gpt2")).unwrap();
    let settings = uri(&path);
    let mut client = Client::ready(&Start {
        model: String::new(),
        root: Some(folder.path().to_path_buf()),
        ..Start::default()
    });
    client.open(&settings, "toml", &naming("tiny-gpt2"));
    replace(
        &mut client,
        &settings,
        2,
        "model = \"nothing of this na\"\n",
    );
    // Settings of the client make the server find out which model is meant.
    let pushed = json!({"settings": {"hoplens": {"debounceMs": 51}}});
    client.notify("workspace/didChangeConfiguration", pushed);
    let status = json!({"command": "hoplens.server.status", "arguments": []});
    let status = client.request("workspace/executeCommand", status);
    assert_eq!(status["model"]["name"], "tiny-gpt2");
    replace(&mut client, &settings, 3, &naming("tiny-llama"));
    // The server may still read the file, which must never be empty.
    let written = path.with_extension("new");
    std::fs::write(&written, naming("tiny-llama")).unwrap();
    std::fs::rename(&written, &path).unwrap();
    save(&mut client, &settings);
    let ready = client.notification("experimental/serverStatus", |status| {
        status["quiescent"] == true
    });
    let message = ready["message"].as_str().unwrap();
    assert!(message.starts_with("tiny-llama"), "{message}");
}

#[test]
fn an_unsaved_partial_updates_the_prompts_that_use_it() {
    let folder = tempfile::tempdir().unwrap();
    let (prompt, partial) = (
        uri(&folder.path().join("a.prompt")),
        uri(&folder.path().join("_greeting.prompt")),
    );
    let mut client = Client::ready(&Start::default());
    client.open(&prompt, "dotprompt", "{{> greeting}} Rome is");
    client.diagnostics(&prompt, |found| codes(found) == ["unknown-partial"]);
    client.open(&partial, "dotprompt", "Hello.");
    client.diagnostics(&prompt, |found| codes(found).is_empty());
    close(&mut client, &partial);
    client.diagnostics(&prompt, |found| codes(found) == ["unknown-partial"]);
    client.diagnostics(&partial, |found| found["version"].is_null());
    close(&mut client, &prompt);
    client.diagnostics(&prompt, |found| found["version"].is_null());
}

#[test]
fn a_file_that_a_prompt_refers_to_is_watched() {
    let folder = tempfile::tempdir().unwrap();
    let (path, prompt) = (
        folder.path().join("sample.json"),
        uri(&folder.path().join("a.prompty")),
    );
    let text = "---\nmodel: {api: chat}\nsample: ${file:sample.json}\n---\nuser:\nRome is {{x}}\n";
    let mut start = Start::default();
    start.capabilities["workspace"]["didChangeWatchedFiles"] = json!({"dynamicRegistration": true});
    let mut client = Client::ready(&start);
    client.serve("client/registerCapability", &Value::Null);
    client.open(&prompt, "prompty", text);
    let asked = client.serve("client/registerCapability", &Value::Null);
    let watched = asked["registrations"][0]["registerOptions"]["watchers"].to_string();
    assert!(watched.contains("\"**/sample.json\""), "{watched}");
    client.diagnostics(&prompt, |found| codes(found).contains(&"missing-file"));
    // Another program writes the file, and the editor notifies the server.
    let changed = json!({"changes": [{"uri": uri(&path), "type": 1}]});
    std::fs::write(&path, "{\"x\": \"large\"}").unwrap();
    client.notify("workspace/didChangeWatchedFiles", changed.clone());
    client.diagnostics(&prompt, |found| !codes(found).contains(&"missing-file"));
    std::fs::write(&path, "{").unwrap();
    client.notify("workspace/didChangeWatchedFiles", changed);
    client.diagnostics(&prompt, |found| !codes(found).is_empty());
    // An unsaved text counts until it is closed.
    client.open(&uri(&path), "json", "{\"x\": \"old\"}");
    client.diagnostics(&prompt, |found| codes(found).is_empty());
    close(&mut client, &uri(&path));
    client.diagnostics(&prompt, |found| !codes(found).is_empty());
    close(&mut client, &prompt);
    client.diagnostics(&prompt, |found| found["version"].is_null());
}

#[test]
fn a_configuration_follows_the_prompts_that_it_names() {
    let folder = tempfile::tempdir().unwrap();
    let (path, config) = (
        folder.path().join("p.txt"),
        uri(&folder.path().join("promptfooconfig.yaml")),
    );
    let mut start = Start::default();
    start.capabilities["workspace"]["didChangeWatchedFiles"] = json!({"dynamicRegistration": true});
    let mut client = Client::ready(&start);
    client.serve("client/registerCapability", &Value::Null);
    client.open(&config, "yaml", "prompts: [file://p.txt]\ntests: []\n");
    let asked = client.serve("client/registerCapability", &Value::Null);
    let watched = asked["registrations"][0]["registerOptions"]["watchers"].to_string();
    assert!(watched.contains("\"**/p.txt\""), "{watched}");
    client.diagnostics(&config, |found| codes(found) == ["missing-file"]);
    std::fs::write(&path, "Rome is").unwrap();
    let changed = json!({"changes": [{"uri": uri(&path), "type": 1}]});
    client.notify("workspace/didChangeWatchedFiles", changed);
    client.diagnostics(&config, |found| codes(found).is_empty());
    close(&mut client, &config);
    client.diagnostics(&config, |found| found["version"].is_null());
}
