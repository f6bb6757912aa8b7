//! Hovers, completion, navigation, rename and actions for the names of templates, without a model.

use std::path::Path;

use serde_json::{Value, json};

use crate::client::Client;
use crate::editor::{self, Units};
use crate::session_start::{Start, uri};
use crate::statics::without_model;

const TEXT: &str = "---\ninput:\n  schema:\n    city: string, 🙂 where\n---\né🙂 {{city}} {{#if city}}{{> card}}{{/if}} {{tone}}";
const SIDECAR: &str = "version: 1\ncases:\n  - input: {city: Rome, tone: calm}\n    expect: x\n";

fn start(folder: &Path, units: Units) -> Client {
    let mut start = without_model(folder);
    start.capabilities["general"]["positionEncodings"] = json!([units.name()]);
    start.capabilities["textDocument"]["rename"] = json!({"prepareSupport": true});
    start.capabilities["textDocument"]["definition"] = json!({"linkSupport": true});
    let mut client = Client::start(&start);
    client.notification("experimental/serverStatus", |status| {
        status["quiescent"] == true
    });
    client
}

/// Returns the position of a byte in the client's units.
fn position(units: Units, text: &str, offset: usize) -> Value {
    let before = &text[..offset];
    let line = before.matches('\n').count();
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    let column: usize = before[start..]
        .chars()
        .map(|char| match units {
            Units::Utf8 => char.len_utf8(),
            Units::Utf16 => char.len_utf16(),
            Units::Utf32 => 1,
        })
        .sum();
    json!({"line": line, "character": column})
}

fn slice(units: Units, text: &str, range: &Value) -> String {
    let start = editor::offset_in(units, text, &range["start"]);
    let end = editor::offset_in(units, text, &range["end"]);
    text[start..end].to_owned()
}

fn at(units: Units, uri: &str, text: &str, words: &str) -> Value {
    let offset = text.find(words).expect(words) + 2;
    json!({"textDocument": {"uri": uri}, "position": position(units, text, offset)})
}

#[test]
fn the_capabilities_name_the_new_methods() {
    let folder = tempfile::tempdir().unwrap();
    let client = start(folder.path(), Units::Utf16);
    let capabilities = &client.initialized["capabilities"];
    for provider in [
        "definitionProvider",
        "referencesProvider",
        "documentHighlightProvider",
    ] {
        assert_eq!(capabilities[provider], true, "{provider}");
    }
    assert_eq!(capabilities["renameProvider"]["prepareProvider"], true);
    let kinds = capabilities["codeActionProvider"]["codeActionKinds"]
        .as_array()
        .unwrap();
    for kind in ["quickfix.hoplens.addValue", "quickfix.hoplens.declareHop"] {
        assert!(kinds.iter().any(|one| one == kind), "{kind}");
    }
    let triggers = capabilities["completionProvider"]["triggerCharacters"]
        .as_array()
        .unwrap();
    for trigger in ["{", "%", ">", "#", "|"] {
        assert!(triggers.iter().any(|one| one == trigger), "{trigger}");
    }
}

#[test]
fn names_are_explained_and_found_in_every_encoding() {
    for units in [Units::Utf8, Units::Utf16, Units::Utf32] {
        let folder = tempfile::tempdir().unwrap();
        let uri = uri(&folder.path().join("a.prompt"));
        let sidecar = format!("{uri}.hoplens.yaml");
        std::fs::write(folder.path().join("a.prompt.hoplens.yaml"), SIDECAR).unwrap();
        std::fs::write(folder.path().join("_card.prompt"), "Card of {{tone}}").unwrap();
        let mut client = start(folder.path(), units);
        client.open(&uri, "dotprompt", TEXT);
        client.diagnostics(&uri, |found| found["version"] == 1);

        let city = at(units, &uri, TEXT, "{{city");
        let hover = client.request("textDocument/hover", city.clone());
        let shown = hover["contents"]["value"].as_str().unwrap();
        assert!(
            shown.contains("🙂 where") && shown.contains("`Rome`"),
            "{shown}"
        );
        assert_eq!(slice(units, TEXT, &hover["range"]), "city");

        let links = client.request("textDocument/definition", city.clone());
        assert_eq!(links[0]["targetUri"], uri);
        assert_eq!(
            slice(units, TEXT, &links[0]["originSelectionRange"]),
            "city"
        );
        assert_eq!(
            links[0]["targetSelectionRange"]["start"],
            json!({"line": 3, "character": 4})
        );

        let tone = at(units, &uri, TEXT, "{{tone");
        let links = client.request("textDocument/definition", tone.clone());
        assert_eq!(links[0]["targetUri"], sidecar);
        assert_eq!(slice(units, SIDECAR, &links[0]["targetRange"]), "tone");

        let card = at(units, &uri, TEXT, "> card");
        let links = client.request("textDocument/definition", card.clone());
        let target = links[0]["targetUri"].as_str().unwrap();
        assert!(target.ends_with("/_card.prompt"), "{target}");
        let hover = client.request("textDocument/hover", card);
        let shown = hover["contents"]["value"].as_str().unwrap();
        assert!(shown.contains("Card of {{tone}}"), "{shown}");

        let mut params = city.clone();
        params["context"] = json!({"includeDeclaration": true});
        let places = client.request("textDocument/references", params.clone());
        let shown: Vec<(&str, String)> = places
            .as_array()
            .unwrap()
            .iter()
            .map(|place| {
                let in_sidecar = place["uri"] == sidecar;
                let source = if in_sidecar { SIDECAR } else { TEXT };
                let file = if in_sidecar { "sidecar" } else { "prompt" };
                (file, slice(units, source, &place["range"]))
            })
            .collect();
        let files: Vec<&str> = shown.iter().map(|(file, _)| *file).collect();
        assert_eq!(files, ["prompt", "prompt", "prompt", "sidecar"]);
        assert!(shown.iter().all(|(_, words)| words == "city"), "{shown:?}");
        params["context"] = json!({"includeDeclaration": false});
        let places = client.request("textDocument/references", params);
        assert_eq!(places.as_array().unwrap().len(), 2);

        let marks = client.request("textDocument/documentHighlight", city.clone());
        let kinds: Vec<i64> = marks
            .as_array()
            .unwrap()
            .iter()
            .map(|mark| mark["kind"].as_i64().unwrap())
            .collect();
        assert_eq!(kinds, [3, 2, 2]);
        let nothing = at(units, &uri, TEXT, "é🙂");
        assert_eq!(
            client.request("textDocument/documentHighlight", nothing),
            Value::Null
        );
    }
}

#[test]
fn a_variable_is_renamed_in_the_prompt_and_its_sidecar() {
    let folder = tempfile::tempdir().unwrap();
    let uri = uri(&folder.path().join("a.prompt"));
    let sidecar = format!("{uri}.hoplens.yaml");
    let units = Units::Utf16;
    let mut client = start(folder.path(), units);
    client.open(&uri, "dotprompt", TEXT);
    client.diagnostics(&uri, |found| found["version"] == 1);
    // The unsaved text of the sidecar counts.
    client.open(&sidecar, "yaml", SIDECAR);
    client.diagnostics(&uri, |found| found["version"] == 1);

    let city = at(units, &uri, TEXT, "{{city");
    let found = client.request("textDocument/prepareRename", city.clone());
    assert_eq!(found["placeholder"], "city");
    assert_eq!(slice(units, TEXT, &found["range"]), "city");
    let mut params = city.clone();
    params["newName"] = json!("town");
    let edit = client.request("textDocument/rename", params);
    let changes = edit["documentChanges"].as_array().unwrap();
    let of = |uri: &str| {
        let change = changes.iter().find(|one| one["textDocument"]["uri"] == uri);
        change.expect("an edit of the file")["edits"].clone()
    };
    assert_eq!(editor::apply(TEXT, &of(&uri)), TEXT.replace("city", "town"));
    assert_eq!(
        editor::apply(SIDECAR, &of(&sidecar)),
        SIDECAR.replace("city", "town")
    );
    for change in changes {
        assert_eq!(change["textDocument"]["version"], 1);
    }

    // From the sidecar too.
    let mut params = at(units, &sidecar, SIDECAR, "city");
    params["newName"] = json!("town");
    let from_sidecar = client.request("textDocument/rename", params);
    assert_eq!(from_sidecar, edit);

    // With a reason where it is not possible.
    let mut params = city;
    params["newName"] = json!("tone");
    assert_eq!(client.refusal("textDocument/rename", params), -32803);
    let helper = at(units, &uri, TEXT, "#if");
    assert_eq!(client.refusal("textDocument/prepareRename", helper), -32803);
    let nothing = at(units, &uri, TEXT, "é🙂");
    assert_eq!(
        client.request("textDocument/prepareRename", nothing),
        Value::Null
    );
}

#[test]
fn names_are_completed_in_a_tag_that_is_being_typed() {
    let folder = tempfile::tempdir().unwrap();
    let uri = uri(&folder.path().join("a.prompt"));
    std::fs::write(folder.path().join("_card.prompt"), "Card").unwrap();
    for units in [Units::Utf8, Units::Utf16, Units::Utf32] {
        let mut client = start(folder.path(), units);
        let mut version = 0;
        let mut labels = |client: &mut Client, text: &str, word: &str| -> Vec<String> {
            version += 1;
            if version == 1 {
                client.open(&uri, "dotprompt", text);
            } else {
                client.change(&uri, version, &json!([{"text": text}]));
            }
            client.diagnostics(&uri, |found| found["version"] == version);
            let position = position(units, text, text.len());
            let params = json!({"textDocument": {"uri": uri}, "position": position});
            let items = client.request("textDocument/completion", params);
            let items = items.as_array().unwrap();
            for item in items {
                assert_eq!(
                    slice(units, text, &item["textEdit"]["range"]),
                    word,
                    "{item}"
                );
            }
            items
                .iter()
                .map(|item| item["label"].as_str().unwrap().to_owned())
                .collect()
        };
        let front = "---\ninput: {schema: {city: string}}\n---\né🙂 ";
        let found = labels(&mut client, &format!("{front}{{{{ci"), "ci");
        assert_eq!(found[0], "city");
        assert!(found.contains(&"role".to_owned()), "{found:?}");
        assert_eq!(labels(&mut client, &format!("{front}{{{{> "), ""), ["card"]);
        assert_eq!(
            labels(&mut client, &format!("{front}{{{{#each city}}}}{{{{/"), ""),
            ["each"]
        );
        // The keys of the format, and hoplens's.
        let found = labels(&mut client, "---\nmodel: x\nin", "in");
        assert!(found.contains(&"input".to_owned()), "{found:?}");
        assert!(found.contains(&"hoplens.cases".to_owned()), "{found:?}");
        assert!(!found.contains(&"model".to_owned()), "{found:?}");
    }
}

#[test]
fn values_and_cases_are_added_by_actions() {
    let folder = tempfile::tempdir().unwrap();
    let uri = uri(&folder.path().join("a.prompt"));
    let units = Units::Utf16;
    let mut client = start(folder.path(), units);
    let text = "---\ninput: {schema: {city: string}}\n---\nIn {{city}}";
    client.open(&uri, "dotprompt", text);
    client.diagnostics(&uri, |found| found["version"] == 1);
    let position = at(units, &uri, text, "{{city")["position"].clone();
    let params = json!({
        "textDocument": {"uri": uri},
        "range": {"start": position, "end": position},
        "context": {"diagnostics": []},
    });
    let actions = client.request("textDocument/codeAction", params);
    let titles: Vec<&str> = actions
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["title"].as_str().unwrap())
        .collect();
    assert_eq!(
        titles,
        [
            "Add a sample value for `city` (`input.default`)",
            "Add a case with these inputs"
        ]
    );
    let edits = &actions[0]["edit"]["documentChanges"][0]["edits"];
    let edited = editor::apply(text, edits);
    assert_eq!(
        edited,
        "---\ninput: {schema: {city: string}, default: {city: \"<city>\"}}\n---\nIn {{city}}"
    );
    client.change(&uri, 2, &json!([{"text": edited}]));
    let found = client.diagnostics(&uri, |found| found["version"] == 2);
    assert_eq!(found["diagnostics"], json!([]));
}

#[test]
fn the_files_of_references_and_configurations_are_found() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("data.json", "{\"city\": \"Rome\"}");
    let config = "prompts: [file://p.txt]\ntests:\n  - vars: {é: x, city: Rome}\n";
    write("promptfooconfig.yaml", config);
    let units = Units::Utf16;
    let mut client = start(folder.path(), units);
    let prompty = uri(&folder.path().join("a.prompty"));
    let text =
        "---\nname: x\nmodel: {api: chat}\nsample: ${file:data.json}\n---\nuser:\n{{city}}\n";
    client.open(&prompty, "prompty", text);
    client.diagnostics(&prompty, |found| found["version"] == 1);
    let links = client.request(
        "textDocument/definition",
        at(units, &prompty, text, "${file"),
    );
    let target = links[0]["targetUri"].as_str().unwrap();
    assert!(target.ends_with("/data.json"), "{target}");
    let prompt = uri(&folder.path().join("p.txt"));
    client.open(&prompt, "plaintext", "In {{city}}");
    client.diagnostics(&prompt, |found| found["version"] == 1);
    let links = client.request(
        "textDocument/definition",
        at(units, &prompt, "In {{city}}", "{{city"),
    );
    let target = links[0]["targetUri"].as_str().unwrap();
    assert!(target.ends_with("/promptfooconfig.yaml"), "{target}");
    assert_eq!(slice(units, config, &links[0]["targetRange"]), "city");
}

#[test]
fn methods_of_names_ignore_documents_that_are_no_prompts() {
    let folder = tempfile::tempdir().unwrap();
    let uri = uri(&folder.path().join("notes.txt"));
    let mut client = Client::start(&Start::default());
    client.open(&uri, "plaintext", "{{city}}");
    let params = at(Units::Utf16, &uri, "{{city}}", "{{city");
    for method in ["definition", "documentHighlight", "prepareRename", "hover"] {
        let result = client.request(&format!("textDocument/{method}"), params.clone());
        assert_eq!(result, Value::Null, "{method}");
    }
    client.notification("experimental/serverStatus", |status| {
        status["quiescent"] == true
    });
}
