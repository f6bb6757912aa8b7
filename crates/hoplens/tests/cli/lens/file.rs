//! `hoplens lens FILE`: the heads of a file's case, and which of them retrieve its words.

use serde_json::Value;

use super::command::{PROMPT, hoplens, json, refusal};

const FILE: &str = "---\nhoplens.cases:\n  - id: reef\n    expect: \" a\"\n    hops: [{mention: \"The \
                    largest coral reef system\", bridge: \"the Great Barrier Reef\"}]\n  - {id: plain, \
                    expect: \" the\"}\nhoplens.inject:\n  - {case: reef, memory: \"Great\", layer: 1, \
                    tau: 9}\n---\nThe largest coral reef system in the world is";

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("reef.prompt"), FILE).unwrap();
    folder
}

#[test]
fn a_case_is_read_with_its_answer_and_its_injections() {
    let folder = folder();
    let read = |args: &[&str]| json(folder.path(), &[&["lens", "--json"], args].concat());
    let reef = read(&["reef.prompt"]);
    assert_eq!(reef["case"], "reef");
    assert_eq!(reef["injections"].as_array().unwrap().len(), 1);
    assert_eq!(reef["target"], " a");
    let plain = read(&["--prompt", PROMPT, "--expect", " a"]);
    assert_ne!(
        plain["logp"], reef["logp"],
        "the injection changes something"
    );
    assert_eq!(plain["injections"].as_array().unwrap().len(), 0);
    let other = read(&["reef.prompt", "--case", "plain"]);
    assert_eq!(
        (&other["case"], &other["target"]),
        (&"plain".into(), &" the".into())
    );
    // An injection of another case is not in force.
    assert_eq!(other["injections"].as_array().unwrap().len(), 0);
    assert!(other["bridge"].is_null());
    let without = read(&["--prompt", PROMPT, "--expect", " the"]);
    assert_eq!(without["logp"], other["logp"]);
}

#[test]
fn heads_are_ranked_by_the_bridge_in_both_prompts() {
    let folder = folder();
    let args = ["lens", "reef.prompt", "--json", "--ablate", "none"];
    let found = json(folder.path(), &args);
    let bridge = &found["bridge"];
    assert_eq!(bridge["text"], "the Great Barrier Reef");
    let named = bridge["explicit_prompt"].as_str().unwrap();
    assert_eq!(named, "The Great Barrier Reef in the world is");
    let first = found["tokens"].as_array().unwrap().len();
    let second = bridge["explicit_tokens"].as_array().unwrap().len();
    for head in found["heads"].as_array().unwrap() {
        let row = &head["bridge"];
        for (kind, count) in [("composed", first), ("explicit", second)] {
            let row = &row[kind];
            assert!(
                (row["position"].as_u64().unwrap() as usize) < count,
                "{head}"
            );
            let share = row["share"].as_f64().unwrap();
            assert!(0.0 < share && share <= 1.0, "{head}");
        }
    }
    // The same query by flags.
    let by_flags = [
        "lens",
        "--prompt",
        PROMPT,
        "--mention",
        "The largest coral reef system",
        "--bridge",
        "the Great Barrier Reef",
        "--json",
        "--ablate",
        "none",
    ];
    let same = json(folder.path(), &by_flags);
    assert_eq!(same["bridge"], found["bridge"]);
    // The prompt with the bridge named runs without the injection, so the two agree there.
    let explicit = |found: &Value| found["heads"][5]["bridge"]["explicit"].clone();
    assert_eq!(explicit(&same), explicit(&found));
    let text = hoplens(folder.path(), &["lens", "reef.prompt", "--ablate", "none"]);
    let text = String::from_utf8(text.stdout).unwrap();
    for part in [
        "its injection in force",
        "heads that speak \"the Great Barrier Reef\"",
        "as written",
    ] {
        assert!(text.contains(part), "{text}");
    }
}

#[test]
fn words_without_a_token_are_reported() {
    let folder = folder();
    std::fs::write(folder.path().join("words.txt"), "# a list\nthe\na\n").unwrap();
    let read = |more: &[&str]| {
        let args = ["lens", "--prompt", PROMPT, "--json", "--ablate", "none"];
        json(folder.path(), &[&args, more].concat())
    };
    let found = read(&["--words", "the,a,zzqxvkk"]);
    assert_eq!(found["words"]["unknown"], serde_json::json!(["zzqxvkk"]));
    let last = found["position"].as_u64().unwrap();
    let heads = found["heads"].as_array().unwrap();
    assert!(heads.iter().all(|head| head["words"]["position"] == last));
    let anywhere = read(&["--words", "words.txt", "--anywhere"]);
    assert_eq!(anywhere["words"]["words"], serde_json::json!(["the", "a"]));
    for (head, here) in anywhere["heads"].as_array().unwrap().iter().zip(heads) {
        assert!(head["words"]["rank"].as_u64() <= here["words"]["rank"].as_u64());
    }
}

#[test]
fn the_picture_shows_the_requested_map() {
    let folder = folder();
    let svg = |more: &[&str]| {
        let args = ["lens", "reef.prompt", "--format", "svg"];
        let output = hoplens(folder.path(), &[&args, more].concat());
        assert_eq!(output.status.code(), Some(0));
        String::from_utf8(output.stdout).unwrap()
    };
    let bridge = svg(&[]);
    assert!(bridge.starts_with("<svg") && bridge.contains("Great Barrier Reef"));
    let ablation = svg(&["--map", "ablation"]);
    assert!(ablation.contains("owes to each head") && ablation != bridge);
    assert!(svg(&["--map", "bridge-difference"]).contains("higher where it is named"));
    let probe = ["probe", "--prompt", "a", "--expect", "b", "--format", "svg"];
    assert!(refusal(folder.path(), &probe).contains("only `hoplens lens` writes svg"));
}

#[test]
fn missing_cases_and_flags_are_rejected_by_name() {
    let folder = folder();
    std::fs::write(folder.path().join("empty.prompt"), "").unwrap();
    for (args, parts) in [
        (&["lens"][..], &["FILE"][..]),
        (&["lens", "gone.prompt"], &["gone.prompt"]),
        (&["lens", "empty.prompt"], &["no tokens"]),
        (
            &["lens", "reef.prompt", "--case", "x"],
            &["--case", "reef, plain"],
        ),
        (&["lens", "reef.prompt", "--prompt", "a"], &["--prompt"]),
        (
            &["lens", "--prompt", "a b", "--bridge", "c"],
            &["--bridge", "--mention"],
        ),
        (
            &["lens", "--prompt", "a b", "--bridge", "c", "--mention", "d"],
            &["--mention", "not in the prompt"],
        ),
        (
            &["lens", "--prompt", "a b", "--map", "words"],
            &["--map", "--words"],
        ),
        (&["lens", "--prompt", "a b", "--words", ", ,"], &["--words"]),
        (
            &["lens", "--prompt", "a b", "--words", "zzqxvkk"],
            &["--words", "no token"],
        ),
    ] {
        let message = refusal(folder.path(), args);
        for part in parts {
            assert!(message.contains(part), "{args:?}: {message}");
        }
    }
}
