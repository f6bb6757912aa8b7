//! Running the Handlebars library, twice: once for the text, once with marks for the map.

use std::{
    io,
    ops::Range,
    panic::{AssertUnwindSafe, catch_unwind},
};

use handlebars::{Handlebars, Template};
use serde_json::{Map, Value};

use super::{
    super::tags::{Token, tokens, too_deep},
    helpers, instrument,
    instrument::Mark,
};

/// A prompt of more bytes than this is refused: a loop over loops could go on without end.
const MAX_OUTPUT: usize = 4 << 20;
/// … and so is one that was written in more pieces.
const MAX_WRITES: usize = 200_000;
const NAME: &str = "prompt";

/// What went wrong, with the bytes of the template to underline.
#[derive(Debug)]
pub(super) struct Failure {
    pub message: String,
    pub range: Range<usize>,
}

/// A rendered template: text with signals, and with marks where they could be placed.
#[derive(Debug)]
pub(super) struct Output {
    pub text: String,
    pub marker: char,
    pub marks: Vec<Mark>,
}

/// Renders `body`, a Handlebars template, with `data`.
pub(super) fn render(body: &str, data: &Map<String, Value>) -> Result<Output, Failure> {
    let tokens = tokens(body);
    if let Some(range) = too_deep(body, &tokens) {
        let message = "it is nested too deeply.".to_owned();
        return Err(Failure { message, range });
    }
    // The library has had panics on odd templates; text that is being typed is often odd.
    let run = catch_unwind(AssertUnwindSafe(|| run(body, data, tokens)));
    run.unwrap_or_else(|_| {
        let message = "the Handlebars library failed on it.".to_owned();
        let range = 0..body.len();
        Err(Failure { message, range })
    })
}

fn run(body: &str, data: &Map<String, Value>, tokens: Vec<Token>) -> Result<Output, Failure> {
    let marker = unused_char(body, data);
    let mut registry = helpers::registry(marker);
    let template = Template::compile(body).map_err(|error| Failure {
        message: format!("{}.", error.reason()),
        range: range_at(body, error.pos()),
    })?;
    let mut traced = template.clone();
    let marks = instrument::mark(&mut traced, body, tokens, marker);
    let with_marks = match &marks {
        Some(_) => Some(one(&mut registry, traced, body, data)?),
        None => None,
    };
    let plain = one(&mut registry, template, body, data)?;
    // The map is only as good as the text is the library's own.
    match (with_marks, marks) {
        (Some(text), Some(marks)) if instrument::without_marks(&text, marker) == plain => {
            Ok(Output {
                text,
                marker,
                marks,
            })
        }
        _ => Ok(Output {
            text: plain,
            marker,
            marks: Vec::new(),
        }),
    }
}

fn one(
    registry: &mut Handlebars<'static>,
    template: Template,
    body: &str,
    data: &Map<String, Value>,
) -> Result<String, Failure> {
    registry.register_template(NAME, template);
    let mut out = Limited::default();
    match registry.render_to_write(NAME, data, &mut out) {
        Ok(()) => Ok(String::from_utf8_lossy(&out.bytes).into_owned()),
        Err(error) => {
            let position = error.line_no.zip(error.column_no);
            Err(Failure {
                message: format!("{}.", error.reason()),
                range: range_at(body, position),
            })
        }
    }
}

#[derive(Default)]
struct Limited {
    bytes: Vec<u8>,
    writes: usize,
}

impl io::Write for Limited {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writes += 1;
        if self.bytes.len() + bytes.len() > MAX_OUTPUT || self.writes > MAX_WRITES {
            return Err(io::Error::other("the rendered prompt grows too long"));
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A private-use character that occurs nowhere in the template or its data.
fn unused_char(body: &str, data: &Map<String, Value>) -> char {
    fn holds(value: &Value, char: char) -> bool {
        match value {
            Value::String(text) => text.contains(char),
            Value::Array(items) => items.iter().any(|item| holds(item, char)),
            Value::Object(map) => map
                .iter()
                .any(|(key, value)| key.contains(char) || holds(value, char)),
            _ => false,
        }
    }
    let taken = |char| {
        body.contains(char)
            || data
                .iter()
                .any(|(key, value)| key.contains(char) || holds(value, char))
    };
    ('\u{f0000}'..='\u{ffffd}')
        .find(|char| !taken(*char))
        .unwrap_or('\u{f0000}')
}

/// From a line and column (from 1, in characters) to the end of the line.
fn range_at(body: &str, position: Option<(usize, usize)>) -> Range<usize> {
    let Some((line, column)) = position else {
        return 0..body.len();
    };
    let start: usize = body
        .split_inclusive('\n')
        .take(line.saturating_sub(1))
        .map(str::len)
        .sum();
    let rest = body.get(start..).unwrap_or_default();
    let text = rest.lines().next().unwrap_or_default();
    let into = text
        .char_indices()
        .nth(column.saturating_sub(1))
        .map_or(text.len(), |(at, _)| at);
    let from = start + into;
    let to = start + text.len();
    if from < to {
        return from..to;
    }
    // At a line's end there is nothing to underline but the line.
    start..to
}
