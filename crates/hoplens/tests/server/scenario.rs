//! The main scenario: a failing hop is found and repaired, and the repair works.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::client::Client;
use crate::editor;
use crate::session_start::Start;

/// A prompt whose hop is lost.
pub struct Scenario {
    pub text: &'static str,
    /// The code of the diagnostic. `numbers` is how many percentages its message contains.
    pub code: &'static str,
    pub numbers: usize,
    /// The underlined mention.
    pub mention: &'static str,
    /// The bridge as written in the file, including quotes.
    pub bridge: &'static str,
}

/// Measured durations, which are printed and never asserted.
#[derive(Debug, Default)]
#[allow(dead_code, reason = "read by whoever reads the output")]
pub struct Figures {
    pub start_to_ready: Duration,
    pub open_to_findings: Duration,
    pub open_to_repairs: Duration,
    pub open_to_controls: Duration,
    pub hover_cold: Duration,
    pub hover_cached: Duration,
    pub hover_while_measuring: Option<Duration>,
    pub code_action: Duration,
    pub keystroke_to_findings_beyond_debounce: Duration,
}

const DEBOUNCE: Duration = Duration::from_millis(50);

/// Runs a scenario. The server's debounce must be [`DEBOUNCE`].
pub fn run(start: &Start, scenario: &Scenario) -> Figures {
    let uri = "file:///somewhere/scenario.prompt";
    let mut figures = Figures::default();
    let begun = Instant::now();
    let mut start_with_hints = Start {
        model: start.model.clone(),
        patience: start.patience,
        ..Start::default()
    };
    start_with_hints.capabilities["workspace"]["inlayHint"] = json!({"refreshSupport": true});
    let mut client = Client::ready(&start_with_hints);
    figures.start_to_ready = begun.elapsed();

    // Open the document: the hop is lost.
    let begun = Instant::now();
    client.open(uri, "dotprompt", scenario.text);
    let found = client.diagnostics(uri, |found| found["diagnostics"][0]["data"].is_object());
    figures.open_to_findings = begun.elapsed();
    check_finding(&found, scenario, uri);
    client.serve("workspace/inlayHint/refresh", &Value::Null);

    // A hover does not wait for the running measurements.
    let words = scenario.text.trim_end();
    let early = editor::position(words, words.rfind(' ').unwrap() - 1);
    let (shown, took) = timed(|| hover(&mut client, uri, &early));
    assert!(
        shown["contents"]["value"]
            .as_str()
            .unwrap()
            .contains("expected it here"),
        "{shown}"
    );
    let is_known = |shown: &Value| {
        shown["contents"]["value"]
            .as_str()
            .unwrap()
            .contains("Next: ")
    };
    figures.hover_while_measuring = is_known(&shown).then_some(took);

    client.diagnostics(uri, |found| {
        found["diagnostics"][0]["data"]["repairs"].is_u64()
    });
    figures.open_to_repairs = begun.elapsed();
    let found = client.diagnostics(uri, |found| {
        found["diagnostics"][0]["data"]["weighed"] == true
    });
    figures.open_to_controls = begun.elapsed();
    let range = found["diagnostics"][0]["range"].clone();

    // Hover: the heads at the last token.
    let last = editor::position(words, words.len());
    let (shown, cold) = timed(|| hover(&mut client, uri, &last));
    check_hover(&shown);
    let (again, cached) = timed(|| hover(&mut client, uri, &last));
    assert_eq!(again, shown);
    (figures.hover_cold, figures.hover_cached) = (cold, cached);

    // Apply the repair.
    let before = hint(&mut client, uri);
    let (actions, took) = timed(|| actions(&mut client, uri, &range, Value::Null));
    figures.code_action = took;
    let inject = check_actions(&actions, &found);
    check_kinds(&mut client, uri, &range);
    let edit = &inject["edit"]["documentChanges"][0];
    assert_eq!(edit["textDocument"], json!({"uri": uri, "version": 1}));
    let repaired = editor::apply(scenario.text, &edit["edits"]);
    assert!(
        repaired.contains("hoplens.inject:") && repaired.contains("measured:"),
        "{repaired}"
    );

    let title = inject["title"].as_str().unwrap();
    assert!(title.ends_with("random memories)"), "{title}");
    let (_, promised) = gain(title);
    let changes: Vec<Value> = edit["edits"]
        .as_array()
        .unwrap()
        .iter()
        .rev()
        .map(|edit| json!({"range": edit["range"], "text": edit["newText"]}))
        .collect();
    // Refreshes in quick succession are merged, so wait: users do not type that fast.
    std::thread::sleep(Duration::from_millis(600));
    let begun = Instant::now();
    client.change(uri, 2, &json!(changes));
    let is_new = |found: &Value| {
        let one = &found["diagnostics"][0];
        found["version"] == 2 && (one.is_null() || one["data"].is_object())
    };
    let found = client.diagnostics(uri, is_new);
    figures.keystroke_to_findings_beyond_debounce = begun.elapsed().saturating_sub(DEBOUNCE);
    client.serve("workspace/inlayHint/refresh", &Value::Null);
    assert_eq!(client.text(uri), json!(repaired));
    let after = hint(&mut client, uri);
    assert!(after.contains(&promised), "{after} should show {promised}");
    assert!(
        percent_in(&before) < percent_in(&after),
        "{before} → {after}"
    );

    // The diagnostics agree: none is left, or it has the new number and new repairs.
    if let Some(one) = found["diagnostics"].get(0) {
        let message = one["message"].as_str().unwrap();
        assert!(
            message.contains(&promised),
            "{message} should show {promised}"
        );
        client.diagnostics(uri, |found| {
            found["diagnostics"][0]["data"]["weighed"] == true
        });
    }
    figures
}

fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let begun = Instant::now();
    (work(), begun.elapsed())
}

fn check_finding(found: &Value, scenario: &Scenario, uri: &str) {
    assert_eq!(found["version"], 1);
    let one = &found["diagnostics"][0];
    assert_eq!(one["code"], scenario.code, "{found}");
    let message = one["message"].as_str().unwrap();
    assert_eq!(message.matches(" %").count(), scenario.numbers, "{message}");
    assert_eq!(
        editor::slice(scenario.text, &one["range"]),
        scenario.mention
    );
    let bridge = &one["relatedInformation"][0]["location"];
    assert_eq!(bridge["uri"], uri);
    assert_eq!(
        editor::slice(scenario.text, &bridge["range"]),
        scenario.bridge
    );
    let data = &one["data"];
    assert_eq!(data["model"].as_str().unwrap().len(), 64);
    assert_eq!(data["content"].as_str().unwrap().len(), 64);
    assert!(0.0 < data["baseline"].as_f64().unwrap());
}

fn hover(client: &mut Client, uri: &str, position: &Value) -> Value {
    let params = json!({"textDocument": {"uri": uri}, "position": position});
    client.request("textDocument/hover", params)
}

fn check_hover(shown: &Value) {
    let text = shown["contents"]["value"].as_str().unwrap();
    assert_eq!(shown["contents"]["kind"], "markdown");
    let next = text
        .lines()
        .find(|line| line.starts_with("Next: "))
        .unwrap();
    assert_eq!(next.matches(" %").count(), 5, "{next}");
    assert!(text.contains("Expected answer"), "{text}");
    let table = text.split("```").nth(1).unwrap();
    assert!(table.contains("layer.head"), "{text}");
    // Six heads, the header, and the fence's language.
    assert_eq!(table.trim_end().lines().count(), 8, "{table}");
    assert!(shown["range"].is_object());
}

fn actions(client: &mut Client, uri: &str, range: &Value, only: Value) -> Value {
    let mut context = json!({"diagnostics": []});
    if !only.is_null() {
        context["only"] = only;
    }
    let params = json!({"textDocument": {"uri": uri}, "range": range, "context": context});
    client.request("textDocument/codeAction", params)
}

/// Checks the code actions, and returns the best injection.
fn check_actions<'actions>(actions: &'actions Value, found: &Value) -> &'actions Value {
    let is_repair = |action: &&Value| action["kind"] != "quickfix.hoplens.ignore";
    let all: Vec<&Value> = actions
        .as_array()
        .unwrap()
        .iter()
        .filter(is_repair)
        .collect();
    assert_eq!(
        Some(all.len() as u64),
        found["diagnostics"][0]["data"]["repairs"].as_u64()
    );
    let gains: Vec<f64> = all
        .iter()
        .map(|action| {
            assert_eq!(action["diagnostics"], found["diagnostics"]);
            let (before, after) = gain(action["title"].as_str().unwrap());
            percent_in(&after) / percent_in(&before)
        })
        .collect();
    assert!(gains.iter().all(|gain| 1.05 < *gain), "{gains:?}");
    assert!(gains.is_sorted_by(|a, b| b <= a), "{gains:?}");
    let preferred: Vec<bool> = all
        .iter()
        .map(|action| action["isPreferred"] == true)
        .collect();
    assert!(preferred[0] && !preferred[1..].contains(&true));
    let of = |kind: &str| all.iter().copied().find(|one| one["kind"] == kind);
    assert!(of("quickfix.hoplens.rewrite").is_some());
    of("quickfix.hoplens.inject").unwrap()
}

fn check_kinds(client: &mut Client, uri: &str, range: &Value) {
    let mut count = |only: Value| actions(client, uri, range, only).as_array().unwrap().len();
    let all = count(json!(["quickfix"]));
    let inject = count(json!(["quickfix.hoplens.inject"]));
    let rewrite = count(json!(["refactor", "quickfix.hoplens.rewrite"]));
    let ignore = count(json!(["quickfix.hoplens.ignore"]));
    assert_eq!(inject + rewrite + ignore, all);
    assert_eq!(count(json!(["source.fixAll"])), 1);
    assert_eq!(count(json!(["source.organizeImports"])), 0);
    assert!(0 < inject && 0 < rewrite);
    // Away from the diagnostic there is nothing to repair.
    let elsewhere =
        json!({"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 1}});
    assert_eq!(actions(client, uri, &elsewhere, Value::Null), json!([]));
}

/// Returns `23.5 %` and `95.4 %` of `…: 23.5 % → 95.4 % (×4.1, …)`.
fn gain(title: &str) -> (String, String) {
    let (before, after) = title.rsplit_once(" → ").unwrap();
    let (_, before) = before.rsplit_once(": ").unwrap();
    let (after, factor) = after.split_once(" (").unwrap();
    assert!(factor.starts_with('×'), "{title}");
    (before.to_owned(), after.to_owned())
}

/// Returns the number before the last ` %`.
fn percent_in(text: &str) -> f64 {
    let (before, _) = text.rsplit_once(" %").unwrap();
    let start = before.rfind(' ').map_or(0, |space| space + 1);
    before[start..].parse().unwrap()
}

fn hint(client: &mut Client, uri: &str) -> String {
    let everything =
        json!({"start": {"line": 0, "character": 0}, "end": {"line": 999, "character": 0}});
    let params = json!({"textDocument": {"uri": uri}, "range": everything});
    let hints = client.request("textDocument/inlayHint", params);
    assert_eq!(hints.as_array().unwrap().len(), 1, "{hints}");
    hints[0]["label"].as_str().unwrap().to_owned()
}
