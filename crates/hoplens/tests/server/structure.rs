//! The structure of a document: semantic tokens, links, folds, outline.

use serde_json::{Value, json};

use crate::client::Client;
use crate::editor;
use crate::session_start::{Start, uri};
use crate::statics::without_model;

const URI: &str = "file:///somewhere/structure.prompt";
const TEXT: &str = "---\nhoplens.cases:\n  - id: reef\n    expect: \" Australia\"\n    hops:\n      - mention: the 🙂 reef\n        bridge: the Reef\nhoplens.inject:\n  - memory: \"🙂 Reef\"\n    layer: 3\n    tau: 6\n    scope: {span: reef}\n---\n{{role \"system\"}}\nBe brief, 🙂 {{name}}.\n{{role \"user\"}}\nHere 🙂 the 🙂 reef is.\n";

fn start(folder: &std::path::Path, text_document: &Value) -> Client {
    Client::start(&Start {
        capabilities: json!({
            "general": {"positionEncodings": ["utf-16"]},
            "textDocument": text_document,
        }),
        ..without_model(folder)
    })
}

fn document(uri: &str) -> Value {
    json!({"textDocument": {"uri": uri}})
}

/// Returns every token of the result: its text, its type, its modifiers.
fn decoded(client: &Client, text: &str, answer: &Value) -> Vec<String> {
    let legend = &client.initialized["capabilities"]["semanticTokensProvider"]["legend"];
    let data: Vec<u64> = serde_json::from_value(answer["data"].clone()).unwrap();
    let (mut line, mut column) = (0, 0);
    let mut found = Vec::new();
    for token in data.chunks(5) {
        if token[0] > 0 {
            column = 0;
        }
        line += token[0];
        column += token[1];
        let range = json!({
            "start": {"line": line, "character": column},
            "end": {"line": line, "character": column + token[2]},
        });
        let kind = legend["tokenTypes"][token[3] as usize].as_str().unwrap();
        let names = legend["tokenModifiers"]
            .as_array()
            .unwrap()
            .iter()
            .enumerate();
        let names = names.filter(|(bit, _)| token[4] & (1 << bit) != 0);
        let names: Vec<&str> = names.map(|(_, name)| name.as_str().unwrap()).collect();
        found.push(format!(
            "{} {kind} {}",
            editor::slice(text, &range),
            names.join("+")
        ));
    }
    found
}

#[test]
fn semantic_tokens_have_the_types_of_their_words() {
    let folder = tempfile::tempdir().unwrap();
    let mut client = start(folder.path(), &json!({}));
    client.open(URI, "dotprompt", TEXT);
    client.diagnostics(URI, |_| true);
    let answer = client.request("textDocument/semanticTokens/full", document(URI));
    let all = decoded(&client, TEXT, &answer);
    assert_eq!(all[0], "hoplens.cases property ");
    for wanted in [
        "\"🙂 Reef\" string ",
        "3 number ",
        "scope property ",
        "{{name}} variable ",
    ] {
        assert!(all.iter().any(|one| one == wanted), "{wanted}: {all:#?}");
    }
    let last = &all[all.len() - 2..];
    assert_eq!(
        last,
        ["the 🙂 string mention", "reef string mention+injected"]
    );
    // A request for a range returns the tokens that touch it.
    let range = json!({"start": {"line": 16, "character": 0}, "end": {"line": 17, "character": 0}});
    let params = json!({"textDocument": {"uri": URI}, "range": range});
    let answer = client.request("textDocument/semanticTokens/range", params);
    assert_eq!(decoded(&client, TEXT, &answer), last);
}

#[test]
fn existing_files_have_links() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let text = "---\nx: y\n---\n🙂 {{> head}} {{> gone}}";
    std::fs::write(path("_head.prompt"), "Dear reader,").unwrap();
    std::fs::write(path("a.prompt"), text).unwrap();
    std::fs::write(path("a.prompt.hoplens.yaml"), "version: 1\n").unwrap();
    let mut client = start(
        folder.path(),
        &json!({"documentLink": {"tooltipSupport": true}}),
    );
    let mut links = |name: &str, language: &str, text: &str| {
        let uri = uri(&path(name));
        client.open(&uri, language, text);
        // A sidecar without errors has no diagnostics.
        let is_told = !name.ends_with(".hoplens.yaml");
        if is_told {
            client.diagnostics(&uri, |_| true);
        }
        let links = client.request("textDocument/documentLink", document(&uri));
        client.notify("textDocument/didClose", document(&uri));
        if is_told {
            client.diagnostics(&uri, |found| found["diagnostics"] == json!([]));
        }
        let shown = |link: &Value| {
            let target = link["target"]
                .as_str()
                .unwrap()
                .rsplit('/')
                .next()
                .unwrap()
                .to_owned();
            (editor::slice(text, &link["range"]).to_owned(), target)
        };
        links
            .as_array()
            .unwrap()
            .iter()
            .map(shown)
            .collect::<Vec<_>>()
    };
    let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
    assert_eq!(
        links("a.prompt", "dotprompt", text),
        [
            pair("---", "a.prompt.hoplens.yaml"),
            pair("{{> head}}", "_head.prompt")
        ]
    );
    assert_eq!(
        links("a.prompt.hoplens.yaml", "yaml", "version: 1\n"),
        [pair("version: 1", "a.prompt")]
    );
    assert_eq!(
        links(
            "promptfooconfig.yaml",
            "yaml",
            "# 🙂\nprompts: [file://a.prompt, gone.txt]\n"
        ),
        [pair("file://a.prompt", "a.prompt")]
    );
}

#[test]
fn links_to_partials_lead_to_the_files_that_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    std::fs::create_dir_all(path("r/.git")).unwrap();
    std::fs::create_dir_all(path("r/p/q")).unwrap();
    for name in [
        "_far.prompt",
        "r/_far.prompt",
        "r/p/_near.prompt",
        "r/p/q/_near.prompt",
    ] {
        std::fs::write(path(name), "x").unwrap();
    }
    let text = "{{> far}} {{> near}} {{> gone}}";
    let prompt = uri(&path("r/p/q/a.prompt"));
    let mut client = start(folder.path(), &json!({}));
    client.open(&prompt, "dotprompt", text);
    client.diagnostics(&prompt, |_| true);
    let links = client.request("textDocument/documentLink", document(&prompt));
    let links = links.as_array().unwrap().iter();
    let shown: Vec<(&str, &str)> = links
        .map(|link| {
            (
                editor::slice(text, &link["range"]),
                link["target"].as_str().unwrap(),
            )
        })
        .collect();
    let (far, near) = (
        uri(&path("r/_far.prompt")),
        uri(&path("r/p/q/_near.prompt")),
    );
    assert_eq!(
        shown,
        [("{{> far}}", far.as_str()), ("{{> near}}", near.as_str())]
    );
}

#[test]
fn declarations_and_messages_fold() {
    let folder = tempfile::tempdir().unwrap();
    let mut client = start(folder.path(), &json!({}));
    client.open(URI, "dotprompt", TEXT);
    client.diagnostics(URI, |_| true);
    let folds = client.request("textDocument/foldingRange", document(URI));
    let lines = folds.as_array().unwrap().iter();
    let lines: Vec<(u64, u64)> = lines
        .map(|fold| {
            (
                fold["startLine"].as_u64().unwrap(),
                fold["endLine"].as_u64().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        lines,
        [
            (0, 12),
            (1, 6),
            (2, 6),
            (4, 6),
            (5, 6),
            (7, 11),
            (8, 11),
            (13, 14),
            (15, 16)
        ]
    );
}

#[test]
fn the_outline_is_a_tree_if_the_client_supports_it() {
    let nested = json!({"documentSymbol": {"hierarchicalDocumentSymbolSupport": true}});
    for (capabilities, is_tree) in [(nested, true), (json!({}), false)] {
        let folder = tempfile::tempdir().unwrap();
        let mut client = start(folder.path(), &capabilities);
        client.open(URI, "dotprompt", TEXT);
        client.diagnostics(URI, |_| true);
        let found = client.request("textDocument/documentSymbol", document(URI));
        let names: Vec<&str> = found
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["name"].as_str().unwrap())
            .collect();
        if is_tree {
            assert_eq!(names, ["reef", "🙂 Reef", "system", "user"]);
            let hop = &found[0]["children"][0];
            assert_eq!(hop["name"], "the 🙂 reef");
            assert_eq!(hop["detail"], "the Reef");
            assert_eq!(editor::slice(TEXT, &hop["selectionRange"]), "the 🙂 reef");
        } else {
            assert_eq!(names, ["reef", "the 🙂 reef", "🙂 Reef", "system", "user"]);
            assert_eq!(found[1]["containerName"], "reef");
            let range = &found[2]["location"]["range"];
            assert!(editor::slice(TEXT, range).starts_with("memory: \"🙂 Reef\""));
        }
    }
}
