use proptest::prelude::*;

use super::*;

/// Returns every node as its path and scalar.
fn shown(text: &str) -> Vec<String> {
    let outline = Outline::read(text, 0..text.len());
    let nodes = outline.nodes.iter().enumerate();
    let nodes = nodes.map(|(at, node)| {
        let steps = outline.path(at);
        let steps = steps.iter().map(|step| match step {
            PathStep::Key(key) => key.clone(),
            PathStep::Item(index) => index.to_string(),
        });
        let mut steps: Vec<String> = steps.collect();
        if node.kind == OutlineNodeKind::Word {
            steps.push(format!("?{}", node.name));
        }
        let value = node
            .value
            .clone()
            .map(|value| format!(" = {}", &text[value]));
        steps.join("/") + value.unwrap_or_default().as_str()
    });
    nodes.collect()
}

#[track_caller]
fn check(text: &str, expected: &[&str]) {
    assert_eq!(shown(text), expected, "{text}");
    let crlf = text.replace('\n', "\r\n");
    let got: Vec<String> = shown(&crlf);
    let got: Vec<String> = got.iter().map(|line| line.replace("\r\n", "\n")).collect();
    assert_eq!(got, expected, "with CRLF: {text}");
}

#[test]
fn block_style_is_read_by_columns() {
    check(
        "a: 1 # one\nb:\n  - id: \"x # y\"\n    c: |\n      d: e\n\n      f\n    g: h\n      i\n  - j\nk:\n- l: m\n-\n",
        &[
            "a = 1",
            "b",
            "b/0",
            "b/0/id = \"x # y\"",
            "b/0/c = |\n      d: e\n\n      f",
            "b/0/g = h\n      i",
            "b/1 = j",
            "k",
            "k/0",
            "k/0/l = m",
            "k/1",
        ],
    );
}

#[test]
fn flow_style_is_read_by_brackets() {
    check(
        "a: [{b: c, d: {e: \"f, g\"}}, h]\ni: {j: k://l,\n  m: [],\n}\n\"n\": o\n",
        &[
            "a",
            "a/0",
            "a/0/b = c",
            "a/0/d",
            "a/0/d/e = \"f, g\"",
            "a/1 = h",
            "i",
            "i/j = k://l",
            "i/m",
            "n = o",
        ],
    );
}

#[test]
fn an_error_does_not_affect_other_lines() {
    check(
        "a: [{b: c, d\ne:\n  - f: \"g\n    h: i\n    j\n    k: l\nm\nn: {o\n",
        &[
            "a",
            "a/0",
            "a/0/b = c",
            "a/0/?d",
            "e",
            "e/0",
            "e/0/f = \"g",
            "e/0/h = i",
            "e/0/?j",
            "e/0/k = l",
            "?m",
            "n",
            "n/?o",
        ],
    );
}

#[test]
fn quotes_and_escapes_are_removed() {
    assert_eq!(unquoted("\"a\\\"b\\u00e9\""), "a\"bé");
    assert_eq!(unquoted("'it''s'"), "it's");
    assert_eq!(unquoted("plain"), "plain");
    assert_eq!(unquoted("\"open"), "open");
    assert_eq!(unquoted("\""), "");
}

#[test]
fn deep_nesting_is_read_in_linear_time() {
    for piece in ["[", "- ", "{a: ", "a: [", "\"", "  - \n"] {
        let text = piece.repeat(20_000);
        let begun = std::time::Instant::now();
        Outline::read(&text, 0..text.len());
        assert!(begun.elapsed().as_secs() < 5, "{piece}");
    }
}

/// Collects the bytes of all keys in a tree, in file order.
fn keys(node: &crate::yaml::node::Node, found: &mut Vec<Range<usize>>) {
    if let crate::yaml::node::Data::List { items, .. } = &node.data {
        for item in items {
            keys(item, found);
        }
    }
    for (key, value) in node.entries() {
        found.push(key.range.clone());
        keys(value, found);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]
    #[test]
    fn arbitrary_windows_of_arbitrary_text_do_not_panic(
        text in "(a|- |: |:|\\[|\\]|\\{|\\}|,|\"|'|#| #|\n|\r\n|\r|  |    |\t|\\||é|🙂|---\n|&x |\\\\){0,40}",
        from in 0_usize..60,
        length in 0_usize..60,
    ) {
        let outline = Outline::read(&text, from..from + length);
        for (at, node) in outline.nodes.iter().enumerate() {
            prop_assert!(text.get(node.range()).is_some());
            prop_assert!(text.get(node.label.clone()).is_some());
            if let Some(value) = &node.value {
                prop_assert!(text.get(value.clone()).is_some());
                prop_assert!(value.end <= node.end);
            }
            prop_assert!(node.parent.is_none_or(|parent| parent < at));
            outline.path(at);
        }
        for offset in 0..=text.len() {
            outline.at(offset);
        }
    }

    /// The outline of valid YAML has the keys that the parser finds.
    #[test]
    fn valid_yaml_has_the_keys_of_the_parser(
        ids in prop::collection::vec("[a-z]{1,6}", 1..4),
        flow in any::<bool>(),
    ) {
        let mut text = "hoplens.cases:\n".to_owned();
        for id in &ids {
            let item = if flow {
                format!("  - {{id: {id}, hops: [{{mention: \"{id}, x\"}}]}}\n")
            } else {
                format!("- id: {id}\n  hops:\n  - mention: '{id}'' x'\n")
            };
            text.push_str(&item);
        }
        let root = crate::yaml::read::read(&text, 0).root.unwrap();
        let outline = Outline::read(&text, 0..text.len());
        let mut parsed = Vec::new();
        keys(&root, &mut parsed);
        let entries = outline.nodes.iter().filter(|node| node.kind == OutlineNodeKind::Entry);
        let read: Vec<_> = entries.map(|node| node.label.clone()).collect();
        prop_assert_eq!(read, parsed);
    }
}
