//! promptfoo: reads the tests of a configuration as cases of the prompt that it names.
//!
//! Values have the meaning that promptfoo documents: `vars` with lists expand to all combinations,
//! and a text file is split at lines `---`. All assertions of a test must pass, so the first that
//! contains an answer provides the expected one.

use std::collections::BTreeSet;
use std::ops::Range;

use serde_json::{Map, Value};

use crate::companion_files::Promptfoo;
use crate::declarations::answer_match::AnswerMatch;
use crate::declarations::case::Case;
use crate::declarations::imported_answers::{ImportedAnswers, ImportedAssertion};
use crate::declarations::reference_reply::ReferenceReply;
use crate::declarations::spanned::{Origin, Spanned};
use crate::diagnostics::code::Code;
use crate::diagnostics::problem::Problems;
use crate::diagnostics::severity::Severity;
use crate::format::promptfoo::paths;
use crate::yaml;
use crate::yaml::dialect::Dialect;
use crate::yaml::node::{Data, Node};

/// Assertions that compare the reply with one text or with several.
const ANSWERS: &[(&str, AnswerMatch)] = &[
    ("equals", AnswerMatch::Equals),
    ("starts-with", AnswerMatch::Begins),
    ("contains", AnswerMatch::Contains),
    ("icontains", AnswerMatch::ContainsIgnoringCase),
    ("contains-any", AnswerMatch::Contains),
    ("contains-all", AnswerMatch::Contains),
    ("icontains-any", AnswerMatch::ContainsIgnoringCase),
    ("icontains-all", AnswerMatch::ContainsIgnoringCase),
];
/// Assertions whose value is a reply that the model's should be like.
const REFERENCES: &[&str] = &[
    "similar",
    "levenshtein",
    "rouge-n",
    "bleu",
    "gleu",
    "meteor",
];
/// Maximum number of cases of one configuration.
const MAX_CASES: usize = 256;
/// Maximum number of bytes of values in combinations; further combinations are dropped.
const MAX_BYTES: usize = 8 << 20;

/// Returns the first prompt of a text file, trimmed, and whether there are more.
pub(crate) fn split(prompt: &str, text: &str) -> (Range<usize>, bool) {
    if !prompt.to_ascii_lowercase().ends_with(".txt") {
        return (0..text.len(), false);
    }
    let mut at = 0;
    let mut prompts: Vec<Range<usize>> = Vec::new();
    let mut start = 0;
    let mut add = |range: Range<usize>| {
        let part = &text[range.clone()];
        let words = part.trim();
        if !words.is_empty() {
            let from = range.start + part.len() - part.trim_start().len();
            prompts.push(from..from + words.len());
        }
    };
    for line in text.split_inclusive('\n') {
        if line.trim_end() == "---" {
            add(start..at);
            start = at + line.len();
        }
        at += line.len();
    }
    add(start..text.len());
    let more = prompts.len() > 1;
    (prompts.into_iter().next().unwrap_or(0..0), more)
}

/// Reads the tests as cases. One message at the top of the prompt reports what is not read; the
/// problems of the configuration itself contain the rest.
pub(crate) fn read(promptfoo: &Promptfoo, problems: &mut Problems) -> Vec<Case> {
    let mut found = Problems::new(Origin::FrontMatter);
    let cases = cases(&promptfoo.text, &mut found);
    // The most severe first, and among those the first in the file.
    found
        .list
        .sort_by_key(|one| std::cmp::Reverse(one.severity));
    if let Some(first) = found.list.first() {
        let before = promptfoo.text.get(..first.range.start).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let config = &promptfoo.config;
        let more = match found.list.len() - 1 {
            0 => String::new(),
            more => format!(" And {more} more: `hoplens check {config}` names them."),
        };
        let message = format!("{config}, line {line}: {}{more}", first.message);
        problems.add(first.code, first.severity, &(0..1), message);
    }
    cases
}

/// Reports at its own position what is wrong with a configuration or not read.
pub(crate) fn review(text: &str, absent: &[String], problems: &mut Problems) {
    cases(text, problems);
    paths::review(text, absent, problems);
}

fn cases(text: &str, problems: &mut Problems) -> Vec<Case> {
    let tree = yaml::read::read_as(text, 0, Dialect::JsYaml);
    let mut reader = Reader {
        problems,
        seen: BTreeSet::new(),
        ids: BTreeSet::new(),
        cases: Vec::new(),
    };
    if let Some((range, message)) = &tree.error {
        reader.problems.error(
            Code::InvalidYaml,
            range,
            format!(
                "The configuration is not valid YAML: {message}. The part before the error is used."
            ),
        );
    }
    let Some(root) = &tree.root else {
        return Vec::new();
    };
    let default = root.entry("defaultTest").map(|(_, test)| test);
    if let Some((_, tests)) = root.entry("tests") {
        if let Data::List { items, .. } = &tests.data {
            for item in items {
                reader.test(item, default);
            }
        } else {
            reader.not_read(tests, "`tests`");
        }
    }
    reader.cases
}

struct Reader<'a> {
    problems: &'a mut Problems,
    /// The messages that were reported, so that each is reported once.
    seen: BTreeSet<String>,
    ids: BTreeSet<String>,
    cases: Vec<Case>,
}

impl Reader<'_> {
    /// Adds an informational problem, unless the same message was reported elsewhere.
    fn inform(&mut self, code: Code, range: &Range<usize>, message: &str) {
        if self.seen.insert(message.to_owned()) {
            self.problems
                .add(code, Severity::Information, range, message);
        }
    }

    fn not_read(&mut self, node: &Node, what: &str) {
        let shown = match node.text() {
            Some(text) if text.len() <= 60 => format!("`{text}`"),
            _ => node.kind().to_owned(),
        };
        let message = format!(
            "{what} is {shown}, which hoplens does not read. Write the tests into the \
             configuration, or cases into the prompt's sidecar."
        );
        self.inform(Code::UnsupportedContent, node.here(), &message);
    }

    fn test(&mut self, test: &Node, default: Option<&Node>) {
        let Data::Map { .. } = &test.data else {
            self.not_read(test, "A test");
            return;
        };
        let own = |node: Option<&Node>, key: &str| -> Option<Node> {
            node.and_then(|node| node.entry(key))
                .map(|(_, value)| value.clone())
        };
        let mut vars = Map::new();
        for values in [own(default, "vars"), own(Some(test), "vars")]
            .into_iter()
            .flatten()
        {
            if !values.is_null() && !matches!(values.data, Data::Map { .. }) {
                self.not_read(&values, "`vars`");
            }
            for (key, value) in values.entries() {
                let Some(name) = key.text() else { continue };
                if value.text().is_some_and(|text| text.starts_with("file://")) {
                    self.not_read(value, &format!("The variable `{name}`"));
                }
                vars.insert(name.to_owned(), value.to_json());
            }
        }
        let asserts = [own(Some(test), "assert"), own(default, "assert")];
        let mut assertions = Vec::new();
        for asserts in asserts.into_iter().flatten() {
            assertions.extend(self.assertions(&asserts));
        }
        let description = own(Some(test), "description");
        let name = description
            .as_ref()
            .and_then(Node::text)
            .unwrap_or_default();
        for (label, input) in combinations(&vars) {
            if self.cases.len() >= MAX_CASES {
                let message = format!("Only the first {MAX_CASES} tests are read.");
                self.inform(Code::TooManyCases, test.here(), &message);
                return;
            }
            let id = self.id(name, &label);
            // The prompt file contains no part of the case.
            let mut case = Case {
                id,
                ..Case::new(0..0, Origin::FrontMatter)
            };
            self.answers(&assertions, &input).apply(&mut case);
            case.input = input;
            self.cases.push(case);
        }
    }

    /// Returns the description, made unique. Tests without one are numbered.
    fn id(&mut self, name: &str, label: &str) -> Option<Spanned<String>> {
        if name.is_empty() {
            return None;
        }
        let name = format!("{name}{label}");
        let mut id = name.clone();
        let mut number = 2;
        while !self.ids.insert(id.clone()) {
            id = format!("{name} ({number})");
            number += 1;
        }
        Some(Spanned {
            value: id,
            range: 0..0,
        })
    }

    /// Returns the assertions that a case can express, and reports the others.
    fn assertions(&mut self, asserts: &Node) -> Vec<TestAssertion> {
        let Data::List { items, .. } = &asserts.data else {
            self.not_read(asserts, "`assert`");
            return Vec::new();
        };
        let mut found = Vec::new();
        for item in items {
            let Some(kind) = item.entry("type").and_then(|(_, kind)| kind.text()) else {
                self.not_read(item, "An assertion without a `type`");
                continue;
            };
            match assertion(kind, item) {
                Some(assertion) => found.push(assertion),
                None => {
                    let names: Vec<&str> = ANSWERS.iter().map(|(name, _)| *name).collect();
                    let message = format!(
                        "The assertion `{kind}` names no answer that hoplens can look for, so it \
                         is not read. Read are: {}, {}.",
                        names.join(", "),
                        REFERENCES.join(", ")
                    );
                    self.inform(Code::UnsupportedContent, item.here(), &message);
                }
            }
        }
        found
    }

    /// Joins the assertions of a test with the values of its variables.
    fn answers(
        &mut self,
        assertions: &[TestAssertion],
        input: &Map<String, Value>,
    ) -> ImportedAnswers {
        let mut answers = ImportedAnswers::default();
        for assertion in assertions {
            let filled = |text: &String| Spanned {
                value: fill(text, input),
                range: 0..0,
            };
            let mut texts = assertion.texts.iter().map(filled);
            let is_joined = match assertion.answer_match {
                Some(answer_match) => answers.add(ImportedAssertion {
                    answer_match,
                    requires_all: assertion.requires_all,
                    answers: texts.collect(),
                }),
                None => {
                    let reply = texts.next().as_ref().map(ReferenceReply::unmarked);
                    let is_first = answers.reference.is_none();
                    answers.reference = answers.reference.or(reply);
                    is_first
                }
            };
            if !is_joined {
                let message = "A test has several assertions that a case cannot join; the first \
                               counts.";
                self.inform(Code::UnsupportedContent, &assertion.range, message);
            }
        }
        answers
    }
}

/// An assertion of a test whose texts may contain variables.
struct TestAssertion {
    /// `None` for a reply that the model's should be like.
    answer_match: Option<AnswerMatch>,
    requires_all: bool,
    texts: Vec<String>,
    range: Range<usize>,
}

/// Reads an assertion of type `kind`; `None` if no text of it can be compared with a reply.
fn assertion(kind: &str, item: &Node) -> Option<TestAssertion> {
    let named = ANSWERS.iter().find(|(name, _)| *name == kind);
    let answer_match = named.map(|(_, answer_match)| *answer_match);
    if answer_match.is_none() && !REFERENCES.contains(&kind) {
        return None;
    }
    let (_, value) = item.entry("value")?;
    let takes_list = kind.ends_with("-any") || kind.ends_with("-all");
    let texts: Vec<String> = match &value.data {
        Data::List { items, .. } if takes_list || answer_match.is_none() => {
            items.iter().filter_map(answer_text).collect()
        }
        // promptfoo splits one text at commas.
        Data::Scalar { .. } if takes_list => value
            .text()?
            .split(',')
            .map(|text| text.trim().to_owned())
            .collect(),
        Data::Scalar { .. } => answer_text(value).into_iter().collect(),
        _ => Vec::new(),
    };
    (!texts.is_empty()).then(|| TestAssertion {
        answer_match,
        requires_all: kind.ends_with("-all"),
        texts,
        range: item.here().clone(),
    })
}

/// Returns the text of an answer; `None` if a file or a program has it.
fn answer_text(node: &Node) -> Option<String> {
    let text = node.text()?;
    let is_text = !text.starts_with("file://") && !text.is_empty();
    is_text.then(|| text.to_owned())
}

/// Returns a map for every combination of the values of lists, with a label if there are several.
fn combinations(vars: &Map<String, Value>) -> Vec<(String, Map<String, Value>)> {
    let mut found = vec![(Vec::new(), Map::new())];
    for (name, value) in vars {
        let Value::Array(values) = value else {
            for (_, input) in &mut found {
                input.insert(name.clone(), value.clone());
            }
            continue;
        };
        let mut next = Vec::new();
        let mut bytes = 0;
        for (labels, input) in &found {
            for value in values {
                if next.len() > MAX_CASES || bytes > MAX_BYTES {
                    break;
                }
                bytes += input.values().map(weight).sum::<usize>() + weight(value);
                let (mut labels, mut input): (Vec<String>, Map<_, _>) =
                    (labels.clone(), input.clone());
                labels.push(format!("{name}={}", shown(value)));
                input.insert(name.clone(), value.clone());
                next.push((labels, input));
            }
        }
        found = next;
    }
    let labelled = found.into_iter().map(|(labels, input)| {
        let label = if labels.is_empty() {
            String::new()
        } else {
            format!("[{}]", labels.join(","))
        };
        (label, input)
    });
    labelled.collect()
}

/// Returns the approximate size of a value in bytes.
fn weight(value: &Value) -> usize {
    16 + match value {
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(weight).sum(),
        Value::Object(map) => map.values().map(weight).sum(),
        _ => 0,
    }
}

fn shown(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

/// Replaces `{{name}}` in an assertion's value by the variable's value.
fn fill(text: &str, input: &Map<String, Value>) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, inside)) = rest.split_once("{{") {
        let Some((name, after)) = inside.split_once("}}") else {
            break;
        };
        out.push_str(before);
        out.push_str(&input.get(name.trim()).map(shown).unwrap_or_default());
        rest = after;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests;
