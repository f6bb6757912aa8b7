//! Completion of keys and values of a `hoplens.toml`.

use std::ops::Range;

use crate::completion::item::{Completion, CompletionKind};
use hoplens_store::CATALOGUE;
use hoplens_workspace::{PROJECT_KEYS, ProjectKey, ProjectValues};

/// Returns the keys, tables or values that are valid at byte `offset` of a `hoplens.toml`.
pub fn complete_project(text: &str, offset: usize) -> Vec<Completion> {
    let Some((before, after)) = text.split_at_checked(offset) else {
        return Vec::new();
    };
    let start = before.rfind(['\n', '\r']).map_or(0, |at| at + 1);
    let line = &before[start..];
    let rest = after.split(['\n', '\r']).next().unwrap_or_default();
    if line.contains('#') {
        return Vec::new();
    }
    if let Some(table) = line.trim_start().strip_prefix('[') {
        return tables(text, offset - table.len()..offset, rest);
    }
    let above = &text[..start];
    if let Some((key, value)) = line.split_once('=') {
        return values(&ValueCursor {
            table: table(above),
            key: key.trim(),
            typed: value,
            rest,
            offset,
            in_list: value.contains('['),
        });
    }
    if let Some(key) = open_list(above) {
        return values(&ValueCursor {
            table: table(above),
            key,
            typed: line,
            rest,
            offset,
            in_list: true,
        });
    }
    keys(text, above, offset, line, rest)
}

/// Returns the key at byte `offset` of a `hoplens.toml`, with its bytes.
pub fn project_key_at(text: &str, offset: usize) -> Option<(&'static ProjectKey, Range<usize>)> {
    let (before, after) = text.split_at_checked(offset)?;
    let start = before.rfind(['\n', '\r']).map_or(0, |at| at + 1);
    let end = offset + after.find(['\n', '\r']).unwrap_or(after.len());
    let line = text.get(start..end)?;
    let (name, _) = line.split_once('=')?;
    let from = start + name.len() - name.trim_start().len();
    let range = from..from + name.trim().len();
    let (name, table) = (name.trim(), table(&text[..start]));
    let key = PROJECT_KEYS.iter().find(|key| is_key(key, table, name))?;
    (range.start <= offset && offset <= range.end).then_some((key, range))
}

/// Returns whether `name` in `table` is the key; at the top, `name` may be dotted (`thresholds.known`).
fn is_key(key: &ProjectKey, table: &str, name: &str) -> bool {
    if key.table == table {
        return key.name == name;
    }
    let dotted = name.split_once('.').filter(|_| table.is_empty());
    dotted.is_some_and(|(table, name)| key.table == table.trim() && key.name == name.trim())
}

/// Returns the table at the end of `above`.
fn table(above: &str) -> &str {
    let headers = above.lines().rev().filter_map(|line| {
        let inside = line.trim_start().strip_prefix('[')?;
        let (name, rest) = inside.split_once(']')?;
        let rest = rest.trim_start();
        let is_header = rest.is_empty() || rest.starts_with('#');
        (is_header && !name.contains(['"', '\'', ',', '['])).then(|| name.trim())
    });
    // No line of a list passes these checks.
    headers.into_iter().next().unwrap_or_default()
}

/// Returns the key of a list that is still open at the end of `above`.
fn open_list(above: &str) -> Option<&str> {
    let at = above.rfind('[')?;
    let line = above[..at].rfind(['\n', '\r']).map_or(0, |at| at + 1);
    let (key, _) = above[line..at].split_once('=')?;
    let is_open = !above[at..].contains(']') && !key.trim_start().starts_with('#');
    is_open.then(|| key.trim())
}

fn completion(
    label: &str,
    kind: CompletionKind,
    range: Range<usize>,
    new_text: String,
) -> Completion {
    Completion {
        label: label.to_owned(),
        kind,
        detail: None,
        doc: None,
        range,
        filter: new_text.clone(),
        new_text,
        is_snippet: false,
    }
}

fn tables(text: &str, typed: Range<usize>, rest: &str) -> Vec<Completion> {
    let word = rest.len()
        - rest
            .trim_start_matches(|char: char| char.is_alphabetic())
            .len();
    let closing = if rest[word..].starts_with(']') {
        ""
    } else {
        "]"
    };
    let mut names: Vec<&str> = PROJECT_KEYS.iter().map(|key| key.table).collect();
    names.dedup();
    let absent = names.into_iter().filter(|name| {
        !name.is_empty() && !text.lines().any(|line| line.trim() == format!("[{name}]"))
    });
    let range = typed.start..typed.end + word;
    absent
        .map(|name| {
            completion(
                name,
                CompletionKind::Key,
                range.clone(),
                format!("{name}{closing}"),
            )
        })
        .collect()
}

fn keys(text: &str, above: &str, offset: usize, line: &str, rest: &str) -> Vec<Completion> {
    let typed = line.trim_start();
    if typed.contains(char::is_whitespace) {
        return Vec::new();
    }
    let name = |char: char| char.is_alphanumeric() || "_-.".contains(char);
    let word = rest.len() - rest.trim_start_matches(name).len();
    let range = offset - typed.len()..offset + word;
    let sign = if rest.contains('=') { "" } else { " = " };
    let here = table(above);
    let mut known = String::new();
    let mut present: Vec<(String, &str)> = Vec::new();
    for line in text.lines() {
        match line.split_once('=') {
            Some((name, _)) if !line.trim_start().starts_with('#') => {
                present.push((known.clone(), name.trim()));
            }
            _ => {
                if let Some(inside) = line.trim().strip_prefix('[') {
                    inside.trim_end_matches(']').trim().clone_into(&mut known);
                }
            }
        }
    }
    let is_there = |key: &ProjectKey| {
        let mut present = present.iter();
        present.any(|(table, name)| is_key(key, table, name))
    };
    let keys = PROJECT_KEYS.iter().filter(|key| !is_there(key));
    let mut list: Vec<Completion> = keys
        .filter(|key| key.table == here)
        .map(|key| Completion {
            detail: Some(format!("default {}", key.default)),
            doc: Some(key.doc.to_owned()),
            ..completion(
                key.name,
                CompletionKind::Key,
                range.clone(),
                format!("{}{sign}", key.name),
            )
        })
        .collect();
    if typed.is_empty() && rest.trim().is_empty() {
        let headers = tables(text, offset..offset, "");
        list.extend(headers.into_iter().map(|one| {
            let header = format!("[{}", one.new_text);
            completion(&header, CompletionKind::Key, range.clone(), header.clone())
        }));
    }
    list
}

/// A cursor behind the `=` of a key, or in the lines of its list.
struct ValueCursor<'a> {
    table: &'a str,
    key: &'a str,
    /// The text from the `=` or the line's beginning to the cursor.
    typed: &'a str,
    /// The rest of the line.
    rest: &'a str,
    /// Byte offset of the cursor.
    offset: usize,
    /// Whether the cursor is in brackets.
    in_list: bool,
}

/// Returns the values of the key.
fn values(cursor: &ValueCursor<'_>) -> Vec<Completion> {
    let &ValueCursor {
        table,
        key: name,
        typed,
        rest,
        offset,
        in_list,
    } = cursor;
    let Some(key) = PROJECT_KEYS.iter().find(|key| is_key(key, table, name)) else {
        return Vec::new();
    };
    let begins = |char: char| char.is_whitespace() || "[,".contains(char);
    let word = typed.rsplit(begins).next().unwrap_or_default();
    let end = |char: char| char.is_whitespace() || ",]#".contains(char);
    let behind = rest.find(end).unwrap_or(rest.len());
    let range = offset - word.len()..offset + behind;
    let of = |text: &str, quoted: bool, list: bool| {
        let mut new_text = if quoted {
            format!("\"{text}\"")
        } else {
            text.to_owned()
        };
        if list {
            new_text = format!("[{new_text}]");
        }
        let filter = if word.starts_with(['"', '\'']) {
            format!("{}{text}", &word[..1])
        } else {
            text.to_owned()
        };
        Completion {
            filter,
            ..completion(text, CompletionKind::Word, range.clone(), new_text)
        }
    };
    match key.values {
        ProjectValues::Model => CATALOGUE
            .iter()
            .map(|alias| Completion {
                kind: CompletionKind::Value,
                detail: Some(format!("{} MB, {}", alias.size / 1_000_000, alias.licence)),
                ..of(alias.name, true, false)
            })
            .collect(),
        ProjectValues::Word(words) => words.iter().map(|word| of(word, true, false)).collect(),
        ProjectValues::Words(words) => words.iter().map(|word| of(word, true, !in_list)).collect(),
        ProjectValues::Switch => ["true", "false"].map(|word| of(word, false, false)).into(),
        ProjectValues::Other => vec![Completion {
            detail: Some("the default".to_owned()),
            ..of(key.default, false, false)
        }],
    }
}
