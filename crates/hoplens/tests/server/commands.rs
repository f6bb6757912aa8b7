//! Commands: heads, sweeps, injections, other models, cancellation.

use serde_json::{Value, json};

use crate::client::{Client, typed};
use crate::editor;
use crate::session_start::{Start, tiny_gpt2};
use hoplens::server::protocol::common::{AblationMode, EncodingName, ScopeName};
use hoplens::server::protocol::documents::{HeadsReport, SweepReport};
use hoplens::server::protocol::influence::InfluenceResult;
use hoplens::server::protocol::{
    CaseEntry, FileResult, HeadsResult, InjectParams, InjectResult, ListedModel, ModelState,
    StatusResult, SweepResult,
};

const TEXT: &str = include_str!("tiny.prompt");
const URI: &str = "file:///somewhere/tiny.prompt";

fn is_measured(found: &Value) -> bool {
    found["diagnostics"][0]["data"]["weighed"] == true
}

fn opened(start: &Start) -> Client {
    let mut client = Client::ready(start);
    client.open(URI, "dotprompt", TEXT);
    client.diagnostics(URI, is_measured);
    client
}

#[test]
fn heads_have_the_ranges_of_their_tokens() {
    let mut client = opened(&Start::default());
    let all: HeadsResult = client.command("heads", json!({"uri": URI}));
    let report: HeadsReport = typed(&all.document);
    let tokens = report.tokens.len();
    assert_eq!(report.position, tokens - 1);
    assert_eq!(all.ranges.len(), tokens);
    assert_eq!((all.case.as_str(), all.version), ("tiny", Some(1)));
    assert_eq!(report.schema, 1);
    let heads = &report.heads;
    assert_eq!(heads.len(), report.model.layers * report.model.heads);
    assert!(heads[0].ablation_dlogp.is_some(), "{:?}", heads[0]);
    assert_eq!(heads[0].attention.len(), tokens);
    // At "president", which is not the last token.
    let position = json!({"line": 7, "character": 12});
    let at: HeadsResult = client.command(
        "heads",
        json!({"uri": URI, "position": position, "ablate": "estimate"}),
    );
    let report: HeadsReport = typed(&at.document);
    let token = report.position;
    assert!(token < tokens - 1, "{token}");
    let range = at.ranges[token].unwrap();
    assert_eq!(range.start.line, 7);
    assert!(range.start.character <= 12, "{range:?}");
    assert!(12 < range.end.character, "{range:?}");
    assert_eq!(report.heads[0].ablation, Some(AblationMode::Estimate));
}

#[test]
fn a_sweep_cell_is_inserted_with_its_measured_effect() {
    let mut start = Start::default();
    start.capabilities["workspace"]["applyEdit"] = json!(true);
    let mut client = opened(&start);
    let swept: SweepResult = client.command("sweep", json!({"uri": URI, "encoding": "unembed"}));
    let report: SweepReport = typed(&swept.document);
    assert_eq!(report.memory, "café");
    assert_eq!(swept.memories, ["café"]);
    assert_eq!(report.cells.len(), 15 * report.model.layers);
    let best = report.best.unwrap();
    let cell = InjectParams {
        uri: URI.parse().unwrap(),
        position: None,
        case: Some("tiny".to_owned()),
        memory: report.memory,
        encoding: EncodingName::Unembed,
        layer: best.layer,
        tau: best.tau,
        scope: ScopeName::All,
    };
    let injected: InjectResult = client.command("inject", cell);
    assert!(injected.applied && injected.edit.is_none());
    let (before, after) = (injected.before, injected.after);
    assert!(before < after, "{injected:?}");
    let asked = client.serve("workspace/applyEdit", &json!({"applied": true}));
    let change = &asked["edit"]["documentChanges"][0];
    assert_eq!(change["textDocument"], json!({"uri": URI, "version": 1}));
    let mut text = TEXT.to_owned();
    for edit in change["edits"].as_array().unwrap() {
        let edit = json!({"range": edit["range"], "text": edit["newText"]});
        editor::change(&mut text, &edit);
    }
    assert!(
        text.contains("memory: \"café\"") && text.contains("encoding: unembed"),
        "{text}"
    );
    assert!(text.contains("measured: {model: \"sha256:"), "{text}");
    // The edit has the reported effect.
    client.change(URI, 2, &json!([{"text": text}]));
    client.diagnostics(URI, |found| {
        let one = &found["diagnostics"][0];
        found["version"] == 2 && (one.is_null() || one["data"]["baseline"].is_f64())
    });
    let cases: Vec<CaseEntry> = client.command("cases", URI);
    let p = cases[0].p.unwrap();
    assert!((p - after).abs() < 1e-3 * after, "{p} {after}");
    client.diagnostics(URI, |found| {
        let all = found["diagnostics"].as_array().unwrap();
        all.iter()
            .all(|one| one["data"]["weighed"] == true || one["data"].is_null())
    });
}

#[test]
fn pages_and_pictures_are_written_and_opened() {
    let mut start = Start::default();
    start.capabilities["window"] = json!({"showDocument": {"support": true}});
    let mut client = opened(&start);
    let written: FileResult = client.command("showHeads", json!({"uri": URI}));
    let asked = client.serve("window/showDocument", &json!({"success": true}));
    assert_eq!(asked["external"], true);
    let path = written.path;
    assert_eq!(asked["uri"], format!("file://{}", path.display()));
    let page = std::fs::read_to_string(&path).unwrap();
    assert!(page.contains("Content-Security-Policy"), "{page}");
    std::fs::remove_file(path).unwrap();
    let folder = tempfile::tempdir().unwrap();
    for (kind, format, begins) in [
        ("heads", "svg", "<svg"),
        ("heads", "json", "{"),
        ("sweep", "svg", "<svg"),
    ] {
        let path = folder.path().join(format!("{kind}.{format}"));
        let argument = json!({"uri": URI, "kind": kind, "format": format, "path": path});
        let written: FileResult = client.command("export", argument);
        assert_eq!(written.path, path);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.starts_with(begins), "{text}");
    }
    let nowhere =
        json!({"uri": URI, "kind": "heads", "format": "svg", "path": "/no/such/folder/a.svg"});
    let params = json!({"command": "hoplens.server.export", "arguments": [nowhere]});
    assert_eq!(client.refusal("workspace/executeCommand", params), -32803);
}

#[test]
fn influence_has_a_range_for_each_sentence_and_a_bar_for_each_line() {
    let mut client = Client::ready(&Start::default());
    let uri = "file:///somewhere/rules.prompt";
    let text = "---\nhoplens.cases: [{id: a, expect: \" b\"}, {id: c}]\n---\n\
                One is here. Two is there.\nThree is not.\nFour is";
    client.open(uri, "dotprompt", text);
    let influence = |client: &mut Client, argument: Value| {
        let found: InfluenceResult = client.command("influence", argument);
        serde_json::to_value(found).unwrap()
    };
    let found = influence(&mut client, json!({"uri": uri}));
    assert_eq!((&found["uri"], &found["version"]), (&json!(uri), &json!(1)));
    let ids: Vec<&Value> = found["cases"]
        .as_array()
        .unwrap()
        .iter()
        .map(|case| &case["id"])
        .collect();
    assert_eq!(ids, ["a", "c"]);
    assert!(found["cases"][0]["logp"].is_number() && found["cases"][0]["reply"].is_null());
    assert!(found["cases"][1]["logp"].is_null() && found["cases"][1]["reply"].is_string());
    let entries = found["influence"].as_array().unwrap();
    assert_eq!(entries.len(), 6);
    for (index, (line, start, end)) in [(3, 0, 12), (3, 13, 26), (4, 0, 13)]
        .into_iter()
        .enumerate()
    {
        let range = json!({
            "start": {"line": line, "character": start}, "end": {"line": line, "character": end},
        });
        let (first, second) = (&entries[index], &entries[index + 3]);
        assert_eq!((&first["range"], &second["range"]), (&range, &range));
        assert_eq!(
            (&first["case"], &second["case"]),
            (&json!("a"), &json!("c"))
        );
        assert_eq!(first["kind"], "sentence");
        assert!(first["delta_logp"].is_number() && first["kl"].is_null());
        assert!(second["delta_logp"].is_null() && second["kl"].is_number());
    }
    let lines = found["lines"].as_array().unwrap();
    let numbers: Vec<&Value> = lines.iter().map(|line| &line["line"]).collect();
    assert_eq!(numbers, [3, 4]);
    let largest = lines.iter().filter(|line| line["share"] == 1.0);
    assert!(largest.clone().count() > 0);
    for line in largest {
        assert_eq!(line["bar"], "████████");
    }
    let argument = json!({"uri": uri, "case": "c", "method": "knockout"});
    let one = influence(&mut client, argument);
    assert_eq!(one["cases"].as_array().unwrap().len(), 1);
    assert_eq!(one["influence"].as_array().unwrap().len(), 3);
    assert_ne!(one["influence"][0]["kl"], entries[3]["kl"]);
    client.notify(
        "textDocument/didClose",
        json!({"textDocument": {"uri": uri}}),
    );
    client.diagnostics(uri, |found| found["version"].is_null());
}

#[test]
fn progress_uses_the_token_of_the_request() {
    let mut client = opened(&Start::default());
    let params = json!({
        "command": "hoplens.server.sweep", "arguments": [{"uri": URI}], "workDoneToken": "mine",
    });
    client.request("workspace/executeCommand", params);
    let mut kinds = Vec::new();
    while kinds.last() != Some(&json!("end")) {
        let told = client.notification("$/progress", |_| true);
        assert_eq!(told["token"], "mine");
        kinds.push(told["value"]["kind"].clone());
    }
    assert_eq!(kinds[0], "begin");
}

#[test]
fn failing_commands_explain_the_reason() {
    let mut client = opened(&Start::default());
    let mut refused = |name: &str, argument: Value| {
        let params = json!({"command": format!("hoplens.server.{name}"), "arguments": [argument]});
        let id = client.ask("workspace/executeCommand", params);
        let error = client.answer(id).unwrap_err();
        let message = error["message"].as_str().unwrap().to_owned();
        (error["code"].as_i64().unwrap(), message)
    };
    let other = "file:///not/open.prompt";
    for name in ["heads", "sweep", "cases", "influence", "preview"] {
        assert_eq!(refused(name, json!({"uri": other})).0, -32602);
        assert_eq!(refused(name, json!({"uri": 7})).0, -32602);
    }
    let (code, message) = refused("heads", json!({"uri": URI, "case": "none"}));
    assert_eq!((code, message.contains("tiny")), (-32602, true));
    let layer = json!({"uri": URI, "memory": "x", "layer": 99, "tau": 1});
    let (code, message) = refused("inject", layer);
    assert_eq!((code, message.contains("99")), (-32803, true), "{message}");
    assert_eq!(refused("useModel", json!({})).0, -32602);
}

#[test]
fn commands_cancel_analyses_and_change_models() {
    let mut client = Client::ready(&Start {
        options: json!({"hoplens": {"run": "manual"}}),
        ..Start::default()
    });
    client.open(URI, "dotprompt", TEXT);
    client.diagnostics(URI, |found| found["version"] == 1);
    let status: StatusResult = client.command("status", ());
    assert_eq!((status.state, status.prompts), (ModelState::Ready, 1));
    assert_eq!(client.command::<usize>("cancel", URI), 0);
    // A request for heads analyses the prompt first, whatever the setting.
    let cases: Vec<CaseEntry> = client.command("cases", json!({"uri": URI}));
    assert_eq!(cases[0].verdict.as_deref(), Some("hop-unknown"));
    // Repairs are measured on request.
    assert_eq!(cases[0].repairs, None);
    let heads = json!({"uri": URI, "case": "#1", "ablate": "none"});
    let heads: HeadsResult = client.command("heads", heads);
    assert_eq!(heads.case, "tiny");
    client.command::<Value>("measure", URI);
    client.diagnostics(URI, is_measured);
    let cases: Vec<CaseEntry> = client.command("cases", json!({"uri": URI}));
    assert!(cases[0].repairs.is_some());
    let models: Vec<ListedModel> = client.command("models", ());
    let mut models = models.into_iter();
    let default = models.find(|one| one.name == "smollm2-135m").unwrap();
    assert_eq!(default.licence.as_deref(), Some("apache-2.0"));
    let other = tiny_gpt2().with_file_name("tiny-llama");
    client.command::<Value>("useModel", json!({"model": other}));
    client.wait_until_ready();
    let status: StatusResult = client.command("status", ());
    assert_eq!(status.model.unwrap().name, "tiny-llama");
    client.command::<Value>("restartModel", ());
    client.wait_until_ready();
    client.notify(
        "textDocument/didClose",
        json!({"textDocument": {"uri": URI}}),
    );
    client.diagnostics(URI, |found| found["version"].is_null());
}
