//! Gives a variable a value where its format keeps values.

use serde_json::Value;

use crate::declarations::case::Case;
use crate::declarations::spanned::Origin;
use crate::edit::file_edit::{FileEdit, TextEdit, edited};
use crate::edit::lists::{ListYaml, added, list_yaml};
use crate::edit::map_entry::{entry_of, map_entry, new_front_matter};
use crate::edit::place::{EditedFile, Item};
use crate::edit::preserves_declarations::errors;
use crate::edit::verify::{bodies, plain_case};
use crate::file::prompt_file::PromptFile;
use crate::format::prompt_format::PromptFormat;
use crate::format::prompty::version::PromptyVersion;
use crate::yaml::node::{Data, Node};
use crate::yaml::quote::{id, quoted};

/// An edit that gives a variable a value, and where the value goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValueEdit {
    /// The edit.
    pub edit: FileEdit,
    /// The key under which the value goes, such as `input.default`.
    pub place: String,
    /// Whether it is a value for all cases.
    pub is_default: bool,
}

/// Returns the edit that gives a variable without a value one: as a default or sample where the
/// format has them, and else in every case that lacks it, or in a new case. `None` if the variable
/// has a value, or if the edit would change anything else.
pub fn insert_value(file: &PromptFile, text: &str, name: &str, value: &Value) -> Option<ValueEdit> {
    if 1 < file.fences.len() || file.format == PromptFormat::Promptfoo {
        return None;
    }
    if file.defaults.contains_key(name) {
        return None;
    }
    let written = written(value);
    default_edit(file, text, name, &written)
        .filter(|one| is_only(file, text, one, name))
        .or_else(|| {
            let lacks = |case: &&Case| !case.input.contains_key(name);
            if !file.cases.is_empty() && file.cases.iter().all(|case| !lacks(&case)) {
                return None;
            }
            case_edit(file, text, name, &written).filter(|one| is_only(file, text, one, name))
        })
}

/// Returns a value in YAML on one line.
fn written(value: &Value) -> String {
    match value {
        Value::String(text) => quoted(text),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(written).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Object(fields) => {
            let fields = fields
                .iter()
                .map(|(name, value)| format!("{}: {}", id(name), written(value)));
            format!("{{{}}}", fields.collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    }
}

/// Returns the edit of the format's own defaults or samples, not yet verified.
fn default_edit(file: &PromptFile, text: &str, name: &str, value: &str) -> Option<ValueEdit> {
    let is_fence = file.format == PromptFormat::Markdown;
    let format = if is_fence {
        PromptFormat::Dotprompt
    } else {
        file.format
    };
    let keys = list_yaml(file, text, Origin::FrontMatter, None)?;
    let root = keys.root().ok()?;
    let key = id(name);
    let of = |edit: Option<TextEdit>, place: String| {
        Some(ValueEdit {
            edit: keys.edit(file, vec![edit?]),
            place,
            is_default: true,
        })
    };
    match format {
        PromptFormat::Dotprompt => {
            let path = ["input", "default"];
            of(
                in_front_matter(&keys, root.as_ref(), &path, &key, value),
                "input.default".into(),
            )
        }
        PromptFormat::Prompty if file.language.version == PromptyVersion::V1 => of(
            in_front_matter(&keys, root.as_ref(), &["sample"], &key, value),
            "sample".into(),
        ),
        PromptFormat::Prompty => {
            let root = root.as_ref();
            let inputs = root
                .and_then(|root| root.entry("inputs"))
                .map(|(_, value)| value);
            let doc = keys.document()?;
            let place = format!("inputs.{name}.default");
            if let Some(Data::List { items, .. }) = inputs.map(|inputs| &inputs.data) {
                let is_own = |item: &&Node| {
                    item.entry("name")
                        .is_some_and(|(_, own)| own.text() == Some(name))
                };
                if let Some(item) = items.iter().find(is_own) {
                    return of(entry_of(&doc, item, "default", value, &[]), place);
                }
                let item = Item::Map(vec![("name", key), ("default", value.to_owned())]);
                return of(
                    crate::edit::place::item(&doc, root, &["inputs".to_owned()], &item),
                    place,
                );
            }
            of(
                in_front_matter(&keys, root, &["inputs", &key], "default", value),
                place,
            )
        }
        PromptFormat::Github if file.template.is_none() => github_edit(file, text, name, value),
        _ => None,
    }
}

fn in_front_matter(
    keys: &ListYaml<'_>,
    root: Option<&Node>,
    path: &[&str],
    key: &str,
    value: &str,
) -> Option<TextEdit> {
    match keys.document() {
        Some(doc) => map_entry(&doc, root, path, key, value),
        None => Some(new_front_matter(path, key, value, keys.newline)),
    }
}

/// Returns the edit of GitHub's test data: each row that lacks the value, or a first row.
fn github_edit(file: &PromptFile, text: &str, name: &str, value: &str) -> Option<ValueEdit> {
    let root = crate::lint::inputs::root(file, text, Origin::FrontMatter)?;
    let newline = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let doc = EditedFile {
        text,
        range: 0..text.len(),
        newline,
    };
    let key = id(name);
    let rows = match root.entry("testData").map(|(_, rows)| &rows.data) {
        Some(Data::List { items, .. }) => &items[..],
        _ => &[],
    };
    let edits: Vec<TextEdit> = if rows.is_empty() {
        let item = Item::Scalar(format!("{{{key}: {value}}}"));
        vec![crate::edit::place::item(
            &doc,
            Some(&root),
            &["testData".to_owned()],
            &item,
        )?]
    } else {
        let lacking = rows.iter().filter(|row| row.entry(name).is_none());
        lacking
            .map(|row| entry_of(&doc, row, &key, value, &[]))
            .collect::<Option<_>>()?
    };
    (!edits.is_empty()).then(|| ValueEdit {
        edit: FileEdit {
            target: Origin::FrontMatter,
            edits,
            creates: false,
        },
        place: "testData".to_owned(),
        is_default: false,
    })
}

/// Returns the edit of hoplens's own cases, not yet verified: of every case that lacks the value, or
/// a new case.
fn case_edit(file: &PromptFile, text: &str, name: &str, value: &str) -> Option<ValueEdit> {
    let of = |edit: FileEdit| ValueEdit {
        edit,
        place: "input".to_owned(),
        is_default: false,
    };
    let lacking = file
        .cases
        .iter()
        .filter(|case| !case.input.contains_key(name));
    let declared: Vec<&Case> = lacking.filter(|case| !case.range.is_empty()).collect();
    let key = id(name);
    if let Some(first) = declared.first() {
        let keys = list_yaml(file, text, first.origin, first.fence)?;
        let doc = keys.document()?;
        let root = keys.root().ok()??;
        let cases = keys.cases(&root)?;
        let Data::List { items, .. } = &cases.data else {
            return None;
        };
        let mut edits = Vec::new();
        for item in items {
            let is_lacking =
                |case: &&&Case| case.origin == first.origin && case.range == *item.here();
            if declared.iter().any(|case| is_lacking(&case)) {
                edits.push(match item.entry("input") {
                    Some((_, input)) => entry_of(&doc, input, &key, value, &[])?,
                    None => entry_of(&doc, item, "input", &format!("{{{key}: {value}}}"), &[])?,
                });
            }
        }
        return (!edits.is_empty()).then(|| of(keys.edit(file, edits)));
    }
    let targets = [Origin::FrontMatter, Origin::Sidecar];
    let target = targets
        .into_iter()
        .find(|target| file.keeps_declarations() || *target == Origin::Sidecar)?;
    let keys = list_yaml(file, text, target, None)?;
    let item = Item::Map(vec![("input", format!("{{{key}: {value}}}"))]);
    Some(of(keys.edit(file, vec![added(&keys, "cases", &item)?])))
}

/// Whether an edit gives the variable its value and changes nothing else.
fn is_only(file: &PromptFile, text: &str, found: &ValueEdit, name: &str) -> bool {
    let (after, now) = edited(file, text, &found.edit);
    let mut defaults = after.defaults.clone();
    let is_added = defaults.remove(name).is_some();
    let cases = |file: &PromptFile| -> Vec<Case> {
        let plain = file.cases.iter().map(|case| {
            let mut case = plain_case(case);
            case.input.remove(name);
            case.row = None;
            case
        });
        plain.collect()
    };
    let is_new_case = file.cases.is_empty() && after.cases.len() == 1;
    let same_messages = after.turns.len() == file.turns.len()
        && after
            .turns
            .iter()
            .zip(&file.turns)
            .all(|(new, old)| new.text.text == old.text.text);
    defaults == file.defaults
        && is_added == found.is_default
        && (is_new_case || cases(&after) == cases(file))
        && (file.format == PromptFormat::Github || bodies(&after, &now) == bodies(file, text))
        && same_messages
        && after.language == file.language
        && after.injections.len() == file.injections.len()
        && errors(&after) <= errors(file)
}
