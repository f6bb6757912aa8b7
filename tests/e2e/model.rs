//! Where the model comes from.

use serde_json::{Value, json};

use crate::client::{Client, Start, tiny_gpt2};
use crate::statics::without_model;

const STATUS: &str = "experimental/serverStatus";

/// A session whose model nobody has, and whose hub does not answer.
fn unreachable(folder: &std::path::Path) -> Start {
    let mut start = without_model(folder);
    start.model = "nobody/nothing".into();
    start.args.clear();
    start
        .env
        .push(("HF_ENDPOINT", Some("http://127.0.0.1:9".into())));
    start.env.push(("TRANSFORMERS_OFFLINE", None));
    start.capabilities["window"] = json!({"workDoneProgress": true});
    start
}

fn question(client: &mut Client, answer: &Value) {
    client.notification(STATUS, |status| status["health"] == "warning");
    let asked = client.serve("window/showMessageRequest", answer);
    let titles: Vec<_> = asked["actions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["title"])
        .collect();
    assert_eq!(titles, ["Download", "Not now"]);
    assert!(
        asked["message"]
            .as_str()
            .unwrap()
            .contains("nobody/nothing")
    );
}

#[test]
fn nothing_is_downloaded_that_was_not_agreed_to() {
    let folder = tempfile::tempdir().unwrap();
    for answer in [json!({"title": "Not now"}), Value::Null] {
        let mut client = Client::start(&unreachable(folder.path()));
        question(&mut client, &answer);
        let status = client.notification(STATUS, |_| true);
        let message = status["message"].as_str().unwrap();
        assert!(message.contains("was not downloaded"), "{message}");
    }
}

#[test]
fn a_download_that_fails_is_told_with_its_progress() {
    let folder = tempfile::tempdir().unwrap();
    let mut client = Client::start(&unreachable(folder.path()));
    question(&mut client, &json!({"title": "Download"}));
    let token = client.serve("window/workDoneProgress/create", &Value::Null)["token"].clone();
    let of = |kind: &'static str| {
        let token = token.clone();
        move |progress: &Value| progress["token"] == token && progress["value"]["kind"] == kind
    };
    client.notification("$/progress", of("begin"));
    client.notification("$/progress", of("end"));
    let loading = client.notification(STATUS, |_| true);
    assert_eq!(loading["quiescent"], false);
    let failed = client.notification(STATUS, |_| true);
    assert_eq!(failed["health"], "warning");
    assert!(
        failed["message"].as_str().unwrap().contains("127.0.0.1:9"),
        "{failed}"
    );
}

#[test]
fn the_clients_model_comes_before_the_command_lines() {
    let tiny = tiny_gpt2().display().to_string();
    let mut client = Client::start(&Start {
        model: "./no/such/model.gguf".into(),
        options: json!({"hoplens": {"model": tiny}}),
        ..Start::default()
    });
    client.wait_until_ready();
    // Another one at run time, and one that does not exist.
    let llama = tiny_gpt2()
        .with_file_name("tiny-llama")
        .display()
        .to_string();
    let set = |model: &str| json!({"settings": {"hoplens": {"model": model}}});
    client.notify("workspace/didChangeConfiguration", set(&llama));
    let status = client.notification(STATUS, |status| status["quiescent"] == true);
    assert!(
        status["message"]
            .as_str()
            .unwrap()
            .starts_with("tiny-llama"),
        "{status}"
    );
    client.notify(
        "workspace/didChangeConfiguration",
        set("./no/such/model.gguf"),
    );
    let status = client.notification(STATUS, |_| true);
    assert_eq!(status["health"], "warning");
    assert!(
        status["message"].as_str().unwrap().contains("model.gguf"),
        "{status}"
    );
}

#[test]
fn what_is_no_model_is_said_to_be_none() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("broken.gguf");
    std::fs::write(&path, b"GGUF but nothing else").unwrap();
    let mut client = Client::start(&Start {
        model: path.display().to_string(),
        ..Start::default()
    });
    let status = client.notification(STATUS, |status| status["quiescent"] == true);
    assert_eq!(status["health"], "error");
    let shown = client.notification("window/showMessage", |_| true);
    assert_eq!(shown["message"], status["message"]);
    assert!(
        shown["message"].as_str().unwrap().contains("broken.gguf"),
        "{shown}"
    );
}
