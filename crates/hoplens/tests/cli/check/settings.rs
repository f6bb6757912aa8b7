//! `hoplens.toml`, and the flags that override it.

use hoplens::settings::analysis_settings;
use hoplens_workspace::Project;

use super::{Folder, code, failing, json, stderr};

#[test]
fn flags_override_the_project() {
    let folder = Folder::new();
    folder.write("one.prompt", "Text");
    let llama = hoplens_test_support::miniature("tiny-llama");
    folder.write(
        "hoplens.toml",
        &format!("model = {:?}\n", llama.display().to_string()),
    );
    let found = json(&folder.bare(&["check", "one.prompt", "--json"], None));
    assert_eq!(found["model"]["name"], "tiny-llama");
    let found = json(&folder.run(&["check", "one.prompt", "--json"]));
    assert_eq!(found["model"]["name"], "tiny-gpt2");
}

#[test]
fn the_nearest_project_sets_thresholds_and_search() {
    let folder = Folder::new();
    folder.write("one.prompt", &failing("The first"));
    folder.write("deep/one.prompt", &failing("The first"));
    // With this factor, no hop counts as lost.
    let easy = "[thresholds]\nlost_factor = 1e9\n";
    folder.write("deep/hoplens.toml", easy);
    folder.write("hoplens.toml", "[search]\nmost = 1\n");
    let found = json(&folder.run(&["check", "one.prompt", "deep/one.prompt", "--json"]));
    let case = |file: usize| found["files"][file]["cases"][0].clone();
    assert_ne!(case(0)["verdict"], "ok");
    assert_eq!(case(0)["repairs"].as_array().unwrap().len(), 1);
    assert_eq!(case(1)["verdict"], "ok");
}

#[test]
fn replies_are_limited_by_the_project_and_by_flags() {
    let folder = Folder::new();
    let case = "---\nhoplens.cases: [{expect: no such answer, match: contains}]\n---\nThe first";
    folder.write("one.prompt", case);
    folder.write("hoplens.toml", "[replies]\nsamples = 1\ntokens = 2\n");
    let replies = |flags: &[&str]| {
        let found = json(&folder.run(&[&["check", "one.prompt", "--json"], flags].concat()));
        let replies = found["files"][0]["cases"][0]["replies"].clone();
        let sampled = replies["sampled"].as_array().unwrap().len();
        (sampled, replies["greedy"]["text"].as_str().unwrap().len())
    };
    let (sampled, short) = replies(&[]);
    assert_eq!(sampled, 1);
    let (sampled, long) = replies(&["--reply-samples", "0", "--reply-tokens", "20"]);
    assert_eq!(sampled, 0);
    assert!(short < long, "{short} {long}");
    for (flags, reason) in [
        (["--reply-samples", "65"], "65 is not in 0..=64"),
        (["--reply-tokens", "0"], "0 is not in 1..=4096"),
    ] {
        let output = folder.run(&[&["check", "one.prompt"], &flags[..]].concat());
        assert_eq!(code(&output), 2);
        assert!(stderr(&output).contains(reason), "{}", stderr(&output));
    }
    for (text, reason) in [
        ("samples = 65", "`samples`: 65 is too many"),
        ("tokens = 0", "`tokens`: 0 is no length of a reply"),
    ] {
        folder.write("hoplens.toml", &format!("[replies]\n{text}\n"));
        let output = folder.run(&["check", "one.prompt"]);
        assert_eq!(code(&output), 2);
        assert!(stderr(&output).contains(reason), "{}", stderr(&output));
        assert!(
            stderr(&output).contains("hoplens.toml:2:1"),
            "{}",
            stderr(&output)
        );
    }
}

#[test]
fn ignored_codes_are_not_reported() {
    let folder = Folder::new();
    folder.write("one.prompt", &failing("The first"));
    let codes = || {
        let found = json(&folder.run(&["check", "one.prompt", "--json"]));
        let all = found["files"][0]["diagnostics"].as_array().unwrap().clone();
        all.iter()
            .map(|one| one["code"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let before = codes();
    let verdict = before.first().unwrap();
    folder.write("hoplens.toml", &format!("ignore = [\"{verdict}\"]\n"));
    assert!(!codes().contains(verdict));
}

#[test]
fn a_former_code_in_the_settings_gives_a_hint() {
    let folder = Folder::new();
    folder.write("one.prompt", "Text");
    folder.write("two.prompt", "Text");
    folder.write(
        "hoplens.toml",
        "bos = \"auto\"\nignore = [\"front-matter\"]\n",
    );
    let check = ["check", "one.prompt", "two.prompt", "--json"];
    for arguments in [&check[..], &["repair", "one.prompt", "--json"]] {
        let output = folder.run(arguments);
        assert_eq!(code(&output), 0);
        json(&output);
        let shown = stderr(&output);
        assert_eq!(
            shown.matches("hint[deprecated-ignore]").count(),
            1,
            "{shown}"
        );
        for words in ["hoplens.toml:2:11: `front-matter`", "unset-variable"] {
            assert!(shown.contains(words), "{shown}");
        }
    }
    folder.write("hoplens.toml", "ignore = [\"unset-variable\"]\n");
    assert_eq!(stderr(&folder.run(&["check", "one.prompt"])), "");
}

#[test]
fn invalid_settings_are_reported_with_their_position() {
    let folder = Folder::new();
    folder.write("one.prompt", "Text");
    for (text, words) in [
        (
            "[thresholds]\nknow = 0.1\n",
            ["hoplens.toml:2:1", "know", "known"],
        ),
        (
            "model = 5\n",
            ["hoplens.toml:1:9", "string", "docs/settings.md"],
        ),
        (
            "[search]\npasses = -1.0\n",
            ["hoplens.toml:2:1", "passes", "above 0"],
        ),
    ] {
        folder.write("hoplens.toml", text);
        let output = folder.run(&["check", "one.prompt"]);
        assert_eq!(code(&output), 2);
        for word in words {
            assert!(stderr(&output).contains(word), "{}", stderr(&output));
        }
    }
}

/// Returns the keys that a table of the settings may have, as the parser lists them.
fn known_keys(table: &str) -> Vec<String> {
    let head = if table.is_empty() {
        String::new()
    } else {
        format!("[{table}]\n")
    };
    let problem = Project::parse(&format!("{head}no_such_key = 1\n")).unwrap_err();
    // Two names are joined by `or`, more follow `one of`.
    let names = problem.message.split("expected ").nth(1).unwrap();
    let names = names.split('`').skip(1).step_by(2);
    names.map(str::to_owned).collect()
}

#[test]
fn the_documentation_lists_every_key_with_its_default() {
    let document = include_str!("../../../../../docs/settings.md");
    let rows: Vec<(&str, &str)> = document
        .lines()
        .filter_map(|line| {
            let mut cells = line.strip_prefix("| `")?.split(" | ");
            let key = cells.next()?.strip_suffix('`')?;
            let default = cells.nth(1)?.strip_suffix(" |")?;
            Some((key, default.trim_matches('`')))
        })
        .collect();
    let mut keys = Vec::new();
    for name in known_keys("") {
        if document.contains(&format!("`{name}.")) {
            let inside = known_keys(&name);
            keys.extend(inside.iter().map(|key| format!("{name}.{key}")));
        } else {
            keys.push(name);
        }
    }
    let documented: Vec<&str> = rows.iter().map(|(key, _)| *key).collect();
    assert_eq!(documented, keys);
    let defaults = analysis_settings(&Project::default());
    for (key, default) in rows {
        let project = Project::parse(&format!("{key} = {default}\n"));
        let project = project.unwrap_or_else(|problem| panic!("{key}: {}", problem.message));
        assert_eq!(analysis_settings(&project), defaults, "{key}");
    }
}
