//! Renders Mustache with a case's values, as `chevron` does.

use serde_json::{Map, Value};

use crate::template::failure::Failure;
use crate::template::handlebars::blocks::short;
use crate::template::limited::MAX_OUTPUT;
use crate::template::mustache::lexer::{MustacheToken, MustacheTokenKind, tokens};
use crate::template::output::{OutputSpan, TemplateOutput};
use crate::template::python;

/// Maximum depth of nested sections; deeper ones would exhaust the stack.
const MAX_SECTIONS: usize = 64;
/// Maximum number of tags and texts that are visited, including those without output.
const MAX_STEPS: usize = 2_000_000;
/// Maximum number of texts and values in one prompt.
const MAX_SPANS: usize = 200_000;

/// Renders a Mustache template with `data`.
pub(crate) fn render(template: &str, data: &Map<String, Value>) -> Result<TemplateOutput, Failure> {
    let tokens = tokens(template).map_err(|(message, range)| Failure::new(message, range))?;
    let mut renderer = Renderer {
        template,
        out: TemplateOutput {
            exact: true,
            ..TemplateOutput::default()
        },
        size: 0,
        steps: 0,
    };
    let data = Value::Object(data.clone());
    renderer.tokens(&tokens, &mut vec![&data], 0)?;
    Ok(renderer.out)
}

struct Renderer<'text> {
    template: &'text str,
    out: TemplateOutput,
    size: usize,
    steps: usize,
}

const TRUE: Value = Value::Bool(true);
const FALSE: Value = Value::Bool(false);

impl Renderer<'_> {
    fn tokens(
        &mut self,
        tokens: &[MustacheToken<'_>],
        scopes: &mut Vec<&Value>,
        depth: usize,
    ) -> Result<(), Failure> {
        let outer = scopes.len();
        let mut at = 0;
        while let Some(token) = tokens.get(at) {
            at += 1;
            self.steps += 1;
            if self.steps > MAX_STEPS {
                return Err(self.refuse(
                    token,
                    "its sections repeat too often. Give its lists fewer items.",
                ));
            }
            if scopes.len() + depth > MAX_SECTIONS {
                return Err(self.refuse(
                    token,
                    "it is nested too deeply. Write fewer sections in sections.",
                ));
            }
            let hidden = outer < scopes.len() && !scopes.last().is_none_or(|scope| truth(scope));
            match token.kind {
                MustacheTokenKind::End => {
                    scopes.pop();
                }
                MustacheTokenKind::Section | MustacheTokenKind::Inverted if hidden => {
                    scopes.push(&FALSE);
                }
                _ if hidden => {}
                MustacheTokenKind::Text => {
                    let text = self.template.get(token.range.clone());
                    self.put(token, text.unwrap_or_default().to_owned(), true, None)?;
                }
                MustacheTokenKind::Escaped | MustacheTokenKind::Bare => {
                    self.variable(token, scopes, outer == 1)?;
                }
                MustacheTokenKind::Section => match find(token.key, scopes) {
                    Some(Value::Array(items)) => {
                        let end = end_of(tokens, at, token.key);
                        let inside = tokens.get(at..end).unwrap_or_default();
                        for item in items {
                            let mut inner = scopes.clone();
                            inner.push(item);
                            self.tokens(inside, &mut inner, depth)?;
                        }
                        at = end + 1;
                    }
                    Some(value) => scopes.push(value),
                    None => scopes.push(&FALSE),
                },
                MustacheTokenKind::Inverted => {
                    let value = find(token.key, scopes);
                    scopes.push(if value.is_some_and(truth) {
                        &FALSE
                    } else {
                        &TRUE
                    });
                }
                MustacheTokenKind::Partial => {
                    return Err(self.refuse(
                        token,
                        "Prompty's Python runtime looks for this partial in the folder that it is \
                         started in, and not beside the prompt, so hoplens cannot know its text. \
                         Write the text here in its place.",
                    ));
                }
            }
        }
        Ok(())
    }

    fn variable(
        &mut self,
        token: &MustacheToken<'_>,
        scopes: &[&Value],
        top: bool,
    ) -> Result<(), Failure> {
        let Some(mut value) = find(token.key, scopes) else {
            self.out.record_missing(token.key, &token.range);
            return Ok(());
        };
        // In `{{^x}}{{.}}{{/x}}` the dot refers to the value around the section.
        if token.key == "." && *value == TRUE {
            value = scopes.iter().rev().nth(1).copied().unwrap_or(value);
        }
        let empty = !truth(value) && !matches!(value, Value::Bool(false) | Value::Number(_));
        let text = if empty && token.key != "." {
            String::new()
        } else {
            python::display(value)
        };
        let text = if token.kind == MustacheTokenKind::Escaped {
            escaped(&text)
        } else {
            text
        };
        let name = (top && !token.key.contains('.')).then(|| token.key.to_owned());
        self.put(token, text, false, name)
    }

    fn put(
        &mut self,
        token: &MustacheToken<'_>,
        text: String,
        verbatim: bool,
        variable: Option<String>,
    ) -> Result<(), Failure> {
        self.size += text.len();
        if self.size > MAX_OUTPUT || self.out.spans.len() >= MAX_SPANS {
            return Err(self.refuse(
                token,
                "the rendered prompt grows too long. Give its lists fewer items, or shorter texts.",
            ));
        }
        if !text.is_empty() {
            self.out.spans.push(OutputSpan {
                text,
                source: token.range.clone(),
                verbatim,
                variable,
            });
        }
        Ok(())
    }

    fn refuse(&self, token: &MustacheToken<'_>, message: &str) -> Failure {
        let tag = self.template.get(token.range.clone()).unwrap_or_default();
        Failure::new(
            format!("at `{}`, {message}", short(tag)),
            token.range.clone(),
        )
    }
}

/// Returns the index of the tag that ends the section whose inside begins at `from`.
fn end_of(tokens: &[MustacheToken<'_>], from: usize, key: &str) -> usize {
    let mut open = 0usize;
    for (at, token) in tokens.iter().enumerate().skip(from) {
        match token.kind {
            MustacheTokenKind::Section if token.key == key => open += 1,
            MustacheTokenKind::End if token.key == key => match open.checked_sub(1) {
                Some(less) => open = less,
                None => return at,
            },
            _ => {}
        }
    }
    tokens.len()
}

/// Returns the value of a key in the innermost scope that has it.
fn find<'data>(key: &str, scopes: &[&'data Value]) -> Option<&'data Value> {
    if key == "." {
        return scopes.last().copied();
    }
    let within = |scope: &&&'data Value| {
        let mut value = **scope;
        for part in key.split('.') {
            value = match value {
                Value::Object(map) => map.get(part)?,
                Value::Array(items) => items.get(part.parse::<usize>().ok()?)?,
                _ => return None,
            };
        }
        Some(value)
    };
    scopes.iter().rev().find_map(|scope| within(&scope))
}

/// Whether a value is true in Python.
fn truth(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(value) => *value,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(map) => !map.is_empty(),
    }
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            _ => out.push(char),
        }
    }
    out
}
