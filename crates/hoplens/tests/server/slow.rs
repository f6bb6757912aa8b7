//! Requests that keep the model busy.

use serde_json::{Value, json};

use crate::client::Client;
use crate::session_start::Start;

const TEXT: &str = include_str!("tiny.prompt");
const URI: &str = "file:///somewhere/tiny.prompt";
const DIAGNOSTICS: &str = "textDocument/publishDiagnostics";

fn opened() -> Client {
    opened_with(vec![])
}

fn opened_with(env: Vec<(&'static str, Option<String>)>) -> Client {
    let log = ("HOPLENS_LOG", Some("hoplens=trace".into()));
    let mut client = Client::ready(&Start {
        at_any_time: vec![DIAGNOSTICS],
        env: env.into_iter().chain([log]).collect(),
        ..Start::default()
    });
    // As long as the miniature's context allows.
    let filling = "and it was said of him that he ".repeat(5);
    let text = TEXT.replace("is located", &format!("{filling}is located"));
    client.open(URI, "dotprompt", &text);
    client.newest(DIAGNOSTICS, URI, |found| {
        found["diagnostics"][0]["data"]["weighed"] == true
    });
    client
}

fn sweep(client: &mut Client) -> i64 {
    let argument = json!({"uri": URI, "memory": "café", "encoding": "layerwise", "scope": "all"});
    let params = json!({"command": "hoplens.server.sweep", "arguments": [argument]});
    client.ask("workspace/executeCommand", params)
}

fn begun(log: &str) -> usize {
    let lines = log.lines();
    lines
        .filter(|line| line.contains("a model job begins") && line.contains("priority=Action"))
        .count()
}

/// Counts the jobs that were cancelled after they began.
fn stopped(log: &str) -> usize {
    let lines = log.lines();
    lines
        .filter(|line| line.contains("a model job ended") && line.contains("priority=Action"))
        .filter(|line| line.contains("cancelled=true"))
        .count()
}

#[test]
fn a_cancelled_request_stops_its_running_job() {
    // The sweep of a miniature is faster than any message, so the server holds this one.
    let mut client = opened_with(vec![("HOPLENS_TEST_HOLD_FIRST", Some("Action".into()))]);
    let id = sweep(&mut client);
    client.wait_for_log(|log| begun(log) == 1);
    client.notify("$/cancelRequest", json!({"id": id}));
    assert_eq!(client.answer(id).unwrap_err()["code"], -32800);
    client.wait_for_log(|log| stopped(log) == 1);
    let again = sweep(&mut client);
    assert!(client.answer(again).unwrap()["cells"].is_array());
}

#[test]
fn each_of_many_slow_requests_is_answered_or_cancelled() {
    let mut client = opened();
    let mut ids: Vec<i64> = (0..9).map(|_| sweep(&mut client)).collect();
    let last = ids.pop().unwrap();
    let middle = ids.remove(4);
    for id in [last, middle] {
        client.notify("$/cancelRequest", json!({"id": id}));
        // The earlier requests still run or wait.
        assert_eq!(client.answer(id).unwrap_err()["code"], -32800);
    }
    // Quick requests are not delayed.
    assert_ne!(client.text(URI), Value::Null);
    for id in ids {
        let swept = client.answer(id).unwrap();
        assert!(swept["cells"].is_array(), "{swept}");
    }
}
