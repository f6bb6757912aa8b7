//! Code lenses, actions without a repair, and optional hints.

use std::path::Path;

use serde_json::{Value, json};

use crate::client::Client;
use crate::editor;
use crate::session_start::{Start, uri};

const TEXT: &str = include_str!("tiny.prompt");
const URI: &str = "file:///somewhere/tiny.prompt";

fn is_measured(found: &Value) -> bool {
    found["diagnostics"][0]["data"]["weighed"] == true
}

#[expect(clippy::needless_pass_by_value, reason = "callers write it in place")]
fn actions(client: &mut Client, uri: &str, range: &Value, only: Value) -> Vec<Value> {
    let context = json!({"diagnostics": [], "only": only});
    let params = json!({"textDocument": {"uri": uri}, "range": range, "context": context});
    let found = client.request("textDocument/codeAction", params);
    // A text that is not parsed yet has no actions.
    found.as_array().cloned().unwrap_or_default()
}

/// Returns a document after an action's edits.
fn edited(text: &str, action: &Value) -> String {
    let changes = &action["edit"]["documentChanges"];
    let last = changes.as_array().unwrap().last().unwrap();
    let mut text = text.to_owned();
    let mut edits = last["edits"].as_array().unwrap().clone();
    edits.reverse();
    for edit in edits {
        let edit = json!({"range": edit["range"], "text": edit["newText"]});
        editor::change(&mut text, &edit);
    }
    text
}

#[test]
fn code_lenses_show_results_and_have_commands() {
    let mut start = Start::default();
    start.capabilities["workspace"]["codeLens"] = json!({"refreshSupport": true});
    let mut client = Client::ready(&start);
    client.open(URI, "dotprompt", TEXT);
    client.serve("workspace/codeLens/refresh", &Value::Null);
    client.diagnostics(URI, is_measured);
    client.serve("workspace/codeLens/refresh", &Value::Null);
    let ask = json!({"textDocument": {"uri": URI}});
    let lenses = client.request("textDocument/codeLens", ask.clone());
    let lenses = lenses.as_array().unwrap();
    let titles: Vec<&str> = lenses
        .iter()
        .map(|lens| lens["command"]["title"].as_str().unwrap())
        .collect();
    assert!(titles[0].contains("repairs, best ×"), "{titles:?}");
    let others = ["show heads", "show sweep", "which instruction matters"];
    assert_eq!(titles[1..], others);
    assert_eq!(lenses[0]["range"]["start"]["line"], 2);
    let command = &lenses[2]["command"];
    assert_eq!(command["command"], "hoplens.server.showSweep");
    assert_eq!(command["arguments"], json!([{"uri": URI, "case": "tiny"}]));
    let command = &lenses[3]["command"];
    assert_eq!(command["command"], "hoplens.server.influence");
    assert_eq!(command["arguments"], json!([{"uri": URI, "case": "tiny"}]));
    client.notify(
        "workspace/didChangeConfiguration",
        json!({"settings": {"hoplens": {"codeLens": {"enabled": false}}}}),
    );
    client.serve("workspace/codeLens/refresh", &Value::Null);
    assert_eq!(client.request("textDocument/codeLens", ask), Value::Null);
}

#[test]
fn surprisal_hints_are_off_by_default() {
    let mut client = Client::ready(&Start {
        options: json!({"hoplens": {"hints": {"surprisal": true}}}),
        ..Start::default()
    });
    client.open(URI, "dotprompt", "The first president");
    let everything =
        json!({"start": {"line": 0, "character": 0}, "end": {"line": 9, "character": 0}});
    let params = json!({"textDocument": {"uri": URI}, "range": everything});
    let hints = loop {
        let hints = client.request("textDocument/inlayHint", params.clone());
        if hints[0].is_object() {
            break hints;
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    };
    let labels: Vec<&str> = hints
        .as_array()
        .unwrap()
        .iter()
        .map(|hint| hint["label"].as_str().unwrap())
        .collect();
    let bits = labels.iter().filter(|label| label.parse::<f64>().is_ok());
    assert!(2 <= bits.count(), "{labels:?}");
    assert!(
        labels.iter().any(|label| label.ends_with("(#1)")),
        "{labels:?}"
    );
    client.notify(
        "textDocument/didClose",
        json!({"textDocument": {"uri": URI}}),
    );
    client.diagnostics(URI, |found| found["version"].is_null());
}

#[test]
fn the_models_own_answer_can_become_a_case() {
    let mut client = Client::ready(&Start::default());
    let text = "The first president";
    client.open(URI, "dotprompt", text);
    let at = json!({"line": 0, "character": 4});
    let range = json!({"start": at, "end": at});
    let action = loop {
        let all = actions(&mut client, URI, &range, json!(["refactor"]));
        if let Some(action) = all.into_iter().next() {
            break action;
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    };
    assert_eq!(action["kind"], "refactor.hoplens.addCase");
    let title = action["title"].as_str().unwrap();
    assert!(title.starts_with("Add a case that expects \""), "{title}");
    let text = edited(text, &action);
    assert!(
        text.starts_with("---\nhoplens.cases:\n  - expect: \"")
            && text.ends_with("\nThe first president"),
        "{text}"
    );
    client.notify(
        "textDocument/didClose",
        json!({"textDocument": {"uri": URI}}),
    );
    client.diagnostics(URI, |found| found["version"].is_null());
}

#[test]
fn findings_are_ignored_in_the_file_or_in_the_project() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.prompt");
    std::fs::write(&path, TEXT).unwrap();
    let here = uri(&path);
    let mut client = Client::ready(&Start {
        root: Some(folder.path().to_path_buf()),
        ..Start::default()
    });
    client.open(&here, "dotprompt", TEXT);
    let found = client.diagnostics(&here, is_measured);
    let range = &found["diagnostics"][0]["range"];
    let all = actions(
        &mut client,
        &here,
        range,
        json!(["quickfix.hoplens.ignore"]),
    );
    let titles: Vec<&str> = all
        .iter()
        .map(|one| one["title"].as_str().unwrap())
        .collect();
    assert_eq!(
        titles,
        [
            "Ignore `hop-unknown` in this file",
            "Ignore `hop-unknown` in this project (hoplens.toml)"
        ]
    );
    let changes = all[1]["edit"]["documentChanges"].as_array().unwrap();
    let toml = uri(&folder.path().join("hoplens.toml"));
    assert_eq!(
        (&changes[0]["kind"], &changes[0]["uri"]),
        (&json!("create"), &json!(toml))
    );
    assert_eq!(
        changes[1]["edits"][0]["newText"],
        "ignore = [\"hop-unknown\"]\n"
    );
    let text = edited(TEXT, &all[0]);
    assert!(
        text.contains("hoplens.ignore:\n  - hop-unknown\n---\n"),
        "{text}"
    );
    client.change(&here, 2, &json!([{"text": text}]));
    client.diagnostics(&here, |found| {
        found["version"] == 2 && found["diagnostics"] == json!([])
    });
}

#[test]
fn edits_of_actions_are_resolved_for_the_same_text_only() {
    let mut start = Start::default();
    start.capabilities["textDocument"]["codeAction"] =
        json!({"resolveSupport": {"properties": ["edit"]}, "dataSupport": true});
    start.capabilities["textDocument"]["publishDiagnostics"]["codeDescriptionSupport"] =
        json!(true);
    let cache = tempfile::tempdir().unwrap();
    let store = cache.path().join("models").display().to_string();
    start.env.push(("HOPLENS_CACHE", Some(store)));
    let mut client = Client::ready(&start);
    client.open(URI, "dotprompt", TEXT);
    let found = client.diagnostics(URI, is_measured);
    let one = &found["diagnostics"][0];
    let page = one["codeDescription"]["href"].as_str().unwrap();
    let path = Path::new(page.strip_prefix("file://").unwrap());
    let page = std::fs::read_to_string(path).unwrap();
    assert!(page.starts_with("# hop-unknown\n"), "{page}");
    // Its links lead to files.
    assert!(page.contains("](../../examples/louvre.prompt)"), "{page}");
    let example = path.parent().unwrap().join("../../examples/louvre.prompt");
    let example = std::fs::read_to_string(example).unwrap();
    assert!(example.contains("hoplens.cases"), "{example}");
    let range = one["range"].clone();
    let all = actions(&mut client, URI, &range, json!(["quickfix"]));
    let first = all[0].clone();
    assert!(
        first.get("edit").is_none() && first["data"].is_object(),
        "{first}"
    );
    let resolved = client.request("codeAction/resolve", first.clone());
    assert_eq!(resolved["title"], first["title"]);
    assert_ne!(edited(TEXT, &resolved), TEXT);
    // An open list may be older than the evidence, which lengthens the titles.
    let mut earlier = first.clone();
    earlier["title"] = json!("Inject memory \"café\", layer 1, τ 3: 0.1 % → 0.2 % (×2)");
    let earlier = client.request("codeAction/resolve", earlier);
    assert_eq!(earlier["edit"], resolved["edit"]);
    client.change(URI, 2, &json!([{"text": TEXT.replace("off", "of")}]));
    assert_eq!(client.refusal("codeAction/resolve", first), -32801);
    client.diagnostics(URI, |found| found["version"] == 2 && is_measured(found));
}

#[test]
fn fix_all_applies_the_best_repair_of_every_case() {
    let two = TEXT.replace(
        "---\nThe",
        "  - {id: other, expect: \" located\", hops: [{mention: \"The first president of the \
         United States\", bridge: \"café\"}]}\n---\nThe",
    );
    let mut client = Client::ready(&Start::default());
    client.open(URI, "dotprompt", &two);
    let found = client.diagnostics(URI, |found| {
        let all = found["diagnostics"].as_array().unwrap();
        let measured = |one: &Value| one["data"]["weighed"].as_bool().filter(|known| *known);
        !all.is_empty() && all.iter().all(|one| measured(one).is_some())
    });
    let everything =
        json!({"start": {"line": 0, "character": 0}, "end": {"line": 20, "character": 0}});
    let none = actions(&mut client, URI, &everything, Value::Null);
    assert!(
        none.iter()
            .all(|one| one["kind"] != "source.fixAll.hoplens")
    );
    let all = actions(&mut client, URI, &everything, json!(["source.fixAll"]));
    // An injection only fakes knowledge that a model with random weights lacks, so it is not
    // applied.
    let fakes = found["diagnostics"]
        .as_array()
        .unwrap()
        .iter()
        .all(|one| one["code"] == "answer-unknown");
    assert_eq!(all.is_empty(), fakes, "{found} {all:?}");
    if let Some(action) = all.first() {
        let text = edited(&two, action);
        assert!(text.contains("hoplens.inject:"), "{text}");
    }
}
