//! The log's content, and that no socket is opened.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::client::Client;
use crate::requests;
use crate::session_start::{Start, tiny_gpt2};

const URI: &str = "file:///somewhere/tiny.prompt";
const DIAGNOSTICS: &str = "textDocument/publishDiagnostics";
/// Words that are only in the prompt.
const SECRETS: [&str; 4] = ["zanzibar", "quixotic", "Ünerhört", "mellifluous"];

fn text() -> String {
    let text = include_str!("tiny.prompt");
    let text = text.replace("located", &SECRETS[..3].join(" "));
    text.replace("bridge: \"café\"", "bridge: \"mellifluous\"")
}

/// Runs a session with every request and some errors, which logs to a file.
fn session(level: Option<&str>, log: &Path) {
    let mut args = vec!["--offline".to_owned(), "--log-file".to_owned()];
    args.push(log.display().to_string());
    let mut client = Client::ready(&Start {
        args,
        at_any_time: vec![DIAGNOSTICS, "window/showMessage"],
        env: vec![
            ("HOPLENS_LOG", level.map(str::to_owned)),
            ("HOPLENS_TEST_PANIC_JOBS", Some("0".into())),
        ],
        ..Start::default()
    });
    let text = text();
    client.open(URI, "dotprompt", &text);
    // An edit would cancel the job before it panics.
    log_with(log, |text| text.contains("panic"));
    client.change(URI, 2, &json!([{"text": text.replace("tiny", "zanzibar")}]));
    // The response follows the analysis.
    let command = json!({"command": "hoplens.server.cases", "arguments": [{"uri": URI}]});
    client.request("workspace/executeCommand", command);
    let announced = client.initialized.clone();
    let place = json!({"start": {"line": 7, "character": 10}, "end": {"line": 7, "character": 10}});
    for request in requests::all(&announced, URI, &place) {
        client.request(request.method, request.params);
        client.refusal(request.method, json!("quixotic"));
    }
    client.notify(
        "textDocument/didChange",
        json!({"textDocument": "zanzibar"}),
    );
    client.notify("textDocument/didOpen", json!("mellifluous"));
    client.raw(b"Content-Length: 14\r\n\r\n{\"quixotic\": [");
    client.answer_without_id();
    // A span that is not in the prompt.
    let inject = "hoplens.inject:\n  - {memory: mellifluous, encoding: embed, layer: 1, tau: 2, \
                  scope: {span: quixotic zanzibar}}\nhoplens.cases:";
    let text = text.replace("hoplens.cases:", inject);
    client.change(URI, 3, &json!([{"text": text}]));
    client.newest(DIAGNOSTICS, URI, |found| found["version"] == 3);
    // Standard error stays empty.
    assert_eq!(client.log(), "");
}

#[test]
fn the_log_never_contains_a_prompt() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("server.log");
    session(None, &path);
    let words = ["ready", "panic", "wrong parameters", "cannot be read"];
    let once = log_with(&path, |log| words.iter().all(|word| log.contains(word)));
    for word in SECRETS {
        assert!(!once.contains(word), "{word} is in {once}");
    }
    session(None, &path);
    log_with(&path, |log| {
        log.starts_with(&once) && once.len() < log.len()
    });
}

/// Waits until the log file fulfils a condition; returns its text.
fn log_with(path: &Path, is_complete: impl Fn(&str) -> bool) -> String {
    let deadline = Instant::now() + Duration::from_mins(1);
    loop {
        let log = std::fs::read_to_string(path).unwrap_or_default();
        if is_complete(&log) {
            return log;
        }
        assert!(Instant::now() < deadline, "waited for words in {log}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn debug_logs_requests_and_jobs_with_their_durations() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("server.log");
    session(Some("hoplens=debug"), &path);
    let has = |words: &[&str]| {
        let contains = |line: &str| words.iter().all(|word| line.contains(word));
        log_with(&path, |log| log.lines().any(contains));
    };
    has(&[
        "request{method=\"textDocument/hover\" id=",
        "handled",
        "elapsed=",
    ]);
    has(&[
        "request{method=\"textDocument/hover\" id=",
        "a model job ended",
        "took=",
    ]);
    has(&[
        "analysis{",
        "a model job ended",
        "priority=Diagnostics",
        "waited=",
    ]);
    has(&["handled", "error=-32602"]);
}

#[test]
fn a_log_file_that_cannot_be_written_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("no/such/folder/server.log");
    let run = Command::new(env!("CARGO_BIN_EXE_hoplens"))
        .args(["lsp", "--log-file"])
        .arg(&path)
        .output()
        .unwrap();
    assert_eq!(run.status.code(), Some(2));
    let said = String::from_utf8(run.stderr).unwrap();
    assert!(said.contains("server.log"), "{said}");
}

/// Returns the sockets that a process has open, if the system reports them.
fn sockets(process: u32) -> Option<Vec<String>> {
    let open = std::fs::read_dir(format!("/proc/{process}/fd")).ok()?;
    let links = open.filter_map(|entry| std::fs::read_link(entry.ok()?.path()).ok());
    let links = links.map(|link| link.display().to_string());
    Some(links.filter(|link| link.starts_with("socket:")).collect())
}

#[test]
fn no_socket_is_opened_without_consent() {
    let folder = tempfile::tempdir().unwrap();
    // One model is on this disk, the other would have to be fetched from a hub.
    let here = Start {
        args: Vec::new(),
        at_any_time: vec![DIAGNOSTICS],
        ..Start::default()
    };
    let elsewhere = Start {
        model: "nobody/nothing".into(),
        env: vec![
            ("HF_HOME", Some(folder.path().display().to_string())),
            ("HF_HUB_CACHE", None),
            ("HF_HUB_OFFLINE", None),
            ("TRANSFORMERS_OFFLINE", None),
            ("HOPLENS_HOME", Some(folder.path().display().to_string())),
        ],
        args: Vec::new(),
        at_any_time: vec![DIAGNOSTICS, "experimental/serverStatus"],
        ..Start::default()
    };
    assert!(tiny_gpt2().is_dir());
    for (start, is_here) in [(here, true), (elsewhere, false)] {
        let mut client = Client::start(&start);
        let check = |client: &Client| match sockets(client.process_id()) {
            Some(sockets) => assert_eq!(sockets, Vec::<String>::new()),
            None => eprintln!("SKIPPED: this system does not tell which sockets are open"),
        };
        check(&client);
        client.open(URI, "dotprompt", &text());
        if is_here {
            client.wait_until_ready();
            client.newest(DIAGNOSTICS, URI, |found| {
                found["diagnostics"][0]["data"]["weighed"] == true
            });
        } else {
            // The user declines the download.
            client.serve("window/showMessageRequest", &Value::Null);
            client.newest(DIAGNOSTICS, URI, |found| found["version"] == 1);
        }
        check(&client);
    }
}
