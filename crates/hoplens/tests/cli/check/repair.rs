//! `hoplens repair`.

use serde_json::Value;

use super::{Folder, code, failing, json, stderr, stdout};

#[test]
fn the_best_repair_is_applied_and_has_the_predicted_effect() {
    let folder = Folder::new();
    let text = failing("The first");
    folder.write("one.prompt", &text);
    let found = json(&folder.run(&["repair", "one.prompt", "--json"]));
    let repairs = found["repairs"].as_array().unwrap();
    assert!(!repairs.is_empty());
    for (at, repair) in repairs.iter().enumerate() {
        assert_eq!(repair["number"], at + 1);
        for key in ["kind", "title", "logp_before", "logp_after", "edit"] {
            assert!(!repair[key].is_null(), "{key}: {repair}");
        }
    }
    assert_eq!(folder.read("one.prompt"), text);
    let applied = json(&folder.run(&["repair", "one.prompt", "--apply", "--json"]));
    let applied = &applied["applied"][0];
    let (promised, measured) = (&applied["promised"], &applied["measured"]);
    let (promised, measured) = (promised.as_f64().unwrap(), measured.as_f64().unwrap());
    assert!(
        (promised.ln() - measured.ln()).abs() < 1e-3,
        "{promised} {measured}"
    );
    let edited = folder.read("one.prompt");
    assert_ne!(edited, text);
    // Undoing the edit restores the file.
    let number = applied["number"].as_u64().unwrap() as usize;
    let edits = repairs[number - 1]["edit"]["edits"].as_array().unwrap();
    assert_eq!(edits.len(), 1);
    let new_text = edits[0]["new_text"].as_str().unwrap();
    let range = &edits[0]["range"];
    let (start, end) = (offset(&text, &range["start"]), offset(&text, &range["end"]));
    assert_eq!(&edited[start..start + new_text.len()], new_text);
    let mut undone = edited.clone();
    undone.replace_range(start..start + new_text.len(), &text[start..end]);
    assert_eq!(undone, text);
}

/// Returns the byte offset of a line and column, both from 1, columns in characters.
fn offset(text: &str, place: &Value) -> usize {
    let number = |key: &str| place[key].as_u64().unwrap() as usize - 1;
    let lines = text.split_inclusive('\n').take(number("line"));
    let before: usize = lines.map(str::len).sum();
    let rest = text[before..].char_indices().nth(number("column"));
    before + rest.map_or(text.len() - before, |(at, _)| at)
}

#[test]
fn a_diff_does_not_change_the_file() {
    let folder = Folder::new();
    let text = failing("The first");
    folder.write("one.prompt", &text);
    let output = folder.run(&["repair", "one.prompt", "--diff"]);
    assert_eq!(code(&output), 1);
    assert!(
        stdout(&output).contains("+++ one.prompt"),
        "{}",
        stdout(&output)
    );
    assert_eq!(folder.read("one.prompt"), text);
}

#[test]
fn every_repair_can_be_applied_by_its_number() {
    let folder = Folder::new();
    let text = failing("The first");
    folder.write("one.prompt", &text);
    let found = json(&folder.run(&["repair", "one.prompt", "--json"]));
    for repair in found["repairs"].as_array().unwrap() {
        folder.write("one.prompt", &text);
        let number = repair["number"].to_string();
        let args = [
            "repair",
            "one.prompt",
            "--apply",
            "--number",
            &number,
            "--json",
        ];
        let applied = json(&folder.run(&args));
        let applied = &applied["applied"][0];
        assert_eq!(applied["number"], repair["number"]);
        let gap =
            applied["promised"].as_f64().unwrap().ln() - applied["measured"].as_f64().unwrap().ln();
        assert!(gap.abs() < 1e-3, "{repair}: {applied}");
    }
}

#[test]
fn cases_without_ids_are_found_after_the_edit() {
    let folder = Folder::new();
    let text = failing("The first").replace("  - id: one\n    expect", "  - expect");
    let two = text.replace("---\nThe", "  - expect: \" the\"\n---\nThe");
    folder.write("two.prompt", &two);
    let found = json(&folder.run(&["repair", "two.prompt", "--case", "#1", "--json"]));
    let repairs = found["repairs"].as_array().unwrap();
    let injection = repairs.iter().find(|one| one["kind"] == "inject").unwrap();
    let number = injection["number"].to_string();
    let args = [
        "repair",
        "two.prompt",
        "--case",
        "#1",
        "--apply",
        "--number",
        &number,
        "--json",
    ];
    let applied = json(&folder.run(&args));
    let applied = &applied["applied"][0];
    assert!(folder.read("two.prompt").contains("id: case-1"));
    let gap =
        applied["promised"].as_f64().unwrap().ln() - applied["measured"].as_f64().unwrap().ln();
    assert!(gap.abs() < 1e-3, "{applied}");
}

#[test]
fn titles_name_the_input_or_default_that_they_change() {
    let titles = |text: &str| {
        let folder = Folder::new();
        folder.write("one.prompt", text);
        let found = json(&folder.run(&["repair", "one.prompt", "--json"]));
        let repairs = found["repairs"].as_array().unwrap().clone();
        let words = repairs.into_iter().filter(|one| one["kind"] != "inject");
        let words = words.map(|one| one["title"].as_str().unwrap().to_owned());
        words.collect::<Vec<_>>()
    };
    let text = failing("The first");
    let plain = titles(&text);
    assert!(!plain.is_empty() && plain.iter().all(|title| !title.contains("input")));
    let variable = text.replace("---\nThe first is", "---\n{{thing}} is");
    let input = variable.replace("  - id: one", "  - input: {thing: The first}\n    id: one");
    let place = |title: &String| title.contains("in the case's input `thing`: ");
    let of_input = titles(&input);
    assert!(of_input.iter().any(place), "{of_input:?}");
    let default = variable.replacen("---\n", "---\ninput: {default: {thing: The first}}\n", 1);
    let place = |title: &String| title.contains("in the default of `thing`: ");
    let of_default = titles(&default);
    assert!(of_default.iter().any(place), "{of_default:?}");
}

#[test]
fn unknown_files_cases_and_numbers_are_rejected() {
    let folder = Folder::new();
    folder.write("one.prompt", &failing("The first"));
    for (args, word) in [
        (&["repair", "none.prompt"][..], "none.prompt"),
        (&["repair", "one.prompt", "--case", "two"], "--case"),
        (
            &["repair", "one.prompt", "--apply", "--number", "99"],
            "--number",
        ),
    ] {
        let output = folder.run(args);
        assert_eq!(code(&output), 2, "{args:?}");
        assert!(stderr(&output).contains(word), "{}", stderr(&output));
    }
}

#[cfg(unix)]
#[test]
fn links_are_followed_and_permissions_are_kept() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    let text = failing("The first");
    folder.write("real/one.prompt", &text);
    let real = folder.path("real/one.prompt");
    std::fs::set_permissions(&real, std::fs::Permissions::from_mode(0o640)).unwrap();
    std::os::unix::fs::symlink("real/one.prompt", folder.path("link.prompt")).unwrap();
    folder.run(&["repair", "link.prompt", "--apply"]);
    assert!(folder.path("link.prompt").is_symlink());
    assert_ne!(folder.read("real/one.prompt"), text);
    assert_eq!(real.metadata().unwrap().permissions().mode() & 0o777, 0o640);
}

#[test]
fn all_cases_are_measured_again_after_the_edits() {
    let folder = Folder::new();
    let text =
        failing("The first").replace("---\nThe", "  - {id: two, expect: \" the\"}\n---\nThe");
    folder.write("two.prompt", &text);
    let found = json(&folder.run(&["repair", "two.prompt", "--case", "one", "--json"]));
    let mut worse = 0;
    for repair in found["repairs"].as_array().unwrap() {
        folder.write("two.prompt", &text);
        let before = json(&folder.run(&["check", "two.prompt", "--json"]));
        let number = repair["number"].to_string();
        let args = ["repair", "two.prompt", "--case", "one", "--number", &number];
        let applied = json(&folder.run(&[&args[..], &["--apply", "--json"]].concat()));
        let now = json(&folder.run(&["check", "two.prompt", "--json"]));
        let told = applied["afterwards"].as_array().unwrap();
        assert_eq!(told.len(), 2);
        for (at, told) in told.iter().enumerate() {
            let p = |report: &Value| report["files"][0]["cases"][at]["p"].as_f64().unwrap();
            let same = |key: &str, p: f64| (told[key].as_f64().unwrap().ln() - p.ln()).abs() < 1e-3;
            assert!(
                same("before", p(&before)) && same("after", p(&now)),
                "{told}"
            );
            let is_worse = told["is_worse"].as_bool().unwrap();
            assert_eq!(is_worse, p(&now) * 1.1 < p(&before), "{told}");
        }
        if told[1]["is_worse"] == true && worse == 0 {
            worse += 1;
            folder.write("two.prompt", &text);
            let output = folder.run(&[&args[..], &["--apply"]].concat());
            let shown = stdout(&output);
            assert!(shown.contains("worse: case two: "), "{shown}");
            assert!(shown.contains("still: case two: "), "{shown}");
            assert_eq!(code(&output), 1);
        }
    }
    assert_eq!(worse, 1, "no repair makes the other case worse");
}

#[test]
fn a_costly_trailing_space_of_an_ok_case_is_repaired() {
    let folder = Folder::new();
    folder.write("hoplens.toml", "[thresholds]\nknown = 0.0\n");
    let text = "The first is located off the coast of ";
    let sidecar = "version: 1\ncases:\n  - {id: one, expect: fought}\n";
    folder.write("space.txt.hoplens.yaml", sidecar);
    for path in ["space.txt", "space.txt.hoplens.yaml"] {
        folder.write("space.txt", text);
        let checked = json(&folder.run(&["check", "space.txt", "--json"]));
        let case = &checked["files"][0]["cases"][0];
        assert_eq!(case["verdict"], "ok");
        let shown = stdout(&folder.run(&["repair", path]));
        assert!(
            shown.contains("space.txt one: the prompt ends in a space"),
            "{shown}"
        );
        assert!(shown.contains("1. Remove \" \""), "{shown}");
        let output = folder.run(&["repair", path, "--apply"]);
        assert_eq!(code(&output), 0, "{}", stdout(&output));
        assert_eq!(folder.read("space.txt"), text.trim_end());
        let shown = stdout(&folder.run(&["repair", path]));
        assert_eq!(shown, "space.txt: nothing fails\n");
    }
}

#[test]
fn warnings_without_an_expected_answer_are_printed() {
    let folder = Folder::new();
    folder.write("space.txt", "The first is located ");
    let output = folder.run(&["repair", "space.txt"]);
    let shown = stdout(&output);
    assert_eq!(code(&output), 1, "{shown}");
    assert!(shown.contains("#1: the prompt ends in a space"), "{shown}");
    assert!(shown.contains("no repair was measured"), "{shown}");
}

#[test]
fn problems_without_a_repair_are_printed() {
    let folder = Folder::new();
    let text = failing("The first").replace("coast of\n", "{{coast\n");
    folder.write("broken.prompt", &text);
    let output = folder.run(&["repair", "broken.prompt"]);
    assert!(stdout(&output).contains("The template cannot be rendered"));
    assert_eq!(code(&output), 1);
}
