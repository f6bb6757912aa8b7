use proptest::prelude::*;

use crate::yaml::node::{Data, Node};
use crate::yaml::read::read;

fn slices(node: &Node, text: &str, out: &mut Vec<String>) {
    out.push(text[node.here().clone()].to_owned());
    if node.alias.is_some() {
        return;
    }
    match &node.data {
        Data::Scalar { .. } => {}
        Data::List { items, .. } => items.iter().for_each(|item| slices(item, text, out)),
        Data::Map { entries, .. } => {
            for (key, value) in entries {
                slices(key, text, out);
                slices(value, text, out);
            }
        }
    }
}

fn all(text: &str) -> Vec<String> {
    let tree = read(text, 0);
    assert_eq!(tree.error, None);
    let mut out = Vec::new();
    slices(&tree.root.unwrap(), text, &mut out);
    out
}

#[test]
fn every_node_has_its_byte_range() {
    let text = "é: \"😀\"\r\nlist:\r\n  - 'a b'   # note\r\n  - {k: v, w: [1, 2]}\r\nnone:\r\nmore: plain text # with note\r\nlast: a 'b' \r\n";
    assert_eq!(
        all(text),
        [
            text.trim_end(),
            "é",
            "\"😀\"",
            "list",
            "- 'a b'   # note\r\n  - {k: v, w: [1, 2]}",
            "'a b'",
            "{k: v, w: [1, 2]}",
            "k",
            "v",
            "w",
            "[1, 2]",
            "1",
            "2",
            "none",
            "",
            "more",
            "plain text",
            "last",
            "a 'b'",
        ]
    );
}

#[test]
fn block_scalars_and_aliases_have_their_byte_ranges() {
    let text = "a: |\n  one\n  two\n\nb: &x\n  - 1\nc: *x\nd:\n- z\n";
    let got = all(text);
    assert_eq!(got[2].trim_end(), "one\n  two");
    assert_eq!(got[got.len() - 5..], ["c", "*x", "d", "- z", "z"]);
}

#[test]
fn nodes_before_an_error_are_kept() {
    let tree = read("a: 1\nb: [1, 2\nc: 3\n", 100);
    let root = tree.root.unwrap();
    assert_eq!(root.entry("a").unwrap().1.text(), Some("1"));
    let (range, _) = tree.error.unwrap();
    assert!(range.start >= 100 && !range.is_empty(), "{range:?}");
}

#[test]
fn alias_bombs_and_deep_nesting_are_rejected() {
    let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
    for level in 1..12 {
        let below = format!("*a{},", level - 1).repeat(9);
        let line = format!("a{level}: &a{level} [{below}]\n");
        bomb.push_str(&line);
    }
    assert!(read(&bomb, 0).error.unwrap().1.contains("aliases"));
    let deep = "- ".repeat(5000);
    assert!(read(&deep, 0).error.unwrap().1.contains("nested"));
    let flow = "[".repeat(200);
    assert!(read(&flow, 0).error.is_some());
    assert!(read("&a [*a]", 0).error.is_some());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]
    #[test]
    fn arbitrary_text_does_not_panic_and_ranges_are_valid(
        text in "([-a:#?&*!|>'\"%@\\[\\]{},.~\u{e9}\u{1f600}\u{feff}0 \n\r\t]|- |: |\n  |\"x\"){0,40}"
    ) {
        let tree = read(&text, 0);
        if let Some((range, _)) = &tree.error {
            prop_assert!(text.get(range.clone()).is_some());
        }
        if let Some(root) = &tree.root {
            let mut out = Vec::new();
            slices(root, &text, &mut out);
        }
    }
}
