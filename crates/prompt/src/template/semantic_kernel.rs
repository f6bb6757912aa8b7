//! Semantic Kernel's own template language: `{{$name}}`, texts in quotes, and calls of functions,
//! which only the application can run.

use serde_json::{Map, Value};

use crate::template::failure::Failure;
use crate::template::handlebars::blocks::short;
use crate::template::output::{OutputSpan, TemplateOutput};

/// Renders a template with `data`.
pub(crate) fn render(template: &str, data: &Map<String, Value>) -> Result<TemplateOutput, Failure> {
    let mut out = TemplateOutput {
        exact: true,
        ..TemplateOutput::default()
    };
    let mut span = |text: &str, source, verbatim, variable| {
        if !text.is_empty() {
            out.spans.push(OutputSpan {
                text: text.to_owned(),
                source,
                verbatim,
                variable,
            });
        }
    };
    let mut missing = Vec::new();
    let mut at = 0;
    while let Some(open) = template.get(at..).and_then(|rest| rest.find("{{")) {
        let start = at + open;
        let inner = &template[start + 2..];
        let Some(length) = inner.find("}}") else {
            break;
        };
        let end = start + 2 + length + 2;
        span(&template[at..start], at..start, true, None);
        let code = inner[..length].trim();
        let tag = start..end;
        let quote = code.chars().next().filter(|c| ['"', '\''].contains(c));
        if let Some(name) = code.strip_prefix('$').filter(|name| is_name(name)) {
            match data.get(name) {
                Some(Value::String(text)) => span(text, tag, false, Some(name.to_owned())),
                Some(Value::Null) | None => missing.push((name.to_owned(), tag)),
                Some(value) => span(&value.to_string(), tag, false, None),
            }
        } else if let Some(text) = quote
            .and_then(|quote| code.strip_prefix(quote)?.strip_suffix(quote))
            .filter(|text| !text.is_empty())
        {
            span(text, tag, false, None);
        } else {
            let message = format!(
                "`{}` calls a function of the application, which hoplens cannot run. Give its text \
                 by a variable (`{{{{$name}}}}`) to have the prompt measured.",
                short(&template[tag.clone()])
            );
            return Err(Failure::new(message, tag));
        }
        at = end;
    }
    span(&template[at..], at..template.len(), true, None);
    for (name, tag) in missing {
        out.record_missing(&name, &tag);
    }
    Ok(out)
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_')
}
