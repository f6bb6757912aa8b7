//! Hovers over the names of a template: variables, partials, helpers.

use std::ops::Range;

use serde_json::Value;

use crate::declaration_hover::TextHover;
use crate::markdown::code_span;
use crate::snapshot::Snapshot;
use hoplens_analysis::case_id;
use hoplens_prompt::{
    CallDoc, InputFacts, Origin, PromptFormat, SymbolSite, TemplateExpectation, TemplateSymbol,
    TemplateSyntax, call_docs, context_doc, input_facts, prompt_syntax, statement_docs, symbol_at,
    symbol_sites, template_cursor,
};

/// Most cases whose values are shown.
const MAX_CASES: usize = 5;
/// Most characters of a value.
const MAX_VALUE: usize = 80;
/// Most lines of a partial.
const MAX_LINES: usize = 8;

/// Returns the hover over the name at byte `offset` of a prompt file or its sidecar.
pub fn template_hover(snapshot: &Snapshot, origin: Origin, offset: usize) -> Option<TextHover> {
    let (file, text) = (&snapshot.file, &snapshot.text);
    let sites = symbol_sites(file, text);
    if let Some(site) = symbol_at(&sites, origin, offset) {
        let text = describe(snapshot, &sites, site)?;
        return Some(hover(text, site.range.clone()));
    }
    if origin == Origin::Sidecar {
        return None;
    }
    let cursor = template_cursor(file, text, offset)?;
    let word = text.get(cursor.range.clone())?;
    let docs = match cursor.expects {
        TemplateExpectation::Statement => statement_docs(cursor.syntax),
        _ => &[],
    };
    let opening = word.strip_prefix("end").unwrap_or(word);
    let found = docs.iter().find(|one| one.name == opening)?;
    Some(hover(call_text(found), cursor.range))
}

fn hover(text: String, range: Range<usize>) -> TextHover {
    TextHover {
        text,
        range,
        injection: None,
    }
}

fn describe(snapshot: &Snapshot, sites: &[SymbolSite], site: &SymbolSite) -> Option<String> {
    let (file, text) = (&snapshot.file, &snapshot.text);
    let syntax = prompt_syntax(file, site.prompt);
    let name = site.symbol.name();
    Some(match &site.symbol {
        TemplateSymbol::Input(name) => {
            let facts = input_facts(file, text, site.prompt, name);
            input_text(snapshot, name, &facts)
        }
        TemplateSymbol::Local { definition, .. } => {
            let before = text.get(..definition.start)?;
            let line = before.matches('\n').count() + 1;
            let same = |one: &&SymbolSite| one.symbol == site.symbol;
            let uses = sites.iter().filter(same).count().saturating_sub(1);
            let plural = if uses == 1 { "use" } else { "uses" };
            format!(
                "**{}**: a name that the template defines in line {line} ({uses} {plural}).",
                code_span(name)
            )
        }
        TemplateSymbol::Field(_) => format!(
            "**{}**: a field of the value that the block around it is about.",
            code_span(name)
        ),
        TemplateSymbol::Call(kind, _) => {
            let docs = call_docs(syntax, *kind);
            match docs.iter().find(|one| one.name == name) {
                Some(found) => call_text(found),
                None if file.registered.helpers.contains(name) => format!(
                    "**{}**: a helper that the application registers in its code. What it writes is \
                     unknown to hoplens.",
                    code_span(name)
                ),
                None => return None,
            }
        }
        TemplateSymbol::Partial(_) => partial_text(snapshot, site.prompt, name),
        TemplateSymbol::Context(_) => {
            let doc = context_doc(syntax, name)?;
            format!("**{}**\n\n{doc}", code_span(name))
        }
    })
}

fn call_text(found: &CallDoc) -> String {
    format!(
        "**{}**\n\n{}\n\n{}",
        code_span(found.name),
        found.doc,
        code_span(found.usage)
    )
}

fn input_text(snapshot: &Snapshot, name: &str, facts: &InputFacts) -> String {
    let mut first = format!("**{}**: ", code_span(name));
    first.push_str(facts.type_words.as_deref().unwrap_or("a variable"));
    if facts.is_required {
        first.push_str(", required");
    }
    let mut parts = vec![first];
    parts.extend(facts.description.clone());
    let mut values = Vec::new();
    if let Some(value) = &facts.default {
        values.push(format!("{}: {}", default_word(snapshot), shown(value)));
    }
    let cases = facts
        .cases
        .iter()
        .filter(|(_, value)| value.is_some() || facts.default.is_none());
    let (with, rest): (Vec<_>, Vec<_>) = cases.enumerate().partition(|(at, _)| *at < MAX_CASES);
    for (_, (at, value)) in with {
        let id = code_span(&case_id(&snapshot.file, Some(*at)));
        values.push(match value {
            Some(value) => format!("Case {id}: {}", shown(value)),
            None => format!("Case {id}: no value"),
        });
    }
    if !rest.is_empty() {
        values.push(format!("and {} more cases", rest.len()));
    }
    if values.is_empty() {
        let place = match snapshot.file.format {
            PromptFormat::Dotprompt | PromptFormat::Markdown => "`input.default` or in a case",
            PromptFormat::Prompty => "`sample`, in `inputs` or in a case",
            PromptFormat::Github => "`testData` or in a case of the sidecar",
            _ => "a case",
        };
        values.push(format!(
            "No value: the application gives it when it runs the prompt. For a trial, give it one in \
             {place}."
        ));
    }
    parts.push(values.join("  \n"));
    parts.join("\n\n")
}

/// Returns what the format calls a value for all cases.
fn default_word(snapshot: &Snapshot) -> &'static str {
    match snapshot.file.format {
        PromptFormat::Prompty => "Default or sample",
        _ => "Default",
    }
}

/// Returns a value on one line.
fn shown(value: &Value) -> String {
    let text = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let line: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.is_empty() {
        return "an empty text".to_owned();
    }
    match line.char_indices().nth(MAX_VALUE) {
        Some((end, _)) => format!("{}…", code_span(line.get(..end).unwrap_or_default())),
        None => code_span(&line),
    }
}

/// Returns the file of a partial and its first lines.
fn partial_text(snapshot: &Snapshot, prompt: usize, name: &str) -> String {
    let file = &snapshot.file;
    let own = file.fences.get(prompt).unwrap_or(file);
    let title = code_span(name);
    if let Some(text) = own.partials.get(name).or_else(|| file.partials.get(name)) {
        let lines: Vec<&str> = text.lines().take(MAX_LINES).collect();
        let more = if text.lines().count() > MAX_LINES {
            "\n…"
        } else {
            ""
        };
        let lines = lines.join("\n");
        // A fence that is longer than any in the text.
        let longest = lines
            .split(|char| char != '`')
            .map(str::len)
            .max()
            .unwrap_or(0);
        let fence = "`".repeat(longest.max(2) + 1);
        let path = partial_path(name);
        return format!(
            "**{title}**: the partial {}\n\n{fence}text\n{lines}{more}\n{fence}",
            code_span(&path)
        );
    }
    if own.registered.partials.contains(name) {
        return format!(
            "**{title}**: a partial that the application registers in its code. Its text is unknown \
             to hoplens."
        );
    }
    format!(
        "**{title}**: a partial without a file. It would be {} in the prompt's folder or one above.",
        code_span(&partial_path(name))
    )
}

/// Returns the name of a partial's file.
pub(crate) fn partial_path(name: &str) -> String {
    match name.rsplit_once('/') {
        Some((folder, name)) => format!("{folder}/_{name}.prompt"),
        None => format!("_{name}.prompt"),
    }
}

/// Whether names in a syntax are looked up in values of a loop, whose own names exist.
pub(crate) fn has_loop_names(syntax: TemplateSyntax) -> bool {
    syntax == TemplateSyntax::Handlebars
}

#[cfg(test)]
mod tests;
