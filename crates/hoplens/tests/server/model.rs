//! The selection and the download of the model.

use serde_json::{Value, json};

use crate::client::Client;
use crate::session_start::{Start, tiny_gpt2, uri};
use crate::statics::without_model;

const STATUS: &str = "experimental/serverStatus";

/// Returns a session whose model does not exist and whose hub does not respond.
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
fn nothing_is_downloaded_without_consent() {
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
fn a_failed_download_is_reported_and_ends_its_progress() {
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

fn named(name: &str) -> String {
    tiny_gpt2().with_file_name(name).display().to_string()
}

/// Waits until this model is ready.
#[track_caller]
fn ready(client: &mut Client, name: &str) {
    let status = client.notification(STATUS, |status| status["quiescent"] == true);
    let message = status["message"].as_str().unwrap();
    assert!(message.starts_with(name), "{status}");
}

#[test]
fn the_model_of_the_command_line_precedes_the_clients_and_the_projects() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hoplens.toml");
    let project = |name: &str| {
        std::fs::write(&path, format!("model = {:?}\n", named(name))).unwrap();
        json!({"changes": [{"uri": uri(&path), "type": 2}]})
    };
    project("tiny-qwen2");
    let set = |model: Value| json!({"settings": {"hoplens": {"model": model}}});
    let start = |model: &str, options: &Value| Start {
        model: model.into(),
        root: Some(folder.path().into()),
        options: options["settings"].clone(),
        ..Start::default()
    };
    let mut client = Client::start(&start(
        &named("tiny-gpt2"),
        &set(named("tiny-llama").into()),
    ));
    ready(&mut client, "tiny-gpt2");
    // The model of the command line overrides every setting.
    client.notify(
        "workspace/didChangeConfiguration",
        set("./no/such.gguf".into()),
    );
    drop(client);
    let mut client = Client::start(&start("", &set(named("tiny-llama").into())));
    ready(&mut client, "tiny-llama");
    client.notify("workspace/didChangeConfiguration", set(Value::Null));
    ready(&mut client, "tiny-qwen2");
    client.notify("workspace/didChangeWatchedFiles", project("tiny-qwen3"));
    ready(&mut client, "tiny-qwen3");
    client.notify(
        "workspace/didChangeConfiguration",
        set("./no/such/model.gguf".into()),
    );
    let status = client.notification(STATUS, |_| true);
    assert_eq!(status["health"], "warning");
    let message = status["message"].as_str().unwrap();
    assert!(message.contains("model.gguf"), "{status}");
}

#[test]
fn a_file_that_is_no_model_is_reported() {
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
