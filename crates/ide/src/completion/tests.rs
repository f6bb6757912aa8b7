//! Completion at a cursor marked `$0`.

mod format_keys;
mod insertion;
mod keys;
mod project;
mod properties;
mod values;

use crate::completion::complete;
use crate::completion::context::{CompletionContext, InsertStyle};
use crate::completion::item::Completion;
use crate::snapshot::Snapshot;
use hoplens_prompt::declaration_sites::{declaration_sites, sidecar_site};
use hoplens_prompt::parse_facts;
use hoplens_runtime::ModelInfo;

const FACTS: &str = "our flagship store: Harbour Street 9\nour founder: Ada Lovelace\n";

fn model() -> ModelInfo {
    ModelInfo {
        name: "tiny".into(),
        sha256: "b179c9523d0e6a0f98a330c7".into(),
        layers: 3,
        heads: 2,
        width: 8,
    }
}

/// Returns the completions at `$0` of a file, and the text without the mark.
fn completions_at(name: &str, marked: &str, style: InsertStyle) -> (Vec<Completion>, String) {
    let offset = marked.find("$0").expect("a cursor");
    let text = marked.replacen("$0", "", 1);
    let facts = parse_facts(FACTS);
    let model = model();
    let is_sidecar = name.ends_with(".hoplens.yaml");
    let snapshot = if is_sidecar {
        let prompt = "The best cafe in our flagship store is called";
        Snapshot::new("a.txt", prompt, Some(&text))
    } else {
        Snapshot::new(name, text.clone(), None)
    };
    let sites = if is_sidecar {
        vec![sidecar_site(&text)]
    } else {
        declaration_sites(&snapshot.file, &text)
    };
    let context = CompletionContext {
        snapshot: Some(&snapshot),
        facts: &facts,
        model: Some(&model),
        style,
    };
    let list = complete(&text, &sites, offset, context);
    for one in &list {
        assert!(
            one.range.start <= offset && offset <= one.range.end,
            "{one:?}"
        );
        assert!(!text[one.range.clone()].contains(['\n', '\r']), "{one:?}");
    }
    (list, text)
}

/// Checks the labels at `$0`, with LF and with CRLF.
#[track_caller]
fn check_labels(name: &str, marked: &str, expected: &[&str]) {
    for marked in [marked.to_owned(), marked.replace('\n', "\r\n")] {
        let (list, _) = completions_at(name, &marked, InsertStyle::Text);
        let labels: Vec<&str> = list.iter().map(|one| one.label.as_str()).collect();
        assert_eq!(labels, expected, "{name}: {marked}");
    }
}

/// Returns the text after inserting the completion with this label at `$0`.
#[track_caller]
fn insert(name: &str, marked: &str, label: &str, style: InsertStyle) -> String {
    let (list, mut text) = completions_at(name, marked, style);
    let one = list.iter().find(|one| one.label == label).expect(label);
    text.replace_range(one.range.clone(), &one.new_text);
    text
}
