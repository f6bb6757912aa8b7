use expect_test::{Expect, expect};

use super::*;
use hoplens_prompt::declaration_sites::{declaration_sites, sidecar_site};

/// Returns the text without `$0`, and the hover there.
fn hover(name: &str, marked: &str) -> (String, Option<TextHover>) {
    let offset = marked.find("$0").expect("a cursor");
    let text = marked.replacen("$0", "", 1);
    let is_sidecar = name.ends_with(".hoplens.yaml");
    let (snapshot, sites, origin) = if is_sidecar {
        let snapshot = Snapshot::new("a.txt", "Rome is", Some(&text));
        (snapshot, vec![sidecar_site(&text)], Origin::Sidecar)
    } else {
        let snapshot = Snapshot::new(name, text.clone(), None);
        let sites = declaration_sites(&snapshot.file, &text);
        (snapshot, sites, Origin::FrontMatter)
    };
    let found = declaration_hover(&text, &sites, offset, Some(&snapshot), origin);
    (text, found)
}

/// Checks the hover at `$0`: the text that it describes, an empty line, the Markdown.
#[track_caller]
fn check(name: &str, marked: &str, expected: &Expect) {
    let (text, found) = hover(name, marked);
    check_text(&text, found, expected);
}

/// Checks the hover at `$0` of a `hoplens.toml`.
#[track_caller]
fn check_project(marked: &str, expected: &Expect) {
    let offset = marked.find("$0").expect("a cursor");
    let text = marked.replacen("$0", "", 1);
    check_text(&text, project_hover(&text, offset), expected);
}

#[track_caller]
fn check_text(text: &str, found: Option<TextHover>, expected: &Expect) {
    let shown = match found {
        Some(found) => format!("{}\n\n{}\n", &text[found.range], found.text),
        None => "no hover\n".to_owned(),
    };
    expected.assert_eq(&shown);
}

/// Checks that the hover at `$0` describes a key: its name, then documentation, then `values`.
#[track_caller]
fn check_key(name: &str, marked: &str, title: &str, values: &str) {
    let (text, found) = hover(name, marked);
    let found = found.expect("a hover");
    let shown = found.text;
    assert!(shown.starts_with(&format!("{title}\n\n")), "{shown}");
    assert!(shown.ends_with(values), "{shown}");
    assert!(title.contains(&text[found.range]), "{title}");
}

#[test]
fn a_key_shows_its_documentation() {
    check_key(
        "a.prompt",
        "---\nhoplens.ca$0ses: []\n---\nT",
        "**`hoplens.cases`**",
        "",
    );
    check_key(
        "a.prompty",
        "---\nmetadata:\n  hoplens:\n    inject:\n      - {memory: x, $0encoding: embed\n---\nT",
        "**`encoding`**",
        "\n\nOne of `embed`, `unembed`, `layerwise`.",
    );
    check_key(
        "a.txt.hoplens.yaml",
        "version$0: 1",
        "**`version`** (required)",
        "",
    );
}

#[test]
fn keys_of_others_values_and_the_prompt_show_nothing() {
    for marked in [
        "---\nmod$0el: x\n---\nT",
        "---\nhoplens.cases: [{id: x$0}]\n---\nT",
        "---\nmodel: x\n---\nT$0",
    ] {
        check(
            "a.prompt",
            marked,
            &expect![[r#"
                no hover
            "#]],
        );
    }
}

const INJECTION: &str = "---
hoplens.inject:
  - memory: x
    layer: 1
    tau: 2
    measured: {model: \"sha256:b1\", before: 0.2, after: 0.4}
---
T";

#[test]
fn an_injection_shows_its_recorded_effect() {
    check(
        "a.prompt",
        &INJECTION.replacen("memory: x", "memory: x$0", 1),
        &expect![[r#"
            memory: x
                layer: 1
                tau: 2
                measured: {model: "sha256:b1", before: 0.2, after: 0.4}

            Recorded: 20.0 % → 40.0 % (×2.0), with `sha256:b1`.

            Its current effect appears once the model has read the prompt.
        "#]],
    );
}

#[test]
fn a_key_of_an_injection_shows_documentation_and_effect() {
    check_key(
        "a.prompt",
        &INJECTION.replacen("layer", "lay$0er", 1),
        "**`layer`** (required)",
        "\n\n---\n\nRecorded: 20.0 % → 40.0 % (×2.0), with `sha256:b1`.\n\n\
         Its current effect appears once the model has read the prompt.",
    );
}

#[test]
fn an_injection_of_the_sidecar_is_found_by_the_sidecars_bytes() {
    let sidecar = INJECTION
        .replace("hoplens.inject", "inject")
        .replace("---\nT", "")
        .replace("---\n", "version: 1\n");
    check(
        "a.txt.hoplens.yaml",
        &sidecar.replacen("tau: 2", "tau: 2$0", 1),
        &expect![[r#"
            memory: x
                layer: 1
                tau: 2
                measured: {model: "sha256:b1", before: 0.2, after: 0.4}

            Recorded: 20.0 % → 40.0 % (×2.0), with `sha256:b1`.

            Its current effect appears once the model has read the prompt.
        "#]],
    );
}

#[test]
fn a_key_of_hoplens_toml_shows_its_documentation_and_default() {
    check_project(
        "[search]\nm$0ost = 2",
        &expect![[r#"
            most

            **`search.most`**

            Maximum number of repairs that hoplens offers.

            Default: `5`
        "#]],
    );
    check_project(
        "[search]\nmost = $02",
        &expect![[r#"
            no hover
        "#]],
    );
}
