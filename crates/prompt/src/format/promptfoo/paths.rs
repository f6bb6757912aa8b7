//! The prompt files that a promptfoo configuration names.

use std::ops::Range;

use crate::diagnostics::code::Code;
use crate::diagnostics::problem::Problems;
use crate::diagnostics::severity::Severity;
use crate::render::source_map::MappedText;
use crate::yaml;
use crate::yaml::dialect::Dialect;
use crate::yaml::node::{Data, Node};

/// File name endings of prompts that are programs; their text is unknown without running them.
const PROGRAMS: [&str; 14] = [
    ".js", ".mjs", ".cjs", ".ts", ".py", ".rb", ".go", ".sh", ".bash", ".pl", ".php", ".exe",
    ".bat", ".ps1",
];

/// The prompt of a configuration that names none.
const DEFAULT_PROMPT: &str = "{{prompt}}";
/// The variable of [`DEFAULT_PROMPT`].
const DEFAULT_VARIABLE: &str = "prompt";

/// The prompt files that a configuration names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PromptPaths(Vec<String>);

impl PromptPaths {
    /// Returns the paths of single files, relative to the configuration's folder.
    pub fn plain(&self) -> impl Iterator<Item = &str> {
        let paths = self.0.iter().map(|path| shortened(path));
        paths.filter(|path| !path.contains(['*', '?', '[', '{']))
    }

    /// Whether `path`, relative to the configuration's folder and with `/`, is one of them.
    pub fn names(&self, path: &str) -> bool {
        self.0.iter().any(|pattern| fits(pattern, path))
    }
}

/// Returns the prompt files that a promptfoo configuration names; none if it cannot be read.
/// Programs that return prompts are not among them.
pub fn promptfoo_prompts(config: &str) -> PromptPaths {
    let tree = yaml::read::read_as(config, 0, Dialect::JsYaml);
    let root = tree.root.as_ref();
    let mut paths = PromptPaths::default();
    if let Some((_, prompts)) = root.and_then(|root| root.entry("prompts")) {
        entries(prompts, &mut |node| {
            let path = node.text().filter(|text| kind(text) == Kind::File);
            paths.0.extend(path.map(str::to_owned));
        });
    }
    paths
}

/// Whether a path matches a pattern with `*` for any part of a name.
pub(crate) fn fits(pattern: &str, path: &str) -> bool {
    let pattern = shortened(pattern);
    let (wanted, steps) = (pattern.split('/'), path.split('/'));
    wanted.clone().count() == steps.clone().count()
        && wanted
            .zip(steps)
            .all(|(wanted, step)| fits_step(wanted, step))
}

fn fits_step(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = name.strip_prefix(first) else {
        return false;
    };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else {
        return rest.is_empty();
    };
    for part in parts {
        let Some((_, after)) = rest.split_once(part) else {
            return false;
        };
        rest = after;
    }
    rest.ends_with(last)
}

/// Returns a path without `file://` and `./` before it.
fn shortened(path: &str) -> &str {
    let path = path.strip_prefix("file://").unwrap_or(path);
    path.strip_prefix("./").unwrap_or(path)
}

/// The kind of an entry of `prompts`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// The path of a text file.
    File,
    /// A program that returns the prompt.
    Program,
    /// A prompt that must be fetched.
    Remote,
    /// The prompt itself.
    Inline,
}

fn kind(entry: &str) -> Kind {
    let path = shortened(entry);
    // The name of a function may follow the file's.
    let (start, function) = path.rsplit_once(':').unwrap_or((path, ""));
    let file = if function.contains(['/', ' ']) {
        path
    } else {
        start
    };
    if entry.starts_with("exec:") || PROGRAMS.iter().any(|end| file.ends_with(end)) {
        return Kind::Program;
    }
    let is_file = entry.starts_with("file://");
    if !is_file
        && entry
            .split_once("://")
            .is_some_and(|(scheme, _)| is_word(scheme))
    {
        return Kind::Remote;
    }
    let is_text = |text: &str| text.contains(['\n', '{']) || text.trim_end().contains(' ');
    let has_ending = path
        .rsplit('/')
        .next()
        .is_some_and(|name| name.contains('.'));
    if is_file || (!is_text(path) && (has_ending || path.contains('*'))) {
        Kind::File
    } else {
        Kind::Inline
    }
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric())
}

/// Reports the prompts that are not read, and those that do not exist.
pub(crate) fn review(config: &str, absent: &[String], problems: &mut Problems) {
    let tree = yaml::read::read_as(config, 0, Dialect::JsYaml);
    let Some(root) = tree.root.as_ref() else {
        return;
    };
    let Some(prompts) = prompts_of(root) else {
        let has_unread_tests = root.entry("redteam").is_some()
            || root
                .entry("tests")
                .is_some_and(|(_, tests)| tests.text().is_some());
        if !gives_prompt(root) && !has_unread_tests {
            let here = root.range.start..root.range.start + 1;
            let message = "The configuration names no `prompts`, so promptfoo sends the variable \
                           `prompt`, which no test gives. Add `prompts: [file://prompt.txt]`, or \
                           give each test `vars: {prompt: …}`.";
            problems.add(Code::MissingKey, Severity::Information, &here, message);
        }
        return;
    };
    entries(prompts, &mut |node| review_entry(node, absent, problems));
}

/// Returns what a configuration gives as its prompts; `None` if promptfoo takes its default.
fn prompts_of(root: &Node) -> Option<&Node> {
    let (_, prompts) = root.entry("prompts")?;
    let is_empty = matches!(&prompts.data, Data::List { items, .. } if items.is_empty());
    (!prompts.is_null() && !is_empty).then_some(prompts)
}

/// Whether a test, or what holds for all tests, gives the variable of the default prompt.
fn gives_prompt(root: &Node) -> bool {
    let is_given = |test: &Node| {
        let vars = test.entry("vars").map(|(_, vars)| vars);
        vars.is_some_and(|vars| vars.entry(DEFAULT_VARIABLE).is_some())
    };
    let of = |node: &Node, key: &str| match node.entry(key).map(|(_, list)| &list.data) {
        Some(Data::List { items, .. }) => items.clone(),
        _ => Vec::new(),
    };
    let default = root.entry("defaultTest").map(|(_, test)| test);
    let scenarios = of(root, "scenarios").into_iter();
    let of_scenarios = scenarios.flat_map(|one| [of(&one, "config"), of(&one, "tests")].concat());
    default.is_some_and(is_given)
        || of(root, "tests").iter().any(is_given)
        || of_scenarios.into_iter().any(|one| is_given(&one))
}

/// Calls `found` with every scalar that is a prompt or its path.
fn entries(prompts: &Node, found: &mut dyn FnMut(&Node)) {
    match &prompts.data {
        Data::List { items, .. } => items.iter().for_each(|item| entries(item, found)),
        Data::Map { entries: pairs, .. } => {
            // The id of a text is only a name.
            let has_text = prompts.entry("raw").is_some();
            let keys: &[&str] = if has_text { &["raw"] } else { &["id", "file"] };
            let named = keys.iter();
            let mut named = named.filter_map(|key| prompts.entry(key)).peekable();
            if named.peek().is_some() {
                for (_, value) in named {
                    found(value);
                }
            } else {
                for (key, _) in pairs {
                    found(key);
                }
            }
        }
        Data::Scalar { .. } => found(prompts),
    }
}

/// Returns the paths of single files that a configuration names as prompts, each with the bytes of
/// its entry.
pub fn promptfoo_links(config: &str) -> Vec<(Range<usize>, String)> {
    let tree = yaml::read::read_as(config, 0, Dialect::JsYaml);
    let mut found = Vec::new();
    let prompts = tree.root.as_ref().and_then(|root| root.entry("prompts"));
    let Some((_, prompts)) = prompts else {
        return found;
    };
    entries(prompts, &mut |node| {
        let path = node.text().filter(|text| kind(text) == Kind::File);
        let path = path.map(shortened);
        if let Some(path) = path.filter(|path| !path.contains(['*', '?', '[', '{'])) {
            found.push((node.here().clone(), path.to_owned()));
        }
    });
    found
}

/// Returns the prompts that stand in a configuration itself, each with its bytes and its text. A
/// configuration without prompts has promptfoo's default one, at the place of its tests.
pub(crate) fn inline_prompts(config: &str) -> Vec<(Range<usize>, MappedText)> {
    let tree = yaml::read::read(config, 0);
    let mut found = Vec::new();
    let Some(root) = tree.root.as_ref() else {
        return found;
    };
    let Some(prompts) = prompts_of(root) else {
        let tests = ["tests", "scenarios"];
        let place = tests.iter().find_map(|key| root.entry(key));
        if let Some((key, _)) = place.filter(|_| gives_prompt(root)) {
            let mut text = MappedText::default();
            text.push(DEFAULT_PROMPT, Some(key.here().clone()), false, None);
            found.push((key.here().clone(), text));
        }
        return found;
    };
    entries(prompts, &mut |node| {
        let is_inline = node.text().is_some_and(|text| kind(text) == Kind::Inline);
        if is_inline && let Some(text) = yaml::source::mapped(config, node) {
            found.push((node.here().clone(), text));
        }
    });
    found
}

fn review_entry(node: &Node, absent: &[String], problems: &mut Problems) {
    let Some(text) = node.text() else { return };
    let message = match kind(text) {
        Kind::File if absent.iter().any(|path| path == shortened(text)) => {
            let message = format!(
                "There is no file `{}` beside the configuration. Correct the path.",
                shortened(text)
            );
            problems.warn(Code::MissingFile, node.here(), message);
            return;
        }
        Kind::File | Kind::Inline => return,
        Kind::Program => {
            "This prompt is a program, which hoplens does not run. Keep the text in a \
                          file to have it checked."
        }
        Kind::Remote => {
            "This prompt has to be fetched, which hoplens does not do. Keep its text in \
                         a file to have it checked."
        }
    };
    problems.add(
        Code::UnsupportedContent,
        Severity::Information,
        node.here(),
        message,
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_the_paths_of_single_files() {
        let config = "prompts:\n  - file://a.txt\n  - id: ./b.prompt\n    label: B\n  - make.py\n  - 'c/*.txt'\n";
        let found = promptfoo_links(config);
        let shown: Vec<(&str, &str)> = found
            .iter()
            .map(|(range, path)| (&config[range.clone()], path.as_str()))
            .collect();
        assert_eq!(
            shown,
            [("file://a.txt", "a.txt"), ("./b.prompt", "b.prompt")]
        );
    }

    #[test]
    fn prompt_files_are_the_entries_that_are_no_programs() {
        let config = "prompts:\n  - file://a.txt\n  - file://make.py\n  - exec:b.sh\n  - id: x\n    \
                      raw: file://c.txt\n  - {label: d, id: 'file://d/*.md'}\n";
        let paths = promptfoo_prompts(config);
        assert_eq!(paths.plain().collect::<Vec<_>>(), ["a.txt", "c.txt"]);
        for (path, is_named) in [
            ("a.txt", true),
            ("c.txt", true),
            ("d/e.md", true),
            ("make.py", false),
            ("b.sh", false),
            ("x", false),
        ] {
            assert_eq!(paths.names(path), is_named, "{path}");
        }
        let old = promptfoo_prompts("prompts: {a.txt: A, b.txt: B}");
        assert!(old.names("a.txt") && old.names("b.txt") && !old.names("A"));
    }

    #[test]
    fn entries_are_classified_by_kind() {
        for (entry, is) in [
            ("file://prompts/a.txt", Kind::File),
            ("prompts/*.txt", Kind::File),
            ("./a.prompt", Kind::File),
            ("file://a", Kind::File),
            ("a.json", Kind::File),
            ("file://make.py:prompt", Kind::Program),
            ("make.mjs", Kind::Program),
            ("exec: ./make.sh", Kind::Program),
            ("file://make.sh", Kind::Program),
            ("https://example.org/a.txt", Kind::Remote),
            ("langfuse://name:3", Kind::Remote),
            ("Translate {{x}} into French.", Kind::Inline),
            ("One line.\nAnother.", Kind::Inline),
            ("Hello", Kind::Inline),
        ] {
            assert_eq!(kind(entry), is, "{entry}");
        }
    }
}
