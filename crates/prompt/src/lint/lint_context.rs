//! What the rules of the lint look at.

use std::collections::BTreeSet;

use crate::declarations::case::Case;
use crate::declarations::spanned::Origin;
use crate::file::prompt_file::PromptFile;
use crate::format::prompt_format::PromptFormat;
use crate::lint::handlebars_uses;
use crate::lint::inputs::{DeclaredInputs, declared_inputs};
use crate::lint::template_uses::template_uses;
use crate::lint::uses::TemplateUses;
use crate::template::jinja::render::compiles;
use crate::template::language::TemplateLanguage;

/// A prompt, what it declares and what its template uses.
pub(crate) struct LintContext<'a> {
    /// A file with a single prompt, or a fence of a Markdown file.
    pub file: &'a PromptFile,
    /// The text of the whole file.
    pub text: &'a str,
    /// The sidecar of the whole file.
    pub sidecar: &'a str,
    pub inputs: DeclaredInputs,
    pub uses: TemplateUses,
    /// What each partial that the prompt reaches uses, by name.
    pub partials: Vec<(String, TemplateUses)>,
    /// The names that a default or a case of the prompt gives a value.
    given: BTreeSet<String>,
}

impl<'a> LintContext<'a> {
    /// Reads a prompt; `cases` are its cases.
    pub fn new(
        file: &'a PromptFile,
        text: &'a str,
        sidecar: &'a str,
        cases: &mut dyn Iterator<Item = &Case>,
    ) -> Self {
        let mut given: BTreeSet<String> = file.defaults.keys().cloned().collect();
        given.extend(cases.flat_map(|case| case.input.keys().cloned()));
        let uses = template_uses(file, text);
        let partials = if file.format == PromptFormat::Dotprompt {
            reached(file, &uses)
        } else {
            Vec::new()
        };
        Self {
            file,
            text,
            sidecar,
            inputs: declared_inputs(file, text),
            uses,
            partials,
            given,
        }
    }

    /// Whether the file declares the variable or gives it a value.
    pub fn is_given(&self, name: &str) -> bool {
        self.given.contains(name) || self.inputs.contains(name)
    }

    /// Whether the template or one of its partials may use the variable.
    pub fn uses(&self, name: &str) -> bool {
        let all = || std::iter::once(&self.uses).chain(self.partials.iter().map(|(_, uses)| uses));
        all().any(|uses| {
            uses.uses_all
                || uses.variables.iter().any(|one| one.name == name)
                || uses.partials.iter().any(|one| self.is_unknown(&one.value))
        })
    }

    /// Whether the text of a case, such as an expected answer, takes a variable from a matrix.
    pub fn is_in_case_text(&self, name: &str) -> bool {
        let tag = format!("{{{{{name}}}}}");
        let yaml = self
            .file
            .front_matter
            .clone()
            .and_then(|range| self.text.get(range));
        yaml.is_some_and(|yaml| yaml.contains(&tag)) || self.sidecar.contains(&tag)
    }

    /// Whether the application writes a part of the prompt when it runs.
    pub fn is_filled_later(&self) -> bool {
        let mut variables = self.uses.variables.iter();
        let registered = &self.file.registered;
        variables.any(|one| one.is_root && !self.given.contains(&one.name))
            || self
                .uses
                .calls
                .iter()
                .any(|call| registered.helpers.contains(&call.name) || call.name == "history")
            || self
                .uses
                .partials
                .iter()
                .any(|one| registered.partials.contains(&one.value))
    }

    /// Whether a template that cannot be rendered without values may be fine with them.
    pub fn may_render_later(&self) -> bool {
        let body = self.text.get(self.file.body.clone());
        self.file.language.engine == TemplateLanguage::Jinja
            && self.is_filled_later()
            && compiles(body.unwrap_or_default())
    }

    /// Whether the text of a partial is not known.
    fn is_unknown(&self, partial: &str) -> bool {
        !self.file.partials.contains_key(partial) && !self.uses.own_partials.contains(partial)
    }

    /// Returns the text of one of the two files.
    pub fn text_of(&self, origin: Origin) -> &'a str {
        match origin {
            Origin::FrontMatter => self.text,
            Origin::Sidecar => self.sidecar,
        }
    }
}

/// Returns what the partials use that a template reaches, each once.
fn reached(file: &PromptFile, uses: &TemplateUses) -> Vec<(String, TemplateUses)> {
    let mut found: Vec<(String, TemplateUses)> = Vec::new();
    let mut pending: Vec<String> = uses.partials.iter().map(|one| one.value.clone()).collect();
    while let Some(name) = pending.pop() {
        let Some(text) = file.partials.get(&name) else {
            continue;
        };
        if found.iter().any(|(known, _)| *known == name) {
            continue;
        }
        let uses = handlebars_uses::read(text, &file.registered.helpers);
        pending.extend(uses.partials.iter().map(|one| one.value.clone()));
        found.push((name, uses));
    }
    found
}
