//! Completion, and hovers on declarations.

use serde_json::{Value, json};

use crate::client::Client;
use crate::editor;
use crate::session_start::{Start, tiny_gpt2, uri};
use crate::statics::without_model;

const URI: &str = "file:///somewhere/writing.prompt";

/// Starts a client whose only completion capabilities are those in `item`.
fn start(folder: &std::path::Path, encoding: &str, item: &Value) -> Client {
    Client::start(&Start {
        capabilities: json!({
            "general": {"positionEncodings": [encoding]},
            "textDocument": {"completion": {"completionItem": item}},
        }),
        ..without_model(folder)
    })
}

/// Returns the text without its marker `$0`, and the position of the marker.
fn cursor(marked: &str) -> (String, Value) {
    let offset = marked.find("$0").unwrap();
    let text = marked.replacen("$0", "", 1);
    let position = editor::position(&text, offset);
    (text, position)
}

fn at(uri: &str, position: &Value) -> Value {
    json!({"textDocument": {"uri": uri}, "position": position})
}

fn completions(client: &mut Client, uri: &str, position: &Value) -> Vec<Value> {
    let found = client.request("textDocument/completion", at(uri, position));
    found.as_array().cloned().unwrap_or_default()
}

fn labels(items: &[Value]) -> Vec<&str> {
    items
        .iter()
        .map(|item| item["label"].as_str().unwrap())
        .collect()
}

fn chosen<'item>(items: &'item [Value], label: &str) -> &'item Value {
    items
        .iter()
        .find(|item| item["label"] == label)
        .expect(label)
}

#[test]
fn completion_works_in_yaml_that_is_being_typed() {
    let folder = tempfile::tempdir().unwrap();
    let item = json!({
        "snippetSupport": true,
        "documentationFormat": ["markdown", "plaintext"],
        "insertTextModeSupport": {"valueSet": [1, 2]},
    });
    let mut client = start(folder.path(), "utf-16", &item);
    let offered = &client.initialized["capabilities"]["completionProvider"];
    let triggers = offered["triggerCharacters"].as_array().unwrap();
    assert!(
        triggers.contains(&json!("\"")) && triggers.contains(&json!(" ")),
        "{offered}"
    );
    client.open(URI, "dotprompt", "---\nx: y\n---\nRome is");
    client.diagnostics(URI, |found| found["version"] == 1);
    // The result is for the text after the change, analysed or not; the line has an emoji.
    let (text, position) =
        cursor("---\nhoplens.inject: [{memory: \"🙂\", layer: 0, enc$0\n---\nRome is");
    client.change(URI, 2, &json!([{"text": text}]));
    let items = completions(&mut client, URI, &position);
    assert_eq!(
        labels(&items),
        ["tau", "case", "encoding", "head", "scope", "measured"]
    );
    let encoding = chosen(&items, "encoding");
    assert_eq!(encoding["documentation"]["kind"], "markdown");
    assert_eq!(encoding["insertTextFormat"], 2);
    let written = editor::apply(&text, &json!([encoding["textEdit"]]));
    let wanted = text.replace("enc\n", "encoding: ${1|embed,unembed,layerwise|}\n");
    assert_eq!(written, wanted);
    client.diagnostics(URI, |found| found["version"] == 2);
    // A list spans several lines, whose indentation the server sets.
    let (text, position) =
        cursor("---\r\nhoplens.cases:\r\n  - id: é\r\n    h$0\r\n---\r\nRome is");
    client.change(URI, 3, &json!([{"text": text}]));
    let items = completions(&mut client, URI, &position);
    let hops = chosen(&items, "hops");
    assert_eq!(hops["textEdit"]["newText"], "hops:\n      - $1");
    assert_eq!(hops["insertTextMode"], 1);
    client.diagnostics(URI, |found| found["version"] == 3);
    // In the prompt itself there are no completions.
    let end = json!({"line": 5, "character": 4});
    assert_eq!(
        client.request("textDocument/completion", at(URI, &end)),
        Value::Null
    );
}

#[test]
fn positions_of_completions_count_in_the_clients_encoding() {
    let (text, position) = cursor("---\nhoplens.ignore: [\"é🙂\", tok$0]\n---\nRome is");
    let utf16 = position["character"].as_u64().unwrap();
    for (encoding, column) in [
        ("utf-16", utf16),
        ("utf-8", utf16 + 3),
        ("utf-32", utf16 - 1),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let mut client = start(folder.path(), encoding, &json!({}));
        client.open(URI, "dotprompt", &text);
        client.diagnostics(URI, |_| true);
        let position = json!({"line": 1, "character": column});
        let items = completions(&mut client, URI, &position);
        let item = chosen(&items, "token-split");
        let range = &item["textEdit"]["range"];
        assert_eq!(range["start"]["character"], column - 3, "{encoding}");
        assert_eq!(range["end"]["character"], column, "{encoding}");
        // A client without snippets gets none.
        assert!(item.get("insertTextFormat").is_none());
    }
}

#[test]
fn facts_and_cases_are_offered_in_the_prompt_and_its_sidecar() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join("facts.yaml"),
        "our flagship store: Harbour Street 9\nour founder: Ada Lovelace\n",
    )
    .unwrap();
    let path = folder.path().join("store.txt");
    std::fs::write(&path, "There is a cafe in our flagship store").unwrap();
    let sidecar = format!("{}.hoplens.yaml", uri(&path));
    let mut client = start(folder.path(), "utf-16", &json!({}));
    let (text, position) =
        cursor("version: 1\ncases:\n  - id: cafe\n    hops:\n      - mention: $0\n");
    client.open(&sidecar, "yaml", &text);
    client.diagnostics(&sidecar, |_| true);
    let items = completions(&mut client, &sidecar, &position);
    assert_eq!(labels(&items)[0], "our flagship store");
    let (text, position) = cursor(
        "version: 1\ncases:\n  - id: cafe\n    hops:\n      - mention: our flagship store\n        bridge: \"$0\"\n",
    );
    client.change(&sidecar, 2, &json!([{"text": text}]));
    let items = completions(&mut client, &sidecar, &position);
    assert_eq!(labels(&items), ["Harbour Street 9", "Ada Lovelace"]);
    let written = editor::apply(&text, &json!([items[0]["textEdit"]]));
    assert!(
        written.contains("bridge: \"Harbour Street 9\"\n"),
        "{written}"
    );
    client.diagnostics(&sidecar, |found| found["version"] == 2);
    let (text, position) = cursor("version: 1\ncases:\n  - id: cafe\ninject:\n  - case: $0\n");
    client.change(&sidecar, 3, &json!([{"text": text}]));
    assert_eq!(
        labels(&completions(&mut client, &sidecar, &position)),
        ["cafe"]
    );
    client.diagnostics(&sidecar, |found| found["version"] == 3);
}

#[test]
fn settings_of_a_project_are_completed_and_explained() {
    let folder = tempfile::tempdir().unwrap();
    let settings = uri(&folder.path().join("hoplens.toml"));
    let mut client = start(folder.path(), "utf-16", &json!({}));
    let (text, position) = cursor("bos = \"auto\" # 🙂\nmodel = \"smo$0\"\n");
    client.open(&settings, "toml", &text);
    let items = completions(&mut client, &settings, &position);
    assert!(labels(&items).contains(&"smollm2-135m"), "{items:?}");
    let edit = &chosen(&items, "smollm2-135m")["textEdit"];
    let written = editor::apply(&text, &json!([edit]));
    assert_eq!(written, text.replace("\"smo\"", "\"smollm2-135m\""));
    let hover = client.request(
        "textDocument/hover",
        at(&settings, &json!({"line": 1, "character": 2})),
    );
    let shown = hover["contents"]["value"].as_str().unwrap();
    assert!(shown.contains("like `--model`"), "{shown}");
    assert_eq!(editor::slice(&text, &hover["range"]), "model");
}

#[test]
fn hover_explains_a_key_without_a_model() {
    let folder = tempfile::tempdir().unwrap();
    let mut client = start(folder.path(), "utf-16", &json!({}));
    let (text, position) =
        cursor("---\nhoplens.inject: [{memory: \"🙂\", lay$0er: 0, tau: 1}]\n---\nRome is");
    client.open(URI, "dotprompt", &text);
    client.diagnostics(URI, |_| true);
    let hover = client.request("textDocument/hover", at(URI, &position));
    let shown = hover["contents"]["value"].as_str().unwrap();
    assert!(shown.contains("The layer, from 0"), "{shown}");
    assert_eq!(editor::slice(&text, &hover["range"]), "layer");
}

#[test]
fn hover_shows_an_injections_effect_and_completion_the_models_layers() {
    let prompt = include_str!("tiny.prompt");
    let inject = "hoplens.inject:\n  - memory: \" café\"\n    layer: 1\n    tau: 2\n    measured: {model: \"sha256:00\", before: 0.1, after: 0.2}\n";
    let text = prompt.replacen("hoplens.cases", &format!("{inject}hoplens.cases"), 1);
    let mut client = Client::ready(&Start::default());
    client.open(URI, "dotprompt", &text);
    client.diagnostics(URI, |found| {
        let found = found["diagnostics"].as_array().unwrap();
        found.iter().any(|one| one["data"]["weighed"] == true)
    });
    let offset = text.find("tau: 2").unwrap();
    let position = editor::position(&text, offset + 5);
    let hover = client.request("textDocument/hover", at(URI, &position));
    let shown = hover["contents"]["value"].as_str().unwrap();
    assert!(
        shown.contains("Recorded: 10.0 % → 20.0 % (×2.0), with `sha256:00`."),
        "{shown}"
    );
    let now = shown
        .lines()
        .find(|line| line.starts_with("Now, in case `tiny`: "))
        .expect(shown);
    assert!(
        shown.contains("Control, case `tiny`: better than"),
        "{shown}"
    );
    // The same numbers as in the case's own finding.
    let found = client.request(
        "workspace/executeCommand",
        json!({"command": "hoplens.server.cases", "arguments": [{"uri": URI}]}),
    );
    let with_it = 100.0 * found[0]["p"].as_f64().unwrap();
    let after = now.split("→ ").nth(1).unwrap().split(" %").next().unwrap();
    let after: f64 = after.parse().unwrap();
    assert!((after / with_it - 1.0).abs() < 0.01, "{now}: {with_it} %");
    let config = std::fs::read_to_string(tiny_gpt2().join("config.json")).unwrap();
    let config: Value = serde_json::from_str(&config).unwrap();
    let layer = editor::position(&text, text.find("layer: 1").unwrap() + 7);
    let items = completions(&mut client, URI, &layer);
    let layers = config["n_layer"].as_u64().unwrap();
    let wanted: Vec<String> = (0..layers).map(|layer| layer.to_string()).collect();
    assert_eq!(labels(&items), wanted);
}
