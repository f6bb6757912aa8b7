//! From a prompt file and a case to the text that the model reads.

mod helpers;
mod instrument;
mod messages;
mod nunjucks;
mod template;
mod turns;

use std::ops::Range;

use super::{Case, Format, InputValue, Mapped, Origin, Problem, PromptFile, Severity, problem};

/// One message of a prompt; a prompt without roles is a single one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn {
    /// What `{{role "…"}}` said; `None` before the first, which dotprompt takes as the user's.
    pub role: Option<String>,
    /// The message.
    pub text: Mapped,
}

/// A prompt as the model reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// The messages in order; none if nothing was rendered.
    pub turns: Vec<Turn>,
    /// Template errors and missing variables, in the prompt file.
    pub problems: Vec<Problem>,
}

impl Rendered {
    /// All messages as one text, an empty line between two.
    pub fn joined(&self) -> Mapped {
        let mut turns = self.turns.iter();
        let mut text = turns
            .next()
            .map(|turn| turn.text.clone())
            .unwrap_or_default();
        for turn in turns {
            text.append("\n\n", &turn.text);
        }
        text
    }
}

/// Renders the prompt with a case's `input`, or with the file's defaults alone.
///
/// `text` is the text that `file` was parsed from. A template that cannot be rendered is a
/// problem, and its body is used as it stands.
pub fn render(file: &PromptFile, text: &str, case: Option<&Case>) -> Rendered {
    let body = text.get(file.body.clone()).unwrap_or_default();
    match file.format {
        Format::Dotprompt => dotprompt(file, body, case),
        Format::Github => messages::render(file, case, &|name| input_value(file, case, name)),
        Format::Plain if file.promptfoo.is_some() => {
            let input = case.map(|case| case.input.clone()).unwrap_or_default();
            nunjucks::render(body, &file.body, &input)
        }
        Format::Plain => Rendered {
            turns: literal(body, &file.body),
            problems: Vec::new(),
        },
    }
}

fn literal(body: &str, range: &Range<usize>) -> Vec<Turn> {
    if body.is_empty() {
        return Vec::new();
    }
    vec![Turn {
        role: None,
        text: Mapped::verbatim(body, range.clone()),
    }]
}

fn dotprompt(file: &PromptFile, body: &str, case: Option<&Case>) -> Rendered {
    let mut data = file.defaults.clone();
    if let Some(case) = case {
        data.extend(case.input.clone());
    }
    let base = file.body.start;
    match template::render(body, &data) {
        Ok(output) => {
            let value = |name: &str| input_value(file, case, name);
            turns::build(&output, body, base, &value)
        }
        Err(failure) => Rendered {
            turns: literal(body, &file.body),
            problems: vec![Problem {
                code: problem::FRONT_MATTER,
                severity: Severity::Error,
                message: format!(
                    "The template cannot be rendered, so it is read as it stands: {} \
                     Mend the template.",
                    failure.message
                ),
                range: base + failure.range.start..base + failure.range.end,
                origin: Origin::FrontMatter,
            }],
        },
    }
}

/// The scalar that a variable takes its text from: the case's own, else the default's.
fn input_value(file: &PromptFile, case: Option<&Case>, name: &str) -> Option<InputValue> {
    let of_case = |input: &&InputValue| case.is_some_and(|case| case.takes(input));
    let named = || file.inputs.iter().filter(|input| input.name == name);
    if case.is_some_and(|case| case.input.contains_key(name)) {
        return named().find(of_case).cloned();
    }
    named().find(|input| input.case.is_none()).cloned()
}

#[cfg(test)]
mod tests;
