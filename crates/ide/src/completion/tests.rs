use proptest::prelude::*;

use super::*;
use crate::completion::project::project_key_at;
use crate::snapshot::Snapshot;
use hoplens_prompt::declaration_sites::{homes, sidecar_home};
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

/// What is offered at `$0` of a file, and the text without the mark.
fn offered(name: &str, marked: &str, style: InsertStyle) -> (Vec<Completion>, String) {
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
    let homes = if is_sidecar {
        vec![sidecar_home(&text)]
    } else {
        homes(&snapshot.file, &text)
    };
    let context = CompletionContext {
        snapshot: Some(&snapshot),
        facts: &facts,
        model: Some(&model),
        style,
    };
    let list = complete(&text, &homes, offset, context);
    for one in &list {
        assert!(
            one.range.start <= offset && offset <= one.range.end,
            "{one:?}"
        );
        assert!(!text[one.range.clone()].contains(['\n', '\r']), "{one:?}");
    }
    (list, text)
}

/// The labels in both kinds of line breaks.
#[track_caller]
fn check(name: &str, marked: &str, expected: &[&str]) {
    for marked in [marked.to_owned(), marked.replace('\n', "\r\n")] {
        let (list, _) = offered(name, &marked, InsertStyle::Text);
        let labels: Vec<&str> = list.iter().map(|one| one.label.as_str()).collect();
        assert_eq!(labels, expected, "{name}: {marked}");
    }
}

/// The text after the completion with this label.
#[track_caller]
fn applied(name: &str, marked: &str, label: &str, style: InsertStyle) -> String {
    let (list, mut text) = offered(name, marked, style);
    let one = list.iter().find(|one| one.label == label).expect(label);
    text.replace_range(one.range.clone(), &one.new_text);
    text
}

const HOP: &[&str] = &["mention", "bridge"];

#[test]
fn keys_are_offered_in_every_home() {
    let lists = ["cases", "inject", "ignore"];
    let dotted = ["hoplens.cases", "hoplens.inject", "hoplens.ignore"];
    check("a.prompt", "---\nmodel: x\n$0\n---\nText", &dotted);
    check("a.prompt", "---\nhop$0\n---\nText", &dotted);
    check("a.prompt", "---\nhop$0", &dotted);
    check(
        "a.prompt",
        "---\nhoplens.cases: []\nhop$0\n---\nText",
        &dotted[1..],
    );
    check("a.prompty", "---\nname: x\n$0\n---\nText", &["metadata"]);
    check("a.prompty", "---\nmetadata:\n  $0\n---\nText", &["hoplens"]);
    check(
        "a.prompty",
        "---\nmetadata:\n  hoplens:\n    $0\n---\nText",
        &lists,
    );
    check("a.prompt.md", "---\nhoplens:\n  in$0\n---\nText", &lists);
    check("a.md", "```prompt\n---\n$0\n---\nText\n```\n", &dotted);
    check(
        "a.txt.hoplens.yaml",
        "$0",
        &["version", "cases", "inject", "ignore"],
    );
    check(
        "a.txt.hoplens.yaml",
        "version: 1\n\ncases: []\n$0",
        &["inject", "ignore"],
    );
    // Not in what is not ours, nor in a text.
    check("a.prompt", "---\ninput:\n  $0\n---\nText", &[]);
    check("a.prompt", "---\na: b\n---\nText $0", &[]);
    check("a.prompt.yml", "messages:\n  - $0\n", &[]);
    check("a.prompt", "---\n# hop$0\n---\nText", &[]);
    check(
        "a.prompt",
        "---\nhoplens.cases:\n  - id: |\n      te$0\n---\nText",
        &[],
    );
}

#[test]
fn only_keys_of_the_map_at_the_cursor_that_are_not_there() {
    let case = |rest: &str| format!("---\nhoplens.cases:\n  - id: x\n{rest}---\nText");
    let left = ["input", "matrix", "expect", "hops", "chain"];
    check("a.prompt", &case("    $0\n"), &left);
    check("a.prompt", &case("    ex$0\n"), &left);
    check(
        "a.prompt",
        &case("    $0\n    hops: []\n"),
        &["input", "matrix", "expect", "chain"],
    );
    // Where no key can stand.
    check("a.prompt", &case("   $0\n"), &[]);
    check("a.prompt", &case("      $0\n"), &[]);
    check("a.prompt", &case("    a b$0\n"), &[]);
    // The key that is being typed does not count as there, with its colon or without.
    check(
        "a.prompt",
        "---\nhoplens.inject:\n  - memory: x\n    la$0: 3\n    tau: 1\n---\nT",
        &["layer", "case", "encoding", "head", "scope", "measured"],
    );
    check("a.prompt", &case("    hops:\n      - $0\n"), HOP);
    check(
        "a.prompt",
        &case("    hops:\n      - mention: a\n        $0\n"),
        &["bridge"],
    );
    check("a.prompt", &case("    hops: [{$0}]\n"), HOP);
    check(
        "a.prompt",
        &case("    hops: [{mention: \"a, b\", $0\n    expect: x\n"),
        &["bridge"],
    );
    check(
        "a.prompt",
        &case("    hops: [{mention: a}, {br$0}, {bridge: c}]\n"),
        HOP,
    );
    // An item whose dash is missing, above others and below them.
    check(
        "a.prompt",
        "---\nhoplens.ignore:\n  $0\n---\nT",
        hoplens_prompt::Code::NAMES,
    );
    let first = applied(
        "a.prompt",
        "---\nhoplens.cases:\n  $0\n---\nT",
        "id",
        InsertStyle::Text,
    );
    assert_eq!(first, "---\nhoplens.cases:\n  - id: \n---\nT");
    let next = applied("a.prompt", &case("  $0\n"), "expect", InsertStyle::Text);
    assert_eq!(next, case("  - expect: \n"));
    // Variables of the template are the keys of an input.
    let text = "---\nhoplens.cases:\n  - input: {a: 1, $0}\n---\n{{a}} {{thing}}";
    check("a.prompt", text, &["thing"]);
}

#[test]
fn what_is_inserted_fits_the_place_and_the_editor() {
    let item = "---\nhoplens.inject:\n  - me$0\n---\nT";
    let with = |inserted: &str| item.replace("me$0", inserted);
    assert_eq!(
        applied("a.prompt", item, "memory", InsertStyle::Text),
        with("memory: ")
    );
    assert_eq!(
        applied("a.prompt", item, "memory", InsertStyle::Line),
        with("memory: \"$1\"")
    );
    assert_eq!(
        applied("a.prompt", item, "encoding", InsertStyle::Line),
        with("encoding: ${1|embed,unembed,layerwise|}")
    );
    assert_eq!(
        applied("a.prompt", item, "measured", InsertStyle::Line),
        with("measured: {model: \"$1\", before: $2, after: $3}")
    );
    assert_eq!(
        applied("a.prompt", item, "scope", InsertStyle::Text),
        with("scope: ")
    );
    let case = "---\nhoplens.cases:\n  - id: x\n    h$0\n---\nT";
    let with = |inserted: &str| case.replace("h$0", inserted);
    let lines = applied("a.prompt", case, "hops", InsertStyle::Lines);
    assert_eq!(lines, with("hops:\n      - $1"));
    let line = applied("a.prompt", case, "hops", InsertStyle::Line);
    assert_eq!(line, with("hops: [{mention: \"$1\"}]"));
    assert_eq!(
        applied("a.prompt", case, "hops", InsertStyle::Text),
        with("hops:")
    );
    let flow = "---\nhoplens.cases: [{h$0}]\n---\nT";
    let braced = applied("a.prompt", flow, "hops", InsertStyle::Lines);
    assert_eq!(braced, flow.replace("h$0", "hops: [{mention: \"$1\"}]"));
    let renamed = applied(
        "a.prompt",
        "---\nhoplens.cas$0: []\n---\nT",
        "hoplens.inject",
        InsertStyle::Lines,
    );
    assert_eq!(renamed, "---\nhoplens.inject: []\n---\nT");
}

/// A front matter with one injection that has `rest`.
fn injection(rest: &str) -> String {
    format!(
        "---\nhoplens.cases:\n  - id: reef\n    hops: [{{mention: our founder, bridge: the Reef}}]\n  - expect: x\nhoplens.inject:\n  - tau: 1\n    {rest}\n---\nOur founder lives in"
    )
}

#[test]
fn words_and_numbers_are_offered() {
    check(
        "a.prompt",
        &injection("encoding: $0"),
        &["embed", "unembed", "layerwise"],
    );
    check(
        "a.prompt",
        &injection("encoding: un$0"),
        &["embed", "unembed", "layerwise"],
    );
    check(
        "a.prompt",
        &injection("scope: $0"),
        &["all", "last", "{span: …}"],
    );
    check("a.prompt", &injection("layer: $0"), &["0", "1", "2"]);
    check("a.prompt", &injection("head: $0"), &["0", "1"]);
    check("a.prompt", &injection("case: $0"), &["reef", "#2"]);
    check(
        "a.prompt",
        &injection("measured: {model: $0}"),
        &["sha256:b179c9523d0e"],
    );
    check("a.prompt", &injection("tau: $0"), &[]);
    // Right behind the colon there is no value yet.
    check("a.prompt", &injection("encoding:$0"), &[]);
    check(
        "a.prompt",
        "---\nhoplens.ignore: [hop-lost, $0]\n---\nT",
        hoplens_prompt::Code::NAMES,
    );
    check(
        "a.prompt",
        "---\nhoplens.ignore:\n  - tok$0\n---\nT",
        hoplens_prompt::Code::NAMES,
    );
    check("a.txt.hoplens.yaml", "version: $0", &["1"]);
    let one = applied(
        "a.prompt",
        "---\nhoplens.ignore: $0\n---\nT",
        "hop-lost",
        InsertStyle::Text,
    );
    assert_eq!(one, "---\nhoplens.ignore: [hop-lost]\n---\nT");
    let below = applied(
        "a.prompt",
        "---\nhoplens.ignore:\n  $0\n---\nT",
        "hop-lost",
        InsertStyle::Text,
    );
    assert_eq!(below, "---\nhoplens.ignore:\n  - hop-lost\n---\nT");
    let whole = applied(
        "a.prompt",
        &injection("encoding: un$0wise"),
        "layerwise",
        InsertStyle::Text,
    );
    assert_eq!(whole, injection("encoding: layerwise"));
    let quoted = applied(
        "a.prompt",
        &injection("encoding: \"un$0\""),
        "embed",
        InsertStyle::Text,
    );
    assert_eq!(quoted, injection("encoding: \"embed\""));
    let number = applied("a.prompt", &injection("case: $0"), "#2", InsertStyle::Text);
    assert_eq!(number, injection("case: \"#2\""));
    let span = applied(
        "a.prompt",
        &injection("scope: $0"),
        "{span: …}",
        InsertStyle::Line,
    );
    assert_eq!(span, injection("scope: {span: \"$1\"}"));
}

#[test]
fn texts_come_from_the_prompt_and_the_facts() {
    check(
        "a.prompt",
        &injection("memory: $0"),
        &["Reef", "Harbour Street 9", "Ada Lovelace"],
    );
    check(
        "a.prompt",
        &injection("scope: {span: $0}"),
        &["Our founder"],
    );
    let memory = applied(
        "a.prompt",
        &injection("memory: \"$0"),
        "Reef",
        InsertStyle::Text,
    );
    assert_eq!(memory, injection("memory: \"Reef\""));
    // In one line another quote does not end the one that was opened here.
    let open = injection("x: {memory: \"$0, encoding: \"embed\"}").replace("    x: {", "  - {");
    let memory = applied("a.prompt", &open, "Ada Lovelace", InsertStyle::Text);
    assert!(
        memory.contains("{memory: \"Ada Lovelace\", encoding: \"embed\"}"),
        "{memory}"
    );
    let hop = |rest: &str| format!("version: 1\ncases:\n  - hops:\n      - {rest}\n");
    check(
        "a.txt.hoplens.yaml",
        &hop("mention: $0"),
        &["our flagship store", "The best cafe in our flagship store"],
    );
    // The fact about this very mention comes first.
    check(
        "a.txt.hoplens.yaml",
        &hop("mention: our founder\n        bridge: $0"),
        &["Ada Lovelace", "Harbour Street 9"],
    );
    check(
        "a.txt.hoplens.yaml",
        &hop("{bridge: $0, mention: \"Our flagship store\"}"),
        &["Harbour Street 9", "Ada Lovelace"],
    );
    let single = applied(
        "a.txt.hoplens.yaml",
        &hop("mention: 'our$0'"),
        "our flagship store",
        InsertStyle::Text,
    );
    assert_eq!(single, hop("mention: 'our flagship store'"));
}

/// The labels at `$0` of a `hoplens.toml`.
#[track_caller]
fn check_project(marked: &str, expected: &[&str]) {
    let offset = marked.find("$0").expect("a cursor");
    let text = marked.replacen("$0", "", 1);
    let list = complete_project(&text, offset);
    let labels: Vec<&str> = list.iter().map(|one| one.label.as_str()).collect();
    assert_eq!(labels, expected, "{marked}");
}

#[track_caller]
fn applied_project(marked: &str, label: &str) -> String {
    let offset = marked.find("$0").expect("a cursor");
    let mut text = marked.replacen("$0", "", 1);
    let list = complete_project(&text, offset);
    let one = list.iter().find(|one| one.label == label).expect(label);
    text.replace_range(one.range.clone(), &one.new_text);
    text
}

#[test]
fn settings_of_a_project_are_offered() {
    check_project("mo$0", &["model", "bos", "ignore", "declared_only"]);
    check_project("model = \"x\"\nb$0", &["bos", "ignore", "declared_only"]);
    check_project("bos = $0", &["auto", "always", "never"]);
    check_project("declared_only = $0", &["true", "false"]);
    check_project("ignore = [\"hop-lost\", $0]", hoplens_prompt::Code::NAMES);
    check_project(
        "ignore = [\n  \"hop-lost\",\n  $0\n]\n",
        hoplens_prompt::Code::NAMES,
    );
    check_project(
        "[search]\nencodings = [$0]",
        &["embed", "unembed", "layerwise"],
    );
    check_project("[search]\nscopes = $0", &["all", "last"]);
    check_project("[thresholds]\nknown = $0", &["0.05"]);
    check_project("[sea$0", &["thresholds", "search", "check"]);
    check_project("[check]\n[sea$0]", &["thresholds", "search"]);
    check_project("# mo$0", &[]);
    check_project(
        "[search]\nmost = 1\npa$0",
        &["encodings", "taus", "scopes", "passes"],
    );
    check_project(
        "[check]\r\nexclude = []\r\n$0",
        &["include", "tolerance", "[thresholds]", "[search]"],
    );
    assert_eq!(applied_project("model = $0", "gpt2"), "model = \"gpt2\"");
    assert_eq!(
        applied_project("model = \"gp$0\"", "gpt2"),
        "model = \"gpt2\""
    );
    assert_eq!(
        applied_project("ignore = $0", "hop-lost"),
        "ignore = [\"hop-lost\"]"
    );
    assert_eq!(
        applied_project("ignore = [ho$0]", "hop-lost"),
        "ignore = [\"hop-lost\"]"
    );
    assert_eq!(applied_project("[sea$0]", "search"), "[search]");
    assert_eq!(applied_project("bo$0", "bos"), "bos = ");
    assert_eq!(applied_project("bo$0 = 1", "bos"), "bos = 1");
    let (key, range) = project_key_at("[search]\nmost = 1\n", 11).unwrap();
    assert_eq!((key.table, key.name, range), ("search", "most", 9..13));
    assert!(project_key_at("most = 1", 2).is_none());
    assert_eq!(
        project_key_at("check.exclude = []", 8).unwrap().0.name,
        "exclude"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]
    #[test]
    fn no_text_and_place_panics(
        head in "(---\n|---\r\n|)(hoplens\\.cases:|hoplens\\.inject:|metadata:|version: 1|hoplens:|cases:|)",
        text in "(\n|\r\n|  |    |- |: |:|,|\\[|\\]|\\{|\\}|\"|'|é|🙂|id|hops|mention|bridge|memory|layer|scope|encoding|input|model|=|#| |\t|\\||---){0,30}",
        name in "a\\.(prompt|prompty|prompt\\.md|md|txt\\.hoplens\\.yaml)",
        at in 0_usize..120,
    ) {
        let text = head + &text;
        let at = text.floor_char_boundary(at.min(text.len()));
        let marked = format!("{}$0{}", &text[..at], &text[at..]);
        for style in [InsertStyle::Text, InsertStyle::Lines] {
            offered(&name, &marked, style);
        }
        for one in complete_project(&text, at) {
            prop_assert!(text.get(one.range).is_some());
        }
        project_key_at(&text, at);
    }
}
