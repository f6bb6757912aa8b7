//! Variables that nothing declares, inputs that nothing uses, and variables that a helper hides.

use std::collections::BTreeSet;

use crate::diagnostics::code::Code;
use crate::diagnostics::severity::Severity;
use crate::diagnostics::suggestion::{closest, did_you_mean};
use crate::edit::file_edit::TextEdit;
use crate::format::prompt_format::PromptFormat;
use crate::lint::finding::LintFinding;
use crate::lint::inputs::{DeclaredInput, InputSource, root};
use crate::lint::lint_context::LintContext;
use crate::lint::removal::removal;
use crate::render::findings::MANY;
use crate::template::language::TemplateLanguage;

/// Returns a finding for each variable that the file does not declare, at its first use.
///
/// A file without a schema declares nothing, and the application may give any variable a value: only
/// a name that is close to an unused one is reported there.
pub(crate) fn undeclared(context: &LintContext<'_>) -> Vec<LintFinding> {
    let LintContext { inputs, uses, .. } = context;
    let mut reported = BTreeSet::new();
    let undeclared: Vec<_> = uses
        .variables
        .iter()
        .filter(|one| {
            one.is_root && !context.is_given(&one.name) && reported.insert(one.name.as_str())
        })
        .take(MANY)
        .collect();
    let unused = unused_names(context);
    let mut required = inputs.list.iter().filter(|input| {
        let is_unused = unused.contains(&input.name.as_str());
        input.source == InputSource::Schema && input.required && is_unused
    });
    // Of one name on either side, each stands for the other.
    let only = match (required.next(), required.next(), undeclared.as_slice()) {
        (Some(input), None, [_]) => Some(input.name.as_str()),
        _ => None,
    };
    let mut found = Vec::new();
    for one in undeclared {
        let near = closest(&one.name, &unused);
        let suggestion = near.or(only);
        if suggestion.is_none() && !inputs.has_schema {
            continue;
        }
        let severity = if suggestion.is_some() && (near.is_some() || inputs.is_closed) {
            Severity::Warning
        } else {
            Severity::Information
        };
        let place = match context.file.format {
            PromptFormat::Dotprompt if inputs.has_schema => "`input.schema` does not declare it",
            PromptFormat::Prompty if inputs.has_schema => "`inputs` does not declare it",
            _ => "the file gives it no value",
        };
        let remedy = match context.file.language.engine {
            TemplateLanguage::Handlebars => {
                " Declare it, correct the name, or list it under `hoplens.helpers` if it is a \
                 helper of the application."
            }
            _ => " Declare it, or correct the name.",
        };
        let message = format!(
            "The template uses the variable `{}`, but {place}.{}{remedy}",
            one.name,
            did_you_mean(suggestion)
        );
        found.push(
            LintFinding::new(Code::UndeclaredVariable, one.range.clone(), message)
                .about(&one.name)
                .with_severity(severity)
                .with_replacement(suggestion),
        );
    }
    found
}

/// Returns declared names that the template does not use, each once; none if it may use all.
fn unused_names<'a>(context: &'a LintContext<'_>) -> Vec<&'a str> {
    let mut names: Vec<&str> = Vec::new();
    for input in &context.inputs.list {
        let name = input.name.as_str();
        if !context.uses(name) && !names.contains(&name) && !context.is_in_case_text(name) {
            names.push(name);
        }
        if names.len() == MANY {
            break;
        }
    }
    names
}

/// Returns a finding for each input that no template uses, where it is declared.
pub(crate) fn unused(context: &LintContext<'_>) -> Vec<LintFinding> {
    // The reader of GitHub's format reports its rows, and promptfoo has other uses for variables.
    if matches!(
        context.file.format,
        PromptFormat::Github | PromptFormat::Promptfoo
    ) {
        return Vec::new();
    }
    let mut reported: Vec<&DeclaredInput> = Vec::new();
    for name in unused_names(context) {
        let mut own = context
            .inputs
            .list
            .iter()
            .filter(|input| input.name == name);
        reported.extend(own.next());
    }
    reported
        .into_iter()
        .map(|input| {
            let what = match input.source {
                InputSource::Schema => "declares the input",
                InputSource::Default => "gives a value to",
                InputSource::Case => "gives, in a case, a value to",
            };
            let message = format!(
                "The file {what} `{}`, which its template does not use. Use it, or remove it.",
                input.name
            );
            let finding = LintFinding::new(Code::UnusedVariable, input.range.clone(), message)
                .about(&input.name)
                .in_file(input.origin);
            match removal_of(context, input) {
                Some(edit) => finding.with_fix(format!("Remove `{}`", input.name), edit, false),
                None => finding,
            }
        })
        .collect()
}

/// Returns the edit that removes an input where it is declared.
fn removal_of(context: &LintContext<'_>, input: &DeclaredInput) -> Option<TextEdit> {
    let root = root(context.file, context.text, input.origin)?;
    let text = context.text_of(input.origin);
    removal(text, &root, &input.path)
}

/// Returns a finding for each tag that looks like a declared variable and calls a helper.
pub(crate) fn shadowed(context: &LintContext<'_>) -> Vec<LintFinding> {
    let mut reported = BTreeSet::new();
    let calls = context
        .uses
        .calls
        .iter()
        .filter(|call| call.may_be_variable);
    calls
        .filter(|call| context.inputs.contains(&call.name) && reported.insert(&call.name))
        .map(|call| {
            let name = &call.name;
            let message = format!(
                "`{name}` is a helper, so `{{{{{name}}}}}` calls it and never writes the variable \
                 `{name}`. Write `{{{{this.{name}}}}}`, or give the variable another name."
            );
            let edit = TextEdit {
                range: call.range.clone(),
                new_text: format!("this.{name}"),
            };
            LintFinding::new(Code::ShadowedVariable, call.range.clone(), message).with_fix(
                format!("Write `this.{name}`"),
                edit,
                true,
            )
        })
        .collect()
}
