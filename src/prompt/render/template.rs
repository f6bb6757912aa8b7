//! Running the Handlebars library, twice: once for the text, once with marks for the map.

use std::{
    collections::BTreeMap,
    ops::Range,
    panic::{AssertUnwindSafe, catch_unwind},
};

use handlebars::{Handlebars, RenderErrorReason, Template};
use serde_json::{Map, Value};

use super::{
    super::{
        partials,
        tags::{Token, tokens, too_deep},
    },
    broken, helpers, instrument,
    instrument::Mark,
    limited::Limited,
    steps,
};

/// Tags and texts times bytes of a template: some seconds of the library's parser.
const MAX_WORK: usize = 2_000_000_000;
/// No partial can have this name.
const NAME: &str = " ";

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
///
/// `partials` are the texts that `{{> name}}` puts in by their names; what they write is mapped to
/// that tag.
pub(super) fn render(
    body: &str,
    data: &Map<String, Value>,
    partials: &BTreeMap<String, String>,
) -> Result<Output, Failure> {
    let tokens = tokens(body);
    if let Some(range) = too_deep(body, &tokens) {
        let message = "it is nested too deeply.".to_owned();
        return Err(Failure { message, range });
    }
    // The library counts the lines before every tag from the beginning.
    if tokens.len().saturating_mul(body.len()) > MAX_WORK {
        let message = format!(
            "{} tags and texts in {} kilobytes are more than Handlebars gets through in time.",
            tokens.len(),
            body.len() / 1000
        );
        let range = 0..body.len();
        return Err(Failure { message, range });
    }
    // The library has had panics on odd templates; text that is being typed is often odd.
    let run = catch_unwind(AssertUnwindSafe(|| run(body, data, partials, tokens)));
    run.unwrap_or_else(|_| {
        let message = "the Handlebars library failed on it.".to_owned();
        let range = 0..body.len();
        Err(Failure { message, range })
    })
}

/// Partials that one prompt may be made of.
const MAX_USES: usize = 10_000;

fn run(
    body: &str,
    data: &Map<String, Value>,
    partials: &BTreeMap<String, String>,
    tokens: Vec<Token>,
) -> Result<Output, Failure> {
    let mut all = body.to_owned();
    all.extend(partials.values().map(String::as_str));
    let marker = unused_char(&all, data);
    let mut registry = helpers::registry(marker);
    steps::register(&mut registry);
    if let Some(name) = partials::cycle(partials) {
        return Err(Failure {
            message: format!("the partial `{name}` uses itself, and so without end."),
            range: at_partial(body, name),
        });
    }
    if partials::uses(body, partials) > MAX_USES {
        return Err(Failure {
            message: "its partials use each other too often.".to_owned(),
            range: 0..body.len(),
        });
    }
    for (name, text) in partials {
        partial(&mut registry, name, text, body)?;
    }
    let mut template = Template::compile(body).map_err(|error| {
        broken::explain(body, &tokens).unwrap_or_else(|| Failure {
            message: format!("{}.", error.reason()),
            range: range_at(body, error.pos()),
        })
    })?;
    let mut traced = template.clone();
    let marks = instrument::mark(&mut traced, body, tokens, marker);
    steps::count(&mut template);
    steps::count(&mut traced);
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

/// Compiles a partial; its error is shown at the first tag that names it.
fn partial(
    registry: &mut Handlebars<'static>,
    name: &str,
    text: &str,
    body: &str,
) -> Result<(), Failure> {
    let failure = |message| Failure {
        message,
        range: at_partial(body, name),
    };
    if too_deep(text, &tokens(text)).is_some() {
        let message = format!("the partial `{name}` is nested too deeply.");
        return Err(failure(message));
    }
    let mut compiled = Template::compile(text).map_err(|error| {
        let reason = broken::explain(text, &tokens(text))
            .map_or_else(|| format!("{}.", error.reason()), |told| told.message);
        failure(format!("the partial `{name}`: {reason}"))
    })?;
    steps::count(&mut compiled);
    registry.register_template(name, compiled);
    Ok(())
}

/// The first tag `{{> name …}}`.
fn at_partial(body: &str, name: &str) -> Range<usize> {
    let names = |token: &Token| {
        let tag = body.get(token.range.clone()).unwrap_or_default();
        tag.contains('>') && tag.contains(name)
    };
    let found = tokens(body).into_iter().find(names);
    found.map_or(0..body.len(), |token| token.range)
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
        Ok(()) => Ok(out.into_text()),
        Err(error) => {
            let position = error.line_no.zip(error.column_no);
            Err(Failure {
                message: reason(error.reason()),
                range: range_at(body, position),
            })
        }
    }
}

/// What a rendering failed of, and the remedy where there is one.
fn reason(reason: &RenderErrorReason) -> String {
    match reason {
        RenderErrorReason::HelperNotFound(name) => format!(
            "there is no helper `{name}`. Write a variable's name alone, or one of Handlebars' and \
             dotprompt's helpers."
        ),
        RenderErrorReason::PartialNotFound(name) => format!(
            "there is no partial `{name}`: dotprompt looks for it in `_{name}.prompt` beside the \
             file."
        ),
        RenderErrorReason::ParamNotFoundForIndex(name, _)
        | RenderErrorReason::ParamNotFoundForName(name, _) => {
            format!("`{name}` stands there without a value. Write one behind it.")
        }
        RenderErrorReason::IOError(error) => format!("{error}."),
        other => format!("{other}."),
    }
}

/// A private-use character that occurs nowhere in the template or its data.
pub(super) fn unused_char(body: &str, data: &Map<String, Value>) -> char {
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
