//! Completion in the tags of a template.

use std::ops::Range;

use crate::completion::item::{Completion, CompletionKind};
use crate::snapshot::Snapshot;
use crate::template_hover::has_loop_names;
use hoplens_prompt::declaration_sites::DeclarationSite;
use hoplens_prompt::{
    CallDoc, InputFacts, Origin, PromptFormat, SymbolSite, TemplateCallKind, TemplateCursor,
    TemplateExpectation, TemplateSymbol, TemplateSyntax, call_docs, context_doc, input_facts,
    known_inputs, prompt_at, statement_docs, symbol_sites, template_cursor,
};

/// Most variables that are described; each takes a look at the declarations.
const MAX_DESCRIBED: usize = 50;
/// The roles of dotprompt.
const ROLES: [&str; 4] = ["user", "system", "model", "tool"];
/// The names that a loop of Handlebars defines.
const LOOP_NAMES: [&str; 6] = ["this", "@index", "@first", "@last", "@key", "@root"];

/// Returns the completions at byte `offset` of the prompt file if it is in a tag of its template;
/// `None` elsewhere. `partials` are the names of the partials that exist.
pub fn complete_template(
    snapshot: &Snapshot,
    offset: usize,
    partials: &[String],
) -> Option<Vec<Completion>> {
    let (file, text) = (&snapshot.file, &snapshot.text);
    let cursor = template_cursor(file, text, offset)?;
    let list = List {
        snapshot,
        range: &cursor.range,
        found: Vec::new(),
    };
    Some(list.of(&cursor, partials))
}

/// Returns whether a partial is expected at byte `offset` of the prompt file.
pub fn expects_partial(snapshot: &Snapshot, offset: usize) -> bool {
    let cursor = template_cursor(&snapshot.file, &snapshot.text, offset);
    cursor.is_some_and(|cursor| cursor.expects == TemplateExpectation::Partial)
}

/// Returns the completions of a variable in a text of the declarations, as in
/// `expect: "{{capital}}"`; `None` if byte `offset` is not behind `{{`. `text` is the document, with
/// its declarations in `sites`.
pub fn complete_placeholder(
    snapshot: &Snapshot,
    text: &str,
    sites: &[DeclarationSite],
    origin: Origin,
    offset: usize,
) -> Option<Vec<Completion>> {
    let holds = |site: &DeclarationSite| site.window.start <= offset && offset <= site.window.end;
    if !sites.iter().any(holds) {
        return None;
    }
    let before = text.get(..offset)?;
    let line = before.rfind(['\n', '\r']).map_or(0, |at| at + 1);
    let open = line + before.get(line..)?.rfind("{{")? + 2;
    let inside = before.get(open..)?;
    let is_word = |char: char| char.is_alphanumeric() || "_-".contains(char);
    if !inside.trim_start().chars().all(is_word) {
        return None;
    }
    let start = open + inside.len() - inside.trim_start().len();
    let rest = text.get(offset..)?;
    let end = offset + rest.find(|char| !is_word(char)).unwrap_or(rest.len());
    let range = start..end;
    let prompt = prompt_at(&snapshot.file, origin, offset);
    let mut list = List {
        snapshot,
        range: &range,
        found: Vec::new(),
    };
    list.inputs(prompt);
    // While YAML is being typed, its values may be unknown; its other tags are not.
    for name in placeholders(text, &range) {
        list.add(name, CompletionKind::Variable, None, None);
    }
    Some(list.found)
}

/// Returns the names in `{{name}}` in a text, outside of some bytes.
fn placeholders<'a>(text: &'a str, typed: &Range<usize>) -> Vec<&'a str> {
    let mut found = Vec::new();
    for (at, _) in text.match_indices("{{") {
        let inside = text.get(at + 2..).unwrap_or_default();
        let Some((name, _)) = inside.split_once("}}") else {
            break;
        };
        let name = name.trim();
        let is_name = |char: char| char.is_alphanumeric() || "_-".contains(char);
        let is_typed = (at..at + 2 + inside.len()).contains(&typed.start)
            && text
                .get(at + 2..typed.start)
                .is_some_and(|between| between.trim().is_empty());
        if !name.is_empty() && name.chars().all(is_name) && !is_typed {
            found.push(name);
        }
    }
    found
}

struct List<'a> {
    snapshot: &'a Snapshot,
    range: &'a Range<usize>,
    found: Vec<Completion>,
}

impl List<'_> {
    fn of(mut self, cursor: &TemplateCursor, partials: &[String]) -> Vec<Completion> {
        let syntax = cursor.syntax;
        match cursor.expects {
            TemplateExpectation::Expression => {
                self.variables(cursor);
                self.calls(&call_docs(syntax, TemplateCallKind::Helper), Some(false));
                self.registered_helpers(syntax);
            }
            TemplateExpectation::Argument => self.variables(cursor),
            TemplateExpectation::Subexpression => {
                self.calls(&call_docs(syntax, TemplateCallKind::Helper), Some(false));
                self.registered_helpers(syntax);
            }
            TemplateExpectation::Block => {
                self.calls(&call_docs(syntax, TemplateCallKind::Helper), Some(true));
                self.registered_helpers(syntax);
                self.variables(cursor);
            }
            TemplateExpectation::Close => self.closes(cursor),
            TemplateExpectation::Partial => self.partials(cursor, partials),
            TemplateExpectation::Role => {
                for role in ROLES {
                    self.add(role, CompletionKind::Word, None, None);
                }
            }
            TemplateExpectation::Statement => {
                self.closes(cursor);
                self.calls(statement_docs(syntax), None);
            }
            TemplateExpectation::Filter => {
                self.calls(&call_docs(syntax, TemplateCallKind::Filter), None);
            }
            TemplateExpectation::Test => {
                self.calls(&call_docs(syntax, TemplateCallKind::Test), None);
            }
        }
        self.found
    }

    fn add(
        &mut self,
        label: &str,
        kind: CompletionKind,
        detail: Option<String>,
        doc: Option<String>,
    ) {
        if self.found.iter().any(|one| one.label == label) {
            return;
        }
        self.found.push(Completion {
            label: label.to_owned(),
            kind,
            detail,
            doc,
            range: self.range.clone(),
            new_text: label.to_owned(),
            is_snippet: false,
            filter: label.to_owned(),
        });
    }

    fn variables(&mut self, cursor: &TemplateCursor) {
        for local in &cursor.locals {
            let detail = Some("defined in the template".to_owned());
            self.add(local, CompletionKind::Variable, detail, None);
        }
        if cursor.has_own_context && has_loop_names(cursor.syntax) {
            for name in LOOP_NAMES {
                let doc = context_doc(cursor.syntax, name).map(str::to_owned);
                self.add(name, CompletionKind::Variable, None, doc);
            }
        }
        self.inputs(cursor.prompt);
    }

    /// Adds the variables of a prompt, except the one that is being typed.
    fn inputs(&mut self, prompt: usize) {
        let (file, text) = (&self.snapshot.file, &self.snapshot.text);
        let sites = symbol_sites(file, text);
        let is_elsewhere = |name: &str| {
            let same = |site: &&SymbolSite| matches!(&site.symbol, TemplateSymbol::Input(own) if own == name);
            sites
                .iter()
                .filter(same)
                .any(|site| site.range != *self.range)
        };
        let is_typed =
            |name: &str| text.get(self.range.clone()) == Some(name) && !is_elsewhere(name);
        let names = known_inputs(file, text, prompt);
        let names: Vec<String> = names.into_iter().filter(|name| !is_typed(name)).collect();
        let syntax_prefix = if self.is_semantic_kernel() { "$" } else { "" };
        for (at, name) in names.iter().enumerate() {
            let facts = if at < MAX_DESCRIBED {
                input_facts(file, text, prompt, name)
            } else {
                InputFacts::default()
            };
            let label = format!("{syntax_prefix}{name}");
            self.add(
                &label,
                CompletionKind::Variable,
                facts.type_words,
                facts.description,
            );
        }
    }

    fn is_semantic_kernel(&self) -> bool {
        let syntax = hoplens_prompt::prompt_syntax(&self.snapshot.file, 0);
        syntax == TemplateSyntax::SemanticKernel
    }

    /// Adds helpers; `blocks` restricts them to those that begin a block, or do not.
    fn calls(&mut self, docs: &[CallDoc], blocks: Option<bool>) {
        let wanted = docs
            .iter()
            .filter(|one| blocks.is_none_or(|block| one.is_block == block));
        for one in wanted {
            let detail = Some(one.usage.to_owned());
            self.add(
                one.name,
                CompletionKind::Function,
                detail,
                Some(one.doc.to_owned()),
            );
        }
    }

    fn registered_helpers(&mut self, syntax: TemplateSyntax) {
        if syntax != TemplateSyntax::Handlebars {
            return;
        }
        for name in &self.snapshot.file.registered.helpers {
            let detail = Some("registered by the application".to_owned());
            self.add(name, CompletionKind::Function, detail, None);
        }
    }

    fn closes(&mut self, cursor: &TemplateCursor) {
        if let Some(block) = cursor.open_blocks.first() {
            let detail = Some("closes the open block".to_owned());
            self.add(block, CompletionKind::Function, detail, None);
        }
    }

    fn partials(&mut self, cursor: &TemplateCursor, partials: &[String]) {
        let file = &self.snapshot.file;
        let is_handlebars = cursor.syntax == TemplateSyntax::Handlebars;
        if !is_handlebars || file.format == PromptFormat::Github {
            return;
        }
        let own = file.fences.get(cursor.prompt).unwrap_or(file);
        for name in partials.iter().chain(own.partials.keys()) {
            let detail = Some(crate::template_hover::partial_path(name));
            self.add(name, CompletionKind::Partial, detail, None);
        }
        for name in &own.registered.partials {
            let detail = Some("registered by the application".to_owned());
            self.add(name, CompletionKind::Partial, detail, None);
        }
    }
}

#[cfg(test)]
mod tests;
