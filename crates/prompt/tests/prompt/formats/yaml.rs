//! YAML as the formats' own readers read it: PyYAML for Prompty, npm `yaml` for dotprompt.

use std::path::Path;
use std::process::{Command, Stdio};

use hoplens_prompt::{PromptFormat, yaml_value};
use serde_json::Value;

use super::{ask, packages, script};

/// A document of the official YAML test suite, or one of [`OWN`].
struct Document {
    id: String,
    text: String,
}

/// Layouts that people write, most of them outside YAML 1.2, and scalars that YAML 1.1 and 1.2 read
/// differently.
const OWN: &[&str] = &[
    "a: ># b\n  c\n",
    "a: b\n  c # d\n  e\n",
    "a: [1,\n\t\n  2]\n",
    "turns: [\n  {a: 1},\n  {b: 2}\n]\nword: tree\n",
    "sample:\n  turns: [\n    {a: 1}\n  ]\n  map: {\n    b: 2\n  }\n",
    "list: [\n1,\n2\n]\n",
    "text: \"one\ntwo\"\n",
    "list: [1, 2]# no space before\n",
    "text: 'a'# no space before\n",
    "list: [1, # one\n  2,# two\n  3] # three\n",
    "list: [-, - , a]\n",
    "a:\tb\n",
    "a: b\t\n",
    "a: |\n\tb\n",
    "a: |\n  b\tc\n",
    "a: \"b\tc\"\n",
    "a: b # c\td\n",
    "a: 1\r\nb:\r\n- 2\r\n- |\r\n  3\r\n",
    "\u{feff}a: 1\n",
    "a: |\n  last line",
    "a: >\n  last line",
    "a: |+\n  last\n\n",
    "a: |2\n   b\n",
    "? a\n: b\n? c\n",
    "a: 1\na: 2\n",
    "a: {b: 1, b: 2}\n",
    "1: a\n\"1\": b\n",
    "a: yes\nb: No\nc: on\nd: 010\ne: 0o10\nf: 1_000\ng: 12:30\nh: 1e3\ni: 1.0\nj: 0b11\nk: 0x1F\n",
    "a: 2001-12-14\nb: 2001-12-14t21:59:43.10-05:00\nc: .inf\nd: -.Inf\ne: .nan\nf: -0\ng: 5.\n",
    "a: 12345678901234567890\nb: -0.5\nc: +3\nd: .5\ne: 1.5e+3\nf: 08\ng: 1:30.5\n",
    "a: 2001-13-14\n",
    "a: =\n",
    "yes: a\nnull: b\n1.5: c\n0x10: d\n~: e\n",
    "a: !!str 1\nb: !!int \"2\"\nc: !!float 3.5\nd: !!null null\ne: !!bool true\nf: !!str\n",
    "a: !local 1\n",
    "a: ! 1\n",
    "a: &x {b: 1, c: 2}\nd:\n  <<: *x\n  c: 3\n",
    "a: &x {b: 1}\ny: &y {b: 2, e: 3}\nd:\n  <<: [*x, *y]\n",
    "d:\n  <<: 1\n",
    "a: &x [1]\nb: *x\n",
    "a: *missing\n",
    "[a, b]: c\n",
    "%YAML 1.2\n---\na: 1\n",
    "---\na: 1\n...\n",
    "a: 1\n---\nb: 2\n",
    "# only a comment\n",
    "",
    "a: {b: [c, {d: e}], \"f\":g, 'h': i}\n",
    "a: 'it''s'\nb: \"\\u00e9\\x41\\n\"\n",
    "a: b: c\n",
    "a: - b\n",
    "a: @b\n",
    "a: `b`\n",
    "a: {{b}}\n",
    "a: \"{{b}}\"\n",
    "a: ${env:B}\n",
    "a: [b\n",
    "a:\n  - b\n - c\n",
    "a:\n- b\n-\n  c: d\n- - e\n  - f\n",
    "a: one\n  two\n\n  three\nb: |-\n  x\n   y\n\n  z\n",
    "a:\n  # comment\n  b: c\n # comment\nd: e\n",
];

fn documents(folder: &Path) -> Vec<Document> {
    let output = Command::new("node")
        .arg(script("yaml.mjs"))
        .arg(folder)
        .arg("suite")
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    assert!(output.status.success(), "the suite cannot be read");
    let suite: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    assert!(suite.len() > 400, "the suite has {} documents", suite.len());
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let suite = suite.iter().map(|one| Document {
        id: text(&one["id"]),
        text: text(&one["text"]),
    });
    let own = OWN.iter().enumerate().map(|(at, text)| Document {
        id: format!("own {at}"),
        text: (*text).to_owned(),
    });
    suite.chain(own).collect()
}

/// Whether two values are equal; JavaScript has a single type of number.
fn is_same(ours: &Value, theirs: &Value, is_javascript: bool) -> bool {
    match (ours, theirs) {
        (Value::Number(a), Value::Number(b)) => {
            a.as_f64() == b.as_f64() && (is_javascript || a.is_f64() == b.is_f64())
        }
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| is_same(a, b, is_javascript))
        }
        (Value::Object(a), Value::Object(b)) => {
            let same = |(key, value): (&String, &Value)| {
                b.get(key).is_some_and(|b| is_same(value, b, is_javascript))
            };
            a.len() == b.len() && a.iter().all(same)
        }
        _ => ours == theirs,
    }
}

/// Types that no JSON value stands for; only whether such a document is accepted is compared.
fn has_foreign_type(text: &str) -> bool {
    ["!!binary", "!!set", "!!omap", "!!pairs"]
        .iter()
        .any(|tag| text.contains(tag))
}

/// Documents whose value differs, and why; whether they are accepted is compared all the same.
const DIFFER: &[(&str, &str)] = &[
    // npm `yaml` names a key that is a list or map by writing it again, with its anchors and
    // aliases, over several lines where it is long.
    ("4FJ6.yaml#0", "key that is a list"),
    ("6BFJ.yaml#0", "key that is a list"),
    ("M2N8.yaml#0", "key that is a map"),
    ("M2N8.yaml#1", "key that is a map"),
    ("X38W.yaml#0", "key that is a list"),
    // PyYAML takes `?` for the sign of a key even where no space follows.
    ("652Z.yaml#0", "`{?foo: bar}`"),
    ("HM87.yaml#1", "`[?x]`"),
    // PyYAML ends the name of an anchor at a colon.
    ("Y2GN.yaml#0", "`&an:chor value`"),
];

/// Compares what hoplens and a format's reader make of every document. Returns the ids of the
/// documents that only hoplens accepts.
#[allow(
    clippy::print_stderr,
    reason = "the figures are in the decision record"
)]
fn compare(format: PromptFormat, documents: &[Document], answers: &[Value]) -> Vec<String> {
    let is_javascript = format == PromptFormat::Dotprompt;
    let mut wrong = Vec::new();
    let mut accepted_by_us_alone = Vec::new();
    let mut accepted = 0;
    for (document, answer) in documents.iter().zip(answers) {
        let ours = yaml_value(format, &document.text);
        let id = &document.id;
        let shown = || {
            format!(
                "{id}: {:?}\nhoplens {ours:?}\npackage {answer}",
                document.text
            )
        };
        match (&ours, answer.get("value")) {
            (Ok(ours), Some(theirs)) => {
                accepted += 1;
                let differs = DIFFER.iter().any(|(other, _)| id == other);
                let is_comparable = !differs && !has_foreign_type(&document.text);
                if is_comparable && !is_same(ours, theirs, is_javascript) {
                    wrong.push(shown());
                }
            }
            (Err(_), Some(_)) => {
                accepted += 1;
                wrong.push(shown());
            }
            (Ok(_), None) => accepted_by_us_alone.push(id.clone()),
            (Err(_), None) => {}
        }
    }
    eprintln!(
        "{format:?}: its reader accepts {accepted} of {} documents, hoplens {} more: {}",
        documents.len(),
        accepted_by_us_alone.len(),
        accepted_by_us_alone.join(", ")
    );
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    accepted_by_us_alone
}

fn texts(documents: &[Document]) -> Vec<Value> {
    let texts = documents.iter().map(|one| Value::from(one.text.as_str()));
    texts.collect()
}

#[test]
fn front_matter_of_dotprompt_reads_as_npm_yaml_reads_it() {
    let Some(folder) = packages() else { return };
    let documents = documents(&folder);
    let mut node = Command::new("node");
    let answers = ask(
        node.arg(script("yaml.mjs")).arg(&folder),
        &texts(&documents),
    );
    let more = compare(PromptFormat::Dotprompt, &documents, &answers);
    assert!(more.is_empty(), "hoplens misses errors in {more:?}");
}

#[test]
fn front_matter_of_prompty_reads_as_pyyaml_reads_it() {
    let Some(folder) = packages() else { return };
    let documents = documents(&folder);
    let python = folder.join("venv/bin/python");
    let answers = ask(
        Command::new(python).arg(script("pyyaml.py")),
        &texts(&documents),
    );
    compare(PromptFormat::Prompty, &documents, &answers);
}
