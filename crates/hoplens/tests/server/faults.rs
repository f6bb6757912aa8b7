//! Faults during a session: panics, removed models, many documents.

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use crate::client::Client;
use crate::session_start::{Start, tiny_gpt2};

const TEXT: &str = include_str!("tiny.prompt");
const URI: &str = "file:///somewhere/tiny.prompt";
const DIAGNOSTICS: &str = "textDocument/publishDiagnostics";
const STATUS: &str = "experimental/serverStatus";
const SHOWN: &str = "window/showMessage";

fn is_measured(found: &Value) -> bool {
    found["diagnostics"][0]["data"]["weighed"] == true
}

#[test]
fn a_panic_on_the_models_thread_ends_one_job() {
    let mut client = Client::ready(&Start {
        at_any_time: vec![DIAGNOSTICS],
        env: vec![("HOPLENS_TEST_PANIC_JOBS", Some("0".into()))],
        ..Start::default()
    });
    client.open(URI, "dotprompt", TEXT);
    let shown = client.notification(SHOWN, |_| true);
    assert_eq!(shown["type"], 1);
    let message = shown["message"].as_str().unwrap();
    assert!(message.contains("bug in hoplens"), "{message}");
    // The next analysis of the same prompt works.
    client.change(URI, 2, &json!([{"text": TEXT.replace("tiny", "other")}]));
    client.newest(DIAGNOSTICS, URI, |found| {
        found["version"] == 2 && is_measured(found)
    });
}

#[test]
fn a_panic_behind_a_hover_is_shown_in_the_hover() {
    // The first job analyses the prompt; the hover's job is one of the next.
    let jobs: Vec<String> = (1..20).map(|job| job.to_string()).collect();
    let mut client = Client::ready(&Start {
        at_any_time: vec![DIAGNOSTICS, SHOWN],
        env: vec![("HOPLENS_TEST_PANIC_JOBS", Some(jobs.join(",")))],
        ..Start::default()
    });
    client.open(URI, "dotprompt", "The first president of the");
    let params = json!({"textDocument": {"uri": URI}, "position": {"line": 0, "character": 12}});
    let mut hover = || {
        let shown = client.request("textDocument/hover", params.clone());
        shown["contents"]["value"].as_str().unwrap().to_owned()
    };
    let shown = hover();
    assert!(shown.contains("failed unexpectedly"), "{shown}");
    // Hovers work again after the last fault.
    let is_well = |shown: String| shown.contains("Next: ");
    assert!((0..20).any(|_| is_well(hover())));
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for name in ["config.json", "model.safetensors", "tokenizer.json"] {
        std::fs::copy(from.join(name), to.join(name)).unwrap();
    }
}

fn start(model: &Path) -> Start {
    Start {
        model: model.display().to_string(),
        at_any_time: vec![DIAGNOSTICS, SHOWN],
        ..Start::default()
    }
}

fn restart(client: &mut Client) {
    let command = json!({"command": "hoplens.server.restartModel", "arguments": []});
    client.request("workspace/executeCommand", command);
}

/// Waits until loading ends. Returns whether the model is ready.
fn settled(client: &mut Client) -> bool {
    let status = client.notification(STATUS, |status| status["quiescent"] == true);
    let message = status["message"].as_str().unwrap();
    assert!(
        message.contains("model") || message.contains("tiny"),
        "{status}"
    );
    status["health"] == "ok"
}

#[test]
fn a_removed_model_is_absent_at_the_next_load() {
    let folder = tempfile::tempdir().unwrap();
    let model = folder.path().join("tiny-model");
    let mut client = Client::start(&start(&model));
    assert!(!settled(&mut client));
    client.open(URI, "dotprompt", TEXT);
    copy(&tiny_gpt2(), &model);
    restart(&mut client);
    assert!(settled(&mut client));
    client.newest(DIAGNOSTICS, URI, is_measured);
    std::fs::remove_dir_all(&model).unwrap();
    // The loaded model stays.
    client.change(URI, 2, &json!([{"text": TEXT.replace("tiny", "other")}]));
    client.newest(DIAGNOSTICS, URI, |found| {
        found["version"] == 2 && is_measured(found)
    });
    restart(&mut client);
    assert!(!settled(&mut client));
    client.change(URI, 3, &json!([{"text": TEXT}]));
    client.newest(DIAGNOSTICS, URI, |found| found["version"] == 3);
    copy(&tiny_gpt2(), &model);
    restart(&mut client);
    assert!(settled(&mut client));
    client.newest(DIAGNOSTICS, URI, |found| {
        found["version"] == 3 && is_measured(found)
    });
}

#[test]
fn a_model_removed_during_loading_is_ready_or_absent() {
    let folder = tempfile::tempdir().unwrap();
    let mut ready = 0;
    for moment in 0..8 {
        let model = folder.path().join(format!("tiny-{moment}"));
        copy(&tiny_gpt2(), &model);
        let mut client = Client::start(&start(&model));
        std::thread::sleep(Duration::from_millis(moment));
        std::fs::remove_dir_all(&model).unwrap();
        ready += i32::from(settled(&mut client));
        client.open(URI, "dotprompt", TEXT);
        client.newest(DIAGNOSTICS, URI, |found| found["version"] == 1);
        assert_eq!(client.text(URI), json!(TEXT));
    }
    eprintln!("ready in {ready} of 8 sessions");
}

#[test]
fn fifty_documents_are_edited_in_turns() {
    const DOCUMENTS: usize = 50;
    const ROUNDS: usize = 10;
    let mut client = Client::ready(&Start {
        at_any_time: vec![DIAGNOSTICS],
        patience: Duration::from_mins(5),
        ..Start::default()
    });
    let uri = |number: usize| format!("file:///somewhere/number-{number}.prompt");
    let text = |number: usize, round: usize| {
        let id = format!("id: number-{number}-{round}");
        TEXT.replace("id: tiny", &id)
    };
    for number in 0..DOCUMENTS {
        client.open(&uri(number), "dotprompt", &text(number, 1));
    }
    for round in 2..=ROUNDS {
        for number in 0..DOCUMENTS {
            let all = json!([{"text": text(number, round)}]);
            client.change(&uri(number), round as i64, &all);
            if number % 10 == round % 10 {
                assert_eq!(client.text(&uri(number)), json!(text(number, round)));
            }
        }
    }
    for number in 0..DOCUMENTS {
        let found = client.newest(DIAGNOSTICS, &uri(number), |found| {
            found["version"] == ROUNDS && is_measured(found)
        });
        let case = format!("number-{number}-{ROUNDS}");
        assert_eq!(found["diagnostics"][0]["data"]["case"], case);
    }
    match client.resident() {
        Some(resident) => assert!(resident < 400, "{resident} MB are resident"),
        None => eprintln!("SKIPPED: this system does not tell how much memory is resident"),
    }
    for number in 0..DOCUMENTS {
        client.notify(
            "textDocument/didClose",
            json!({"textDocument": {"uri": uri(number)}}),
        );
        client.newest(DIAGNOSTICS, &uri(number), |found| {
            found["version"].is_null()
        });
    }
}
