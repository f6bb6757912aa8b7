//! Where each format stores the declarations.

use crate::declarations::fields;
use crate::declarations::keys::LISTS;
use crate::declarations::spanned::Origin;
use crate::diagnostics::code::Code;
use crate::diagnostics::problem::Problems;
use crate::diagnostics::suggestion::{closest, did_you_mean};
use crate::format::prompt_format::PromptFormat;
use crate::yaml::node::Node;

/// The values of the keys, wherever the format stores them.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Lists<'node> {
    pub cases: Option<&'node Node>,
    pub inject: Option<&'node Node>,
    pub ignore: Option<&'node Node>,
    pub helpers: Option<&'node Node>,
    pub partials: Option<&'node Node>,
}

/// dotprompt's keys, all at the top level.
pub(crate) const DOTPROMPT_KEYS: [&str; 5] = [
    "hoplens.cases",
    "hoplens.inject",
    "hoplens.ignore",
    "hoplens.helpers",
    "hoplens.partials",
];

/// Returns the keys that lead to the map of [`LISTS`]; dotprompt has dotted keys instead.
fn lists_path(format: PromptFormat) -> &'static [&'static str] {
    match format {
        PromptFormat::Prompty => &["metadata", "hoplens"],
        PromptFormat::PromptMd => &["hoplens"],
        PromptFormat::Dotprompt
        | PromptFormat::Markdown
        | PromptFormat::Github
        | PromptFormat::Promptfoo
        | PromptFormat::Plain => &[],
    }
}

/// Returns the keys that lead from the root of a file's YAML to a list.
pub(crate) fn path(format: PromptFormat, origin: Origin, list: &str) -> Vec<String> {
    match (origin, format) {
        (Origin::FrontMatter, PromptFormat::Dotprompt | PromptFormat::Markdown) => {
            vec![format!("hoplens.{list}")]
        }
        (Origin::FrontMatter, _) => {
            let lists_path = lists_path(format).iter();
            lists_path
                .map(|key| (*key).to_owned())
                .chain([list.to_owned()])
                .collect()
        }
        (Origin::Sidecar, _) => vec![list.to_owned()],
    }
}

/// Returns the lists of a front matter, and warns about keys of hoplens in places where they are
/// not read.
pub(crate) fn lists<'node>(
    format: PromptFormat,
    root: &'node Node,
    problems: &mut Problems,
) -> Lists<'node> {
    match format {
        PromptFormat::Dotprompt => dotted(root, problems),
        PromptFormat::Prompty | PromptFormat::PromptMd => nested(format, root, problems),
        PromptFormat::Markdown
        | PromptFormat::Github
        | PromptFormat::Promptfoo
        | PromptFormat::Plain => Lists::default(),
    }
}

/// Reads dotted keys: dotprompt passes these on and drops all other keys that it does not know.
fn dotted<'node>(root: &'node Node, problems: &mut Problems) -> Lists<'node> {
    for (key, _) in root.entries() {
        let name = key.text().unwrap_or_default();
        if name == "hoplens" {
            let message = "dotprompt ignores the map `hoplens`, so hoplens does not read it. Write \
                           the keys `hoplens.cases:` and `hoplens.inject:` at the top level.";
            problems.warn(Code::MisplacedKey, key.here(), message);
        } else if name.starts_with("hoplens.") && !DOTPROMPT_KEYS.contains(&name) {
            let near = closest(name, &DOTPROMPT_KEYS);
            let message = format!(
                "There is no key `{name}`; it is ignored.{} Known keys: {}.",
                did_you_mean(near),
                DOTPROMPT_KEYS.join(", ")
            );
            let problem = problems.warn(Code::UnknownKey, key.here(), message);
            problem.suggest(near);
        }
    }
    let value = |key| root.entry(key).map(|(_, value)| value);
    for key in DOTPROMPT_KEYS {
        twice(root, key, problems);
    }
    let [cases, inject, ignore, helpers, partials] = DOTPROMPT_KEYS;
    Lists {
        cases: value(cases),
        inject: value(inject),
        ignore: value(ignore),
        helpers: value(helpers),
        partials: value(partials),
    }
}

fn nested<'node>(format: PromptFormat, root: &'node Node, problems: &mut Problems) -> Lists<'node> {
    let lists_path = lists_path(format);
    for (key, _) in root.entries() {
        let name = key.text().unwrap_or_default();
        let dotted = name.strip_prefix("hoplens.");
        if dotted.is_some() || (name == "hoplens" && lists_path[0] != "hoplens") {
            let message = format!(
                "In this format, hoplens reads its keys from `{}`, so `{name}` is ignored. Move it \
                 there.",
                lists_path.join(".")
            );
            problems.warn(Code::MisplacedKey, key.here(), message);
        }
    }
    let mut node = root;
    for (depth, key) in lists_path.iter().enumerate() {
        twice(node, key, problems);
        let found = node.entry(key).filter(|(_, value)| !value.is_null());
        let Some((_, value)) = found else {
            return Lists::default();
        };
        let what = format!("`{}`", lists_path[..=depth].join("."));
        // `metadata` may have any type; only a map can contain declarations.
        if *key == "hoplens" {
            let Some(entries) = fields::map(value, &what, problems) else {
                return Lists::default();
            };
            fields::check_keys(entries, LISTS, &what, problems);
        }
        node = value;
    }
    from_map(node)
}

/// Returns the lists in a map whose keys are [`LISTS`].
pub(crate) fn from_map(node: &Node) -> Lists<'_> {
    let value = |key| node.entry(key).map(|(_, value)| value);
    Lists {
        cases: value("cases"),
        inject: value("inject"),
        ignore: value("ignore"),
        helpers: value("helpers"),
        partials: value("partials"),
    }
}

fn twice(node: &Node, name: &str, problems: &mut Problems) {
    let same = |(key, _): &&(Node, Node)| key.text() == Some(name);
    if let Some((key, _)) = node.entries().iter().filter(same).nth(1) {
        let message = format!("`{name}` appears twice; hoplens uses the first one. Merge them.");
        problems.error(Code::DuplicateKey, key.here(), message);
    }
}
