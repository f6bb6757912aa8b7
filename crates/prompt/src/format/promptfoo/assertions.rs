//! The assertions of promptfoo's tests that compare the reply with texts.

use std::ops::Range;

use crate::declarations::answer_match::AnswerMatch;
use crate::yaml::node::{Data, Node};

/// Assertions that compare the reply with one text or with several.
pub(crate) const ANSWERS: &[(&str, AnswerMatch)] = &[
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
pub(crate) const REFERENCES: &[&str] = &[
    "similar",
    "levenshtein",
    "rouge-n",
    "bleu",
    "gleu",
    "meteor",
];
/// An assertion of a test whose texts may contain variables.
pub(crate) struct TestAssertion {
    /// `None` for a reply that the model's should be like.
    pub answer_match: Option<AnswerMatch>,
    pub requires_all: bool,
    pub texts: Vec<String>,
    /// Bytes of the configuration.
    pub range: Range<usize>,
}

/// Reads an assertion of type `kind`; `None` if no text of it can be compared with a reply.
pub(crate) fn read(kind: &str, item: &Node) -> Option<TestAssertion> {
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
