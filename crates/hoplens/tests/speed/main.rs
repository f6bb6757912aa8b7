//! How long an editor waits for what. Printed, never asserted.
//!
//! ```sh
//! cargo test --release --test speed -- [MODEL] [ROUNDS]
//! ```
//!
//! The default model and 20 rounds by default.
#![allow(dead_code, reason = "the harness has more than this session needs")]
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "figures are for people to see"
)]

#[path = "../server/client.rs"]
mod client;
#[path = "../server/session_start.rs"]
mod session_start;

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use client::{Client, Start};

const DIAGNOSTICS: &str = "textDocument/publishDiagnostics";
const REFRESH: &str = "workspace/inlayHint/refresh";
const URI: &str = "file:///somewhere/speed.prompt";
const REEF: &str = include_str!("../server/reef.prompt");
/// Thirty tokens of SmolLM2.
const THIRTY: &str = "In the summer of the year that followed the war, the old captain went back to \
                      the small harbour town where he was born, and there he met the";
const DEBOUNCE: Duration = Duration::from_millis(50);

fn main() {
    let mut args = std::env::args().skip(1);
    let model = args.next().unwrap_or_else(|| "smollm2-135m".to_owned());
    let rounds = args.next().map_or(20, |rounds| {
        let rounds = rounds.parse();
        rounds.expect("the second argument is a number of rounds")
    });
    println!("{model}, {rounds} rounds\n\n| figure | p50 | p95 |\n|---|---|---|");
    report("start to ready", &starts(&model, rounds.min(10)));
    report("open to ranked repairs", &repairs(&model, rounds.min(10)));
    let mut client = Client::ready(&start(&model));
    report(
        "keystroke to fresh hints, beyond the debounce, 30 tokens",
        &keystrokes(&mut client, rounds),
    );
    let (hovers, actions) = lookups(&mut client, rounds * 5);
    report("hover that was shown before", &hovers);
    report("list of code actions", &actions);
    match client.resident() {
        Some(resident) => println!("| resident memory | {resident} MB | |"),
        None => println!("| resident memory | not told by this system | |"),
    }
}

fn start(model: &str) -> Start {
    let mut start = Start {
        model: model.to_owned(),
        at_any_time: vec![DIAGNOSTICS],
        options: json!({"hoplens": {"debounceMs": DEBOUNCE.as_millis() as u64}}),
        env: vec![("HOPLENS_LOG", None)],
        ..Start::default()
    };
    start.capabilities["workspace"]["inlayHint"] = json!({"refreshSupport": true});
    start
}

fn report(what: &str, times: &[Duration]) {
    let mut times = times.to_vec();
    times.sort_unstable();
    let at = |share: usize| {
        let index = (times.len() * share).div_ceil(100).max(1) - 1;
        times[index].as_secs_f64() * 1000.0
    };
    println!("| {what} | {:.1} ms | {:.1} ms |", at(50), at(95));
}

fn starts(model: &str, rounds: usize) -> Vec<Duration> {
    (0..rounds)
        .map(|_| {
            let begun = Instant::now();
            let client = Client::ready(&start(model));
            let took = begun.elapsed();
            drop(client);
            took
        })
        .collect()
}

fn is_measured(found: &Value) -> bool {
    found["diagnostics"][0]["data"]["repairs"].is_u64()
}

/// Of a failing case, each time by a server that has not seen it.
fn repairs(model: &str, rounds: usize) -> Vec<Duration> {
    (0..rounds)
        .map(|_| {
            let mut client = Client::ready(&start(model));
            let begun = Instant::now();
            client.open(URI, "dotprompt", REEF);
            client.newest(DIAGNOSTICS, URI, is_measured);
            let took = begun.elapsed();
            client.serve(REFRESH, &Value::Null);
            took
        })
        .collect()
}

/// From a key at the end of the prompt to hints that are asked for as soon as they changed.
fn keystrokes(client: &mut Client, rounds: usize) -> Vec<Duration> {
    let mut text = THIRTY.to_owned();
    client.open(URI, "dotprompt", &text);
    client.serve(REFRESH, &Value::Null);
    let before = hints(client);
    let mut shown = before;
    let mut times = Vec::new();
    for round in 0..rounds {
        // Refreshes in quick succession share one.
        std::thread::sleep(Duration::from_millis(900));
        let key = if round % 2 == 0 { " old" } else { "" };
        text = format!("{THIRTY}{key}");
        let begun = Instant::now();
        client.change(URI, round as i64 + 2, &json!([{"text": text}]));
        client.serve(REFRESH, &Value::Null);
        let now = hints(client);
        times.push(begun.elapsed().saturating_sub(DEBOUNCE));
        assert_ne!(now, shown, "the hints did not follow the text");
        shown = now;
    }
    times
}

fn hints(client: &mut Client) -> Value {
    let everything =
        json!({"start": {"line": 0, "character": 0}, "end": {"line": 999, "character": 0}});
    let params = json!({"textDocument": {"uri": URI}, "range": everything});
    let hints = client.request("textDocument/inlayHint", params);
    assert_eq!(hints.as_array().map(Vec::len), Some(1), "{hints}");
    hints
}

/// Hovers over one token, and lists of the code actions at a failing hop.
fn lookups(client: &mut Client, rounds: usize) -> (Vec<Duration>, Vec<Duration>) {
    let uri = "file:///somewhere/reef.prompt";
    std::thread::sleep(Duration::from_millis(600));
    client.open(uri, "dotprompt", REEF);
    let found = client.newest(DIAGNOSTICS, uri, is_measured);
    client.serve(REFRESH, &Value::Null);
    let range = found["diagnostics"][0]["range"].clone();
    let document = json!({"uri": uri});
    let hover = json!({"textDocument": document, "position": range["start"]});
    let shown = client.request("textDocument/hover", hover.clone());
    assert!(shown.is_object(), "there is nothing to hover over");
    let context = json!({"diagnostics": []});
    let list = json!({"textDocument": document, "range": range, "context": context});
    let mut time = |method: &str, params: &Value| {
        let begun = Instant::now();
        let answer = client.request(method, params.clone());
        let took = begun.elapsed();
        assert!(answer.is_object() || answer.as_array().is_some_and(|all| !all.is_empty()));
        took
    };
    let hovers = (0..rounds)
        .map(|_| time("textDocument/hover", &hover))
        .collect();
    let actions = (0..rounds)
        .map(|_| time("textDocument/codeAction", &list))
        .collect();
    (hovers, actions)
}
