//! Plain text that promptfoo fills with Nunjucks. Most prompts use only `{{ name }}`.

use std::ops::Range;

use serde_json::{Map, Value};

use crate::render::findings::{not_rendered, unset_variable};
use crate::render::rendered::{Rendered, Turn};
use crate::render::source_map::MappedText;
use crate::template::jinja::render;

/// Where a variable gets its value.
const REMEDY: &str = "the test's `vars`";

/// Renders `body`, which is at `range` of the file.
///
/// A body with only `{{ name }}` tags is mapped byte by byte, one with other tags as a whole.
pub(crate) fn render(body: &str, range: &Range<usize>, data: &Map<String, Value>) -> Rendered {
    let mut rendered = Rendered::default();
    let text = match simple(body, range.start, data, &mut rendered) {
        Some(text) => text,
        // The library of Prompty, with the same limits.
        None => match render::render_nunjucks(body, data) {
            Ok(written) => {
                for (name, tag) in &written.missing {
                    let source = range.start + tag.start..range.start + tag.end;
                    let problem = unset_variable(source, name, REMEDY);
                    rendered.problems.push(problem);
                    rendered.unset.insert(name.clone());
                }
                written.mapped(&MappedText::verbatim(body, range.clone()), &|_| None)
            }
            Err(failure) => {
                rendered.problems = vec![not_rendered(&failure, range.start)];
                rendered.unset.clear();
                MappedText::verbatim(body, range.clone())
            }
        },
    };
    if !text.text.is_empty() {
        rendered.turns.push(Turn { role: None, text });
    }
    rendered
}

fn simple(
    body: &str,
    base: usize,
    data: &Map<String, Value>,
    rendered: &mut Rendered,
) -> Option<MappedText> {
    if body.contains("{%") || body.contains("{#") {
        return None;
    }
    let mut mapped = MappedText::default();
    let mut at = 0;
    while let Some(open) = body.get(at..)?.find("{{") {
        let start = at + open;
        let inside = &body[start + 2..];
        let length = inside.find("}}")?;
        let name = inside[..length].trim();
        let end = start + length + 4;
        let is_name = |c: char| c.is_alphanumeric() || c == '_';
        if name.is_empty() || !name.chars().all(is_name) {
            return None;
        }
        mapped.push(&body[at..start], Some(base + at..base + start), true, None);
        let source = base + start..base + end;
        let text = match data.get(name) {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Number(number)) => number.to_string(),
            Some(Value::Bool(value)) => value.to_string(),
            Some(_) => return None,
            // A name of the language, such as `true`, is no variable.
            None if ["true", "false", "none", "null"].contains(&name) => return None,
            None => {
                let problem = unset_variable(source.clone(), name, REMEDY);
                rendered.problems.push(problem);
                rendered.unset.insert(name.to_owned());
                String::new()
            }
        };
        mapped.push(&text, Some(source), false, None);
        at = end;
    }
    mapped.push(&body[at..], Some(base + at..base + body.len()), true, None);
    Some(mapped)
}
