//! Variables that a case gives no value, each once.

use std::collections::BTreeSet;

use crate::declarations::case::Case;
use crate::declarations::namespace;
use crate::declarations::spanned::Origin;
use crate::diagnostics::problem::Problem;
use crate::edit::file_edit::TextEdit;
use crate::file::prompt_file::PromptFile;
use crate::format::prompt_format::PromptFormat;
use crate::lint::finding::LintFinding;
use crate::lint::inputs::root;
use crate::yaml::node::{Data, Node};

/// Collects the variables that cases give no value.
pub(crate) struct MissingValues<'a> {
    file: &'a PromptFile,
    text: &'a str,
    /// The names that are reported, or that another finding explains.
    explained: BTreeSet<String>,
    pub found: Vec<LintFinding>,
}

impl<'a> MissingValues<'a> {
    /// Starts with the findings that explain why a variable has no value.
    pub fn new(file: &'a PromptFile, text: &'a str, found: &[LintFinding]) -> Self {
        let explained = found
            .iter()
            .filter_map(|finding| finding.problem.variable.clone());
        Self {
            file,
            text,
            explained: explained.collect(),
            found: Vec::new(),
        }
    }

    /// Adds the first problem about each of the `unset` variables of a case.
    pub fn add(&mut self, case: &Case, unset: &BTreeSet<String>, problems: &[Problem]) {
        for name in unset {
            let mut of_variables = problems.iter();
            let own = of_variables.find(|one| one.variable.as_ref() == Some(name));
            let Some(problem) = own else { continue };
            if !self.explained.insert(name.clone()) {
                continue;
            }
            let mut finding = LintFinding::from(problem.clone());
            let is_simple = name
                .chars()
                .all(|char| char.is_alphanumeric() || char == '_');
            if is_simple && let Some(edit) = self.value_edit(case, name) {
                let title = match &case.id {
                    Some(id) => format!("Add `{name}` to the case `{}`", id.value),
                    None => format!("Add `{name}` to the case"),
                };
                finding = finding.with_fix(title, edit, true);
                for fix in &mut finding.fixes {
                    fix.edit.target = case.origin;
                }
            }
            self.found.push(finding);
        }
    }

    /// Returns the edit that gives a variable an empty value in a case.
    fn value_edit(&self, case: &Case, name: &str) -> Option<TextEdit> {
        // The rows of a matrix have no input of their own.
        if case.row.is_some() || case.fence.is_some() {
            return None;
        }
        let root = root(self.file, self.text, case.origin)?;
        let text = match case.origin {
            Origin::FrontMatter => self.text,
            Origin::Sidecar => self.file.sidecar.as_deref()?,
        };
        let is_row = self.file.format == PromptFormat::Github && case.origin == Origin::FrontMatter;
        let path = if is_row {
            vec!["testData".to_owned()]
        } else {
            namespace::path(self.file.format, case.origin, "cases")
        };
        let mut list = &root;
        for key in &path {
            list = list.entry(key)?.1;
        }
        let Data::List { items, .. } = &list.data else {
            return None;
        };
        let item = items.iter().find(|item| *item.here() == case.range)?;
        if is_row {
            return insert_first(text, item, &format!("{name}: \"\""));
        }
        match item.entry("input") {
            Some((_, input)) => insert_first(text, input, &format!("{name}: \"\"")),
            None => insert_first(text, item, &format!("input: {{{name}: \"\"}}")),
        }
    }
}

/// Returns the edit that inserts an entry before the first one of a map.
fn insert_first(text: &str, map: &Node, entry: &str) -> Option<TextEdit> {
    let Data::Map { entries, flow } = &map.data else {
        return None;
    };
    if map.alias.is_some() {
        return None;
    }
    let start = map.range.start;
    if *flow {
        let comma = if entries.is_empty() { "" } else { ", " };
        return Some(TextEdit {
            range: start + 1..start + 1,
            new_text: format!("{entry}{comma}"),
        });
    }
    let before = text.get(..start)?;
    let line = before.rfind(['\n', '\r']).map_or(0, |at| at + 1);
    let column = before.get(line..)?.chars().count();
    let newline = if text.contains("\r\n") { "\r\n" } else { "\n" };
    Some(TextEdit {
        range: start..start,
        new_text: format!("{entry}{newline}{}", " ".repeat(column)),
    })
}
