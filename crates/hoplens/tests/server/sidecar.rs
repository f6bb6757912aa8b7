//! Prompts whose cases are in a sidecar.

use serde_json::{Value, json};

use crate::client::Client;
use crate::editor;
use crate::session_start::{Start, uri};

const PROMPT: &str = "The first president of the United States is located off the coast of";
const SIDECAR: &str = "version: 1\ncases:\n  - id: tiny\n    expect: \" fought\"\n    hops:\n      - {mention: \"The first president of the United States\", bridge: \"café\"}\n";

fn is_done(found: &Value) -> bool {
    let found = found["diagnostics"].as_array().unwrap();
    found.iter().any(|one| one["data"]["weighed"] == true)
}

fn injections(client: &mut Client, uri: &str) -> Value {
    let everything =
        json!({"start": {"line": 0, "character": 0}, "end": {"line": 9, "character": 0}});
    let context = json!({"diagnostics": [], "only": ["quickfix.hoplens.inject"]});
    let params = json!({"textDocument": {"uri": uri}, "range": everything, "context": context});
    client.request("textDocument/codeAction", params)
}

#[test]
fn injections_are_inserted_beside_the_cases() {
    let folder = tempfile::tempdir().unwrap();
    let prompt = uri(&folder.path().join("capital.txt"));
    let path = folder.path().join("capital.txt.hoplens.yaml");
    let sidecar = uri(&path);
    std::fs::write(&path, SIDECAR).unwrap();
    let mut start = Start::default();
    start.capabilities["workspace"]["didChangeWatchedFiles"] = json!({"dynamicRegistration": true});
    let mut client = Client::ready(&start);
    let asked = client.serve("client/registerCapability", &Value::Null);
    let watched = &asked["registrations"][0]["registerOptions"]["watchers"][0];
    assert_eq!(watched["globPattern"], "**/*.hoplens.yaml");
    // The sidecar is read from the disk.
    client.open(&prompt, "plaintext", PROMPT);
    let found = client.diagnostics(&prompt, is_done);
    let related = &found["diagnostics"][0]["relatedInformation"][0]["location"];
    assert_eq!(related["uri"], sidecar);
    assert_eq!(editor::slice(SIDECAR, &related["range"]), "\"café\"");
    let baseline = found["diagnostics"][0]["data"]["baseline"]
        .as_f64()
        .unwrap();
    let actions = injections(&mut client, &prompt);
    let edit = &actions[0]["edit"]["documentChanges"][0];
    assert_eq!(
        edit["textDocument"],
        json!({"uri": sidecar, "version": null})
    );
    let repaired = editor::apply(SIDECAR, &edit["edits"]);
    // Another program writes the sidecar, and the editor notifies the server.
    std::fs::write(&path, &repaired).unwrap();
    let changed = json!({"changes": [{"uri": sidecar, "type": 2}]});
    client.notify("workspace/didChangeWatchedFiles", changed);
    let found = client.diagnostics(&prompt, is_done);
    let after = found["diagnostics"][0]["data"]["baseline"]
        .as_f64()
        .unwrap();
    assert!(1.05 * baseline < after, "{baseline} → {after}");
    // A sidecar that is open in the editor has a version.
    client.open(&sidecar, "yaml", &repaired);
    client.diagnostics(&prompt, is_done);
    let actions = injections(&mut client, &prompt);
    for action in actions.as_array().unwrap() {
        let target = &action["edit"]["documentChanges"][0]["textDocument"];
        assert_eq!(*target, json!({"uri": sidecar, "version": 1}));
    }
    client.change(&sidecar, 2, &json!([{"text": SIDECAR}]));
    let found = client.diagnostics(&prompt, is_done);
    assert_eq!(found["diagnostics"][0]["data"]["baseline"], baseline);
}

#[test]
fn a_sidecar_is_created_where_the_front_matter_cannot_be_edited() {
    // Nothing can be inserted into invalid YAML; the valid part before it is used.
    let cases = SIDECAR.trim_start_matches("version: 1\n");
    let text = format!("---\nhoplens.{cases}broken: [\n---\n{PROMPT}\n");
    let folder = tempfile::tempdir().unwrap();
    let prompt = uri(&folder.path().join("broken.prompt"));
    let mut client = Client::ready(&Start::default());
    client.open(&prompt, "dotprompt", &text);
    client.diagnostics(&prompt, is_done);
    let actions = injections(&mut client, &prompt);
    let changes = actions[0]["edit"]["documentChanges"].clone();
    let sidecar = format!("{prompt}.hoplens.yaml");
    assert_eq!(changes[0]["kind"], "create", "{changes}");
    assert_eq!(changes[0]["uri"], sidecar);
    assert_eq!(
        changes[1]["textDocument"],
        json!({"uri": sidecar, "version": null})
    );
    let created = editor::apply("", &changes[1]["edits"]);
    assert!(created.contains("version: 1"), "{created}");
    client.open(&sidecar, "yaml", &created);
    let found = client.diagnostics(&prompt, is_done);
    let found = found["diagnostics"].as_array().unwrap();
    assert!(found.iter().any(|one| one["code"] == "invalid-yaml"));
}

#[test]
fn a_sidecar_without_an_open_prompt_is_checked() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("alone.txt");
    std::fs::write(&path, PROMPT).unwrap();
    let sidecar = format!("{}.hoplens.yaml", uri(&path));
    let mut client = Client::ready(&Start::default());
    client.open(&sidecar, "yaml", &SIDECAR.replace("expect", "expext"));
    let found = client.diagnostics(&sidecar, |_| true);
    let message = found["diagnostics"][0]["message"].as_str().unwrap();
    assert!(message.contains("expext"), "{message}");
    // The prompt is not open, so it has no diagnostics.
    client.notify(
        "textDocument/didClose",
        json!({"textDocument": {"uri": sidecar}}),
    );
    let gone = client.diagnostics(&sidecar, |_| true);
    assert_eq!(gone["diagnostics"], json!([]));
}
