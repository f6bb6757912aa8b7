//! A client that never reads the server's output.

use serde_json::{Value, json};

use crate::client::{Client, DRAIN};
use crate::session_start::Start;

const TEXT: &str = include_str!("tiny.prompt");
const URI: &str = "file:///somewhere/tiny.prompt";

/// Returns a session with far more notifications and requests than pipes can buffer.
fn talked_to() -> Client {
    let start = Start {
        is_deaf: true,
        ..Start::default()
    };
    let mut client = Client::spawn(&start);
    client.ask("initialize", start.params());
    client.notify("initialized", json!({}));
    client.open(URI, "dotprompt", TEXT);
    let position = json!({"line": 7, "character": 3});
    for version in 2..3_000 {
        client.change(
            URI,
            version,
            &json!([{"text": format!("{TEXT} {version}")}]),
        );
        let params = json!({"textDocument": {"uri": URI}, "position": position});
        client.ask("textDocument/hover", params);
        client.ask(
            "hoplens/documentText",
            json!({"textDocument": {"uri": URI}}),
        );
    }
    client
}

/// The most resident memory of the server, in MB.
const BOUND: u64 = 250;

fn check_memory(client: &Client) {
    match client.resident() {
        Some(resident) => assert!(resident < BOUND, "{resident} MB are resident"),
        None => eprintln!("SKIPPED: this system does not tell how much memory is resident"),
    }
}

#[test]
fn shutdown_and_exit_end_a_client_that_does_not_read() {
    let mut client = talked_to();
    check_memory(&client);
    client.ask("shutdown", Value::Null);
    client.notify("exit", Value::Null);
    let (code, took) = client.wait_for_end();
    assert_eq!(code, Some(0));
    assert!(took < DRAIN, "took {took:?}");
}

#[test]
fn exit_without_shutdown_ends_a_client_that_does_not_read() {
    let mut client = talked_to();
    client.notify("exit", Value::Null);
    let (code, took) = client.wait_for_end();
    assert_eq!(code, Some(1));
    assert!(took < DRAIN, "took {took:?}");
}

#[test]
fn the_end_of_input_ends_a_client_that_does_not_read() {
    let mut client = talked_to();
    client.hang_up();
    assert_eq!(client.wait_for_end().0, Some(1));
}
