use super::*;
use hoplens_prompt::declaration_sites::{homes, sidecar_home};

/// The hover at `$0`, and what it is about.
fn hover(name: &str, marked: &str) -> Option<(String, String)> {
    let offset = marked.find("$0").expect("a cursor");
    let text = marked.replacen("$0", "", 1);
    let is_sidecar = name.ends_with(".hoplens.yaml");
    let (snapshot, homes, origin) = if is_sidecar {
        let snapshot = Snapshot::new("a.txt", "Rome is", Some(&text));
        (snapshot, vec![sidecar_home(&text)], Origin::Sidecar)
    } else {
        let snapshot = Snapshot::new(name, text.clone(), None);
        let homes = homes(&snapshot.file, &text);
        (snapshot, homes, Origin::FrontMatter)
    };
    let found = declaration_hover(&text, &homes, offset, Some(&snapshot), origin)?;
    Some((found.text, text[found.range].to_owned()))
}

#[test]
fn a_key_says_what_it_is_for() {
    let (text, about) = hover("a.prompt", "---\nhoplens.ca$0ses: []\n---\nT").unwrap();
    assert_eq!(about, "hoplens.cases");
    assert!(text.contains("What should happen"), "{text}");
    let (text, about) = hover(
        "a.prompty",
        "---\nmetadata:\n  hoplens:\n    inject:\n      - {memory: x, $0encoding: embed\n---\nT",
    )
    .unwrap();
    assert_eq!(about, "encoding");
    assert!(
        text.contains("One of `embed`, `unembed`, `layerwise`."),
        "{text}"
    );
    let (text, _) = hover("a.txt.hoplens.yaml", "version$0: 1").unwrap();
    assert!(
        text.contains("(required)") && text.contains("Always 1"),
        "{text}"
    );
    // What is not ours is left to others, and so is the prompt.
    assert_eq!(hover("a.prompt", "---\nmod$0el: x\n---\nT"), None);
    assert_eq!(
        hover("a.prompt", "---\nhoplens.cases: [{id: x$0}]\n---\nT"),
        None
    );
    assert_eq!(hover("a.prompt", "---\nmodel: x\n---\nT$0"), None);
}

#[test]
fn an_injection_says_what_was_recorded() {
    let front = "---\nhoplens.inject:\n  - memory: x\n    layer: 1\n    tau: 2\n    measured: {model: \"sha256:b1\", before: 0.2, after: 0.4}\n---\nT";
    let at =
        |mark: &str| hover("a.prompt", &front.replacen(mark, &format!("{mark}$0"), 1)).unwrap();
    let (text, about) = at("memory: x");
    assert!(
        text.starts_with("Recorded: 20.0 % → 40.0 % (×2.0), with `sha256:b1`."),
        "{text}"
    );
    assert!(text.contains("once the model has read"), "{text}");
    assert!(about.starts_with("memory: x\n"), "{about}");
    let (text, about) = at("lay");
    assert_eq!(about, "layer");
    assert!(
        text.contains("The layer, from 0") && text.contains("Recorded: "),
        "{text}"
    );
    // The two files count their bytes apart.
    let sidecar = front
        .replace("hoplens.inject", "inject")
        .replace("---\nT", "")
        .replace("---\n", "version: 1\n");
    let (text, _) = hover(
        "a.txt.hoplens.yaml",
        &sidecar.replacen("tau: 2", "tau: 2$0", 1),
    )
    .unwrap();
    assert!(text.starts_with("Recorded"), "{text}");
}

#[test]
fn settings_say_what_they_are_for() {
    let found = project_hover("[search]\nmost = 2", 10).unwrap();
    assert!(
        found.text.starts_with("**`search.most`**"),
        "{}",
        found.text
    );
    assert!(found.text.ends_with("Default: `5`"), "{}", found.text);
    assert_eq!(found.range, 9..13);
    assert_eq!(project_hover("[search]\nmost = 2", 16), None);
}
