//! Renders a prompt file with a case into the text that the model reads.

pub(crate) mod body_reading;
pub(crate) mod findings;
mod messages;
mod promptfoo;
mod prompty;
mod prompty_v1;
pub(crate) mod rendered;
pub(crate) mod source_map;
mod turns;

use crate::render::findings::MANY;
use crate::render::rendered::Rendered;
use crate::render::rendered::Turn;
use crate::template::handlebars;
use crate::template::jinja;
use crate::template::mustache;
use crate::template::output;
use crate::template::semantic_kernel;
use std::collections::BTreeSet;
use std::ops::Range;

use serde_json::{Map, Value};

use crate::declarations::case::Case;
use crate::declarations::input_value::InputValue;
use crate::diagnostics::code::Code;
use crate::diagnostics::severity::Severity;
use crate::file::prompt_file::PromptFile;
use crate::format;
use crate::format::prompt_format::PromptFormat;
use crate::format::prompt_md;
use crate::format::prompty::version::PromptyVersion;
use crate::render::findings::{not_rendered, unset_variable, without_value};
use crate::render::source_map::MappedText;
use crate::template::failure::Failure;
use crate::template::language::TemplateLanguage;

/// Size in bytes of the longest template that is rendered. A longer one has more than a million
/// tokens and takes a language's parser seconds.
const MAX_TEMPLATE: usize = 4 << 20;

/// Renders the prompt with a case's `input`, or with the file's defaults alone.
///
/// `text` is the text that `file` was parsed from. If the template cannot be rendered, the result
/// contains a problem and the body as it is written.
pub fn render(file: &PromptFile, text: &str, case: Option<&Case>) -> Rendered {
    if file.format == PromptFormat::Markdown || !file.fences.is_empty() {
        let fence = case.and_then(|case| case.fence).unwrap_or(0);
        return match file.fences.get(fence) {
            Some(fence) => render(fence, text, case),
            None => Rendered::default(),
        };
    }
    if let Some(template) = &file.template {
        return of_template(file, template, case);
    }
    let body = text.get(file.body.clone()).unwrap_or_default();
    let base = file.body.start;
    let mut data = file.defaults.clone();
    if let Some(case) = case {
        data.extend(case.input.clone());
    }
    let value = |name: &str| input_value(file, case, name);
    let is_promptfoo = file.format == PromptFormat::Plain && file.promptfoo.is_some();
    if file.format == PromptFormat::Github {
        return messages::render(file, case, &value);
    }
    if is_promptfoo {
        return promptfoo::render(file, body, &data);
    }
    if MAX_TEMPLATE < body.len() {
        let message = format!(
            "it has {} MB, and no model reads that much. Cut it down to less than {} MB.",
            body.len() >> 20,
            MAX_TEMPLATE >> 20
        );
        let range = 0..body.lines().next().map_or(0, str::len);
        return Rendered {
            turns: literal(body, &file.body),
            problems: vec![not_rendered(&Failure::new(message, range), base)],
            ..Rendered::default()
        };
    }
    let rendered = match file.language.engine {
        TemplateLanguage::Handlebars => {
            handlebars::render::render(body, &data, &file.partials, &file.registered)
                .map(|output| turns::build(&output, body, base, &value))
        }
        TemplateLanguage::Jinja if file.format == PromptFormat::Plain => {
            jinja::render::render(body, &data).map(|output| in_file(&output, body, base, &value))
        }
        TemplateLanguage::Jinja => prompty(file, text, body, &value, |text| {
            jinja::render::render(text, &data)
        }),
        TemplateLanguage::Mustache => prompty(file, text, body, &value, |text| {
            mustache::render::render(text, &data)
        }),
        TemplateLanguage::SemanticKernel => {
            semantic_kernel::render(body, &data).map(|output| in_file(&output, body, base, &value))
        }
        TemplateLanguage::Inputs => Ok(inputs(body, base, &data, &value)),
        TemplateLanguage::Plain => Ok(Rendered {
            turns: literal(body, &file.body),
            ..Rendered::default()
        }),
    };
    let mut rendered = rendered.unwrap_or_else(|failure| Rendered {
        turns: literal(body, &file.body),
        problems: vec![not_rendered(&failure, base)],
        ..Rendered::default()
    });
    if !rendered
        .problems
        .iter()
        .any(|p| p.severity == Severity::Error)
    {
        check_required(file, &data, &mut rendered);
    }
    rendered
}

/// Renders a template that is a text in the file's YAML.
fn of_template(file: &PromptFile, template: &MappedText, case: Option<&Case>) -> Rendered {
    let is_semantic_kernel = file.format == PromptFormat::Github;
    let inner = PromptFile {
        format: if is_semantic_kernel {
            PromptFormat::Plain
        } else {
            file.format
        },
        template: None,
        body: 0..template.text.len(),
        // These are declared in the file, not in the template.
        required: Vec::new(),
        ..file.clone()
    };
    let mut rendered = render(&inner, &template.text, case);
    if is_semantic_kernel {
        rendered.turns = format::semantic_kernel::messages(rendered.turns);
        for problem in &mut rendered.problems {
            // hoplens reads only a part of Semantic Kernel's languages.
            if matches!(problem.code, Code::TemplateError | Code::UnknownHelper) {
                problem.code = Code::UnsupportedContent;
                problem.severity = Severity::Information;
                rendered.media.push(problem.range.clone());
            }
        }
    }
    let mut rendered = rendered.moved_to_file(template);
    let mut data = file.defaults.clone();
    data.extend(case.map(|case| case.input.clone()).unwrap_or_default());
    check_required(file, &data, &mut rendered);
    rendered
}

/// Maps output without roles to the file that contains the template at `base`.
fn in_file(
    output: &output::TemplateOutput,
    body: &str,
    base: usize,
    value: &dyn Fn(&str) -> Option<InputValue>,
) -> Rendered {
    let template = MappedText::verbatim(body, base..base + body.len());
    let mut rendered = Rendered::default();
    let text = output.mapped(&template, value);
    if !text.text.is_empty() {
        rendered.turns.push(Turn { role: None, text });
    }
    for (name, range) in &output.missing {
        let source = base + range.start..base + range.end;
        let remedy = "the case's `input`, or in `input_variables`";
        rendered.problems.push(unset_variable(source, name, remedy));
        rendered.unset.insert(name.clone());
    }
    rendered
}

fn literal(body: &str, range: &Range<usize>) -> Vec<Turn> {
    if body.is_empty() {
        return Vec::new();
    }
    vec![Turn {
        role: None,
        text: MappedText::verbatim(body, range.clone()),
    }]
}

/// Reports the required variables that have no value and that no tag uses.
fn check_required(file: &PromptFile, data: &Map<String, Value>, rendered: &mut Rendered) {
    for variable in &file.required {
        let name = &variable.value;
        if data.contains_key(name) || !rendered.unset.insert(name.clone()) {
            continue;
        }
        let message = format!(
            "The variable `{name}` is declared to need a value and has none. Give it one in the \
             case's `input`, or a default."
        );
        let problem = without_value(variable.range.clone(), name, message);
        rendered.problems.push(problem);
    }
}

/// Renders a Prompty template with `engine`.
fn prompty(
    file: &PromptFile,
    text: &str,
    body: &str,
    value: &dyn Fn(&str) -> Option<InputValue>,
    engine: impl Fn(&str) -> Result<output::TemplateOutput, Failure>,
) -> Result<Rendered, Failure> {
    let base = file.body.start;
    let is_v1 = file.language.version == PromptyVersion::V1;
    let mut template = prompty::prepared(body, base);
    if is_v1 && file.language.engine == TemplateLanguage::Jinja && template.text.ends_with('\n') {
        // Version 1 keeps Jinja's rule that a template's last line break is dropped.
        template = template.part(0..template.text.len() - 1);
    }
    let source = |range: &Range<usize>| {
        let source = template.to_source(range.clone());
        source.unwrap_or(base..base + body.len())
    };
    let written = engine(&template.text).map_err(|failure| {
        let range = source(&failure.range);
        Failure {
            range: range.start.saturating_sub(base)..range.end.saturating_sub(base),
            ..failure
        }
    })?;
    let strict = file.language.strict;
    let mut rendered = if is_v1 {
        prompty_v1::messages(&written, &template, value)
    } else {
        prompty::messages(&written, &template, text, strict, value)
    };
    for (name, range) in &written.missing {
        let remedy = if is_v1 {
            "the case's `input`, or in `sample`"
        } else {
            "the case's `input`, or a `default` under `inputs`"
        };
        rendered
            .problems
            .push(unset_variable(source(range), name, remedy));
        rendered.unset.insert(name.clone());
    }
    Ok(rendered)
}

/// Renders a `.prompt.md` body: replaces each `${input:name}` by its value.
fn inputs(
    body: &str,
    base: usize,
    data: &Map<String, Value>,
    value: &dyn Fn(&str) -> Option<InputValue>,
) -> Rendered {
    let mut text = MappedText::default();
    let mut problems = Vec::new();
    let mut unset = BTreeSet::new();
    let mut at = 0;
    let push = |text: &mut MappedText, from: usize, to: usize| {
        let part = body.get(from..to).unwrap_or_default();
        text.push(part, Some(base + from..base + to), true, None);
    };
    for variable in prompt_md::variables(body) {
        push(&mut text, at, variable.range.start);
        at = variable.range.end;
        let source = base + variable.range.start..base + variable.range.end;
        match data.get(variable.name) {
            None => {
                unset.insert(variable.name.to_owned());
                if problems.len() < MANY {
                    let remedy = "the case's `input`";
                    problems.push(unset_variable(source, variable.name, remedy));
                }
            }
            Some(given) => {
                let given = match given {
                    Value::String(given) => given.clone(),
                    other => other.to_string(),
                };
                let place = value(variable.name).filter(|place| place.value == given);
                text.push(&given, Some(source), false, place);
            }
        }
    }
    push(&mut text, at, body.len());
    let role = None;
    let turns = if text.text.is_empty() {
        Vec::new()
    } else {
        vec![Turn { role, text }]
    };
    Rendered {
        turns,
        problems,
        unset,
        ..Rendered::default()
    }
}

/// Returns the scalar that contains a variable's value: the case's own, else the default.
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
