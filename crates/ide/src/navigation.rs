//! Where the names of a template are declared and used.

use std::ops::Range;

use crate::snapshot::Snapshot;
use crate::template_hover::partial_path;
use hoplens_prompt::{
    Origin, PromptFormat, SiteRole, SymbolSite, TemplateSymbol, promptfoo_variable, symbol_at,
    symbol_sites,
};

/// Where something is declared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DefinitionTarget {
    /// In one of the prompt's own files.
    Own(Origin, Range<usize>),
    /// In a partial, by the path of its file from the prompt's folder.
    Partial(String),
    /// In a file that `${file:…}` names.
    Reference(String),
    /// In the promptfoo configuration that names the prompt.
    Configuration(Range<usize>),
}

/// Returns where the name or the file at byte `offset` of a prompt file or its sidecar is declared,
/// with the bytes of the name.
pub fn definitions(
    snapshot: &Snapshot,
    origin: Origin,
    offset: usize,
) -> Option<(Range<usize>, Vec<DefinitionTarget>)> {
    let (file, text) = (&snapshot.file, &snapshot.text);
    if let Some((range, path)) = reference_at(snapshot, origin, offset) {
        return Some((range, vec![DefinitionTarget::Reference(path)]));
    }
    let sites = symbol_sites(file, text);
    let site = symbol_at(&sites, origin, offset)?;
    let own = |origin, range: &Range<usize>| DefinitionTarget::Own(origin, range.clone());
    let targets = match &site.symbol {
        TemplateSymbol::Partial(name) => vec![DefinitionTarget::Partial(partial_path(name))],
        TemplateSymbol::Local { definition, .. } => vec![own(Origin::FrontMatter, definition)],
        TemplateSymbol::Input(name) => {
            let roles = [SiteRole::Schema, SiteRole::Default, SiteRole::Case];
            let declared = roles.into_iter().find_map(|role| {
                let mut same = sites
                    .iter()
                    .filter(|one| is_same(one, site) && one.role == role);
                same.next()
            });
            let of_config = || {
                let config = match file.format {
                    PromptFormat::Promptfoo => text.as_str(),
                    _ => file.promptfoo.as_ref()?.text.as_str(),
                };
                let range = promptfoo_variable(config, name)?;
                Some(match file.format {
                    PromptFormat::Promptfoo => own(Origin::FrontMatter, &range),
                    _ => DefinitionTarget::Configuration(range),
                })
            };
            let target = declared
                .map(|one| own(one.origin, &one.range))
                .or_else(of_config)?;
            vec![target]
        }
        _ => return None,
    };
    Some((site.range.clone(), targets))
}

/// A place where a name is used or declared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamePlace {
    /// The file.
    pub origin: Origin,
    /// The bytes of the name.
    pub range: Range<usize>,
    /// Whether the place declares the name or gives it a value.
    pub is_declaration: bool,
}

/// Returns all places of the name at byte `offset` of a prompt file or its sidecar, in the order of
/// the files; none if there is no name.
pub fn references(snapshot: &Snapshot, origin: Origin, offset: usize) -> Vec<NamePlace> {
    let sites = symbol_sites(&snapshot.file, &snapshot.text);
    let Some(site) = symbol_at(&sites, origin, offset) else {
        return Vec::new();
    };
    let same = sites.iter().filter(|one| is_same(one, site));
    let places = same.map(|one| NamePlace {
        origin: one.origin,
        range: one.range.clone(),
        is_declaration: !matches!(one.role, SiteRole::Use | SiteRole::CaseText),
    });
    places.collect()
}

fn is_same(one: &SymbolSite, other: &SymbolSite) -> bool {
    one.symbol == other.symbol && one.prompt == other.prompt
}

/// Returns the path in the `${file:…}` at a byte of the front matter, with the bytes of the
/// reference.
fn reference_at(
    snapshot: &Snapshot,
    origin: Origin,
    offset: usize,
) -> Option<(Range<usize>, String)> {
    const OPEN: &str = "${file:";
    if origin == Origin::Sidecar || snapshot.file.format != PromptFormat::Prompty {
        return None;
    }
    let window = snapshot.file.front_matter.clone()?;
    if offset < window.start || window.end < offset {
        return None;
    }
    let text = &snapshot.text;
    let line = text
        .get(..offset)?
        .rfind(['\n', '\r'])
        .map_or(0, |at| at + 1);
    let rest = text.get(line..)?;
    let end = line + rest.find(['\n', '\r']).unwrap_or(rest.len());
    let mut at = line;
    while let Some(found) = text.get(at..end)?.find(OPEN) {
        let start = at + found;
        let inside = start + OPEN.len();
        let length = text.get(inside..end)?.find('}')?;
        let close = inside + length + 1;
        if start <= offset && offset <= close {
            let path = text.get(inside..inside + length)?.trim().to_owned();
            return Some((start..close, path));
        }
        at = close;
    }
    None
}

#[cfg(test)]
mod tests;
