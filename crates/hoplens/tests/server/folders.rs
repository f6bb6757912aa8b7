//! Several workspace folders, and settings that the server requests.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::client::Client;
use crate::session_start::{Start, folder_of, tiny_gpt2, uri};

const STATUS: &str = "experimental/serverStatus";
const BROKEN: &str = "---\nhoplens.cases: [\n---\nRome is";

fn named(name: &str) -> String {
    tiny_gpt2().with_file_name(name).display().to_string()
}

/// Waits until this model is ready.
#[track_caller]
fn ready(client: &mut Client, name: &str) {
    let status = client.notification(STATUS, |status| status["quiescent"] == true);
    assert!(
        status["message"].as_str().unwrap().starts_with(name),
        "{status}"
    );
}

#[test]
fn each_workspace_folder_has_its_own_settings() {
    let root = tempfile::tempdir().unwrap();
    let folder = |name: &str, settings: &str| -> PathBuf {
        let path = root.path().join(name);
        std::fs::create_dir(&path).unwrap();
        std::fs::write(path.join("hoplens.toml"), settings).unwrap();
        path
    };
    let quiet = folder("quiet", "ignore = [\"front-matter\"]\n");
    let llama = folder("llama", &format!("model = {:?}\n", named("tiny-llama")));
    let qwen = folder("qwen", &format!("model = {:?}\n", named("tiny-qwen2")));
    let mut client = Client::start(&Start {
        model: String::new(),
        folders: vec![quiet.clone(), llama.clone()],
        ..Start::default()
    });
    let announced = &client.initialized["capabilities"]["workspace"]["workspaceFolders"];
    assert_eq!(
        *announced,
        json!({"supported": true, "changeNotifications": true})
    );
    ready(&mut client, "tiny-llama");
    let mut codes = |folder: &PathBuf| {
        let prompt = uri(&folder.join("a.prompt"));
        client.open(&prompt, "dotprompt", BROKEN);
        let found = client.diagnostics(&prompt, |_| true)["diagnostics"].clone();
        let close = json!({"textDocument": {"uri": prompt}});
        client.notify("textDocument/didClose", close);
        client.diagnostics(&prompt, |found| found["version"].is_null());
        found[0]["code"].clone()
    };
    assert_eq!(codes(&quiet), Value::Null);
    assert_eq!(codes(&llama), "invalid-yaml");
    let mut change = |added: &[&PathBuf], removed: &[&PathBuf], model: &str| {
        let of = |folders: &[&PathBuf]| -> Vec<Value> {
            folders.iter().map(|folder| folder_of(folder)).collect()
        };
        let event = json!({"added": of(added), "removed": of(removed)});
        client.notify(
            "workspace/didChangeWorkspaceFolders",
            json!({"event": event}),
        );
        ready(&mut client, model);
    };
    change(&[&qwen], &[&llama], "tiny-qwen2");
    // The first folder that names a model counts.
    change(&[&llama], &[&qwen], "tiny-llama");
}

#[test]
fn settings_are_requested_from_clients_that_support_it() {
    let mut start = Start {
        model: String::new(),
        ..Start::default()
    };
    start.capabilities["workspace"]["configuration"] = json!(true);
    start.capabilities["workspace"]["didChangeConfiguration"] =
        json!({"dynamicRegistration": true});
    let mut client = Client::start(&start);
    let asked = client.serve(
        "workspace/configuration",
        &json!([{"model": named("tiny-llama")}]),
    );
    assert_eq!(asked, json!({"items": [{"section": "hoplens"}]}));
    let registered = client.serve("client/registerCapability", &Value::Null);
    assert_eq!(
        registered["registrations"][0]["method"],
        "workspace/didChangeConfiguration"
    );
    ready(&mut client, "tiny-llama");
    // The settings changed, and the notification does not contain them.
    client.notify(
        "workspace/didChangeConfiguration",
        json!({"settings": null}),
    );
    client.serve(
        "workspace/configuration",
        &json!([{"model": named("tiny-qwen2")}]),
    );
    ready(&mut client, "tiny-qwen2");
    // The client has no settings, so the former ones stay.
    client.notify("workspace/didChangeConfiguration", json!({"settings": {}}));
    client.serve("workspace/configuration", &json!([null]));
    // The client pushes settings after the request, so the later response is outdated.
    client.notify(
        "workspace/didChangeConfiguration",
        json!({"settings": null}),
    );
    let pushed = json!({"settings": {"hoplens": {"model": named("tiny-gpt2")}}});
    client.notify("workspace/didChangeConfiguration", pushed);
    ready(&mut client, "tiny-gpt2");
    client.serve(
        "workspace/configuration",
        &json!([{"model": named("tiny-llama")}]),
    );
    assert_eq!(client.text("file:///none.prompt"), Value::Null);
}

#[test]
fn a_client_that_does_not_send_settings_gets_the_defaults() {
    let mut start = Start::default();
    start.capabilities["workspace"]["configuration"] = json!(true);
    let mut client = Client::start(&start);
    // Requests are answered in the meantime.
    assert_eq!(client.text("file:///none.prompt"), Value::Null);
    client.wait_until_ready();
    client.serve("workspace/configuration", &json!([null]));
}
