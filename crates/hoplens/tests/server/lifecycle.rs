//! The beginning and the end of a session.

use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};

use crate::client::{Client, DRAIN};
use crate::session_start::Start;

#[test]
fn shutdown_and_exit_end_the_process_at_once() {
    let mut client = Client::ready(&Start::default());
    assert_eq!(client.initialized["serverInfo"]["name"], "hoplens");
    assert_eq!(client.request("shutdown", Value::Null), Value::Null);
    client.notify("exit", Value::Null);
    // The input is still open.
    let (code, took) = client.wait_for_end();
    assert_eq!(code, Some(0));
    assert!(took < DRAIN, "took {took:?}");
}

#[test]
fn exit_without_shutdown_is_an_error() {
    let mut client = Client::ready(&Start::default());
    client.notify("exit", Value::Null);
    assert_eq!(client.wait_for_end().0, Some(1));
}

#[test]
fn exit_before_anything_is_an_error() {
    let mut client = Client::spawn(&Start::default());
    client.notify("exit", Value::Null);
    assert_eq!(client.wait_for_end().0, Some(1));
}

#[test]
fn exit_does_not_wait_for_a_client_that_does_not_answer() {
    let start = Start {
        capabilities: json!({"window": {"workDoneProgress": true}}),
        ..Start::default()
    };
    let mut client = Client::start(&start);
    client.request("shutdown", Value::Null);
    client.notify("exit", Value::Null);
    let (code, took) = client.wait_for_end();
    assert_eq!(code, Some(0));
    assert!(took < DRAIN, "took {took:?}");
}

#[test]
fn the_end_of_input_ends_the_process() {
    let mut client = Client::ready(&Start::default());
    client.hang_up();
    assert_eq!(client.wait_for_end().0, Some(1));
}

#[cfg(unix)]
#[test]
fn the_server_ends_with_its_editor() {
    let mut editor = Command::new("sleep").arg("600").spawn().unwrap();
    let start = Start {
        process_id: Some(editor.id()),
        ..Start::default()
    };
    let mut client = Client::ready(&start);
    // The server runs as long as the editor does.
    std::thread::sleep(Duration::from_millis(1500));
    assert_eq!(client.text("file:///none.prompt"), Value::Null);
    editor.kill().unwrap();
    editor.wait().unwrap();
    assert_eq!(client.wait_for_end().0, Some(1));
}

#[test]
fn requests_outside_of_a_session_are_refused() {
    let mut client = Client::spawn(&Start::default());
    let hover = json!({"textDocument": {"uri": "file:///a.prompt"}, "position": {"line": 0, "character": 0}});
    assert_eq!(client.refusal("textDocument/hover", hover.clone()), -32002);
    // A document opened before the session must not be remembered.
    client.open("file:///a.prompt", "dotprompt", "early");
    client.request("initialize", json!({"capabilities": {}}));
    assert_eq!(
        client.refusal("initialize", json!({"capabilities": {}})),
        -32600
    );
    assert_eq!(client.text("file:///a.prompt"), Value::Null);
    client.request("shutdown", Value::Null);
    assert_eq!(client.refusal("textDocument/hover", hover), -32600);
    client.notify("exit", Value::Null);
    assert_eq!(client.wait_for_end().0, Some(0));
}
