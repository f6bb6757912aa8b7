//! Whether a prompt means the same after a rename.

use std::ops::Range;

use crate::declarations::spanned::Origin;
use crate::diagnostics::code::Code;
use crate::diagnostics::problem::Problem;
use crate::edit::file_edit::{FileEdit, edited};
use crate::file::prompt_file::PromptFile;
use crate::lint::uses::{PartialCall, TemplateUses};
use crate::render::render;
use crate::symbols::symbol_sites::symbol_sites;
use crate::symbols::template_part::{parts, prompts, uses};
use crate::symbols::template_symbol::{SiteRole, SymbolSite, TemplateSymbol, TemplateSyntax};
use crate::template::jinja::render::compiles;
use crate::template::language::TemplateLanguage;

/// Most cases that are rendered.
const MAX_CASES: usize = 64;
/// Partials that include each other deeper than this are not followed.
const MAX_DEPTH: usize = 8;

/// Whether the template may use any of its variables.
pub(crate) fn uses_all(prompt: &PromptFile, text: &str) -> bool {
    all_uses(prompt, text).any(|uses| uses.uses_all)
}

fn all_uses(prompt: &PromptFile, text: &str) -> impl Iterator<Item = TemplateUses> {
    let parts = parts(prompt, text).into_iter();
    parts.map(|part| uses(prompt, part.syntax, &part.text.text))
}

/// Returns a partial that reads a variable of the prompt, if there is one.
pub(crate) fn partial_conflict(prompt: &PromptFile, text: &str, name: &str) -> Option<String> {
    let calls = all_uses(prompt, text).flat_map(|uses| uses.partial_calls);
    let calls: Vec<PartialCall> = calls.collect();
    let mut calls = calls.into_iter();
    let found = calls.find(|call| reads(prompt, call, name, 0))?;
    Some(found.name)
}

/// Whether a called partial reads a variable of its caller.
fn reads(prompt: &PromptFile, call: &PartialCall, name: &str, depth: usize) -> bool {
    if call.has_context || call.arguments.iter().any(|one| one == name) || depth == MAX_DEPTH {
        return false;
    }
    let Some(text) = prompt.partials.get(&call.name) else {
        return false;
    };
    let uses = uses(prompt, TemplateSyntax::Handlebars, text);
    let mut variables = uses.variables.iter();
    uses.uses_all
        || variables.any(|one| one.may_be_root && one.name == name)
        || uses
            .partial_calls
            .iter()
            .any(|call| reads(prompt, call, name, depth + 1))
}

/// Whether after `edits`, which rename `renamed`, each name stands for the same, each case renders
/// to the same text, and there are no new problems.
pub(crate) fn keeps_meaning(
    file: &PromptFile,
    text: &str,
    edits: &[FileEdit],
    renamed: &[&SymbolSite],
    new_name: &str,
) -> bool {
    let mut after = (file.clone(), text.to_owned());
    for edit in edits {
        after = edited(&after.0, &after.1, edit);
    }
    let (new_file, new_text) = (&after.0, &after.1);
    let before_sites = symbol_sites(file, text);
    let is_renamed = |site: &SymbolSite| renamed.contains(&site);
    let expected = shapes(&before_sites, &|site| {
        let name = if is_renamed(site) {
            new_name
        } else {
            site.symbol.name()
        };
        name.to_owned()
    });
    let found = shapes(&symbol_sites(new_file, new_text), &|site| {
        site.symbol.name().to_owned()
    });
    expected == found
        && new_file.problems.len() <= file.problems.len()
        && new_file.cases.len() == file.cases.len()
        && rendered(new_file, new_text) == rendered(file, text)
}

/// Whether a template has a mistake, whatever the values of its variables are.
pub(crate) fn is_broken(file: &PromptFile, text: &str) -> bool {
    let is_mistake = |problem: &Problem| problem.code == Code::TemplateError;
    if !render(file, text, None).problems.iter().any(is_mistake) {
        return false;
    }
    // A Jinja template may only lack values.
    let body = |prompt: &PromptFile| text.get(prompt.body.clone()).unwrap_or_default().to_owned();
    let compiles = |prompt: &&PromptFile| {
        prompt.language.engine == TemplateLanguage::Jinja && compiles(&body(prompt))
    };
    !prompts(file).iter().all(compiles)
}

/// Returns what each case renders to; `None` for a case that cannot be rendered or lacks a value.
fn rendered(file: &PromptFile, text: &str) -> Vec<Option<String>> {
    let cases = file.cases.iter().map(Some);
    let all = std::iter::once(None).chain(cases).take(MAX_CASES);
    let all = all.map(|case| {
        let rendered = render(file, text, case);
        let is_whole = rendered.broken().is_none() && !rendered.has_holes();
        is_whole.then(|| rendered.joined().text)
    });
    all.collect()
}

/// A place without its bytes: the file, the role, the prompt, the kind of symbol, its name, and for
/// a name that the template defines the number of the place of its definition.
type SiteShape = (Origin, SiteRole, usize, u8, String, Option<usize>);

fn shapes(sites: &[SymbolSite], name: &dyn Fn(&SymbolSite) -> String) -> Vec<SiteShape> {
    let number = |definition: &Range<usize>| {
        let is_there =
            |site: &SymbolSite| site.role == SiteRole::Definition && site.range == *definition;
        sites.iter().position(is_there)
    };
    let shape = |site: &SymbolSite| {
        let (kind, definition) = match &site.symbol {
            TemplateSymbol::Input(_) => (0, None),
            TemplateSymbol::Local { definition, .. } => (1, number(definition)),
            TemplateSymbol::Field(_) => (2, None),
            TemplateSymbol::Call(..) => (3, None),
            TemplateSymbol::Partial(_) => (4, None),
            TemplateSymbol::Context(_) => (5, None),
        };
        (
            site.origin,
            site.role,
            site.prompt,
            kind,
            name(site),
            definition,
        )
    };
    sites.iter().map(shape).collect()
}
