//! The keys of `hoplens.toml`, for completion and hovers. Tests compare the list with
//! docs/settings.md and with the keys that `Project` reads.

/// A key of `hoplens.toml`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProjectKey {
    /// The table that contains the key; empty for a key outside all tables.
    pub table: &'static str,
    /// The name of the key in its table.
    pub name: &'static str,
    /// The documentation, in Markdown.
    pub doc: &'static str,
    /// The default value, as TOML.
    pub default: &'static str,
    /// The values that the key accepts.
    pub values: ProjectValues,
}

/// The values that a key of `hoplens.toml` accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProjectValues {
    /// A reference to a model, such as an alias.
    Model,
    /// One of these words.
    Word(&'static [&'static str]),
    /// A list of these words.
    Words(&'static [&'static str]),
    /// `true` or `false`.
    Switch,
    /// A number, or a list without a fixed set of words.
    Other,
}

const fn key(
    table: &'static str,
    name: &'static str,
    values: ProjectValues,
    default: &'static str,
    doc: &'static str,
) -> ProjectKey {
    ProjectKey {
        table,
        name,
        doc,
        default,
        values,
    }
}

use ProjectValues::{Model, Other, Switch, Word, Words};

/// The keys, in the order of docs/settings.md.
pub const PROJECT_KEYS: &[ProjectKey] = &[
    key(
        "",
        "model",
        Model,
        "\"smollm2-135m\"",
        "The model, like `--model`.",
    ),
    key(
        "",
        "bos",
        Word(&["auto", "always", "never"]),
        "\"auto\"",
        "Whether the begin-of-text token precedes prompts: `\"auto\"` (if the tokenizer adds it), `\"always\"` or `\"never\"`.",
    ),
    key(
        "",
        "ignore",
        Words(hoplens_prompt::Code::CURRENT_NAMES),
        "[]",
        "Codes of findings that are not shown.",
    ),
    key(
        "",
        "declared_only",
        Switch,
        "false",
        "Skips prompts that declare no hop, instead of guessing one.",
    ),
    key(
        "thresholds",
        "known",
        Other,
        "0.05",
        "The model knows an answer whose probability is at least this.",
    ),
    key(
        "thresholds",
        "hop_known",
        Other,
        "0.01",
        "The model knows a bridge whose probability after the mention alone is at least this.",
    ),
    key(
        "thresholds",
        "shortcut_share",
        Other,
        "0.8",
        "An answer is a shortcut when it is at least this share as probable without the mention.",
    ),
    key(
        "thresholds",
        "lost_factor",
        Other,
        "1.5",
        "A hop is lost when naming the bridge makes the answer at least this many times as probable.",
    ),
    key(
        "thresholds",
        "gain_factor",
        Other,
        "1.1",
        "A repair is offered only if it makes the answer at least this many times as probable.",
    ),
    key(
        "search",
        "encodings",
        Words(hoplens_prompt::keys::ENCODINGS),
        "[\"embed\", \"unembed\", \"layerwise\"]",
        "Encodings that the search for an injection tries.",
    ),
    key(
        "search",
        "taus",
        Other,
        "[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]",
        "Magnitudes τ that the search tries.",
    ),
    key(
        "search",
        "scopes",
        Words(hoplens_prompt::keys::SCOPES),
        "[\"all\", \"last\"]",
        "Scopes that the search tries: `\"all\"` and `\"last\"`.",
    ),
    key(
        "search",
        "passes",
        Other,
        "100.0",
        "Budget of the search in one scope, in forward passes over the prompt.",
    ),
    key(
        "search",
        "most",
        Other,
        "5",
        "Maximum number of repairs that hoplens offers.",
    ),
    key(
        "replies",
        "samples",
        Other,
        "4",
        "Number of replies that are sampled, beside the likeliest one, to look for an answer in them; at most 64.",
    ),
    key(
        "replies",
        "tokens",
        Other,
        "64",
        "Maximum number of tokens of such a reply; at most 4096.",
    ),
    key(
        "check",
        "include",
        Other,
        "[]",
        "Globs: in folders and globs, `hoplens check` checks only files that match one of these.",
    ),
    key(
        "check",
        "exclude",
        Other,
        "[]",
        "Globs of files that `hoplens check` leaves out.",
    ),
    key(
        "check",
        "tolerance",
        Other,
        "[\"0.02\", \"10%\"]",
        "How much less probable than in the lock file an answer may be, like `--tolerance`.",
    ),
    key(
        "templates",
        "helpers",
        Other,
        "[]",
        "Helpers that your application registers for dotprompt's templates; hoplens cannot run them, and does not ask a model where one is used.",
    ),
    key(
        "templates",
        "partials",
        Other,
        "[]",
        "Partials that your application registers for dotprompt's templates, under these names.",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::Project;

    /// Returns the name of a key with its table: `thresholds.known`.
    fn dotted_name(key: &ProjectKey) -> String {
        [key.table, key.name]
            .iter()
            .filter(|part| !part.is_empty())
            .copied()
            .collect::<Vec<_>>()
            .join(".")
    }

    #[test]
    fn the_documentation_lists_the_same_keys_and_defaults() {
        let page = include_str!("../../../../docs/settings.md");
        let rows = page.lines().filter_map(|line| line.strip_prefix("| `"));
        let listed: Vec<(String, String)> = rows
            .filter_map(|row| {
                let (name, rest) = row.split_once('`')?;
                let default = rest.trim_end_matches(" |").rsplit("| ").next()?;
                Some((name.to_owned(), default.trim_matches('`').to_owned()))
            })
            .collect();
        let keys = PROJECT_KEYS.iter();
        let expected: Vec<(String, String)> = keys
            .map(|key| (dotted_name(key), key.default.to_owned()))
            .collect();
        assert_eq!(expected, listed);
    }

    #[test]
    fn every_default_and_every_word_parses() {
        for key in PROJECT_KEYS {
            let parse = |value: &str| Project::parse(&format!("{} = {value}\n", dotted_name(key)));
            assert!(parse(key.default).is_ok(), "{key:?}");
            let (words, is_list) = match key.values {
                Word(words) => (words, false),
                Words(words) => (words, true),
                _ => continue,
            };
            for word in words {
                let value = if is_list {
                    format!("[\"{word}\"]")
                } else {
                    format!("\"{word}\"")
                };
                assert!(parse(&value).is_ok(), "{key:?} {word}");
            }
        }
    }

    #[test]
    fn every_key_that_parses_is_listed() {
        let message_with_all_keys = |table: &str| {
            let text = match table {
                "" => "no_such_key = 1".to_owned(),
                table => format!("[{table}]\nno_such_key = 1"),
            };
            Project::parse(&text).unwrap_err().message
        };
        for table in ["", "thresholds", "search", "replies", "check"] {
            let message = message_with_all_keys(table);
            let (_, listed) = message.split_once("expected ").expect(&message);
            let listed: Vec<&str> = listed.split('`').skip(1).step_by(2).collect();
            let is_listed = |name: &&&str| {
                PROJECT_KEYS
                    .iter()
                    .any(|key| (key.table == table && key.name == **name) || key.table == **name)
            };
            let missing: Vec<_> = listed.iter().filter(|name| !is_listed(name)).collect();
            assert!(missing.is_empty(), "{table}: {missing:?}");
            assert!(!listed.is_empty());
        }
    }
}
