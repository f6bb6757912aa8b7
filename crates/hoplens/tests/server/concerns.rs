//! The repairs that are offered at each diagnostic.

use serde_json::{Value, json};

use crate::client::Client;
use crate::session_start::{Start, uri};

const SIDECAR: &str =
    "version: 1\ncases:\n  - expect: \" the\"\n    hops: [{mention: The first, bridge: café}]\n";

fn titles(client: &mut Client, uri: &str, range: &Value) -> Vec<String> {
    let repairs = ["quickfix.hoplens.inject", "quickfix.hoplens.rewrite"];
    let context = json!({"diagnostics": [], "only": repairs});
    let params = json!({"textDocument": {"uri": uri}, "range": range, "context": context});
    let actions = client.request("textDocument/codeAction", params);
    let actions = actions.as_array().unwrap().iter();
    actions
        .map(|one| one["title"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn a_trailing_space_offers_its_removal_and_a_verdict_all_repairs() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    // The miniature's gains are small, so any gain counts.
    write("hoplens.toml", "[thresholds]\ngain_factor = 1.0\n");
    write("one.txt.hoplens.yaml", SIDECAR);
    let prompt = uri(&folder.path().join("one.txt"));
    let mut client = Client::ready(&Start::default());
    client.open(&prompt, "plaintext", "The first is located ");
    let found = client.diagnostics(&prompt, |found| {
        found["diagnostics"][0]["data"]["weighed"] == true
    });
    let of = |is_space: bool| {
        let mut all = found["diagnostics"].as_array().unwrap().iter();
        let one = all.find(|one| (one["code"] == "trailing-space") == is_space);
        one.unwrap().clone()
    };
    let (space, verdict) = (of(true), of(false));
    let removal = titles(&mut client, &prompt, &space["range"]);
    assert_eq!(space["data"]["repairs"], 1);
    assert!(
        removal.len() == 1 && removal[0].starts_with("Remove"),
        "{removal:?}"
    );
    let all = titles(&mut client, &prompt, &verdict["range"]);
    assert_eq!(verdict["data"]["repairs"], all.len());
    assert!(1 < all.len() && all.contains(&removal[0]), "{all:?}");
}

#[test]
fn a_space_is_removed_where_no_answer_is_expected() {
    let folder = tempfile::tempdir().unwrap();
    let prompt = uri(&folder.path().join("one.txt"));
    let mut client = Client::ready(&Start::default());
    client.open(&prompt, "prompt", "The first is located ");
    let found = client.diagnostics(&prompt, |found| {
        let mut found = found["diagnostics"].as_array().unwrap().iter();
        found.any(|one| one["code"] == "trailing-space")
    });
    let mut all = found["diagnostics"].as_array().unwrap().iter();
    let space = all.find(|one| one["code"] == "trailing-space").unwrap();
    let removal = titles(&mut client, &prompt, &space["range"]);
    assert_eq!(removal.len(), 1, "{removal:?}");
    assert!(removal[0].starts_with("Remove the space at the end: continues with"));
}
