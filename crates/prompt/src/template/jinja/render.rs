//! Renders with the Jinja library, which reports the source of each part of its output.
//!
//! A variable without a value writes a mark, so that its tag is known. The output without the marks
//! must equal the output of a run without them.

use std::collections::HashSet;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, Error, ErrorKind, OutputSpanKind, UndefinedBehavior};
use serde_json::{Map, Value};

use crate::template::failure::Failure;
use crate::template::handlebars::blocks::short;
use crate::template::handlebars::render::unused_char;
use crate::template::jinja::lexer::{JinjaToken, JinjaTokenKind, tokens, word};
use crate::template::limited::Limited;
use crate::template::output::{OutputSpan, TemplateOutput};
use crate::template::python;

/// Maximum work of a template, in the library's fuel, while a user waits.
const FUEL: u64 = 5_000_000;
/// Blocks nested deeper than this are rejected before the recursive parser sees them.
const MAX_NESTING: usize = 48;
/// Maximum number of words and signs in one tag.
const MAX_PARTS: usize = 200;
const NAME: &str = "prompt";

/// The library whose behaviour is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Dialect {
    /// Python's Jinja2.
    Jinja2,
    /// JavaScript's Nunjucks.
    Nunjucks,
}

/// Renders a Jinja template with `data` as Python's Jinja2 does.
pub(crate) fn render(template: &str, data: &Map<String, Value>) -> Result<TemplateOutput, Failure> {
    render_as(Dialect::Jinja2, template, data)
}

/// Renders a Nunjucks template with `data`: nothing is written for a value that is missing, at any
/// depth.
pub(crate) fn render_nunjucks(
    template: &str,
    data: &Map<String, Value>,
) -> Result<TemplateOutput, Failure> {
    render_as(Dialect::Nunjucks, template, data)
}

fn render_as(
    dialect: Dialect,
    template: &str,
    data: &Map<String, Value>,
) -> Result<TemplateOutput, Failure> {
    let tokens = tokens(template);
    if let Some(range) = too_deep(template, &tokens) {
        let tag = short(template.get(range.clone()).unwrap_or_default());
        let message = format!("`{tag}` is nested too deeply. Write fewer blocks in blocks.");
        return Err(Failure::new(message, range));
    }
    if let Some(failure) = unbalanced(template, &tokens) {
        return Err(failure);
    }
    let run = catch_unwind(AssertUnwindSafe(|| run(dialect, template, data, &tokens)));
    run.unwrap_or_else(|_| {
        let message = "the Jinja library failed on it.".to_owned();
        let range = 0..template.len();
        Err(Failure::new(message, range))
    })
}

fn run(
    dialect: Dialect,
    template: &str,
    data: &Map<String, Value>,
    tokens: &[JinjaToken],
) -> Result<TemplateOutput, Failure> {
    let fail = |error| failure(template, tokens, &error);
    let plain = environment(dialect, None);
    let compiled = plain
        .template_from_named_str(NAME, template)
        .map_err(fail)?;
    let free = compiled.undeclared_variables(false);
    // The first run writes into a buffer of limited size.
    let mut out = Limited::default();
    compiled
        .render_captured_to(Serde(data), &mut out)
        .map_err(fail)?;
    let text = out.into_text();
    let marker = unused_char(template, data);
    let marking = environment(dialect, Some(marker));
    let marked = marking
        .template_from_named_str(NAME, template)
        .and_then(|template| template.render_with_spans(Serde(data)));
    let Ok((output, found)) = marked else {
        return Ok(TemplateOutput::whole(text, template));
    };
    let mut written = TemplateOutput {
        exact: true,
        ..TemplateOutput::default()
    };
    let mut at = 0;
    for span in found {
        let range = span.output_range();
        let part = output.get(range.clone()).unwrap_or_default();
        if range.start != at {
            return Ok(TemplateOutput::whole(text, template));
        }
        at = range.end;
        let code = template.get(span.source_range()).unwrap_or_default();
        let is_text = span.kind() == OutputSpanKind::Raw;
        let source = if is_text {
            span.source_range()
        } else {
            tag_around(tokens, span.source_range())
        };
        if part.contains(marker) && !is_text {
            written.record_missing(code.trim(), &source);
        }
        let variable = (!is_text && free.contains(code)).then(|| code.to_owned());
        let part = part.replace(marker, "");
        if !part.is_empty() {
            written.spans.push(OutputSpan {
                verbatim: is_text && code == part,
                text: part,
                source,
                variable,
            });
        }
    }
    let got = written
        .spans
        .iter()
        .map(|span| span.text.len())
        .sum::<usize>();
    if at != output.len() || got != text.len() || output.replace(marker, "") != text {
        return Ok(TemplateOutput::whole(text, template));
    }
    for (name, tag) in empty_loops(template, tokens, &free, data) {
        written.record_missing(&name, &tag);
    }
    Ok(written)
}

/// Returns the tag that contains an expression.
fn tag_around(tokens: &[JinjaToken], range: Range<usize>) -> Range<usize> {
    let at = tokens.partition_point(|token| token.range.end <= range.start);
    let around = tokens.get(at).map(|token| token.range.clone());
    around
        .filter(|tag| tag.start <= range.start && range.end <= tag.end)
        .unwrap_or(range)
}

/// Returns Jinja2 as Prompty configures it, or Nunjucks as promptfoo does. With `marker`, an undefined value prints that marker.
fn environment(dialect: Dialect, marker: Option<char>) -> Environment<'static> {
    let mut environment = Environment::new();
    // Only changed delimiters could be rejected, and these are the defaults.
    if let Ok(syntax) = SyntaxConfig::builder().keep_trailing_newline(true).build() {
        environment.set_syntax(syntax);
    }
    let is_nunjucks = dialect == Dialect::Nunjucks;
    environment.set_undefined_behavior(if is_nunjucks {
        UndefinedBehavior::Chainable
    } else {
        UndefinedBehavior::Lenient
    });
    if is_nunjucks {
        environment.add_filter("dump", |value: minijinja::Value| -> Result<String, Error> {
            serde_json::to_string(&value).map_err(|error| {
                Error::new(ErrorKind::BadSerialization, "it cannot be written as JSON")
                    .with_source(error)
            })
        });
    }
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    environment.set_unknown_method_callback(minijinja_contrib::pycompat::unknown_method_callback);
    environment.set_fuel(Some(FUEL));
    environment.set_formatter(move |out, state, value| {
        if value.is_undefined() {
            let marker = marker.map(String::from).unwrap_or_default();
            return out.write_str(&marker).map_err(Error::from);
        }
        if value.as_str().is_some() {
            return minijinja::escape_formatter(out, state, value);
        }
        match serde_json::to_value(value) {
            Ok(value) if is_nunjucks => out.write_str(&javascript(&value)).map_err(Error::from),
            Ok(value) => out.write_str(&python::display(&value)).map_err(Error::from),
            Err(_) => minijinja::escape_formatter(out, state, value),
        }
    });
    environment
}

/// Returns a value as JavaScript writes it into a text.
fn javascript(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(javascript).collect();
            items.join(",")
        }
        Value::Object(_) => "[object Object]".to_owned(),
        other => other.to_string(),
    }
}

/// Returns the failure of the first tag that opens, divides or closes a block incorrectly.
fn unbalanced(template: &str, tokens: &[JinjaToken]) -> Option<Failure> {
    let mut open: Vec<(&str, &JinjaToken)> = Vec::new();
    for token in tokens {
        let tag = short(template.get(token.range.clone()).unwrap_or_default());
        let fail = |message| Some(Failure::new(message, token.range.clone()));
        if token.kind == JinjaTokenKind::Open {
            // A `{#` may be meant as text, and the rest of the template may be long.
            let text = template.get(token.range.clone()).unwrap_or_default();
            let line = text.lines().next().unwrap_or_default().trim_end();
            return Some(Failure::new(
                format!(
                    "`{tag}` does not end. Write `}}}}`, `%}}` or `#}}` behind it as it began, or \
                     `{{% endraw %}}` behind a raw text."
                ),
                token.range.start..token.range.start + line.len(),
            ));
        }
        if token.kind != JinjaTokenKind::Statement {
            continue;
        }
        let code = word(template, token);
        let name = code.split(|char: char| !char.is_alphanumeric()).next();
        let name = name.unwrap_or_default();
        if OPENING.contains(&name) || (name == "set" && !code.contains('=')) {
            open.push((name, token));
            continue;
        }
        let Some(closes) = name.strip_prefix("end") else {
            continue;
        };
        if closes == "raw" || !(OPENING.contains(&closes) || closes == "set") {
            continue;
        }
        match open.pop() {
            Some((name, _)) if name == closes => {}
            Some((name, begun)) => {
                let begun = short(template.get(begun.range.clone()).unwrap_or_default());
                return fail(format!(
                    "`{tag}` stands where `{begun}` is to be closed. Write `{{% end{name} %}}`."
                ));
            }
            None => {
                return fail(format!(
                    "`{tag}` closes a block that was not opened. Write `{{% {closes} … %}}` where \
                     it begins, or take the tag out."
                ));
            }
        }
    }
    let (name, token) = open.pop()?;
    let tag = short(template.get(token.range.clone()).unwrap_or_default());
    Some(Failure::new(
        format!("the block `{tag}` is never closed. Write `{{% end{name} %}}` where it ends."),
        token.range.clone(),
    ))
}

fn failure(template: &str, tokens: &[JinjaToken], error: &Error) -> Failure {
    let told = match (error.detail(), std::error::Error::source(error)) {
        (Some(detail), _) => detail.to_owned(),
        (None, Some(source)) => source.to_string(),
        (None, None) => error.kind().to_string(),
    };
    let line = error.line().map(|line| line_range(template, line));
    let range = error
        .range()
        .filter(|range| !range.is_empty() && template.get(range.clone()).is_some())
        .or(line)
        .unwrap_or(0..template.len());
    let tag = tag_around(tokens, range.clone());
    let tag = short(template.get(tag).unwrap_or_default());
    let (told, remedy) = match error.kind() {
        ErrorKind::WriteFailure => (
            "the rendered prompt grows too long".to_owned(),
            "Give its lists fewer items, or shorter texts.",
        ),
        ErrorKind::OutOfFuel => (
            "its loops go round too often".to_owned(),
            "Give its lists fewer items, or loop over fewer of them.",
        ),
        ErrorKind::UnknownFilter
        | ErrorKind::UnknownTest
        | ErrorKind::UnknownFunction
        | ErrorKind::UnknownMethod => (told, "Write one that Jinja2 has, or the value itself."),
        ErrorKind::SyntaxError => (told, "Write the tag as Jinja2 has it."),
        ErrorKind::UndefinedError => (told, "Give the variable a value in the case's `input`."),
        _ => (told, "Change the tag, or the values of its variables."),
    };
    Failure::new(format!("at `{tag}`, {told}. {remedy}"), range)
}

/// Returns the bytes of a line, from 1, without surrounding whitespace.
fn line_range(template: &str, line: usize) -> Range<usize> {
    let before = template.split_inclusive('\n').take(line.saturating_sub(1));
    let start: usize = before.map(str::len).sum();
    let rest = template.get(start..).unwrap_or_default();
    let text = rest.lines().next().unwrap_or_default();
    let start = start + text.len() - text.trim_start().len();
    start..start + text.trim().len()
}

/// Returns the names in `a.b.c`.
fn path(code: &str) -> Option<Vec<&str>> {
    let name = |part: &&str| {
        let word = |char: char| char.is_alphanumeric() || char == '_';
        !part.is_empty() && part.chars().all(word) && !part.starts_with(|c: char| c.is_numeric())
    };
    let parts: Vec<_> = code.split('.').map(str::trim).collect();
    parts.iter().all(name).then_some(parts)
}

/// Returns the loops over variables of the prompt that have no value. `free` contains the names
/// that the template does not bind itself.
fn empty_loops(
    template: &str,
    tokens: &[JinjaToken],
    free: &HashSet<String>,
    data: &Map<String, Value>,
) -> Vec<(String, Range<usize>)> {
    let looped = tokens.iter().filter_map(|token| {
        let code = word(template, token).strip_prefix("for ")?;
        let (_, list) = code.split_once(" in ")?;
        let path = path(list.trim())?;
        let (root, rest) = path.split_first()?;
        let mut value = data.get(*root);
        for part in rest {
            value = value.and_then(|value| value.get(part));
        }
        let absent =
            token.kind == JinjaTokenKind::Statement && free.contains(*root) && value.is_none();
        absent.then(|| (path.join("."), token.range.clone()))
    });
    looped.collect()
}

/// Returns the first tag that nests too deeply for the library's recursive parser.
fn too_deep(template: &str, tokens: &[JinjaToken]) -> Option<Range<usize>> {
    // Every `elif` nests the rest of its chain until the block is closed.
    let mut open: Vec<usize> = Vec::new();
    let mut levels = 0usize;
    for token in tokens {
        if matches!(
            token.kind,
            JinjaTokenKind::Text | JinjaTokenKind::Raw | JinjaTokenKind::Comment
        ) {
            continue;
        }
        let code = word(template, token);
        if token.kind == JinjaTokenKind::Statement {
            let name = code.split(|char: char| !char.is_alphanumeric()).next();
            match name.unwrap_or_default() {
                name if name.starts_with("end") => levels -= open.pop().unwrap_or_default(),
                "elif" => {
                    levels += 1;
                    // An `elif` outside a block is an error that the library reports.
                    match open.last_mut() {
                        Some(levels) => *levels += 1,
                        None => open.push(1),
                    }
                }
                name if OPENING.contains(&name) => {
                    levels += 1;
                    open.push(1);
                }
                _ => {}
            }
        }
        if levels > MAX_NESTING || parts(code) > MAX_PARTS {
            return Some(token.range.clone());
        }
    }
    None
}

/// Statements that end with an `end…`. A `set` does so only without a `=`.
const OPENING: [&str; 8] = [
    "if",
    "for",
    "filter",
    "macro",
    "call",
    "block",
    "with",
    "autoescape",
];

/// Returns the number of words and signs in an expression; each may be a level of the parser.
fn parts(code: &str) -> usize {
    let (mut count, mut quote, mut in_word) = (0, None, false);
    for char in code.chars() {
        let is_word = char.is_alphanumeric() || char == '_';
        match quote {
            Some(open) if char == open => quote = None,
            Some(_) => {}
            None if matches!(char, '"' | '\'') => {
                quote = Some(char);
                count += 1;
            }
            None => count += usize::from(!(char.is_whitespace() || is_word && in_word)),
        }
        in_word = is_word;
    }
    count
}
