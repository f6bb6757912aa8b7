//! `--case` selects the same cases in every command.

use super::{Folder, code, failing, json, stderr, stdout};

/// Returns a prompt with a matrix of two rows and a separate case.
fn matrix() -> String {
    let text =
        failing("The first").replace("  - id: one", "  - id: m\n    matrix: {thing: [is, was]}");
    text.replace("---\nThe first is", "  - {id: z, input: {thing: is}, expect: \" in\"}\nhoplens.inject:\n  - {case: m, memory: \" war\", layer: 1, tau: 1}\n---\nThe first {{thing}}")
}

#[test]
fn a_matrix_is_selected_by_its_id() {
    let folder = Folder::new();
    folder.write("m.prompt", &matrix());
    let rows = ["m[thing=is]", "m[thing=was]"];
    let found = json(&folder.run(&[
        "generate",
        "m.prompt",
        "--case",
        "m",
        "--max-tokens=1",
        "--json",
    ]));
    assert_eq!(found["case"], rows[0]);
    assert_eq!(found["others"].as_array().unwrap().len(), 1);
    assert_eq!(found["others"][0]["case"], rows[1]);
    let found = json(&folder.run(&["repair", "m.prompt", "--case", "m", "--json"]));
    let repairs = found["repairs"].as_array().unwrap();
    let of = |row: &str| repairs.iter().any(|one| one["case"] == row);
    assert!(of(rows[0]) && of(rows[1]), "{found}");
    let export = |case: &str| {
        let args = [
            "export",
            "m.prompt",
            "--to=transformer-lens",
            "--case",
            case,
            "--json",
        ];
        json(&folder.run(&args))
    };
    assert_eq!(export("m")["script"], export(rows[0])["script"]);
    assert_ne!(export("m")["script"], export(rows[1])["script"]);
    // A number selects a row.
    assert_eq!(export("#2")["script"], export(rows[1])["script"]);
    let found = json(&folder.run(&["repair", "m.prompt", "--case", "#2", "--json"]));
    let repairs = found["repairs"].as_array().unwrap();
    assert!(!repairs.is_empty() && repairs.iter().all(|one| one["case"] == rows[1]));
}

#[test]
fn an_unknown_case_is_reported_with_the_existing_ones() {
    let folder = Folder::new();
    folder.write("m.prompt", &matrix());
    for command in [
        &["generate", "m.prompt"][..],
        &["repair", "m.prompt"],
        &["export", "m.prompt", "--to=nnsight"],
    ] {
        let output = folder.run(&[command, &["--case", "x"]].concat());
        assert_eq!(code(&output), 2, "{command:?}");
        let error = stderr(&output);
        let ids = "m.prompt has no case 'x'; it has m, m[thing=is], m[thing=was], z";
        assert!(error.contains(ids), "{command:?}: {error}");
    }
}

#[test]
fn a_repair_without_an_edit_has_a_reason() {
    let folder = Folder::new();
    // The mention consists of two values, so that no single place contains it.
    let text = failing("The first").replace("---\nThe first is", "---\n{{a}}{{b}} is");
    let text = text.replace("  - id: one", "  - id: one\n    input: {a: The fi, b: rst}");
    folder.write("one.prompt", &text);
    let found = json(&folder.run(&["repair", "one.prompt", "--json"]));
    let repairs = found["repairs"].as_array().unwrap();
    let by_hand = repairs.iter().find(|one| one["edit"].is_null()).unwrap();
    let number = by_hand["number"].to_string();
    let text = stdout(&folder.run(&["repair", "one.prompt", "--number", &number]));
    assert!(
        text.contains("by hand: the file does not contain \"The first\""),
        "{text}"
    );
    // Only the requested repair is printed.
    assert_eq!(text.matches(" → ").count(), 1, "{text}");
    let output = folder.run(&["repair", "one.prompt", "--apply", "--number", &number]);
    assert_eq!(code(&output), 2);
    let error = stderr(&output);
    assert!(error.contains("the file does not contain"), "{error}");
    let output = folder.run(&["repair", "one.prompt", "--number", "99"]);
    assert_eq!(code(&output), 2);
    let count = format!("has {} repairs", repairs.len());
    assert!(stderr(&output).contains(&count), "{}", stderr(&output));
}
