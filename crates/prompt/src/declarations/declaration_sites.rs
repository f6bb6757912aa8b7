//! Finds the YAML of a document that contains declarations, and the keys that it may contain.

use std::ops::Range;

use crate::declarations::keys::{Key, KeyKind, LISTS, VERSION};
use crate::file::prompt_file::PromptFile;
use crate::format::prompt_format::PromptFormat;
use crate::outline::node::PathStep;

const fn map(name: &'static str, keys: &'static [Key], doc: &'static str) -> Key {
    Key {
        name,
        doc,
        value: KeyKind::Map(keys),
        required: false,
    }
}

/// The top-level keys of hoplens in a dotprompt file's front matter.
pub const DOTPROMPT: &[Key] = &[
    Key {
        name: "hoplens.cases",
        ..LISTS[0]
    },
    Key {
        name: "hoplens.inject",
        ..LISTS[1]
    },
    Key {
        name: "hoplens.ignore",
        ..LISTS[2]
    },
    Key {
        name: "hoplens.helpers",
        ..LISTS[3]
    },
    Key {
        name: "hoplens.partials",
        ..LISTS[4]
    },
];

/// The top-level key of hoplens in a `.prompt.md` file's front matter.
pub const PROMPT_MD: &[Key] = &[map(
    "hoplens",
    LISTS,
    "What hoplens reads: `cases`, `inject`, `ignore`, `helpers` and `partials`.",
)];

/// The top-level key that leads to hoplens's own in a Prompty file's front matter.
pub const PROMPTY: &[Key] = &[map(
    "metadata",
    PROMPT_MD,
    "Whatever tools keep in a Prompty file; hoplens reads the key `hoplens` in it.",
)];

/// The keys of a sidecar.
pub const SIDECAR: &[Key] = &[VERSION, LISTS[0], LISTS[1], LISTS[2], LISTS[3], LISTS[4]];

/// A range of YAML in a document, and its top-level keys.
#[derive(Debug, Clone, PartialEq)]
pub struct DeclarationSite {
    /// Bytes of the document.
    pub window: Range<usize>,
    /// The top-level keys that are known: hoplens's, or those of the format.
    pub keys: &'static [Key],
}

/// Returns the front matters of a prompt file. A front matter that is not closed yet extends to the
/// end of the file.
pub fn declaration_sites(file: &PromptFile, text: &str) -> Vec<DeclarationSite> {
    if file.format == PromptFormat::Markdown {
        return file
            .fences
            .iter()
            .filter_map(|fence| front_matter_site(fence, text))
            .collect();
    }
    front_matter_site(file, text).into_iter().collect()
}

/// Returns the whole of a sidecar.
pub fn sidecar_site(text: &str) -> DeclarationSite {
    DeclarationSite {
        window: 0..text.len(),
        keys: SIDECAR,
    }
}

fn front_matter_site(file: &PromptFile, text: &str) -> Option<DeclarationSite> {
    let keys = match file.format {
        PromptFormat::Dotprompt => DOTPROMPT,
        PromptFormat::Prompty => PROMPTY,
        PromptFormat::PromptMd | PromptFormat::AgentMd => PROMPT_MD,
        PromptFormat::Markdown
        | PromptFormat::Github
        | PromptFormat::Promptfoo
        | PromptFormat::Plain => return None,
    };
    let window = yaml_window(file, text)?;
    Some(DeclarationSite { window, keys })
}

/// Returns the bytes of a prompt's front matter with the blanks around it; `None` if there is none.
pub(crate) fn yaml_window(file: &PromptFile, text: &str) -> Option<Range<usize>> {
    match &file.front_matter {
        Some(window) => Some(widened(text, window)),
        None => unclosed(text, &file.body),
    }
}

/// Returns the range with the blanks around it, where the author may be typing.
fn widened(text: &str, window: &Range<usize>) -> Range<usize> {
    let before = text.get(..window.start).unwrap_or_default();
    let start = before.trim_end_matches([' ', '\t']).len();
    let after = text.get(window.end..).unwrap_or_default();
    let blanks = after.len() - after.trim_start().len();
    start..window.end + blanks
}

/// Returns a front matter that its format does not recognize because it is empty or not closed.
fn unclosed(text: &str, body: &Range<usize>) -> Option<Range<usize>> {
    let inside = text.get(body.clone())?;
    let from = inside.trim_start_matches(['\u{feff}', '\n', '\r']);
    let line = from.split(['\n', '\r']).next()?;
    if line.trim_end() != "---" || line.len() == from.len() {
        return None;
    }
    let first = body.end - from.len() + line.len();
    let start = first
        + if text[first..].starts_with("\r\n") {
            2
        } else {
            1
        };
    let mut end = start;
    for line in text[start..body.end].split_inclusive(['\n', '\r']) {
        if line.trim_end() == "---" {
            break;
        }
        end += line.len();
    }
    Some(start..end)
}

/// Returns the kinds of value allowed at `path`; none if the path leaves hoplens's own keys.
pub fn kinds(keys: &'static [Key], path: &[PathStep]) -> Vec<KeyKind> {
    let mut here = vec![KeyKind::Map(keys)];
    for step in path {
        here = here
            .into_iter()
            .flat_map(flat)
            .filter_map(|kind| into(kind, step))
            .collect();
    }
    here.into_iter().flat_map(flat).collect()
}

/// Returns the key whose value `path` leads to.
pub fn key_of(keys: &'static [Key], path: &[PathStep]) -> Option<&'static Key> {
    let (last, before) = path.split_last()?;
    let PathStep::Key(name) = last else {
        return None;
    };
    let maps = kinds(keys, before).into_iter();
    let maps = maps.filter_map(|kind| match kind {
        KeyKind::Map(keys) => Some(keys),
        _ => None,
    });
    maps.flatten().find(|key| key.name == name)
}

fn flat(kind: KeyKind) -> Vec<KeyKind> {
    match kind {
        KeyKind::Either(kinds) => kinds.iter().copied().flat_map(flat).collect(),
        other => vec![other],
    }
}

fn into(kind: KeyKind, step: &PathStep) -> Option<KeyKind> {
    match (kind, step) {
        (KeyKind::Map(keys), PathStep::Key(name)) => keys
            .iter()
            .find(|key| key.name == name)
            .map(|key| key.value),
        (KeyKind::Values(value), PathStep::Key(_)) => Some(*value),
        (KeyKind::List(item), PathStep::Item(_)) => Some(*item),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::declarations::namespace;
    use crate::declarations::spanned::Origin;
    use crate::file::parse;

    #[test]
    fn the_keys_match_the_paths_of_the_reader() {
        let places = [
            (PromptFormat::Dotprompt, Origin::FrontMatter, DOTPROMPT),
            (PromptFormat::Prompty, Origin::FrontMatter, PROMPTY),
            (PromptFormat::PromptMd, Origin::FrontMatter, PROMPT_MD),
            (PromptFormat::Plain, Origin::Sidecar, SIDECAR),
        ];
        for (format, origin, keys) in places {
            for list in LISTS {
                let path = namespace::path(format, origin, list.name);
                let path: Vec<PathStep> = path.into_iter().map(PathStep::Key).collect();
                assert_eq!(kinds(keys, &path), [list.value], "{format:?} {}", list.name);
                assert_eq!(key_of(keys, &path).map(|key| key.doc), Some(list.doc));
            }
        }
    }

    #[track_caller]
    fn check(name: &str, text: &str, windows: &[&str]) {
        let found = declaration_sites(&parse(name, text, None), text);
        let found: Vec<&str> = found
            .iter()
            .map(|site| &text[site.window.clone()])
            .collect();
        assert_eq!(found, windows, "{name}: {text}");
    }

    #[test]
    fn unfinished_front_matter_is_found() {
        check("a.prompt", "---\na: b\n---\nText", &["a: b\n"]);
        check("a.prompt", "---\nhop", &["hop"]);
        check("a.prompt", "---\r\n\r\n---\r\nText", &["\r\n"]);
        check("a.prompt", "Text\n---\n", &[]);
        check("a.prompt", "---", &[]);
        check("a.prompt.md", "---\na: b\n\n---\nText", &["a: b\n\n"]);
        check("a.prompty", "---\na: b\n  \n---\nText", &["a: b\n  \n"]);
        check(
            "a.md",
            "# x\n```prompt\n---\na: b\n---\nText\n```\n",
            &["a: b\n"],
        );
        check("a.md", "```prompt\n---\nhop\n```\n", &["hop"]);
        check("a.txt", "---\na: b\n---\n", &[]);
    }

    proptest! {
        #[test]
        fn windows_are_on_character_boundaries(
            text in "(---|\\+\\+\\+|\n|\r\n|\r| |a: b|é|\u{feff}|```prompt|```|#){0,24}",
            name in "a\\.(prompt|prompty|prompt\\.md|md|txt|prompt\\.yml)",
        ) {
            for site in declaration_sites(&parse(&name, &text, None), &text) {
                prop_assert!(text.get(site.window).is_some());
            }
        }
    }
}
