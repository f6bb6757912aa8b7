//! A prompt file as far as it could be understood.

use crate::declarations::input_value::InputValue;
use std::ops::Range;

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::companion_files::{CompanionTexts, Promptfoo};
use crate::declarations::case::{Case, Injection};
use crate::declarations::declared;
use crate::declarations::spanned::Spanned;
use crate::diagnostics::problem::{Problem, Suppression};
use crate::format::prompt_format::PromptFormat;
use crate::render::rendered::Turn;
use crate::template::language::Language;

/// A prompt file as far as it could be understood.
#[derive(Debug, Clone, PartialEq)]
pub struct PromptFile {
    /// The kind of file.
    pub format: PromptFormat,
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
    pub(crate) language: Language,
}

impl PromptFile {
    /// What lies beside it, to read an edited text again.
    pub(crate) fn beside(&self) -> CompanionTexts<'_> {
        CompanionTexts {
            sidecar: self.sidecar.as_deref(),
            partials: Some(&self.partials),
            promptfoo: self.promptfoo.as_ref(),
            absent: &[],
        }
    }
}

/// The case that an injection's `case` or a command line's `--case` means: an id, or `#2` for
/// the second case if that has none.
pub fn find_case<'file>(file: &'file PromptFile, id: &str) -> Option<&'file Case> {
    declared::find_case(&file.cases, id).and_then(|at| file.cases.get(at))
}
