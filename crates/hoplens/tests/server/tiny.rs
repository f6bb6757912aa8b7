//! The main scenario on a miniature model with random weights.

use serde_json::{Value, json};

use crate::client::Client;
use crate::scenario::{self, Scenario};
use crate::session_start::Start;

const TEXT: &str = include_str!("tiny.prompt");
const URI: &str = "file:///somewhere/tiny.prompt";

#[test]
fn a_failing_hop_is_found_and_repaired() {
    let scenario = Scenario {
        text: TEXT,
        // A model with random weights knows no bridge.
        code: "hop-unknown",
        numbers: 3,
        mention: "The first president of the United States",
        bridge: "\"café\"",
    };
    let figures = scenario::run(&Start::default(), &scenario);
    eprintln!("tiny-gpt2: {figures:#?}");
}

#[test]
fn a_prompt_opened_before_the_model_is_ready_is_analyzed_later() {
    let mut client = Client::start(&Start::default());
    client.open(URI, "dotprompt", TEXT);
    client.diagnostics(URI, |found| {
        found["diagnostics"][0]["data"]["weighed"] == true
    });
    client.wait_until_ready();
}

#[test]
fn findings_follow_the_text_while_it_is_edited() {
    let mut client = Client::ready(&Start {
        options: json!({"hoplens": {"debounceMs": 60_000}}),
        ..Start::default()
    });
    client.open(URI, "dotprompt", TEXT);
    let found = client.diagnostics(URI, |found| {
        found["diagnostics"][0]["data"]["weighed"] == true
    });
    let line = found["diagnostics"][0]["range"]["start"]["line"]
        .as_u64()
        .unwrap();
    // A comment in the front matter moves everything down.
    let start = json!({"line": 1, "character": 0});
    let insert = json!([{"range": {"start": start, "end": start}, "text": "# note\n"}]);
    client.change(URI, 2, &insert);
    let found = client.diagnostics(URI, |found| found["version"] == 2);
    let one = &found["diagnostics"][0];
    assert_eq!(one["range"]["start"]["line"], line + 1);
    // Repairs that were measured for the old text are not offered for the new one.
    assert_eq!(one["data"], Value::Null);
    let params = json!({"textDocument": {"uri": URI}, "range": one["range"], "context": {"diagnostics": []}});
    assert_eq!(client.request("textDocument/codeAction", params), json!([]));
    // The command does not wait for the debounce.
    client.request(
        "workspace/executeCommand",
        json!({"command": "hoplens.server.measure", "arguments": [URI]}),
    );
    client.diagnostics(URI, |found| {
        found["diagnostics"][0]["data"]["weighed"] == true
    });
}

#[test]
fn run_on_save_ignores_edits() {
    let mut client = Client::ready(&Start {
        options: json!({"hoplens": {"run": "onSave"}}),
        ..Start::default()
    });
    let is_done = |found: &Value| found["diagnostics"][0]["data"]["weighed"] == true;
    client.open(URI, "dotprompt", TEXT);
    client.diagnostics(URI, is_done);
    client.change(URI, 2, &json!([{"text": TEXT.replace("tiny", "other")}]));
    let edited = client.diagnostics(URI, |_| true);
    assert_eq!(edited["version"], 2);
    std::thread::sleep(std::time::Duration::from_millis(700));
    client.notify(
        "textDocument/didSave",
        json!({"textDocument": {"uri": URI}}),
    );
    let saved = client.diagnostics(URI, is_done);
    assert_eq!(saved["diagnostics"][0]["data"]["case"], "other");
    // Saving again without a change does not start an analysis, as the end of the session checks.
    client.notify(
        "textDocument/didSave",
        json!({"textDocument": {"uri": URI}}),
    );
}

#[test]
fn edits_and_tables_follow_the_clients_capabilities() {
    let start = Start {
        capabilities: json!({
            "general": {"positionEncodings": ["utf-8"], "markdown": {"parser": "marked", "version": "1"}},
            "experimental": {"serverStatusNotification": true},
        }),
        ..Start::default()
    };
    let mut client = Client::ready(&start);
    client.open(URI, "dotprompt", TEXT);
    let found = client.diagnostics(URI, |found| {
        found["diagnostics"][0]["data"]["weighed"] == true
    });
    assert_eq!(found["diagnostics"][0].get("relatedInformation"), None);
    let params = json!({"textDocument": {"uri": URI}, "range": found["diagnostics"][0]["range"], "context": {"diagnostics": []}});
    let actions = client.request("textDocument/codeAction", params);
    assert!(actions[0]["edit"]["changes"][URI].is_array(), "{actions}");
    let params = json!({"textDocument": {"uri": URI}, "position": {"line": 7, "character": 10}});
    let shown = client.request("textDocument/hover", params);
    let shown = shown["contents"]["value"].as_str().unwrap();
    assert!(shown.contains("| layer.head | logit |"), "{shown}");
}

#[test]
fn hints_are_shown_for_any_prompt_even_without_cases() {
    let mut client = Client::ready(&Start {
        client_name: "Neovim",
        capabilities: json!({
            "experimental": {"serverStatusNotification": true},
            "workspace": {"inlayHint": {"refreshSupport": true}},
        }),
        ..Start::default()
    });
    let untitled = "untitled:Untitled-1";
    client.open(untitled, "dotprompt", "The first 🙂 president of the");
    client.serve("workspace/inlayHint/refresh", &Value::Null);
    let everything =
        json!({"start": {"line": 0, "character": 0}, "end": {"line": 9, "character": 0}});
    let params = json!({"textDocument": {"uri": untitled}, "range": everything});
    let hints = client.request("textDocument/inlayHint", params);
    assert_eq!(hints[0]["position"], json!({"line": 0, "character": 29}));
    assert!(
        hints[0]["label"].as_str().unwrap().ends_with("(#1)"),
        "{hints}"
    );
    client.notify(
        "textDocument/didClose",
        json!({"textDocument": {"uri": untitled}}),
    );
    client.diagnostics(untitled, |found| found["version"].is_null());
}

/// Returns a prompt that takes a while to measure: one failing hop, twenty times.
fn many() -> String {
    let rows: Vec<String> = (0..20).map(|row| format!("{{n: {row}}}")).collect();
    let rows = format!("matrix: [{}]", rows.join(", "));
    TEXT.replace("    expect:", &format!("    {rows}\n    expect:"))
}

#[test]
fn a_disabled_action_announces_repairs_that_are_being_measured() {
    let mut start = Start::default();
    start.capabilities["textDocument"]["codeAction"] = json!({"disabledSupport": true});
    let mut client = Client::ready(&start);
    client.open(URI, "dotprompt", &many());
    // The variable `n` is unused, so a finding of the declarations may come first.
    let verdict = |found: &Value| {
        let mut all = found["diagnostics"].as_array().into_iter().flatten();
        let is_verdict = |one: &&Value| {
            let code = one["code"].as_str().unwrap_or_default();
            code.starts_with("hop-") || code.starts_with("answer-")
        };
        all.find(is_verdict).cloned()
    };
    let found = client.diagnostics(URI, |found| verdict(found).is_some());
    let range = verdict(&found).unwrap()["range"].clone();
    let ask = |client: &mut Client, only: Value| {
        let context = json!({"diagnostics": [], "only": only});
        let params = json!({"textDocument": {"uri": URI}, "range": range, "context": context});
        let actions = client.request("textDocument/codeAction", params);
        let actions = actions.as_array().unwrap().clone();
        let (off, on): (Vec<Value>, Vec<Value>) = actions
            .into_iter()
            .partition(|one| one["disabled"].is_object());
        (off, on.len())
    };
    let (off, early) = ask(&mut client, json!(["quickfix"]));
    assert_eq!(off.len(), 1, "{found}");
    assert_eq!(off[0]["title"], "Repairs are being measured…");
    assert!(off[0].get("edit").is_none());
    let (off, _) = ask(&mut client, json!(["source"]));
    assert_eq!(off.len(), 0);
    let is_measured = |found: &Value| {
        let mut all = found["diagnostics"].as_array().into_iter().flatten();
        all.all(|one| one["code"] == "unused-variable" || one["data"]["weighed"] == true)
    };
    client.diagnostics(URI, is_measured);
    let (off, all) = ask(&mut client, json!(["quickfix"]));
    assert_eq!(off.len(), 0);
    assert!(early < all, "{early} of {all}");
}
