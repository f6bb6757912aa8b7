//! The templates of a prompt file.

use std::ops::Range;

use crate::declarations::spanned::Origin;
use crate::file::prompt_file::PromptFile;
use crate::format::prompt_format::PromptFormat;
use crate::lint::handlebars_uses;
use crate::lint::template_uses::{mustache_uses, template_uses};
use crate::lint::uses::{TemplateUses, VariableUse};
use crate::render::source_map::MappedText;
use crate::symbols::jinja_scopes;
use crate::symbols::template_symbol::TemplateSyntax;
use crate::template::jinja;
use crate::template::language::TemplateLanguage;
use crate::template::mustache;

/// A template of a prompt: its body, or one of its messages.
#[derive(Debug)]
pub(crate) struct TemplatePart {
    /// The template with its bytes in the file.
    pub text: MappedText,
    pub syntax: TemplateSyntax,
}

/// Returns the prompts of a file: itself, or those in its fences.
pub(crate) fn prompts(file: &PromptFile) -> Vec<&PromptFile> {
    if file.format == PromptFormat::Markdown || !file.fences.is_empty() {
        return file.fences.iter().collect();
    }
    if file.format == PromptFormat::Promptfoo {
        return Vec::new();
    }
    vec![file]
}

/// Returns the language of the template of one of a file's prompts, from 0.
pub fn prompt_syntax(file: &PromptFile, prompt: usize) -> TemplateSyntax {
    let prompts = prompts(file);
    prompts
        .get(prompt)
        .map_or(TemplateSyntax::Plain, |prompt| syntax(prompt))
}

/// Returns the number of the prompt that a byte of the declarations belongs to, from 0.
pub fn prompt_at(file: &PromptFile, origin: Origin, offset: usize) -> usize {
    let holds = |range: &Range<usize>| range.start <= offset && offset <= range.end;
    let mut cases = file.cases.iter();
    let case = cases.find(|case| case.origin == origin && holds(&case.range));
    let of_fence = || {
        let mut fences = file.fences.iter();
        fences.position(|fence| fence.front_matter.as_ref().is_some_and(holds))
    };
    case.and_then(|case| case.fence)
        .or_else(of_fence)
        .unwrap_or(0)
}

/// Returns the syntax of a prompt's template.
pub(crate) fn syntax(prompt: &PromptFile) -> TemplateSyntax {
    if prompt.promptfoo.is_some() && prompt.format == PromptFormat::Plain {
        return TemplateSyntax::Nunjucks;
    }
    if !prompt.turns.is_empty() {
        return TemplateSyntax::Placeholders;
    }
    match prompt.language.engine {
        TemplateLanguage::Handlebars => TemplateSyntax::Handlebars,
        TemplateLanguage::Jinja => TemplateSyntax::Jinja,
        TemplateLanguage::Mustache => TemplateSyntax::Mustache,
        TemplateLanguage::SemanticKernel => TemplateSyntax::SemanticKernel,
        TemplateLanguage::Inputs => TemplateSyntax::Inputs,
        TemplateLanguage::Plain => TemplateSyntax::Plain,
    }
}

/// Returns the templates of one of the [`prompts`] of a file. `text` is the whole file.
pub(crate) fn parts(prompt: &PromptFile, text: &str) -> Vec<TemplatePart> {
    let syntax = syntax(prompt);
    let part = |text: MappedText| TemplatePart { text, syntax };
    if !prompt.turns.is_empty() {
        let turns = prompt.turns.iter();
        return turns.map(|turn| part(turn.text.clone())).collect();
    }
    if let Some(template) = &prompt.template {
        return vec![part(template.clone())];
    }
    let body = text.get(prompt.body.clone()).unwrap_or_default();
    vec![part(MappedText::verbatim(body, prompt.body.clone()))]
}

/// Returns the names that a template, or the beginning of one, uses; ranges are bytes of `body`.
pub(crate) fn uses(prompt: &PromptFile, syntax: TemplateSyntax, body: &str) -> TemplateUses {
    match syntax {
        TemplateSyntax::Handlebars => {
            let mut uses = handlebars_uses::read(body, &prompt.registered.helpers);
            if prompt.format == PromptFormat::Github {
                // Semantic Kernel has helpers of its own.
                uses.calls.retain(|call| !call.may_be_variable);
            }
            uses
        }
        TemplateSyntax::Jinja | TemplateSyntax::Nunjucks => jinja_scopes::read(body),
        // A template that is being typed is invalid; Handlebars has the same tags.
        TemplateSyntax::Mustache if mustache::lexer::tokens(body).is_err() => {
            let mut uses = handlebars_uses::read(body, &prompt.registered.helpers);
            for variable in &mut uses.variables {
                variable.may_be_root = true;
            }
            TemplateUses {
                calls: Vec::new(),
                ..uses
            }
        }
        TemplateSyntax::Mustache => mustache_uses(body),
        TemplateSyntax::Placeholders => placeholders(body),
        TemplateSyntax::SemanticKernel => semantic_kernel(body),
        TemplateSyntax::Inputs => {
            let whole = PromptFile {
                body: 0..body.len(),
                ..prompt.clone()
            };
            template_uses(&whole, body)
        }
        TemplateSyntax::Plain => TemplateUses::default(),
    }
}

/// Returns the variables of `{{name}}`, which GitHub Models accepts only without spaces.
fn placeholders(body: &str) -> TemplateUses {
    let mut uses = TemplateUses::default();
    let mut at = 0;
    while let Some(found) = body.get(at..).and_then(|rest| rest.find("{{")) {
        let start = at + found + 2;
        let Some(length) = body.get(start..).and_then(|rest| rest.find("}}")) else {
            break;
        };
        at = start;
        let is_name = |char: char| char.is_alphanumeric() || "_-.".contains(char);
        let name = body.get(start..start + length).unwrap_or_default();
        if !name.is_empty() && name.chars().all(is_name) {
            uses.variables
                .push(VariableUse::root(name, start..start + length));
            at = start + length + 2;
        }
    }
    uses
}

/// Returns the variables of `{{$name}}`.
fn semantic_kernel(body: &str) -> TemplateUses {
    let mut uses = TemplateUses::default();
    for token in jinja::lexer::tokens(body) {
        if token.kind != jinja::lexer::JinjaTokenKind::Expression {
            continue;
        }
        let inside = body.get(token.inside.clone()).unwrap_or_default();
        for (at, _) in inside.match_indices('$') {
            let rest = inside.get(at + 1..).unwrap_or_default();
            let is_name = |char: char| char.is_alphanumeric() || char == '_';
            let length = rest.find(|char| !is_name(char)).unwrap_or(rest.len());
            let start = token.inside.start + at + 1;
            let name = rest.get(..length).unwrap_or_default();
            if !name.is_empty() {
                uses.variables
                    .push(VariableUse::root(name, start..start + length));
            }
        }
    }
    uses
}

/// Returns the bytes in the file of a name in a part; `None` if the file has it in another spelling.
pub(crate) fn in_file(
    part: &TemplatePart,
    text: &str,
    range: &Range<usize>,
    name: &str,
) -> Option<Range<usize>> {
    let source = part.text.to_source(range.clone())?;
    (text.get(source.clone()) == Some(name)).then_some(source)
}
