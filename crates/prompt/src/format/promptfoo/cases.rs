//! promptfoo: reads the tests of a configuration as cases of the prompt that it names.
//!
//! Values have the meaning that promptfoo documents: `vars` with lists expand to all combinations,
//! and a text file is split at lines `---`. All assertions of a test must pass, so the first that
//! contains an answer provides the expected one.

use std::collections::BTreeSet;
use std::ops::Range;

use serde_json::{Map, Value};

use crate::companion_files::Promptfoo;
use crate::declarations::case::Case;
use crate::declarations::imported_answers::{ImportedAnswers, ImportedAssertion};
use crate::declarations::reference_reply::ReferenceReply;
use crate::declarations::spanned::{Origin, Spanned};
use crate::diagnostics::code::Code;
use crate::diagnostics::problem::Problems;
use crate::diagnostics::severity::Severity;
use crate::format::promptfoo::assertions;
use crate::format::promptfoo::assertions::{ANSWERS, REFERENCES, TestAssertion};
use crate::format::promptfoo::paths;
use crate::format::promptfoo::providers::{Providers, refusal};
use crate::yaml;
use crate::yaml::dialect::Dialect;
use crate::yaml::node::{Data, Node};

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
    let cases = cases(&promptfoo.text, false, &mut found);
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

/// Reports at its own position what is wrong with a configuration or not read, and returns its
/// tests as cases of the configuration itself.
pub(crate) fn review(text: &str, absent: &[String], problems: &mut Problems) -> Vec<Case> {
    let cases = cases(text, true, problems);
    paths::review(text, absent, problems);
    cases
}

fn cases(text: &str, is_own: bool, problems: &mut Problems) -> Vec<Case> {
    let tree = yaml::read::read_as(text, 0, Dialect::JsYaml);
    let mut reader = Reader {
        problems,
        is_own,
        seen: BTreeSet::new(),
        ids: BTreeSet::new(),
        refusal: None,
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
    let providers = Providers::of_configuration(root);
    reader.providers(&providers);
    reader.refusal = refusal(&providers);
    let default = root.entry("defaultTest").map(|(_, test)| test);
    if let Some(default) = default.filter(|default| !default.is_null()) {
        if !matches!(default.data, Data::Map { .. }) {
            reader.not_read(default, "`defaultTest`");
        }
        reader.options(default);
    }
    let layers: Vec<&Node> = default.into_iter().collect();
    if let Some((_, tests)) = root.entry("tests") {
        reader.tests(tests, "`tests`", &layers);
    }
    if let Some((_, scenarios)) = root.entry("scenarios") {
        reader.scenarios(scenarios, &layers);
    }
    if let Some((_, filters)) = root.entry("nunjucksFilters") {
        let message = "hoplens cannot run filters of your own, so a prompt that uses one is not \
                       rendered.";
        reader.inform(Code::UnsupportedContent, filters.here(), message);
    }
    reader.cases
}

/// Options of a test that change the prompt or the reply before the assertions, in ways that
/// hoplens does not follow.
const OPTIONS: &[&str] = &[
    "prefix",
    "suffix",
    "transform",
    "transformVars",
    "postprocess",
];

struct Reader<'a> {
    problems: &'a mut Problems,
    /// Whether the cases belong to the configuration itself, and have its ranges.
    is_own: bool,
    /// The messages that were reported, so that each is reported once.
    seen: BTreeSet<String>,
    ids: BTreeSet<String>,
    /// Why no model is asked, unless a test names another provider.
    refusal: Option<String>,
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

    /// Reports the providers that hoplens cannot run.
    fn providers(&mut self, providers: &Providers<'_>) {
        let are_foreign = providers.are_foreign();
        for provider in &providers.foreign {
            let note = provider.note(are_foreign);
            self.inform(Code::UnsupportedContent, provider.node.here(), &note);
        }
    }

    /// Returns why no model is asked for a test; the innermost of `nodes` that names a provider
    /// decides.
    fn refusal_of(&mut self, nodes: &[&Node]) -> Option<String> {
        let own = nodes.iter().rev().find_map(|node| Providers::of_test(node));
        let Some(own) = own else {
            return self.refusal.clone();
        };
        self.providers(&own);
        refusal(&own)
    }

    /// Reads a list of tests; `layers` give values and assertions to each, the last one first.
    fn tests(&mut self, tests: &Node, what: &str, layers: &[&Node]) {
        let Data::List { items, .. } = &tests.data else {
            self.not_read(tests, what);
            return;
        };
        for item in items {
            self.test(item, layers);
        }
    }

    /// Reads scenarios: each test with the values of each item of `config`.
    fn scenarios(&mut self, scenarios: &Node, layers: &[&Node]) {
        let Data::List { items, .. } = &scenarios.data else {
            self.not_read(scenarios, "`scenarios`");
            return;
        };
        for scenario in items {
            let of = |key| scenario.entry(key).map(|(_, value)| value);
            let (Some(config), Some(tests)) = (of("config"), of("tests")) else {
                self.not_read(scenario, "A scenario without `config` and `tests`");
                continue;
            };
            let Data::List { items, .. } = &config.data else {
                self.not_read(config, "A scenario's `config`");
                continue;
            };
            for values in items {
                let mut layers = layers.to_vec();
                layers.push(values);
                self.tests(tests, "A scenario's `tests`", &layers);
            }
        }
    }

    /// Reports options that hoplens does not follow.
    fn options(&mut self, test: &Node) {
        let options = test.entry("options").map(|(_, options)| options);
        for (key, _) in options.map_or(&[][..], Node::entries) {
            let name = key.text().unwrap_or_default();
            if OPTIONS.contains(&name) {
                let message = format!(
                    "The option `{name}` changes the prompt or the reply, which hoplens does not \
                     follow: the prompt is read as it is in its file."
                );
                self.inform(Code::UnsupportedContent, key.here(), &message);
            }
        }
    }

    fn test(&mut self, test: &Node, layers: &[&Node]) {
        let Data::Map { .. } = &test.data else {
            self.not_read(test, "A test");
            return;
        };
        self.options(test);
        let mut nodes = layers.to_vec();
        nodes.push(test);
        let own = |key: &str| {
            let values = nodes.iter().filter_map(move |node| node.entry(key));
            values.map(|(_, value)| value).collect::<Vec<&Node>>()
        };
        let mut vars = Map::new();
        for values in own("vars") {
            if !values.is_null() && !matches!(values.data, Data::Map { .. }) {
                self.not_read(values, "`vars`");
            }
            for (key, value) in values.entries() {
                let Some(name) = key.text() else { continue };
                if value.text().is_some_and(|text| text.starts_with("file://")) {
                    self.not_read(value, &format!("The variable `{name}`"));
                }
                vars.insert(name.to_owned(), value.to_json());
            }
        }
        let mut assertions = Vec::new();
        for asserts in own("assert").into_iter().rev() {
            assertions.extend(self.assertions(asserts));
        }
        let mut options = own("options").into_iter().rev();
        let expands = options
            .find_map(|options| options.entry("disableVarExpansion"))
            .is_none_or(|(_, value)| value.text() != Some("true"));
        let combinations = if expands {
            combinations(&vars)
        } else {
            vec![(String::new(), vars)]
        };
        let answered_elsewhere = self.refusal_of(&nodes);
        let description = own("description").into_iter().next_back();
        let name = description.and_then(Node::text).unwrap_or_default();
        for (label, input) in combinations {
            if self.cases.len() >= MAX_CASES {
                let message = format!("Only the first {MAX_CASES} tests are read.");
                self.inform(Code::TooManyCases, test.here(), &message);
                return;
            }
            let id = self.id(name, &label);
            // A prompt file contains no part of the case.
            let range = self.own_range(test.here());
            let mut case = Case {
                id,
                answered_elsewhere: answered_elsewhere.clone(),
                ..Case::new(range, Origin::FrontMatter)
            };
            self.answers(&assertions, &input).apply(&mut case);
            case.input = input;
            self.cases.push(case);
        }
    }

    /// Returns a range of the configuration, if the cases belong to it.
    fn own_range(&self, range: &Range<usize>) -> Range<usize> {
        if self.is_own { range.clone() } else { 0..0 }
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
            if let Some(assertion) = assertions::read(kind, item) {
                found.push(assertion);
                continue;
            }
            let names: Vec<&str> = ANSWERS.iter().map(|(name, _)| *name).collect();
            let message = format!(
                "The assertion `{kind}` names no answer that hoplens can look for, so it \
                         is not read. Read are: {}, {}.",
                names.join(", "),
                REFERENCES.join(", ")
            );
            self.inform(Code::UnsupportedContent, item.here(), &message);
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
            let range = self.own_range(&assertion.range);
            let filled = |text: &String| Spanned {
                value: fill(text, input),
                range: range.clone(),
            };
            let mut texts = assertion.texts.iter().map(filled);
            let is_joined = if let Some(answer_match) = assertion.answer_match {
                answers.add(ImportedAssertion {
                    answer_match,
                    requires_all: assertion.requires_all,
                    answers: texts.collect(),
                })
            } else {
                let reply = texts.next().as_ref().map(ReferenceReply::unmarked);
                let is_first = answers.reference.is_none();
                answers.reference = answers.reference.or(reply);
                is_first
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

/// Returns a map for every combination of the values of lists, with a label if there are several.
fn combinations(vars: &Map<String, Value>) -> Vec<(String, Map<String, Value>)> {
    let mut found = vec![(Vec::new(), Map::new())];
    for (name, value) in vars {
        // promptfoo expands only lists of texts.
        let texts = value.as_array();
        let Some(values) = texts.filter(|list| list.first().is_some_and(Value::is_string)) else {
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
