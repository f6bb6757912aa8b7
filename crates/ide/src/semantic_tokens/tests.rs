use proptest::prelude::*;

use super::*;
use hoplens_prompt::declaration_sites::{declaration_sites, sidecar_site};

/// Every token: its text, its type, its modifiers.
fn shown(name: &str, text: &str) -> Vec<(String, &'static str, String)> {
    let is_sidecar = name.ends_with(".hoplens.yaml");
    let snapshot = Snapshot::new(name, text, None);
    let tokens = if is_sidecar {
        semantic_tokens(text, &[sidecar_site(text)], None)
    } else {
        semantic_tokens(
            text,
            &declaration_sites(&snapshot.file, text),
            Some(&snapshot),
        )
    };
    let mut end = 0;
    for token in &tokens {
        assert!(
            end <= token.range.start && token.range.start < token.range.end,
            "{tokens:?}"
        );
        assert!(
            !text[token.range.clone()].contains(['\n', '\r']),
            "{token:?}"
        );
        end = token.range.end;
    }
    let tokens = tokens.into_iter().map(|token| {
        let names = TOKEN_MODIFIERS.iter().enumerate();
        let names = names.filter(|(bit, _)| token.modifiers() & (1 << bit) != 0);
        let names: Vec<&str> = names.map(|(_, name)| *name).collect();
        let kind = TOKEN_TYPES[token.kind as usize];
        (text[token.range].to_owned(), kind, names.join("+"))
    });
    tokens.collect()
}

#[track_caller]
fn check(name: &str, text: &str, expected: &[(&str, &str, &str)]) {
    let got = shown(name, text);
    let got: Vec<_> = got
        .iter()
        .map(|(a, b, c)| (a.as_str(), *b, c.as_str()))
        .collect();
    assert_eq!(got, expected, "{text}");
}

#[test]
fn keys_and_values_of_ours_are_told_apart() {
    check(
        "a.prompt",
        "---\nmodel: embed\nhoplens.inject:\n  - {memory: \"x\", encoding: embed, tau: -1.5, note: 3}\nhoplens.ignore: [hop-lost, x]\n---\nT",
        &[
            ("hoplens.inject", "property", ""),
            ("memory", "property", ""),
            ("\"x\"", "string", ""),
            ("encoding", "property", ""),
            ("embed", "enumMember", ""),
            ("tau", "property", ""),
            ("-1.5", "number", ""),
            ("hoplens.ignore", "property", ""),
            ("hop-lost", "enumMember", ""),
        ],
    );
    check(
        "a.prompty",
        "---\nmetadata:\n  hoplens:\n    cases: [{hops: [{bridge: y\n---\nT",
        &[
            ("hoplens", "property", ""),
            ("cases", "property", ""),
            ("hops", "property", ""),
            ("bridge", "property", ""),
            ("y", "string", ""),
        ],
    );
    check(
        "a.txt.hoplens.yaml",
        "version: 1\ninject:\n  - memory: |\n      a\n      b\n",
        &[
            ("version", "property", ""),
            ("1", "number", ""),
            ("inject", "property", ""),
            ("memory", "property", ""),
            ("|", "string", ""),
            ("a", "string", ""),
            ("b", "string", ""),
        ],
    );
}

#[test]
fn mentions_tags_and_injected_spans_may_overlap() {
    let front = |body: &str| {
        format!(
            "---\nhoplens.cases: [{{input: {{x: big}}, hops: [{{mention: the big reef}}]}}]\nhoplens.inject: [{{memory: m, layer: 1, tau: 1, scope: {{span: reef lies}}}}]\n---\n{body}"
        )
    };
    let text = front("Where the {{x}} reef lies\nthe big\nreef");
    let got = shown("a.prompt", &text);
    let body = got.iter().skip_while(|(text, _, _)| text != "the");
    let body: Vec<_> = body.map(|(a, b, c)| (a.as_str(), *b, c.as_str())).collect();
    assert_eq!(
        body,
        [
            ("the", "string", "mention"),
            ("{{x}}", "variable", "mention"),
            ("reef", "string", "mention+injected"),
            (" lies", "string", "injected"),
            ("the big", "string", "mention"),
            ("reef", "string", "mention"),
        ]
    );
}

proptest! {
    #[test]
    fn tokens_are_in_order_and_on_one_line_each(
        text in "(---\n|hoplens\\.cases:|hoplens\\.inject:|\n|\r\n|  |- |\\{|\\}|\\[|\\]|: |, |mention|memory|span|scope|the reef|é🙂|\\{\\{x\\}\\}|\"){0,40}",
        name in "a\\.(prompt|prompty|prompt\\.md|md|txt\\.hoplens\\.yaml|prompt\\.yml)",
    ) {
        shown(&name, &text);
    }
}
