//! Renders with the Handlebars library twice: for the text, and with marks for the source map.

use std::collections::BTreeMap;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};

use handlebars::{Handlebars, RenderError, RenderErrorReason, Template, TemplateError};
use serde_json::{Map, Value};

use crate::companion_files::RegisteredNames;
use crate::diagnostics::code::Code;
use crate::template::failure::Failure;
use crate::template::handlebars::instrument::Mark;
use crate::template::handlebars::known_helpers;
use crate::template::handlebars::lexer::{HandlebarsToken, HandlebarsTokenKind, tokens, too_deep};
use crate::template::handlebars::partials;
use crate::template::handlebars::{blocks, helpers, instrument};
use crate::template::limited::Limited;

/// Maximum of tags and texts times bytes of a template: some seconds of the library's parser.
const MAX_WORK: usize = 2_000_000_000;
/// The name of the prompt's own template, which no partial can have.
const NAME: &str = " ";

/// A rendered template: text with signals, and with marks if they could be placed.
#[derive(Debug)]
pub(crate) struct Output {
    pub text: String,
    pub marker: char,
    pub marks: Vec<Mark>,
}

/// Renders `body`, a Handlebars template, with `data`.
///
/// `partials` maps the names in `{{> name}}` to their texts. Their output is mapped to that tag.
pub(crate) fn render(
    body: &str,
    data: &Map<String, Value>,
    partials: &BTreeMap<String, String>,
    registered: &RegisteredNames,
) -> Result<Output, Failure> {
    let tokens = tokens(body);
    if let Some(range) = too_deep(body, &tokens) {
        let tag = blocks::short(body.get(range.clone()).unwrap_or_default());
        let message = format!("`{tag}` is nested too deeply. Write fewer blocks in blocks.");
        return Err(Failure::new(message, range));
    }
    // For every tag, the library counts the lines from the beginning.
    if tokens.len().saturating_mul(body.len()) > MAX_WORK {
        let message = format!(
            "{} tags and texts in {} kilobytes are more than Handlebars gets through in time.",
            tokens.len(),
            body.len() / 1000
        );
        let range = 0..body.len();
        return Err(Failure::new(message, range));
    }
    // The library may panic on unusual templates, and text that is being typed is often unusual.
    let template = Sources {
        body,
        partials,
        registered,
    };
    let run = catch_unwind(AssertUnwindSafe(|| run(&template, data, tokens)));
    run.unwrap_or_else(|_| {
        let message = "the Handlebars library failed on it.".to_owned();
        let range = 0..body.len();
        Err(Failure::new(message, range))
    })
}

/// Maximum number of partials that one prompt may render.
const MAX_USES: usize = 10_000;

/// A template with what it may use.
struct Sources<'a> {
    body: &'a str,
    partials: &'a BTreeMap<String, String>,
    registered: &'a RegisteredNames,
}

fn run(
    sources: &Sources<'_>,
    data: &Map<String, Value>,
    tokens: Vec<HandlebarsToken>,
) -> Result<Output, Failure> {
    let Sources {
        body,
        partials,
        registered,
    } = *sources;
    let mut all = body.to_owned();
    all.extend(partials.values().map(String::as_str));
    let marker = unused_char(&all, data);
    let mut registry = helpers::registry(marker);
    helpers::add_registered(&mut registry, marker, registered);
    if let Some(name) = partials::cycle(partials) {
        return Err(Failure {
            code: Code::CircularPartial,
            message: format!(
                "the partial `{name}` includes itself without end. Take `{{{{> {name}}}}}` out \
                 of it, or of those that it uses."
            ),
            range: at_partial(body, name),
        });
    }
    if partials::uses(body, partials) > MAX_USES {
        return Err(Failure::new(
            format!("its partials are written more than {MAX_USES} times. Use fewer of them."),
            0..body.len(),
        ));
    }
    for (name, text) in partials {
        partial(&mut registry, name, text, body, marker)?;
    }
    let readable = blocks::readable(body, &tokens, marker)?;
    let errors = ErrorLocator {
        body,
        readable: &readable,
    };
    let mut template = Template::compile(&readable).map_err(|error| errors.refused(&error))?;
    known_helpers::check(body, &tokens, &registered.helpers)?;
    let mut traced = template.clone();
    let marks = instrument::mark(&mut traced, body, tokens, marker);
    helpers::count(&mut traced, marker);
    helpers::count(&mut template, marker);
    let with_marks = match &marks {
        Some(_) => Some(one(&mut registry, traced, &errors, data)?),
        None => None,
    };
    let plain = one(&mut registry, template, &errors, data)?;
    // The map is valid only if the marked template renders to the same text.
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

/// Compiles a partial; its error is reported at the first tag that names it.
fn partial(
    registry: &mut Handlebars<'static>,
    name: &str,
    text: &str,
    body: &str,
    marker: char,
) -> Result<(), Failure> {
    let failure = |message| Failure::new(message, at_partial(body, name));
    let tokens = tokens(text);
    if too_deep(text, &tokens).is_some() {
        let message = format!(
            "the partial `{name}` is nested too deeply. Write fewer blocks in blocks there."
        );
        return Err(failure(message));
    }
    let within = |error: Failure| {
        let before = text.get(..error.range.start).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        failure(format!(
            "in the partial `{name}`, line {line}, {}",
            error.message
        ))
    };
    let readable = blocks::readable(text, &tokens, marker).map_err(within)?;
    let errors = ErrorLocator {
        body: text,
        readable: &readable,
    };
    let mut compiled =
        Template::compile(&readable).map_err(|error| within(errors.refused(&error)))?;
    helpers::count(&mut compiled, marker);
    registry.register_template(name, compiled);
    Ok(())
}

/// Returns the first tag `{{> name …}}`.
fn at_partial(body: &str, name: &str) -> Range<usize> {
    let names = |token: &HandlebarsToken| {
        let tag = body.get(token.range.clone()).unwrap_or_default();
        tag.contains('>') && tag.contains(name)
    };
    let found = tokens(body).into_iter().find(names);
    found.map_or(0..body.len(), |token| token.range)
}

fn one(
    registry: &mut Handlebars<'static>,
    template: Template,
    errors: &ErrorLocator<'_>,
    data: &Map<String, Value>,
) -> Result<String, Failure> {
    registry.register_template(NAME, template);
    let mut out = Limited::default();
    match registry.render_to_write(NAME, data, &mut out) {
        Ok(()) => Ok(out.into_text()),
        Err(error) => Err(errors.failed(&error)),
    }
}

/// Maps the library's error positions in `readable` back to `body`.
struct ErrorLocator<'a> {
    body: &'a str,
    readable: &'a str,
}

impl ErrorLocator<'_> {
    /// Returns the tag at a line and column of `readable`, as a range of `body`.
    fn tag(&self, position: Option<(usize, usize)>) -> Range<usize> {
        let place = range_at(self.readable, position);
        let ours = tokens(self.body);
        let at = tokens(self.readable).iter().position(|token| {
            token.range.contains(&place.start) || token.range.end == self.readable.len()
        });
        let token = at
            .filter(|_| position.is_some())
            .and_then(|at| ours.get(at));
        token.map_or(0..self.body.len(), |token| token.range.clone())
    }

    /// Returns the failure of a template that does not compile. The library reports how far it got;
    /// the tag that does not compile by itself is the one to fix.
    fn refused(&self, error: &TemplateError) -> Failure {
        let alone = |token: &&HandlebarsToken| {
            let tag = self.body.get(token.range.clone()).unwrap_or_default();
            token.kind == HandlebarsTokenKind::Expression && Template::compile(tag).is_err()
        };
        let ours = tokens(self.body);
        let odd = ours.iter().find(alone).map(|token| token.range.clone());
        let range = odd.unwrap_or_else(|| self.tag(error.pos()));
        let tag = self.body.get(range.clone()).unwrap_or_default();
        let code = tag.trim_matches(['{', '}', '~', ' ']);
        let cause = if code.is_empty() {
            "has no name in it".to_owned()
        } else {
            let reason = error.reason().to_string();
            let reason = reason.lines().next().unwrap_or_default();
            format!("is no tag of Handlebars ({reason})")
        };
        Failure::new(
            format!(
                "`{}` {cause}. Write `{{{{name}}}}` or a helper with its arguments, or `\\{{{{` for \
                 the characters themselves.",
                blocks::short(tag)
            ),
            range,
        )
    }

    /// Returns the failure of a tag that cannot be rendered.
    fn failed(&self, error: &RenderError) -> Failure {
        let inside = error.template_name.as_deref().filter(|name| *name != NAME);
        let range = match inside {
            Some(partial) => at_partial(self.body, partial),
            None => self.tag(error.line_no.zip(error.column_no)),
        };
        let tag = blocks::short(self.body.get(range.clone()).unwrap_or_default());
        let told = match error.reason() {
            RenderErrorReason::HelperNotFound(name) => format!(
                "there is no helper `{name}`. Write `{{{{{name}}}}}` for a variable, or one of \
                 dotprompt's helpers, such as `json` or `ifEquals`."
            ),
            RenderErrorReason::PartialNotFound(name) => format!(
                "there is no partial `{name}`. Write it into the file `_{name}.prompt` beside the \
                 prompt, or take the tag out."
            ),
            RenderErrorReason::ParamNotFoundForIndex(helper, _) => format!(
                "`{helper}` lacks an argument. Write it behind the name, as in `{{{{{helper} \
                 name}}}}`."
            ),
            RenderErrorReason::NestedError(error) if error.is::<helpers::TooManySteps>() => {
                format!("{error}. Give its lists fewer items, or loop over fewer of them.")
            }
            RenderErrorReason::IOError(told) => {
                format!("{told}. Give its lists fewer items, or shorter texts.")
            }
            reason => format!("{reason}. Change the tag, or what its variables are."),
        };
        let code = match error.reason() {
            RenderErrorReason::PartialNotFound(_) => Code::UnknownPartial,
            RenderErrorReason::HelperNotFound(_) => Code::UnknownHelper,
            _ => Code::TemplateError,
        };
        let message = format!("at `{tag}`, {told}");
        Failure {
            code,
            message,
            range,
        }
    }
}

/// Returns a private-use character that neither the template nor its data contains.
pub(crate) fn unused_char(body: &str, data: &Map<String, Value>) -> char {
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

/// Returns the range from a line and column (from 1, in characters) to the end of the line.
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
    // At the end of a line only the whole line can be marked.
    start..to
}
