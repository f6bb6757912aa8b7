//! Renames a variable of a prompt, or a name that its template defines.

use std::ops::Range;

use crate::declarations::spanned::Origin;
use crate::edit::file_edit::{FileEdit, TextEdit};
use crate::file::prompt_file::PromptFile;
use crate::format::prompt_format::PromptFormat;
use crate::format::prompty::version::PromptyVersion;
use crate::lint::inputs::InputSource;
use crate::symbols::declared_sites::{PlacedInput, placed_inputs, text_of};
use crate::symbols::name_rules::{is_key_of_github, name_problem};
use crate::symbols::rename_checks::{is_broken, keeps_meaning, partial_conflict, uses_all};
use crate::symbols::symbol_sites::{symbol_at, symbol_sites};
use crate::symbols::template_part::{prompts, syntax};
use crate::symbols::template_symbol::{SiteRole, SymbolSite, TemplateSymbol, TemplateSyntax};
use crate::yaml::quote::id;

/// Why a name is not changed, for the author.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RenameRefusal(pub String);

impl RenameRefusal {
    fn new(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }
}

/// Returns the bytes and the text of the name at byte `offset` of one of a prompt's files; `None` if
/// there is no name.
///
/// # Errors
/// The name is not one that can be changed, with the reason.
pub fn prepare_rename(
    file: &PromptFile,
    text: &str,
    origin: Origin,
    offset: usize,
) -> Result<Option<(Range<usize>, String)>, RenameRefusal> {
    let sites = symbol_sites(file, text);
    let Some(site) = symbol_at(&sites, origin, offset) else {
        return Ok(None);
    };
    check_symbol(file, site)?;
    Ok(Some((site.range.clone(), site.symbol.name().to_owned())))
}

/// Returns the edits that give the variable at byte `offset` another name: at every use in the
/// template, in the schema, the defaults and samples, and in the cases of the prompt file and its
/// sidecar. After them each case renders to the same text.
///
/// # Errors
/// The reason why the name is not changed.
pub fn rename_symbol(
    file: &PromptFile,
    text: &str,
    origin: Origin,
    offset: usize,
    new_name: &str,
) -> Result<Vec<FileEdit>, RenameRefusal> {
    let sites = symbol_sites(file, text);
    let Some(site) = symbol_at(&sites, origin, offset) else {
        return Err(RenameRefusal::new("There is no variable here."));
    };
    check_symbol(file, site)?;
    let old = site.symbol.name();
    if old == new_name {
        return Ok(Vec::new());
    }
    let prompts = prompts(file);
    let Some(prompt) = prompts.get(site.prompt) else {
        return Err(RenameRefusal::new("There is no variable here."));
    };
    if let Some(problem) = name_problem(prompt, syntax(prompt), new_name) {
        return Err(RenameRefusal(problem));
    }
    let is_taken = |one: &SymbolSite| {
        let same = one.symbol.name() == new_name && one.prompt == site.prompt;
        same && matches!(one.symbol, TemplateSymbol::Input(_))
    };
    let is_input = matches!(site.symbol, TemplateSymbol::Input(_));
    if is_input && (sites.iter().any(is_taken) || prompt.defaults.contains_key(new_name)) {
        return Err(RenameRefusal(format!(
            "There is a variable `{new_name}` already. Choose another name."
        )));
    }
    if is_input {
        check_values(file, text, site)?;
        check_reach(prompt, text, old, new_name)?;
    }
    if is_broken(file, text) {
        return Err(RenameRefusal::new(
            "The template has a mistake, so its names are not certain. Correct it first.",
        ));
    }
    let own: Vec<&SymbolSite> = sites.iter().filter(|one| is_same(one, site)).collect();
    let edits = edits(file, text, &own, new_name)?;
    if !keeps_meaning(file, text, &edits, &own, new_name) {
        return Err(RenameRefusal(format!(
            "With the name `{new_name}`, the prompt would have another meaning: it has that name for \
             something else where `{old}` is used, or writes the name itself. Choose another name."
        )));
    }
    Ok(edits)
}

/// Returns whether two places are about the same thing.
pub(crate) fn is_same(one: &SymbolSite, other: &SymbolSite) -> bool {
    one.symbol == other.symbol && one.prompt == other.prompt
}

fn check_symbol(file: &PromptFile, site: &SymbolSite) -> Result<(), RenameRefusal> {
    let name = site.symbol.name();
    let reason = match &site.symbol {
        TemplateSymbol::Input(name) => {
            return check_input(file, site.prompt, name);
        }
        TemplateSymbol::Local { .. } => return Ok(()),
        TemplateSymbol::Field(_) => format!(
            "`{name}` is a field of the value that the block around it is about, not a variable of \
             the prompt."
        ),
        TemplateSymbol::Call(..) => {
            format!("`{name}` belongs to the template language or to the application.")
        }
        TemplateSymbol::Partial(_) => format!(
            "`{name}` is a partial. Rename its file, and its name in every prompt that uses it."
        ),
        TemplateSymbol::Context(_) => {
            format!("`{name}` is given by the template language or by the application.")
        }
    };
    Err(RenameRefusal(reason))
}

/// Refuses variables whose values are in files that hoplens does not edit.
fn check_input(file: &PromptFile, at: usize, name: &str) -> Result<(), RenameRefusal> {
    let prompts = prompts(file);
    let Some(prompt) = prompts.get(at) else {
        return Ok(());
    };
    if prompt.promptfoo.is_some() || file.format == PromptFormat::Promptfoo {
        return Err(RenameRefusal(format!(
            "The promptfoo configuration gives values to `{name}`, and other prompts may use them. \
             Change the name there and here."
        )));
    }
    if syntax(prompt) == TemplateSyntax::SemanticKernel || prompt.template.is_some() {
        return Err(RenameRefusal::new(
            "The template is a text in YAML, in which hoplens renames nothing.",
        ));
    }
    Ok(())
}

/// Refuses variables whose value is in a file that the front matter names.
fn check_values(file: &PromptFile, text: &str, site: &SymbolSite) -> Result<(), RenameRefusal> {
    let name = site.symbol.name();
    let prompts = prompts(file);
    let Some(prompt) = prompts.get(site.prompt) else {
        return Ok(());
    };
    if is_key_of_github(prompt, name) {
        return Err(RenameRefusal(format!(
            "`{name}` has a meaning of its own in the test data of GitHub Models, so it keeps its \
             name."
        )));
    }
    let is_v1 = prompt.language.version == PromptyVersion::V1;
    let gives_value = |one: &PlacedInput| match one.input.source {
        InputSource::Default => true,
        InputSource::Schema => !is_v1 && one.input.value.is_some(),
        InputSource::Case => false,
    };
    let is_own = |one: &PlacedInput| one.prompt == site.prompt && one.input.name == name;
    let inputs = placed_inputs(file, text);
    let is_here = inputs.iter().any(|one| is_own(one) && gives_value(one));
    let may_be_elsewhere = prompt.format == PromptFormat::Prompty;
    if may_be_elsewhere && prompt.defaults.contains_key(name) && !is_here {
        return Err(RenameRefusal(format!(
            "The value of `{name}` is in a file that the front matter names (`${{file:…}}`). Change \
             the name there and here."
        )));
    }
    Ok(())
}

/// Refuses a rename that reaches what other files say.
fn check_reach(
    prompt: &PromptFile,
    text: &str,
    old: &str,
    new_name: &str,
) -> Result<(), RenameRefusal> {
    if uses_all(prompt, text) {
        return Err(RenameRefusal::new(
            "The template uses all of its variables at once (`{{this}}`, or a partial with a \
             computed name), so another name could change what it says. Change that first.",
        ));
    }
    for name in [old, new_name] {
        if let Some(partial) = partial_conflict(prompt, text, name) {
            return Err(RenameRefusal(format!(
                "The partial `{partial}` uses a variable `{name}` too, and other prompts may use \
                 that partial. Give it the value where it is called: `{{{{> {partial} {name}=…}}}}`."
            )));
        }
    }
    Ok(())
}

/// Returns the edits of both files.
fn edits(
    file: &PromptFile,
    text: &str,
    sites: &[&SymbolSite],
    new_name: &str,
) -> Result<Vec<FileEdit>, RenameRefusal> {
    let mut found = Vec::new();
    for origin in [Origin::FrontMatter, Origin::Sidecar] {
        let source = text_of(file, text, origin);
        let own = sites.iter().filter(|site| site.origin == origin);
        let edits: Vec<TextEdit> = own
            .map(|site| {
                let (range, old) = (site.range.clone(), site.symbol.name());
                if source.get(range.clone()) != Some(old) {
                    return Err(RenameRefusal(format!(
                        "`{old}` is written in another way in the YAML (with escapes, or as an \
                         alias). Write it as it is, then rename it."
                    )));
                }
                let new_text = match site.role {
                    SiteRole::Use | SiteRole::Definition | SiteRole::CaseText => {
                        new_name.to_owned()
                    }
                    _ if is_whole_scalar(source, &range) => id(new_name),
                    _ => new_name.to_owned(),
                };
                Ok(TextEdit { range, new_text })
            })
            .collect::<Result<_, _>>()?;
        if !edits.is_empty() {
            found.push(FileEdit {
                target: origin,
                edits,
                creates: false,
            });
        }
    }
    Ok(found)
}

/// Whether a name in YAML is a scalar of its own without quotes, which some words must not be.
fn is_whole_scalar(text: &str, range: &Range<usize>) -> bool {
    let before = text
        .get(..range.start)
        .and_then(|before| before.chars().next_back());
    let after = text.get(range.end..).and_then(|after| after.chars().next());
    !matches!(before, Some('"' | '\'')) && !matches!(after, Some('"' | '\'' | '?' | '('))
}
