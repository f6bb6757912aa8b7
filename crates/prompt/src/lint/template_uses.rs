//! Finds the names that a template uses.

use crate::file::prompt_file::PromptFile;
use crate::format::prompt_format::PromptFormat;
use crate::format::prompt_md;
use crate::lint::uses::{TemplateUses, VariableUse};
use crate::lint::{handlebars_uses, jinja_uses};
use crate::template::language::TemplateLanguage;
use crate::template::mustache::lexer::{MustacheTokenKind, tokens};
use crate::template::template_tags::template_tags;

/// Returns what the template of a prompt with a single body uses. `text` is the text that `file`
/// was parsed from.
pub(crate) fn template_uses(file: &PromptFile, text: &str) -> TemplateUses {
    if !file.turns.is_empty() {
        let mut uses = TemplateUses::default();
        for tag in template_tags(file, text) {
            let name = tag.variable.filter(|_| tag.range.len() > 4);
            let Some(name) = name else { continue };
            let inside = text.get(tag.range.clone()).unwrap_or_default();
            let start = tag.range.start + inside.find(&name).unwrap_or_default();
            uses.variables.push(VariableUse {
                range: start..start + name.len(),
                name,
                is_root: true,
                may_be_root: true,
            });
        }
        return uses;
    }
    let body = text.get(file.body.clone()).unwrap_or_default();
    let uses = match file.language.engine {
        TemplateLanguage::Handlebars if file.format == PromptFormat::Github => TemplateUses {
            // Semantic Kernel has helpers of its own.
            calls: Vec::new(),
            ..handlebars_uses::read(body, &file.registered.helpers)
        },
        TemplateLanguage::Handlebars => handlebars_uses::read(body, &file.registered.helpers),
        TemplateLanguage::Jinja if file.format == PromptFormat::Plain => TemplateUses {
            // Nunjucks has other filters than Jinja, and an application may add some.
            calls: Vec::new(),
            ..jinja_uses::read(body)
        },
        TemplateLanguage::Jinja => jinja_uses::read(body),
        TemplateLanguage::Mustache => mustache_uses(body),
        TemplateLanguage::Inputs => {
            let variables = prompt_md::variables(body).map(|found| {
                let tag = body.get(found.range.clone()).unwrap_or_default();
                let start = found.range.start + tag.find(found.name).unwrap_or_default();
                VariableUse {
                    name: found.name.to_owned(),
                    range: start..start + found.name.len(),
                    is_root: true,
                    may_be_root: true,
                }
            });
            TemplateUses {
                variables: variables.collect(),
                ..TemplateUses::default()
            }
        }
        TemplateLanguage::Plain
            if file.format == PromptFormat::Plain && file.promptfoo.is_some() =>
        {
            TemplateUses {
                // Nunjucks has other filters than Jinja, and an application may add some.
                calls: Vec::new(),
                ..jinja_uses::read(body)
            }
        }
        TemplateLanguage::SemanticKernel | TemplateLanguage::Plain => TemplateUses::default(),
    };
    uses.moved(file.body.start)
}

/// Returns the variables of a Mustache template.
pub(crate) fn mustache_uses(body: &str) -> TemplateUses {
    let mut uses = TemplateUses::default();
    let mut sections: Vec<bool> = Vec::new();
    for token in tokens(body).unwrap_or_default() {
        match token.kind {
            MustacheTokenKind::Text => continue,
            MustacheTokenKind::End => {
                sections.pop();
                let name = token.key.split('.').next().unwrap_or_default();
                let tag = body.get(token.range.clone()).unwrap_or_default();
                if let Some(at) = tag.find(token.key).filter(|_| !name.is_empty()) {
                    let start = token.range.start + at;
                    uses.closing.push(VariableUse {
                        name: name.to_owned(),
                        range: start..start + name.len(),
                        is_root: !sections.contains(&true),
                        may_be_root: true,
                    });
                }
                continue;
            }
            // The text of such a partial is unknown.
            MustacheTokenKind::Partial => {
                uses.uses_all = true;
                continue;
            }
            _ => {}
        }
        let name = token.key.split('.').next().unwrap_or_default();
        if name.is_empty() {
            uses.uses_all |= sections.is_empty();
        } else {
            let tag = body.get(token.range.clone()).unwrap_or_default();
            let start = token.range.start + tag.find(token.key).unwrap_or_default();
            uses.variables.push(VariableUse {
                name: name.to_owned(),
                range: start..start + name.len(),
                is_root: !sections.contains(&true),
                may_be_root: true,
            });
        }
        match token.kind {
            MustacheTokenKind::Section => sections.push(true),
            MustacheTokenKind::Inverted => sections.push(false),
            _ => {}
        }
    }
    uses
}
