//! A workspace's facts: which entity a mention refers to, declared once for all prompts.
//!
//! ```yaml
//! - {mention: "our flagship store", bridge: "Harbour Street 9"}
//! ```
//! The short form is `our flagship store: Harbour Street 9`.

use std::collections::HashMap;

use crate::declarations::fields;
use crate::declarations::keys::HOP;
use crate::declarations::spanned::{Origin, Spanned};
use crate::diagnostics::code::Code;
use crate::diagnostics::problem::{Problem, Problems};
use crate::text::boundary::whole_chars;
use crate::yaml;
use crate::yaml::node::{Data, Node};

/// The name of the file in a workspace's root.
pub const FACTS_FILE: &str = "facts.yaml";

/// A mention and the entity that it refers to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// The phrase.
    pub mention: Spanned<String>,
    /// The entity.
    pub bridge: Spanned<String>,
}

/// The content of a facts file.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Facts {
    /// In file order.
    pub list: Vec<Fact>,
    /// Problems of the file; their ranges are those of the facts file.
    pub problems: Vec<Problem>,
    /// Indices into `list`, by the mention without case, article, spacing and possessive ending.
    by_mention: HashMap<String, Vec<usize>>,
}

impl Facts {
    /// Returns the bridges of `mention`, in file order. Case, a leading article, a possessive
    /// ending and the spacing of the words are ignored.
    pub fn bridges(&self, mention: &str) -> impl Iterator<Item = &str> {
        let known = self.by_mention.get(&comparable(mention));
        let indices = known.map_or(&[][..], Vec::as_slice).iter();
        indices.map(|index| self.list[*index].bridge.value.as_str())
    }
}

/// Parses a facts file: a list of `{mention, bridge}` maps, or a map from mention to bridge (or to
/// a list of bridges). Entries that cannot be read become problems and are skipped.
pub fn parse_facts(text: &str) -> Facts {
    let mut problems = Problems::new(Origin::FrontMatter);
    let text_from = text.len() - text.trim_start_matches('\u{FEFF}').len();
    let tree = yaml::read::read(&text[text_from..], text_from);
    if let Some((range, error)) = &tree.error {
        problems.error(
            Code::InvalidYaml,
            range,
            format!("the facts are not valid YAML: {error}. The part before the error is read."),
        );
    }
    let mut list = Vec::new();
    if let Some(root) = &tree.root {
        match &root.data {
            Data::List { items, .. } => {
                list.extend(items.iter().filter_map(|item| entry(item, &mut problems)));
            }
            Data::Map { entries, .. } => {
                for (mention, bridges) in entries {
                    pairs(mention, bridges, &mut problems, &mut list);
                }
            }
            _ if root.is_null() => {}
            Data::Scalar { .. } => {
                fields::list(root, "The list of facts", &mut problems);
            }
        }
    }
    let mut by_mention: HashMap<String, Vec<usize>> = HashMap::new();
    for (index, fact) in list.iter().enumerate() {
        let key = comparable(&fact.mention.value);
        by_mention.entry(key).or_default().push(index);
    }
    for problem in &mut problems.list {
        problem.range = whole_chars(text, &problem.range);
    }
    Facts {
        list,
        problems: problems.list,
        by_mention,
    }
}

/// Reads `{mention: …, bridge: …}`.
fn entry(node: &Node, problems: &mut Problems) -> Option<Fact> {
    let entries = fields::map(node, "A fact", problems)?;
    fields::check_keys(entries, HOP, "A fact", problems);
    let mut field = |key: &str, what: &str| {
        let value = fields::required(entries, key, "A fact", node.here(), problems)?;
        fields::text(value, what, problems)
    };
    let mention = field("mention", "A fact's mention");
    let bridge = field("bridge", "A fact's bridge");
    Some(Fact {
        mention: mention?,
        bridge: bridge?,
    })
}

/// Reads `mention: bridge` or `mention: [bridge, …]`.
fn pairs(mention: &Node, bridges: &Node, problems: &mut Problems, list: &mut Vec<Fact>) {
    let Some(mention) = fields::text(mention, "A fact's mention", problems) else {
        return;
    };
    let bridges = match &bridges.data {
        Data::List { items, .. } => items.iter().collect(),
        _ => vec![bridges],
    };
    for bridge in bridges {
        if let Some(bridge) = fields::text(bridge, "A fact's bridge", problems) {
            list.push(Fact {
                mention: mention.clone(),
                bridge,
            });
        }
    }
}

/// Returns a mention in the form in which mentions are compared.
fn comparable(mention: &str) -> String {
    let small = mention.to_lowercase().replace('’', "'");
    let mut words: Vec<&str> = small.split_whitespace().collect();
    if words.len() > 1 && matches!(words[0], "the" | "a" | "an") {
        words.remove(0);
    }
    let joined = words.join(" ");
    joined.strip_suffix("'s").unwrap_or(&joined).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn all<'a>(facts: &'a Facts, mention: &str) -> Vec<&'a str> {
        facts.bridges(mention).collect()
    }

    #[test]
    fn both_forms_are_read_and_mentions_are_compared_loosely() {
        let list = parse_facts(
            "- {mention: The flagship store, bridge: Harbour Street}\n- mention: x\n  bridge: y\n",
        );
        assert_eq!(list.problems, []);
        assert_eq!(all(&list, "the  Flagship\n store"), ["Harbour Street"]);
        assert_eq!(all(&list, "store"), Vec::<&str>::new());
        let map = parse_facts("The flagship store: Harbour Street\nour boss: [Anna, Bert]\n");
        assert_eq!(map.problems, []);
        assert_eq!(all(&map, "flagship store"), ["Harbour Street"]);
        assert_eq!(all(&map, "Our boss's"), ["Anna", "Bert"]);
        assert_eq!(parse_facts(""), Facts::default());
    }

    #[test]
    fn problems_have_ranges_and_valid_facts_are_kept() {
        let text = "- {mention: a}\n- 3\n- {mention: b, brigde: c, bridge: d}\n";
        let facts = parse_facts(text);
        assert_eq!(all(&facts, "b"), ["d"]);
        let shown: Vec<(&str, &str)> = facts
            .problems
            .iter()
            .map(|problem| (&text[problem.range.clone()], problem.message.as_str()))
            .collect();
        assert_eq!(shown.len(), 3, "{shown:?}");
        assert_eq!(shown[0].0, "{mention: a}");
        assert_eq!(shown[1].0, "3");
        assert_eq!(shown[2].0, "brigde");
        let broken = parse_facts("a: b\nc: [\n");
        assert_eq!(all(&broken, "a"), ["b"]);
        assert_eq!(broken.problems.len(), 1);
    }

    proptest! {
        #[test]
        fn arbitrary_text_does_not_panic(text in "([-a-z:\\[\\]{}, \"\n☃]{0,40})") {
            for problem in parse_facts(&text).problems {
                prop_assert!(text.get(problem.range).is_some());
            }
        }
    }
}
