//! Prompty: the template as its runtime reads it, split into messages at its role lines.

use std::ops::Range;

use crate::declarations::input_value::InputValue;
use crate::diagnostics::code::Code;
use crate::diagnostics::problem::Problem;
use crate::diagnostics::severity::Severity;
use crate::format::prompty::{line_break, role_of_line};
use crate::render::findings::MANY;
use crate::render::rendered::{Rendered, Turn};
use crate::render::source_map::MappedText;
use crate::template::output::TemplateOutput;

/// Returns the template with every line break as `\n`, as Python reads text files.
pub(crate) fn prepared(body: &str, base: usize) -> MappedText {
    if !body.contains('\r') {
        return MappedText::verbatim(body, base..base + body.len());
    }
    let mut mapped = MappedText::default();
    let mut at = 0;
    while let Some(found) = body.get(at..).and_then(|rest| rest.find('\r')) {
        let end = at + found;
        mapped.push(&body[at..end], Some(base + at..base + end), true, None);
        let length = line_break(&body[end..]).max(1);
        at = end + length;
        mapped.push("\n", Some(base + end..base + at), false, None);
    }
    let rest = body.get(at..).unwrap_or_default();
    mapped.push(rest, Some(base + at..base + body.len()), true, None);
    mapped
}

/// Splits the output into messages.
///
/// Lines end where Python's `splitlines` ends them. A role line begins a message, empty lines at
/// both ends of a message are dropped, and all line breaks become `\n`. Text before the first role
/// line is the system message; without any role line the prompt has no roles. With `strict`, the
/// runtime rejects a role line that the template itself does not contain; here it becomes text.
pub(crate) fn messages(
    written: &TemplateOutput,
    template: &MappedText,
    text: &str,
    strict: bool,
    value: &dyn Fn(&str) -> Option<InputValue>,
) -> Rendered {
    let mapped = written.mapped(template, value);
    let mut problems = Vec::new();
    let mut turns: Vec<Turn> = Vec::new();
    let mut role = None;
    let mut lines: Vec<Line> = Vec::new();
    for line in split_lines(&mapped.text) {
        let content = mapped.text.get(line.content.clone()).unwrap_or_default();
        let Some(next) = role_of_line(content) else {
            lines.push(line);
            continue;
        };
        if strict && written.exact && !is_own(&mapped, &line.content, text) {
            let source = mapped.to_source(line.content.clone());
            if problems.len() < MANY {
                problems.push(foreign(source.unwrap_or(0..text.len())));
            }
            lines.push(line);
            continue;
        }
        if !lines.is_empty() {
            turns.push(message(&mapped, &lines, role.or(Some("system"))));
            lines.clear();
        }
        if let [only] = turns.as_slice()
            && role.is_none()
            && only.text.text.is_empty()
        {
            let source = mapped.to_source(line.content.clone());
            problems.extend(source.map(empty_first));
        }
        role = Some(next);
    }
    if !lines.is_empty() {
        turns.push(message(&mapped, &lines, role));
    }
    if let [only] = turns.as_slice()
        && only.text.text.is_empty()
    {
        turns.clear();
    }
    Rendered {
        turns,
        problems,
        ..Rendered::default()
    }
}

/// A line of the rendered text.
struct Line {
    content: Range<usize>,
    /// The line break that ends it.
    ending: Range<usize>,
}

fn split_lines(text: &str) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut start = 0;
    let mut chars = text.char_indices().peekable();
    while let Some((at, char)) = chars.next() {
        let mut end = at + char.len_utf8();
        match char {
            '\r' => end += usize::from(chars.next_if(|(_, next)| *next == '\n').is_some()),
            '\n' | '\u{b}' | '\u{c}' | '\u{1c}'..='\u{1e}' | '\u{85}' | '\u{2028}' | '\u{2029}' => {
            }
            _ => continue,
        }
        lines.push(Line {
            content: start..at,
            ending: at..end,
        });
        start = end;
    }
    if start < text.len() {
        lines.push(Line {
            content: start..text.len(),
            ending: text.len()..text.len(),
        });
    }
    lines
}

/// Whether the template itself contains the role line.
fn is_own(mapped: &MappedText, line: &Range<usize>, text: &str) -> bool {
    if !mapped.touched(line).iter().all(|piece| piece.verbatim) {
        return false;
    }
    let Some(source) = mapped.to_source(line.clone()) else {
        return false;
    };
    let before = text.get(..source.start).unwrap_or_default();
    let start = before.rfind(['\n', '\r']).map_or(0, |at| at + 1);
    let rest = text.get(start..).unwrap_or_default();
    let whole = rest.split(['\n', '\r']).next().unwrap_or_default();
    role_of_line(whole).is_some()
}

fn message(mapped: &MappedText, lines: &[Line], role: Option<&str>) -> Turn {
    let is_empty = |line: &&Line| line.content.is_empty();
    let lead = lines.iter().take_while(is_empty).count();
    let trail = lines.iter().rev().take_while(is_empty).count();
    let kept = lines.get(lead..lines.len() - trail).unwrap_or_default();
    let mut text = MappedText::default();
    // Adds runs of lines at once: many lines are parts of one span.
    let mut from = kept.first().map_or(0, |line| line.content.start);
    for (at, line) in kept.iter().enumerate() {
        if at + 1 == kept.len() {
            add(&mut text, mapped, from..line.content.end);
        } else if mapped.text.get(line.ending.clone()) != Some("\n") {
            add(&mut text, mapped, from..line.content.end);
            text.push("\n", mapped.to_source(line.ending.clone()), false, None);
            from = line.ending.end;
        }
    }
    Turn {
        role: role.map(str::to_owned),
        text,
    }
}

/// Appends a part of `from` to `text`; spans that are adjacent in the file become one.
fn add(text: &mut MappedText, from: &MappedText, range: Range<usize>) {
    let part = from.part(range);
    for piece in part.pieces {
        let bytes = part.text.get(piece.rendered).unwrap_or_default();
        text.push(bytes, piece.source, piece.verbatim, piece.value);
    }
}

fn foreign(range: Range<usize>) -> Problem {
    let message = "A variable's value makes a role line here, which Prompty refuses; it is read as \
                   text. Change the value, or write `strict: false` in `template.format`.";
    let (code, severity) = (Code::InvalidRoleLine, Severity::Error);
    Problem::new(code, severity, range, message.to_owned())
}

fn empty_first(range: Range<usize>) -> Problem {
    let message = "Prompty sends an empty system message before this line, because a comment or a \
                   tag stands there. Put it behind the line.";
    let (code, severity) = (Code::InvalidRoleLine, Severity::Information);
    Problem::new(code, severity, range, message.to_owned())
}
