//! The server's text equals the client's after any edits.

use serde_json::{Value, json};

use crate::client::Client;
use crate::editor::{self, Units};
use crate::random::{self, Numbers};
use crate::requests;
use crate::session_start::Start;

/// The number of changes for each encoding.
const CHANGES: usize = 10_000;
const DIAGNOSTICS: &str = "textDocument/publishDiagnostics";
const TEXT: &str = "hoplens/documentText";
const URI: &str = "file:///somewhere/sync.prompt";

/// Sends ten thousand changes with requests of every kind between them.
fn session(units: Units, seed: u64) {
    let mut client = Client::start(&Start {
        capabilities: json!({"general": {"positionEncodings": [units.name()]}}),
        options: json!({"hoplens": {"run": "manual"}}),
        at_any_time: vec![DIAGNOSTICS],
        ..Start::default()
    });
    let announced = client.initialized.clone();
    assert_eq!(announced["capabilities"]["positionEncoding"], units.name());
    let mut numbers = Numbers(seed);
    let mut text = String::from("The first 🙂\nline\r\n");
    client.open(URI, "dotprompt", &text);
    let (mut changes_made, mut version) = (0, 1);
    // The pending requests, with the text at that moment for requests of the text.
    let mut asked: Vec<(i64, &str, Option<String>)> = Vec::new();
    while changes_made < CHANGES {
        let changes: Vec<Value> = (0..=numbers.below(5))
            .map(|_| random::change(&mut numbers))
            .collect();
        for change in &changes {
            editor::change_in(units, &mut text, change);
        }
        (changes_made, version) = (changes_made + changes.len(), version + 1);
        client.change(URI, version, &json!(changes));
        if numbers.below(2) == 0 {
            let range = random::range(&mut numbers);
            let request = numbers
                .one_of(&requests::all(&announced, URI, &range))
                .clone();
            let id = client.ask(request.method, request.params);
            let text = (request.method == TEXT).then(|| text.clone());
            asked.push((id, request.method, text));
        }
        if numbers.below(50) == 0 {
            let id = asked.last().map_or(0, |asked| asked.0);
            client.notify("$/cancelRequest", json!({"id": id}));
        }
        // No client has more pending requests than this.
        if 20 < asked.len() {
            for asked in asked.drain(..) {
                check(&mut client, asked);
            }
        }
    }
    for asked in asked {
        check(&mut client, asked);
    }
    assert_eq!(client.text(URI), json!(text));
    client.newest(DIAGNOSTICS, URI, |found| found["version"] == version);
    // The end of the session checks that each request was answered once and nothing is unread.
}

fn check(client: &mut Client, (id, method, text): (i64, &str, Option<String>)) {
    match (client.answer(id), text) {
        (Ok(answer), Some(text)) => assert_eq!(answer, json!(text), "{method}"),
        (Ok(_), None) => {}
        // The text changed, or the request was cancelled.
        (Err(error), _) => {
            let code = error["code"].as_i64().unwrap();
            assert!([-32801, -32800].contains(&code), "{method}: {error}");
        }
    }
}

#[test]
fn ten_thousand_random_changes_in_utf_8() {
    session(Units::Utf8, 8);
}

#[test]
fn ten_thousand_random_changes_in_utf_16() {
    session(Units::Utf16, 16);
}

#[test]
fn ten_thousand_random_changes_in_utf_32() {
    session(Units::Utf32, 32);
}

#[test]
fn positions_are_clamped_and_surrogate_pairs_stay_whole() {
    let mut client = Client::ready(&Start::default());
    client.open(URI, "text", "a🙂b\nc");
    let mut version = 1;
    let mut edit = |client: &mut Client, start: [u32; 2], end: [u32; 2], text: &str| {
        version += 1;
        let at = |place: [u32; 2]| json!({"line": place[0], "character": place[1]});
        let range = json!({"start": at(start), "end": at(end)});
        client.change(URI, version, &json!([{"range": range, "text": text}]));
        client.text(URI)
    };
    // Column 2 is between the surrogates, so the whole character is replaced.
    assert_eq!(edit(&mut client, [0, 2], [0, 3], "-"), "a-b\nc");
    assert_eq!(edit(&mut client, [0, 99], [0, 99], "!"), "a-b!\nc");
    assert_eq!(edit(&mut client, [7, 7], [9, 9], "🙂"), "a-b!\nc🙂");
    assert_eq!(edit(&mut client, [1, 1], [0, 4], " "), "a-b! 🙂");
    // A file that never showed diagnostics has none to clear.
    client.diagnostics(URI, |found| found["version"].is_number());
    client.notify(
        "textDocument/didClose",
        json!({"textDocument": {"uri": URI}}),
    );
    assert_eq!(client.text(URI), Value::Null);
    client.diagnostics(URI, |found| found["version"].is_null());
}
