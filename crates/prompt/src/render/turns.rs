//! Splits Handlebars output with signals into messages whose bytes are mapped to the file.

use std::ops::Range;

use crate::declarations::input_value::InputValue;
use crate::diagnostics::code::Code;
use crate::diagnostics::problem::Problem;
use crate::diagnostics::severity::Severity;
use crate::render::findings;
use crate::render::findings::MANY;
use crate::render::rendered::{Rendered, Turn};
use crate::render::source_map::MappedText;
use crate::template::handlebars::instrument::Mark;
use crate::template::handlebars::lexer;
use crate::template::handlebars::render::Output;

/// A part of the output.
enum Part<'out> {
    Text(&'out str, Option<&'out Mark>),
    /// `{{media}}` or `{{section}}` between two texts.
    Cut,
}

struct Message<'out> {
    role: Option<String>,
    parts: Vec<Part<'out>>,
}

/// Splits the output as dotprompt does and maps every byte to the prompt file.
///
/// `body` begins at byte `base` of the file; `value` returns the scalar of a variable.
pub(crate) fn build(
    output: &Output,
    body: &str,
    base: usize,
    value: &dyn Fn(&str) -> Option<InputValue>,
) -> Rendered {
    let mut rendered = Rendered::default();
    let mut messages = vec![Message {
        role: None,
        parts: Vec::new(),
    }];
    // The parts between two roles; dotprompt drops them if they are blank.
    let mut piece: Vec<Part<'_>> = Vec::new();
    let mut mark = None;
    for (at, text) in output.text.split(output.marker).enumerate() {
        if at % 2 == 0 {
            piece.push(Part::Text(text, mark));
            continue;
        }
        if let Ok(id) = text.parse::<usize>() {
            mark = output.marks.get(id);
            continue;
        }
        let range = mark.map_or(0..body.len(), |mark: &Mark| mark.source.clone());
        let range = base + range.start..base + range.end;
        let (signal, argument) = text.split_once(' ').unwrap_or((text, ""));
        match signal {
            "role" => {
                flush(&mut messages, &mut piece);
                begin(&mut messages, argument);
            }
            "history" => {
                flush(&mut messages, &mut piece);
                messages.push(Message {
                    role: Some("model".to_owned()),
                    parts: Vec::new(),
                });
                dropped(
                    &mut rendered,
                    range,
                    "The conversation's history",
                    "{{history}}",
                );
            }
            "media" => {
                piece.push(Part::Cut);
                rendered.add_media(range);
            }
            "section" => piece.push(Part::Cut),
            "registered" => {
                piece.push(Part::Cut);
                rendered.add_unknown_text(range);
            }
            _ => missing(&mut rendered, range, argument),
        }
    }
    flush(&mut messages, &mut piece);
    let source = OutputSource {
        output,
        body,
        base,
        value,
    };
    rendered.turns = messages
        .into_iter()
        .filter(|message| !message.parts.is_empty())
        .map(|message| Turn {
            role: message.role,
            text: mapped(&message.parts, &source),
        })
        .collect();
    rendered
}

/// Appends the collected parts to the last message, unless they are blank.
fn flush<'out>(messages: &mut [Message<'out>], piece: &mut Vec<Part<'out>>) {
    let seen = piece.iter().any(|part| match part {
        Part::Text(text, _) => !text.trim().is_empty(),
        Part::Cut => true,
    });
    if let (Some(last), true) = (messages.last_mut(), seen) {
        last.parts.append(piece);
    }
    piece.clear();
}

/// Sets the role of the last message if it is empty, and begins a new message otherwise.
fn begin(messages: &mut Vec<Message<'_>>, role: &str) {
    let role = Some(role.to_owned());
    match messages.last_mut() {
        Some(last) if last.parts.is_empty() => last.role = role,
        _ => messages.push(Message {
            role,
            parts: Vec::new(),
        }),
    }
}

/// A template, its output, and the template's position in the file.
struct OutputSource<'a> {
    output: &'a Output,
    body: &'a str,
    base: usize,
    value: &'a dyn Fn(&str) -> Option<InputValue>,
}

fn mapped(parts: &[Part<'_>], source: &OutputSource<'_>) -> MappedText {
    let mut mapped = MappedText::default();
    let cuts = parts.iter().any(|part| matches!(part, Part::Cut));
    for run in parts.split(|part| matches!(part, Part::Cut)) {
        let blank = run.iter().all(|part| match part {
            Part::Text(text, _) => text.trim().is_empty(),
            Part::Cut => true,
        });
        if cuts && blank {
            continue;
        }
        for part in run {
            if let Part::Text(text, mark) = part {
                push(&mut mapped, text, *mark, source);
            }
        }
    }
    mapped
}

fn push(mapped: &mut MappedText, text: &str, mark: Option<&Mark>, source: &OutputSource<'_>) {
    let OutputSource {
        output,
        body,
        base,
        value,
    } = source;
    let moved = |range: &Range<usize>| base + range.start..base + range.end;
    let Some(mark) = mark else {
        // Without marks, only the template as a whole is known as the origin.
        let source = output.marks.is_empty().then(|| moved(&(0..body.len())));
        mapped.push(text, source, false, None);
        return;
    };
    let source = body.get(mark.source.clone()).unwrap_or_default();
    let verbatim = mark.verbatim && source == text;
    let value = lexer::simple_name(source)
        .filter(|_| mark.top && !verbatim)
        .and_then(value)
        .filter(|value| value.value == text);
    mapped.push(text, Some(moved(&mark.source)), verbatim, value);
}

/// Reports a tag that produces no text.
fn dropped(rendered: &mut Rendered, range: Range<usize>, what: &str, tag: &str) {
    let message = format!("{what} is not part of the text that is measured: `{tag}` is left out.");
    let (code, severity) = (Code::UnsupportedContent, Severity::Information);
    add(rendered, Problem::new(code, severity, range, message));
}

fn missing(rendered: &mut Rendered, range: Range<usize>, name: &str) {
    if name.starts_with('@') {
        let message = format!(
            "`{{{{{name}}}}}` is context, which the application gives when it runs the prompt, and \
             not an input. Nothing is written here."
        );
        let (code, severity) = (Code::UnsupportedContent, Severity::Information);
        add(rendered, Problem::new(code, severity, range, message));
        rendered.unset.insert(name.to_owned());
        return;
    }
    let remedy = "the case's `input` or in `input.default`";
    add(rendered, findings::unset_variable(range, name, remedy));
    rendered.unset.insert(name.to_owned());
}

fn add(rendered: &mut Rendered, problem: Problem) {
    let problems = &mut rendered.problems;
    if problems.len() < MANY && !problems.contains(&problem) {
        problems.push(problem);
    }
}
