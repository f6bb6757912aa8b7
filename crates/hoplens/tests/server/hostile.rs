//! Hostile input.

use serde_json::{Value, json};

use crate::client::Client;
use crate::requests;
use crate::session_start::Start;

const TEXT: &str = include_str!("tiny.prompt");
const URI: &str = "file:///somewhere/tiny.prompt";
const DIAGNOSTICS: &str = "textDocument/publishDiagnostics";
const INVALID_PARAMS: i64 = -32602;

/// Returns a session with findings and repairs.
fn opened() -> Client {
    let mut client = Client::ready(&Start {
        at_any_time: vec![
            DIAGNOSTICS,
            "experimental/serverStatus",
            "window/showMessage",
        ],
        ..Start::default()
    });
    client.open(URI, "dotprompt", TEXT);
    client.newest(DIAGNOSTICS, URI, |found| {
        found["diagnostics"][0]["data"]["weighed"] == true
    });
    client
}

fn range(start: [i64; 2], end: [i64; 2]) -> Value {
    let place = |[line, character]: [i64; 2]| json!({"line": line, "character": character});
    json!({"start": place(start), "end": place(end)})
}

#[test]
fn every_request_refuses_wrong_parameters() {
    let mut client = opened();
    let announced = client.initialized.clone();
    for request in requests::all(&announced, URI, &range([0, 0], [1, 0])) {
        let document = json!({"uri": URI});
        let mut wrong = vec![
            Value::Null,
            json!([]),
            json!("text"),
            json!(7),
            json!({}),
            json!({"textDocument": 7}),
            json!({"textDocument": {"uri": 7}}),
            json!({"textDocument": {"uri": "no uri at all: \u{0}"}, "position": 1, "range": 1}),
        ];
        for name in ["position", "range"] {
            if request.params.get(name).is_some() {
                wrong.push(json!({"textDocument": document}));
                wrong.push(json!({"textDocument": document, name: "here"}));
                let mut outside = request.params.clone();
                outside[name] = range([-1, -1], [0, 0]);
                wrong.push(outside);
            }
        }
        for params in wrong {
            let code = client.refusal(request.method, params.clone());
            assert_eq!(code, INVALID_PARAMS, "{} {params}", request.method);
        }
        // The request works as before.
        client.request(request.method, request.params);
    }
}

#[test]
fn every_request_answers_ranges_out_of_bounds() {
    const FAR: i64 = u32::MAX as i64;
    let ranges = [
        range([0, 0], [FAR, FAR]),
        range([FAR, FAR], [FAR, FAR]),
        range([FAR, 0], [0, FAR]),
        range([3, 9], [1, 2]),
        range([7, FAR], [7, FAR]),
    ];
    let mut client = opened();
    let announced = client.initialized.clone();
    for range in &ranges {
        for request in requests::all(&announced, URI, range) {
            client.request(request.method, request.params);
        }
        for request in requests::all(&announced, "file:///not/open.prompt", range) {
            let id = client.ask(request.method, request.params);
            if let Err(error) = client.answer(id) {
                assert_eq!(error["code"], INVALID_PARAMS, "{} {error}", request.method);
            }
        }
    }
}

#[test]
fn every_command_refuses_wrong_arguments() {
    let mut client = opened();
    let announced = client.initialized["capabilities"]["executeCommandProvider"].clone();
    let commands = announced["commands"].as_array().unwrap().clone();
    let wrong = [
        json!([7]),
        json!(["no uri"]),
        json!([{"uri": 7}]),
        json!([{"uri": "file:///not/open.prompt", "case": 9, "kind": [], "model": {}}]),
        json!([{"uri": URI, "position": {"line": -1, "character": "a"}, "case": {}}]),
        json!([[[]]]),
    ];
    for command in &commands {
        for arguments in &wrong {
            let params = json!({"command": command, "arguments": arguments});
            let id = client.ask("workspace/executeCommand", params);
            // Commands without arguments may ignore them.
            if let Err(error) = client.answer(id) {
                let code = error["code"].as_i64().unwrap();
                let is_refused = [INVALID_PARAMS, -32803].contains(&code);
                assert!(is_refused, "{command} {arguments}: {error}");
            }
        }
    }
}

#[test]
fn a_document_of_twenty_megabytes_is_analyzed_normally() {
    let mut client = Client::ready(&Start {
        at_any_time: vec![DIAGNOSTICS],
        options: json!({"hoplens": {"debounceMs": 0}}),
        ..Start::default()
    });
    let line = "The first president of the United States is located off the coast of né 🙂\n";
    let mut text = line.repeat((20 << 20) / line.len());
    let lines = text.lines().count();
    client.open(URI, "dotprompt", &text);
    assert_eq!(client.text(URI), json!(text));
    let end = json!({"line": lines, "character": 0});
    client.change(
        URI,
        2,
        &json!([{"range": {"start": end, "end": end}, "text": "x"}]),
    );
    text.push('x');
    assert_eq!(client.text(URI), json!(text));
    client.newest(DIAGNOSTICS, URI, |found| found["version"] == 2);
    // A small document is analysed as well.
    let small = "file:///somewhere/small.prompt";
    client.open(small, "dotprompt", TEXT);
    client.newest(DIAGNOSTICS, small, |found| {
        found["diagnostics"][0]["data"]["weighed"] == true
    });
    for uri in [URI, small] {
        client.notify(
            "textDocument/didClose",
            json!({"textDocument": {"uri": uri}}),
        );
        client.newest(DIAGNOSTICS, uri, |found| found["version"].is_null());
    }
}

#[test]
fn wrong_content_lengths_do_not_end_the_session() {
    let mut client = Client::ready(&Start::default());
    let body = r#"{"jsonrpc":"2.0","method":"$/foo"}"#;
    // Too short: the message is truncated, and its rest is no header.
    client.raw(format!("Content-Length: {}\r\n\r\n{body}\r\n", body.len() - 4).as_bytes());
    assert_eq!(client.answer_without_id()["code"], -32700);
    // Too long: the following bytes belong to the message.
    client.raw(format!("Content-Length: {}\r\n\r\n{body}abcd", body.len() + 4).as_bytes());
    assert_eq!(client.answer_without_id()["code"], -32700);
    // Invalid numbers, or numbers too large for a message.
    for length in ["-5", "1e3", "99999999999999999999999", "0x20", ""] {
        client.raw(format!("Content-Length: {length}\r\n\r\n").as_bytes());
    }
    for length in [u64::MAX, 1 << 40] {
        client.raw(format!("Content-Length: {length}\r\n\r\n").as_bytes());
        assert_eq!(client.answer_without_id()["code"], -32600);
    }
    // A header that does not end, and then does.
    client.raw(&vec![b'x'; 1 << 20]);
    client.raw(b"\r\n");
    assert_eq!(client.text("file:///none.prompt"), Value::Null);
}
