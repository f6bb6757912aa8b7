//! The lock file.

use super::{Folder, code, failing, json, stderr, stdout};

const LOCK: &str = "hoplens.lock.json";

#[test]
fn cases_that_are_no_worse_are_no_findings() {
    let folder = Folder::new();
    folder.write("a/one.prompt", &failing("The first"));
    assert_eq!(code(&folder.run(&["check", "a"])), 1);
    assert_eq!(code(&folder.run(&["check", "a", "--update"])), 0);
    let written = folder.read(LOCK);
    assert!(written.contains("\"a/one.prompt\""), "{written}");
    assert_eq!(code(&folder.run(&["check", "a", "--baseline"])), 0);
    // A second update leaves the same bytes.
    assert_eq!(code(&folder.run(&["check", "a", "--update"])), 0);
    assert_eq!(folder.read(LOCK), written);
    // A new prompt that fails is a finding; one that is in the lock file stays known.
    folder.write("a/two.prompt", &failing("The second"));
    let output = folder.run(&["check", "a", "--baseline"]);
    assert_eq!(code(&output), 1);
    assert!(stdout(&output).contains("not in the lock file: a/two.prompt, case \"one\""));
    // Files that were not checked are kept; deleted files are dropped.
    assert_eq!(code(&folder.run(&["check", "a/two.prompt", "--update"])), 0);
    assert!(folder.read(LOCK).contains("a/one.prompt"));
    std::fs::remove_file(folder.path("a/one.prompt")).unwrap();
    assert_eq!(code(&folder.run(&["check", "a/two.prompt", "--update"])), 0);
    assert!(!folder.read(LOCK).contains("a/one.prompt"));
}

/// Returns the lock file with another probability for its case.
fn with_p(lock: &str, p: &str) -> String {
    let start = lock.find("\"p\": ").unwrap() + 5;
    let end = start + lock[start..].find(',').unwrap();
    format!("{}{p}{}", &lock[..start], &lock[end..])
}

#[test]
fn worse_cases_are_reported_with_both_probabilities() {
    let folder = Folder::new();
    folder.write("one.prompt", &failing("The first"));
    folder.run(&["check", "one.prompt", "--update"]);
    let lock = folder.read(LOCK);
    folder.write(LOCK, &with_p(&lock, "0.9"));
    let output = folder.run(&["check", "one.prompt", "--baseline"]);
    assert_eq!(code(&output), 1);
    let text = stdout(&output);
    assert!(
        text.contains("worse: one.prompt, case \"one\": P was 90.0 %, now "),
        "{text}"
    );
    let found = json(&folder.run(&["check", "one.prompt", "--baseline", "--json"]));
    assert_eq!(found["baseline"]["worse"][0]["p_before"], 0.9);
    let output = folder.run(&["check", "one.prompt", "--baseline", "--tolerance", "95%"]);
    assert_eq!(code(&output), 1, "nothing is left of it");
    let output = folder.run(&["check", "one.prompt", "--baseline", "--tolerance", "0.95"]);
    assert_eq!(code(&output), 0);
    folder.write("hoplens.toml", "[check]\ntolerance = [\"0.95\"]\n");
    assert_eq!(code(&folder.run(&["check", "one.prompt", "--baseline"])), 0);
    let flags = ["check", "one.prompt", "--baseline", "--tolerance", "0.01"];
    assert_eq!(code(&folder.run(&flags)), 1);
    let sarif = json(&folder.run(&[
        "check",
        "one.prompt",
        "--baseline",
        "--tolerance=0.01",
        "--format=sarif",
    ]));
    let results = sarif["runs"][0]["results"].as_array().unwrap().iter();
    assert_eq!(
        results
            .filter(|one| one["ruleId"] == "worse-than-baseline")
            .count(),
        1
    );
}

#[test]
fn unusable_lock_files_are_rejected() {
    let folder = Folder::new();
    folder.write("one.prompt", &failing("The first"));
    let refuses = |words: &[&str]| {
        let output = folder.run(&["check", "one.prompt", "--baseline"]);
        assert_eq!(code(&output), 2);
        for word in words {
            assert!(stderr(&output).contains(word), "{}", stderr(&output));
        }
    };
    refuses(&[LOCK, "no lock file", "--update"]);
    folder.run_on("tiny-llama", &["check", "one.prompt", "--update"]);
    refuses(&["tiny-llama", "tiny-gpt2", "sha256"]);
    let lock = folder.read(LOCK);
    folder.write(LOCK, &lock[..lock.len() / 2]);
    refuses(&[LOCK, "damaged", "line"]);
    // A damaged lock file is not overwritten either.
    let output = folder.run(&["check", "one.prompt", "--update"]);
    assert_eq!(code(&output), 2);
    folder.write(LOCK, &lock.replace("\"schema\": 1", "\"schema\": 2"));
    refuses(&["schema", "2"]);
    folder.write(LOCK, &lock);
    // This model's numbers replace those of another model.
    assert_eq!(code(&folder.run(&["check", "one.prompt", "--update"])), 0);
    assert!(folder.read(LOCK).contains("tiny-gpt2"));
}

#[test]
fn known_findings_are_notices() {
    let folder = Folder::new();
    folder.write("one.prompt", &failing("The first"));
    folder.run(&["check", "one.prompt", "--update"]);
    let lines =
        |format: &str| stdout(&folder.run(&["check", ".", "--baseline", "--format", format]));
    assert!(
        !lines("github").contains("::warning"),
        "{}",
        lines("github")
    );
    let states = |text: &str| {
        let log: serde_json::Value = serde_json::from_str(text).unwrap();
        let results = log["runs"][0]["results"].as_array().unwrap().clone();
        results
            .iter()
            .map(|one| one["baselineState"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert!(
        states(&lines("sarif"))
            .iter()
            .all(|state| state == "unchanged")
    );
    folder.write("two.prompt", &failing("The second"));
    assert!(lines("github").contains("::warning file=two.prompt"));
    assert!(states(&lines("sarif")).contains(&"new".to_owned()));
    // Through another path, the same files have the same names.
    std::fs::create_dir(folder.path("sub")).unwrap();
    let args = [
        "check",
        "sub/../one.prompt",
        "--baseline=sub/../hoplens.lock.json",
    ];
    assert_eq!(code(&folder.run(&args)), 0);
    // A suppressed verdict is not new either.
    let quiet = failing("The second");
    let found = json(&folder.run(&["check", "two.prompt", "--json"]));
    let verdict = found["files"][0]["cases"][0]["verdict"]
        .as_str()
        .unwrap()
        .to_owned();
    folder.write(
        "two.prompt",
        &quiet.replace(
            "hoplens.cases",
            &format!("hoplens.ignore: [{verdict}]\nhoplens.cases"),
        ),
    );
    assert_eq!(code(&folder.run(&["check", ".", "--baseline"])), 0);
}
