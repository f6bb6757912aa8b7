//! Every request gets one response.

use serde_json::{Value, json};

use crate::client::Client;
use crate::session_start::Start;

const TEXT: &str = include_str!("tiny.prompt");
const URI: &str = "file:///somewhere/tiny.prompt";

#[test]
fn unknown_and_malformed_messages_are_answered_with_errors() {
    let mut client = Client::ready(&Start::default());
    assert_eq!(client.refusal("foo/bar", json!({})), -32601);
    assert_eq!(client.refusal("$/foo", json!({})), -32601);
    assert_eq!(
        client.refusal("textDocument/hover", json!({"position": 7})),
        -32602
    );
    let command = json!({"command": "rm", "arguments": []});
    assert_eq!(client.refusal("workspace/executeCommand", command), -32602);
    client.notify("foo/bar", json!({}));
    client.notify("$/foo", json!({}));
    client.notify("$/setTrace", json!({"value": "verbose"}));
    client.notify("textDocument/didOpen", json!({"textDocument": "none"}));
    client.notify("textDocument/didChange", json!(null));
    client.change("file:///not/open.prompt", 2, &json!([{"text": "x"}]));
    client.raw(b"Content-Length: 9\r\n\r\n{\"json\": ");
    let broken = client.answer_without_id();
    assert_eq!(broken["code"], -32700);
    client.raw(b"rubbish\r\n\r\nContent-Length: 2\r\n\r\n[]");
    assert_eq!(client.answer_without_id()["code"], -32600);
    assert_eq!(client.text("file:///not/open.prompt"), Value::Null);
}

#[test]
fn the_clients_position_encoding_is_used() {
    let encoding = |offered: Value| {
        let start = Start {
            capabilities: json!({"general": {"positionEncodings": offered}}),
            ..Start::default()
        };
        Client::start(&start).initialized["capabilities"]["positionEncoding"].clone()
    };
    assert_eq!(encoding(json!(["utf-16", "utf-8"])), "utf-8");
    assert_eq!(encoding(json!(["utf-32"])), "utf-32");
    assert_eq!(encoding(Value::Null), "utf-16");
}

/// Sends hovers that wait for an analysis of the prompt, which begins in a minute.
fn slow_hovers(client: &mut Client, count: usize) -> Vec<i64> {
    client.open(URI, "dotprompt", TEXT);
    client.diagnostics(URI, |found| {
        found["diagnostics"][0]["data"]["weighed"] == true
    });
    client.change(
        URI,
        2,
        &json!([{"range": null, "text": TEXT.replace("off", "of")}]),
    );
    client.diagnostics(URI, |found| found["version"] == 2);
    let params = json!({"textDocument": {"uri": URI}, "position": {"line": 7, "character": 3}});
    (0..count)
        .map(|_| client.ask("textDocument/hover", params.clone()))
        .collect()
}

fn patient() -> Start {
    Start {
        options: json!({"hoplens": {"debounceMs": 60_000}}),
        ..Start::default()
    }
}

#[test]
fn a_cancelled_request_is_answered_before_earlier_ones() {
    let mut client = Client::ready(&patient());
    let hovers = slow_hovers(&mut client, 6);
    client.notify("$/cancelRequest", json!({"id": hovers[5]}));
    assert_eq!(client.answer(hovers[5]).unwrap_err()["code"], -32800);
    // The earlier requests still wait.
    assert!(hovers[..5].iter().all(|hover| !client.has_answer(*hover)));
    for hover in &hovers[..5] {
        let shown = client.answer(*hover).unwrap();
        assert_eq!(shown["contents"]["value"], "Still computing.");
    }
}

#[test]
fn an_edit_cancels_requests_about_the_previous_text() {
    let mut client = Client::ready(&patient());
    let hovers = slow_hovers(&mut client, 1);
    client.change(URI, 3, &json!([{"text": "Rome is"}]));
    assert_eq!(client.answer(hovers[0]).unwrap_err()["code"], -32801);
    client.diagnostics(URI, |found| found["version"] == 3);
}
