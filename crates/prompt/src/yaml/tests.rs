use proptest::prelude::*;
use serde_json::{Value, json};

use crate::yaml::dialect::Dialect;
use crate::yaml::node::{Data, Node};
use crate::yaml::read::{read, read_as};

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

const ALL: [Dialect; 5] = [
    Dialect::Core,
    Dialect::VsCode,
    Dialect::NpmYaml,
    Dialect::JsYaml,
    Dialect::PyYaml,
];

/// Returns the value that the dialect's reader gives a valid text.
#[track_caller]
fn value(text: &str, dialect: Dialect) -> Value {
    let tree = read_as(text, 0, dialect);
    assert_eq!(tree.error, None, "{text:?}");
    tree.root.map_or(Value::Null, |root| root.to_json())
}

/// Returns the bytes that the first error marks, and its message.
#[track_caller]
fn error(text: &str, dialect: Dialect) -> (&str, String) {
    let (range, message) = read_as(text, 0, dialect).error.unwrap();
    (&text[range], message)
}

#[test]
fn a_closing_bracket_may_stand_below_its_key() {
    let text = "sample:\n  turns: [\n    {a: 1},\n    {a: 2}\n  ]\n  map: {\n    b: 3\n  }\n";
    let expected = json!({"sample": {"turns": [{"a": 1}, {"a": 2}], "map": {"b": 3}}});
    for dialect in ALL {
        assert_eq!(value(text, dialect), expected, "{dialect:?}");
    }
    let root = read(text, 0).root.unwrap();
    let sample = root.entry("sample").unwrap().1;
    let turns = sample.entry("turns").unwrap().1;
    assert_eq!(
        &text[turns.range.clone()],
        "[\n    {a: 1},\n    {a: 2}\n  ]"
    );
}

#[test]
fn lines_left_of_their_key_are_an_error_only_in_dotprompt() {
    for (text, line) in [
        ("a: [\nb,\nc]\n", "b,"),
        ("a:\n  b: {\n    c: 1\n }\n", "}"),
        ("a: \"b\nc\"\n", "c\""),
        ("a:\n- 'b\n\tc'\n", "c'"),
        ("a: 'b\n# c'\n", "# c'"),
    ] {
        assert_eq!(
            error(text, Dialect::NpmYaml).0.trim_start(),
            line,
            "{text:?}"
        );
        value(text, Dialect::PyYaml);
        value(text, Dialect::Core);
    }
    value("a: [\n# comment\n\n  b]\n", Dialect::NpmYaml);
    value("[\na,\nb]\n", Dialect::NpmYaml);
}

#[test]
fn a_text_may_begin_with_a_star_only_in_vs_code() {
    for (text, expected) in [
        (
            "applyTo: **/*.ts\nb: 3\n",
            json!({"applyTo": "**/*.ts", "b": 3}),
        ),
        ("a: **\n", json!({"a": "**"})),
        ("a: *\nb: '*'\n", json!({"a": "*", "b": "*"})),
        (
            "a: **/*.ts, **/*.tsx # é\n",
            json!({"a": "**/*.ts, **/*.tsx"}),
        ),
        ("a: [*.ts, **/*.js]\n", json!({"a": ["*.ts", "**/*.js"]})),
        (
            "a:\n  - **/é/*.ts\n  - @x\n",
            json!({"a": ["**/é/*.ts", "@x"]}),
        ),
        ("a: `b`\n", json!({"a": "`b`"})),
    ] {
        assert_eq!(value(text, Dialect::VsCode), expected, "{text:?}");
        assert!(read(text, 0).error.is_some(), "{text:?}");
    }
    // What is an alias stays one.
    let text = "a: &x [1]\nb: *x\n";
    assert_eq!(value(text, Dialect::VsCode), value(text, Dialect::Core));
}

#[test]
fn comments_need_no_space_before_them_in_prompty() {
    for (text, expected) in [
        ("a: [1, 2]# é\nb: 3\n", json!({"a": [1, 2], "b": 3})),
        ("a: 'x'# y\nb: 3\n", json!({"a": "x", "b": 3})),
        ("a: [1,# é\n  2]\nb: 3 #4\n", json!({"a": [1, 2], "b": 3})),
        ("a: >\n \n   \n # c\nb: 3\n", json!({"a": "", "b": 3})),
    ] {
        assert_eq!(value(text, Dialect::PyYaml), expected);
        assert!(
            read_as(text, 0, Dialect::NpmYaml).error.is_some(),
            "{text:?}"
        );
        let root = read_as(text, 0, Dialect::PyYaml).root.unwrap();
        let b = root.entry("b").unwrap().1;
        assert_eq!(&text[b.range.clone()], "3", "{text:?}");
    }
}

#[test]
fn a_lone_dash_in_brackets_is_a_text_in_prompty() {
    assert_eq!(
        value("a: [-, -]\n", Dialect::PyYaml),
        json!({"a": ["-", "-"]})
    );
    assert_eq!(value("[b, -]\n", Dialect::PyYaml), json!(["b", "-"]));
}

#[test]
fn prompty_takes_tabs_only_in_quotes_block_scalars_and_comments() {
    for text in [
        "a:\tb\n",
        "a: b\t\n",
        "a: b\tc\n",
        "a: [1,\t2]\n",
        "a: |\t\n  b\n",
    ] {
        assert_eq!(error(text, Dialect::PyYaml).0, "\t", "{text:?}");
        value(text, Dialect::NpmYaml);
    }
    for text in [
        "a: \"b\tc\"\n",
        "a: |\n  b\tc\n",
        "a: b # c\td\n",
        "a: 'b\n\tc'\n",
    ] {
        value(text, Dialect::PyYaml);
    }
}

#[test]
fn repeated_keys_are_refused_by_dotprompt_and_overridden_in_prompty() {
    let text = "a: 1\nb: {c: 1, c: 2}\na: 3\n";
    assert_eq!(error(text, Dialect::NpmYaml).0, "c");
    assert_eq!(value(text, Dialect::PyYaml), json!({"a": 3, "b": {"c": 2}}));
    let overridden = read_as(text, 0, Dialect::PyYaml).overridden;
    assert_eq!(overridden, [9..10, 0..1]);
    assert_eq!(
        read(text, 0).root.unwrap().entry("a").unwrap().1.text(),
        Some("1")
    );
    assert_eq!(value("1: a\n'1': b\n", Dialect::NpmYaml), json!({"1": "b"}));
}

#[test]
fn merge_keys_add_entries_where_the_reader_knows_them() {
    let text = "x: &x {a: 1, b: 2}\ny: &y {b: 3, c: 4}\nz:\n  b: 5\n  <<: [*y, *x]\n";
    for dialect in [Dialect::PyYaml, Dialect::JsYaml] {
        assert_eq!(value(text, dialect)["z"], json!({"a": 1, "b": 5, "c": 4}));
    }
    assert!(value(text, Dialect::NpmYaml)["z"]["<<"].is_array());
    assert_eq!(
        value("'<<': {a: 1}\n", Dialect::PyYaml),
        json!({"<<": {"a": 1}})
    );
    assert_eq!(error("a: 1\n<<: 2\n", Dialect::PyYaml).0, "2");
}

#[test]
fn merge_bombs_are_rejected() {
    let keys: Vec<String> = (0..1000).map(|at| format!("k{at}: 1")).collect();
    let mut text = format!("a: &a {{{}}}\n", keys.join(", "));
    let uses: Vec<String> = (0..100).map(|at| format!("b{at}: {{<<: *a}}\n")).collect();
    text.push_str(&uses.concat());
    assert!(error(&text, Dialect::PyYaml).1.contains("aliases"));
}

#[test]
fn numbers_are_written_as_their_language_writes_them() {
    let text = "a: 1.0\nb: .inf\nc: .nan\nd: 2001-12-14t21:59:43Z\n";
    assert_eq!(
        value(text, Dialect::PyYaml),
        json!({"a": 1.0, "b": "inf", "c": "nan", "d": "2001-12-14 21:59:43+00:00"})
    );
    assert_eq!(
        value(text, Dialect::NpmYaml),
        json!({"a": 1, "b": "Infinity", "c": "NaN", "d": "2001-12-14t21:59:43Z"})
    );
    let keys = "yes: 1\n1.50: 2\n~: 3\n";
    assert_eq!(
        value(keys, Dialect::PyYaml),
        json!({"True": 1, "1.5": 2, "None": 3})
    );
    assert_eq!(
        value(keys, Dialect::NpmYaml),
        json!({"yes": 1, "1.5": 2, "": 3})
    );
    assert_eq!(
        value("? [a, {b: c}]\n: 1\n", Dialect::NpmYaml),
        json!({"[ a, { b: c } ]": 1})
    );
}

#[test]
fn a_block_scalar_at_the_end_of_the_text_ends_as_its_reader_says() {
    assert_eq!(value("a: |\n  b", Dialect::NpmYaml), json!({"a": "b\n"}));
    assert_eq!(value("a: |\n  b", Dialect::PyYaml), json!({"a": "b"}));
}

#[test]
fn a_byte_order_mark_and_carriage_returns_are_no_error() {
    for dialect in ALL {
        let text = "\u{feff}a: 1\r\nb:\r\n- |\r\n  x\r\n- 'y'\r\n";
        assert_eq!(value(text, dialect), json!({"a": 1, "b": ["x\n", "y"]}));
    }
}

#[test]
fn places_that_only_prompty_accepts_cost_a_bounded_time() {
    let line = "- [1,# c\n  2]# d\n";
    value(&line.repeat(100), Dialect::PyYaml);
    let tree = read_as(&line.repeat(20_000), 0, Dialect::PyYaml);
    assert!(tree.error.is_some());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]
    #[test]
    fn arbitrary_text_does_not_panic_and_ranges_are_valid(
        text in "([-a:#?&*!|>'\"%@\\[\\]{},.~<\u{e9}\u{1f600}\u{feff}0 \n\r\t]|- |: |\n  |\"x\"){0,40}"
    ) {
        for dialect in ALL {
            let tree = read_as(&text, 0, dialect);
            if let Some((range, _)) = &tree.error {
                prop_assert!(text.get(range.clone()).is_some());
            }
            if let Some(root) = &tree.root {
                let mut out = Vec::new();
                slices(root, &text, &mut out);
            }
        }
    }
}
