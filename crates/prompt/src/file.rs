//! Reading a prompt file and its sidecar.

use std::ops::Range;

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::beside::{Beside, Promptfoo};
use crate::case::{Case, Injection, Origin, Spanned};
use crate::declared::Declared;
use crate::diagnostics::code::Code;
use crate::diagnostics::severity::Severity;
use crate::format::Format;
use crate::keys::{LISTS, VERSION};
use crate::problem::{Problem, Problems, Suppression};
use crate::render::Turn;
use crate::variables::{Language, Variables};
use crate::yaml::Node;
use crate::{declared, fields, github, import, markdown, namespace, suppress, yaml};

/// A prompt file as far as it could be understood.
#[derive(Debug, Clone, PartialEq)]
pub struct PromptFile {
    /// The kind of file.
    pub format: Format,
    /// The bytes that make the prompt: the template or text, trimmed where the format trims.
    pub body: Range<usize>,
    /// The bytes of the YAML between the fences, without them.
    pub front_matter: Option<Range<usize>>,
    /// What should happen, in the order of the file; the sidecar's come last.
    pub cases: Vec<Case>,
    /// What is added, in the order of the file; the sidecar's come last.
    pub injections: Vec<Injection>,
    /// What the author does not want to hear.
    pub suppressed: Vec<Suppression>,
    /// What is wrong with the declarations.
    pub problems: Vec<Problem>,
    /// Values of the template's variables for all cases (dotprompt's `input.default`, Prompty's
    /// `inputs`).
    pub defaults: Map<String, Value>,
    /// The messages as written, for a format that keeps them in YAML; empty for the others.
    pub turns: Vec<Turn>,
    /// Where the texts of variables stand in the files.
    pub inputs: Vec<InputValue>,
    /// Variables that the front matter declares to need a value (dotprompt's `input.schema`,
    /// Prompty's `required`), with the bytes of the declaration.
    pub required: Vec<Spanned<String>>,
    /// The sidecar's text, if there is a sidecar.
    pub sidecar: Option<String>,
    /// The promptfoo configuration that names the prompt, if there is one.
    pub promptfoo: Option<Promptfoo>,
    /// The texts of dotprompt's partials, by name.
    pub partials: BTreeMap<String, String>,
    /// The prompts in the fences of a Markdown file, each as a file of its own whose ranges are
    /// this file's; the cases here say which of them they belong to.
    pub fences: Vec<PromptFile>,
    /// How the body is to be read.
    pub(super) language: Language,
}

impl PromptFile {
    /// What lies beside it, to read an edited text again.
    pub(super) fn beside(&self) -> Beside<'_> {
        Beside {
            sidecar: self.sidecar.as_deref(),
            partials: Some(&self.partials),
            promptfoo: self.promptfoo.as_ref(),
            absent: &[],
        }
    }
}

/// A text that a template's variable takes from the front matter or the sidecar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InputValue {
    /// [`Case::range`] of its case; `None` for a default.
    pub case: Option<Range<usize>>,
    /// The variable.
    pub name: String,
    /// Its text.
    pub value: String,
    /// The scalar's bytes, quotes included.
    pub range: Range<usize>,
    /// The file that the ranges belong to.
    pub origin: Origin,
}

/// Reads a prompt file that has nothing but perhaps a sidecar beside it; never fails.
///
/// `file_name` decides the format and may hold folders. `sidecar` is the text of the file that
/// [`sidecar_name`](super::sidecar_name) names, if there is one; its cases win over those of the
/// same id in the file.
pub fn parse(file_name: &str, text: &str, sidecar: Option<&str>) -> PromptFile {
    let beside = Beside {
        sidecar,
        ..Beside::default()
    };
    parse_beside(file_name, text, beside)
}

/// [`parse`] with all that may lie beside a prompt.
pub fn parse_beside(file_name: &str, text: &str, beside: Beside<'_>) -> PromptFile {
    parse_as(Format::of(file_name), text, beside)
}

/// [`parse_beside`] for a format that is known already.
pub(super) fn parse_as(format: Format, text: &str, beside: Beside<'_>) -> PromptFile {
    match format {
        Format::Markdown => markdown::parse(text, beside)
            .unwrap_or_else(|| parse_within(Format::Plain, text, 0..text.len(), beside)),
        _ => parse_within(format, text, 0..text.len(), beside),
    }
}

/// [`parse_as`] for a file that is `window` of `text`; its ranges are those of `text`.
pub(super) fn parse_within(
    format: Format,
    text: &str,
    window: Range<usize>,
    beside: Beside<'_>,
) -> PromptFile {
    let Beside {
        sidecar,
        partials,
        promptfoo,
        absent,
    } = beside;
    let inside = text.get(window.clone()).unwrap_or_default();
    let mut split = format.split(inside).moved(window.start);
    let mut own = Problems::new(Origin::FrontMatter);
    for (range, message) in split.problems {
        own.warn(Code::InvalidFence, &range, message);
    }
    let mut declared = Declared::default();
    let mut variables = Variables::new(format);
    if let Some(range) = &split.front_matter {
        let yaml = text.get(range.clone()).unwrap_or_default();
        if let Some(root) = root(yaml, range.start, "The front matter", &mut own) {
            let lists = namespace::lists(format, &root, &mut own);
            declared = declared::read(lists, &mut own);
            variables = Variables::read(format, &root, &mut own);
            declared.inputs.append(&mut variables.inputs);
        }
    }
    let mut turns = Vec::new();
    if format == Format::Github
        && let Some(root) = root(text, 0, "The file", &mut own)
    {
        turns = github::read(text, &root, &mut declared, &mut own);
    }
    if format == Format::Promptfoo {
        import::review(text, absent, &mut own);
    }
    let body = text.get(split.body.clone()).unwrap_or_default();
    let engine = variables.language.engine;
    let found = suppress::read(engine, body, split.body.start, &mut own);
    declared.suppressed.extend(found);
    let mut aside = Problems::new(Origin::Sidecar);
    if let Some(text) = sidecar {
        let in_sidecar = read_sidecar(text, &mut aside);
        declared = declared::merge(declared, in_sidecar, &mut own);
    }
    if let Some(promptfoo) = promptfoo {
        let imported = import::read(promptfoo, &mut own);
        declared::add_imported(&mut declared, imported);
        if format == Format::Plain {
            let (body, more) = import::split(&promptfoo.prompt, text);
            if more {
                let message = "promptfoo splits this file at lines `---` into several prompts; \
                               only the first is read. Give each a file of its own.";
                own.add(
                    Code::UnsupportedContent,
                    Severity::Information,
                    &body,
                    message,
                );
            }
            split.body = body;
            if import::is_chat(&promptfoo.prompt) {
                turns = import::chat(text, &mut own);
            }
        }
    }
    declared::name_rows(&mut declared.cases);
    declared::check_references(&declared, &mut [&mut own, &mut aside]);
    let mut problems = own.list;
    problems.extend(aside.list);
    for problem in &mut problems {
        let text = match problem.origin {
            Origin::FrontMatter => text,
            Origin::Sidecar => sidecar.unwrap_or_default(),
        };
        problem.range = whole_chars(text, &problem.range);
    }
    PromptFile {
        format,
        body: split.body,
        front_matter: split.front_matter,
        cases: declared.cases,
        injections: declared.injections,
        suppressed: declared.suppressed,
        problems,
        defaults: variables.defaults,
        turns,
        inputs: declared.inputs,
        required: variables.required,
        sidecar: sidecar.map(str::to_owned),
        promptfoo: promptfoo.cloned(),
        partials: partials.cloned().unwrap_or_default(),
        fences: Vec::new(),
        language: variables.language,
    }
}

/// The range widened to whole characters inside the text.
pub(super) fn whole_chars(text: &str, range: &Range<usize>) -> Range<usize> {
    let start = crate::text::snap(text, range.start);
    let mut end = range.end.clamp(start, text.len());
    while !text.is_char_boundary(end) {
        end += 1;
    }
    start..end
}

/// The case that an injection's `case` or a command line's `--case` means: an id, or `#2` for
/// the second case if that has none.
pub fn find_case<'file>(file: &'file PromptFile, id: &str) -> Option<&'file Case> {
    declared::find_case(&file.cases, id).and_then(|at| file.cases.get(at))
}

/// The root map; problems for what is not YAML, and for a root of another kind.
fn root(text: &str, base: usize, what: &str, problems: &mut Problems) -> Option<Node> {
    let tree = yaml::read(text, base);
    if let Some((range, message)) = tree.error {
        problems.error(
            Code::InvalidYaml,
            &range,
            format!("{what} is not valid YAML: {message}. What stands before is used."),
        );
    }
    let root = tree.root.filter(|root| !root.is_null())?;
    fields::map(&root, what, problems)?;
    Some(root)
}

pub(super) fn read_sidecar(text: &str, problems: &mut Problems) -> Declared {
    let Some(root) = root(text, 0, "The sidecar", problems) else {
        return Declared::default();
    };
    let mut known = vec![VERSION];
    known.extend(LISTS);
    fields::check_keys(root.entries(), &known, "The sidecar", problems);
    match root.entry("version").map(|(_, value)| value) {
        Some(version) if version.text() == Some("1") => {}
        Some(version) => {
            let message = "The sidecar's version is not 1, the only one that this hoplens knows. \
                           Write `version: 1`, or update hoplens.";
            problems.error(Code::InvalidValue, version.here(), message);
        }
        None => {
            let start = root.range.start;
            let message = "The sidecar has no `version`. Add `version: 1` at its top.";
            problems.warn(Code::MissingKey, &(start..start + 1), message);
        }
    }
    declared::read(namespace::from_map(&root), problems)
}

#[cfg(test)]
mod tests;
