//! SARIF and GitHub's annotations.

use serde_json::Value;

use super::{Folder, code, failing, json, stderr, stdout};

fn schema() -> jsonschema::Validator {
    let schema = include_str!("../../../../../tests/fixtures/sarif/sarif-schema-2.1.0.json");
    // The pattern for languages has an extra bracket, which some regex engines reject.
    let wrong = "-[a-zA-Z]{2}]?$";
    assert!(schema.contains(wrong));
    let schema = schema.replace(wrong, "-[a-zA-Z]{2}$");
    jsonschema::validator_for(&serde_json::from_str(&schema).unwrap()).unwrap()
}

fn sarif(folder: &Folder, args: &[&str]) -> Value {
    let mut all = vec!["check", "--format", "sarif"];
    all.extend(args);
    let log = json(&folder.run(&all));
    let schema = schema();
    let wrong: Vec<String> = schema
        .iter_errors(&log)
        .map(|error| error.to_string())
        .collect();
    assert_eq!(wrong, Vec::<String>::new());
    log
}

#[test]
fn sarif_is_valid_and_its_fingerprints_survive_moved_lines() {
    let folder = Folder::new();
    folder.write("a b/ü.prompt", &failing("The 😀 first"));
    folder.write("bad.prompt", "---\nhoplens.cases: [{expect: [}\n---\nText");
    let log = sarif(&folder, &["."]);
    let results = log["runs"][0]["results"].as_array().unwrap();
    assert!(results.len() >= 2);
    let rules = log["runs"][0]["tool"]["driver"]["rules"]
        .as_array()
        .unwrap();
    for result in results {
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[index]["id"], result["ruleId"]);
    }
    let failing_one = |log: &Value| -> Value {
        let results = log["runs"][0]["results"].as_array().unwrap().iter();
        let mut ours = results.filter(|one| one["fixes"].is_array());
        ours.next().unwrap().clone()
    };
    let one = failing_one(&log);
    let place = &one["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "a%20b/%C3%BC.prompt");
    // The emoji is two units of UTF-16.
    let width = "The 😀 first".encode_utf16().count() as u64;
    assert_eq!(place["region"]["startColumn"], 1);
    assert_eq!(place["region"]["endColumn"], width + 1);
    assert!(one["relatedLocations"].as_array().unwrap().len() >= 2);
    let line = place["region"]["startLine"].as_u64().unwrap();
    let moved = failing("The 😀 first").replacen("---\n", "---\n# a line more\n", 1);
    folder.write("a b/ü.prompt", &moved);
    let later = failing_one(&sarif(&folder, &["."]));
    let place = &later["locations"][0]["physicalLocation"];
    assert_eq!(place["region"]["startLine"], line + 1);
    assert_eq!(later["partialFingerprints"], one["partialFingerprints"]);
}

#[test]
fn sarif_fixes_equal_the_edits_of_json() {
    let folder = Folder::new();
    folder.write("one.prompt", &failing("The first"));
    let log = sarif(&folder, &["one.prompt"]);
    let mut results = log["runs"][0]["results"].as_array().unwrap().iter();
    let fixes = results.find_map(|one| one["fixes"].as_array()).unwrap();
    let found = json(&folder.run(&["check", "one.prompt", "--json"]));
    let repairs = found["files"][0]["cases"][0]["repairs"].as_array().unwrap();
    let with_edit: Vec<&Value> = repairs
        .iter()
        .filter(|one| !one["edit"].is_null())
        .collect();
    assert!(!fixes.is_empty());
    assert_eq!(fixes.len(), with_edit.len());
    for (fix, repair) in fixes.iter().zip(with_edit) {
        assert_eq!(fix["description"]["text"], repair["title"]);
        let replacement = &fix["artifactChanges"][0]["replacements"][0];
        let edit = &repair["edit"]["edits"][0];
        assert_eq!(replacement["insertedContent"]["text"], edit["new_text"]);
        assert_eq!(
            replacement["deletedRegion"]["startLine"],
            edit["range"]["start"]["line"]
        );
    }
}

#[test]
fn a_finding_has_only_the_repairs_that_fix_it() {
    let folder = Folder::new();
    folder.write("hoplens.toml", "[thresholds]\ngain_factor = 1.0\n");
    // A trailing space and a lost hop.
    folder.write("one.txt", "The first is located ");
    folder.write(
        "one.txt.hoplens.yaml",
        "version: 1\ncases:\n  - expect: \" the\"\n    hops: [{mention: The first, bridge: café}]\n",
    );
    let log = sarif(&folder, &["one.txt"]);
    let results = log["runs"][0]["results"].as_array().unwrap();
    let of = |code: &str| results.iter().find(|one| one["ruleId"] == code);
    let space = of("trailing-space").unwrap();
    let titles = |one: &Value| -> Vec<String> {
        let fixes = one["fixes"].as_array().into_iter().flatten();
        fixes
            .map(|fix| fix["description"]["text"].as_str().unwrap().to_owned())
            .collect()
    };
    let own = titles(space);
    assert!(
        own.len() == 1 && own[0].starts_with("Remove \" \""),
        "{own:?}"
    );
    let verdict = results.iter().find(|one| 1 < titles(one).len()).unwrap();
    // Text prints each repair once, below the first finding that it fixes.
    let text = stdout(&folder.run(&["check", "one.txt"]));
    for title in titles(verdict) {
        assert_eq!(text.matches(&title).count(), 1, "{title}: {text}");
    }
}

#[test]
fn annotations_stay_on_one_line() {
    let folder = Folder::new();
    folder.write("a,b.prompt", &failing("The first"));
    let output = folder.run(&["check", "a,b.prompt", "--format", "github"]);
    assert_eq!(code(&output), 1);
    let text = stdout(&output);
    let line = text.lines().next().unwrap();
    assert!(
        line.starts_with("::warning file=a%2Cb.prompt,line=8,col=1,endLine=8,endColumn=10,title=")
    );
    // The line contains the percent sign of a probability, and the line break before the best
    // repair.
    assert!(line.contains(" %25 ") && line.contains("%0A"), "{line}");
    assert!(text.lines().all(|line| line.starts_with("::")), "{text}");
    // Each of several cases is named.
    let two = "---\nhoplens.cases:\n  - {id: one, expect: a}\n  - {id: two, expect: b}\n---\nIt is";
    folder.write("two.prompt", two);
    let text = stdout(&folder.run(&["check", "two.prompt", "--format", "github"]));
    for title in ["title=answer-unlikely (case one)::", "(case two)::"] {
        assert!(text.contains(title), "{text}");
    }
}

#[test]
fn other_commands_reject_sarif() {
    let folder = Folder::new();
    let output = folder.run(&[
        "probe", "--prompt", "a", "--expect", "b", "--format", "sarif",
    ]);
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("--format"));
}
