//! Adding to what a file declares by inserting a few bytes.

mod lists;
mod place;
mod verify;

use std::ops::Range;

use crate::beside::Beside;
use crate::case::{Case, Measured, Origin};
use crate::declared::find_case;
use crate::file::{PromptFile, parse_as};
use crate::format::Format;
use crate::quote::{id, quoted, significant};
use hoplens_injection::{Encoding, Scope};
use place::Item;

pub use lists::{NewCase, insert_case, insert_ignore, record};

/// A replacement of some bytes; an empty range inserts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextEdit {
    /// Bytes of the text before any edit.
    pub range: Range<usize>,
    /// What stands there afterwards.
    pub new_text: String,
}

impl TextEdit {
    /// The smallest edit that makes one text of another, whole characters only.
    pub fn between(before: &str, after: &str) -> Self {
        let same = |pairs: &mut dyn Iterator<Item = (char, char)>| -> usize {
            let same = pairs.take_while(|(a, b)| a == b);
            same.map(|(char, _)| char.len_utf8()).sum()
        };
        let start = same(&mut before.chars().zip(after.chars()));
        let (rest, new) = (&before[start..], &after[start..]);
        let end = same(&mut rest.chars().rev().zip(new.chars().rev()));
        Self {
            range: start..before.len() - end,
            new_text: after[start..after.len() - end].to_owned(),
        }
    }
}

/// Edits of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileEdit {
    /// The prompt file ([`Origin::FrontMatter`]) or its sidecar.
    pub target: Origin,
    /// Edits that do not overlap, in the order of the text.
    pub edits: Vec<TextEdit>,
    /// Whether the target does not exist yet; then the edits apply to an empty text.
    pub creates: bool,
}

impl FileEdit {
    /// The target's text after the edits; ranges outside `text` are clamped.
    pub fn apply(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len() + 64);
        let mut at = 0;
        for edit in &self.edits {
            let start = crate::text::snap(text, edit.range.start).max(at);
            out.push_str(text.get(at..start).unwrap_or_default());
            out.push_str(&edit.new_text);
            at = crate::text::snap(text, edit.range.end).max(start);
        }
        out.push_str(text.get(at..).unwrap_or_default());
        out
    }
}

/// The file read anew after an edit, and its text.
pub fn edited(file: &PromptFile, text: &str, edit: &FileEdit) -> (PromptFile, String) {
    let beside = file.beside();
    match edit.target {
        Origin::FrontMatter => {
            let text = edit.apply(text);
            (parse_as(file.format, &text, beside), text)
        }
        Origin::Sidecar => {
            let sidecar = edit.apply(beside.sidecar.unwrap_or_default());
            let beside = Beside {
                sidecar: Some(&sidecar),
                ..beside
            };
            (parse_as(file.format, text, beside), text.to_owned())
        }
    }
}

/// An injection to be written.
#[derive(Debug, Clone, PartialEq)]
pub struct NewInjection {
    /// The memory's text.
    pub memory: String,
    /// How the text becomes a vector.
    pub encoding: Encoding,
    /// The layer, from 0.
    pub layer: usize,
    /// Magnitude; finite.
    pub tau: f64,
    /// The positions it acts on.
    pub scope: Scope,
    /// What was measured; written with three significant digits.
    pub measured: Option<Measured>,
}

/// Gives the edit that adds an injection for the case `case_id` (an id, or `#2` for the second
/// case; `None` for every case).
///
/// The item goes where the case is declared and takes over the list's own style; where there is
/// no list, the key is added, or front matter, or a sidecar. A case without an id among several
/// is given one. The edit is tried out first: it is only returned if the file then declares
/// exactly what it did, and the new injection, and the prompt reads the same; where this cannot
/// be had in the prompt file, the sidecar is used. Without edits in the answer it cannot be had
/// there either: the sidecar is not valid YAML, `tau` is not finite, or there is no such case.
pub fn insert_injection(
    file: &PromptFile,
    text: &str,
    case_id: Option<&str>,
    injection: &NewInjection,
) -> FileEdit {
    let none = FileEdit {
        target: Origin::Sidecar,
        edits: Vec::new(),
        creates: false,
    };
    let case = case_id.map(|id| find_case(&file.cases, id));
    if case == Some(None) || !injection.tau.is_finite() {
        return none;
    }
    let case = case.flatten();
    let origin = case.and_then(|at| file.cases.get(at)).map(|c| c.origin);
    let home = match (file.format, origin) {
        (Format::Plain | Format::Github | Format::Promptfoo, _) | (_, Some(Origin::Sidecar)) => {
            Origin::Sidecar
        }
        (Format::Dotprompt | Format::Prompty | Format::PromptMd | Format::Markdown, _) => {
            Origin::FrontMatter
        }
    };
    let targets = [home, Origin::Sidecar];
    targets
        .into_iter()
        .filter_map(|target| attempt(file, text, case.zip(case_id), injection, target))
        .find(|(edit, naming)| verify::holds(file, text, edit, injection, naming))
        .map_or(none, |(edit, _)| edit)
}

/// How an injection names its case.
#[derive(Debug, Default)]
struct Naming {
    /// The value of `case`.
    reference: Option<String>,
    /// The index of a case that gets this very name as its id.
    new_id: Option<usize>,
}

fn naming(file: &PromptFile, case: Option<(usize, &str)>, target: Origin) -> Naming {
    let found = case.and_then(|(at, asked)| Some((at, file.cases.get(at)?, asked)));
    let Some((at, case, asked)) = found else {
        return Naming::default();
    };
    if let Some(id) = &case.id {
        // Whoever asks for a case with a matrix means all of its rows.
        let row = case.row.as_ref().filter(|row| row.of == asked);
        return Naming {
            reference: Some(row.map_or(&id.value, |row| &row.of).clone()),
            new_id: None,
        };
    }
    if file.cases.len() == 1 {
        return Naming::default();
    }
    if case.origin != target {
        // Another file's case cannot be given an id here; its number names it as well.
        return Naming {
            reference: Some(format!("#{}", at + 1)),
            new_id: None,
        };
    }
    let taken = |id: &String| {
        let same = |case: &Case| case.id.as_ref().is_some_and(|own| own.value == *id);
        file.cases.iter().any(same)
    };
    // One more number than there are cases, so one of them is free.
    let id = (at + 1..=at + 1 + file.cases.len())
        .map(|number| format!("case-{number}"))
        .find(|id| !taken(id));
    Naming {
        reference: id,
        new_id: Some(at),
    }
}

/// The edit in one of the two files, untested.
fn attempt(
    file: &PromptFile,
    text: &str,
    case: Option<(usize, &str)>,
    injection: &NewInjection,
    target: Origin,
) -> Option<(FileEdit, Naming)> {
    let naming = naming(file, case, target);
    let item = item(injection, naming.reference.as_deref());
    let fence = case.and_then(|(at, _)| file.cases.get(at)?.fence);
    let home = lists::home(file, text, target, fence)?;
    let mut edits = vec![lists::added(&home, "inject", &item)?];
    if let Some(at) = naming.new_id {
        let root = home.root().ok()??;
        let mut cases = &root;
        for key in home.path("cases") {
            cases = cases.entry(&key)?.1;
        }
        let case = file.cases.get(at)?;
        let written = id(naming.reference.as_deref()?);
        let (text, newline) = (home.text, home.newline);
        edits.push(place::case_id(text, cases, &case.range, &written, newline)?);
    }
    edits.sort_by_key(|edit| edit.range.start);
    Some((home.edit(file, edits), naming))
}

fn item(injection: &NewInjection, case: Option<&str>) -> Item {
    let encoding = match injection.encoding {
        Encoding::Embed => "embed",
        Encoding::Unembed => "unembed",
        Encoding::Layerwise => "layerwise",
    };
    let scope = match &injection.scope {
        Scope::All => "all".to_owned(),
        Scope::Last => "last".to_owned(),
        Scope::Span(span) if span.nth == 1 => format!("{{span: {}}}", quoted(&span.text)),
        Scope::Span(span) => format!("{{span: {}, nth: {}}}", quoted(&span.text), span.nth),
    };
    let mut fields = Vec::new();
    if let Some(case) = case {
        fields.push(("case", id(case)));
    }
    fields.push(("memory", quoted(&injection.memory)));
    fields.push(("encoding", encoding.to_owned()));
    fields.push(("layer", injection.layer.to_string()));
    fields.push(("tau", injection.tau.to_string()));
    fields.push(("scope", scope));
    let measured = injection.measured.as_ref().and_then(written_record);
    fields.extend(measured.map(|value| ("measured", value)));
    Item::Map(fields)
}

/// A record as it is written; `None` for numbers that are none.
fn written_record(measured: &Measured) -> Option<String> {
    let is_finite = measured.before.is_finite() && measured.after.is_finite();
    is_finite.then(|| {
        format!(
            "{{model: {}, before: {}, after: {}}}",
            quoted(&measured.model),
            significant(measured.before),
            significant(measured.after)
        )
    })
}

#[cfg(test)]
mod formats;
#[cfg(test)]
mod property;
#[cfg(test)]
mod tests;
