//! A parsed prompt file.

use crate::declarations::input_value::InputValue;
use std::ops::Range;

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::companion_files::{CompanionTexts, Promptfoo, RegisteredNames};
use crate::declarations::case::{Case, Injection};
use crate::declarations::declared;
use crate::declarations::spanned::Spanned;
use crate::diagnostics::problem::{Problem, Suppression};
use crate::format::prompt_format::PromptFormat;
use crate::format::prompty::version::PromptyVersion;
use crate::render::rendered::Turn;
use crate::render::source_map::MappedText;
use crate::template::language::Language;

/// A prompt file, as far as it is valid.
#[derive(Debug, Clone, PartialEq)]
pub struct PromptFile {
    /// The format of the file.
    pub format: PromptFormat,
    /// The bytes of the prompt: the template or text, trimmed if the format trims.
    pub body: Range<usize>,
    /// The bytes of the YAML between the fences, without the fences.
    pub front_matter: Option<Range<usize>>,
    /// The cases in file order; the sidecar's come last.
    pub cases: Vec<Case>,
    /// The injections in file order; the sidecar's come last.
    pub injections: Vec<Injection>,
    /// The codes that the author suppresses.
    pub suppressed: Vec<Suppression>,
    /// The problems of the declarations.
    pub problems: Vec<Problem>,
    /// The template, if it is not simply the bytes of `body`: a text in YAML, with its mapping.
    pub(crate) template: Option<MappedText>,
    /// Values of the template's variables for all cases (dotprompt's `input.default`, Prompty's
    /// `inputs`).
    pub defaults: Map<String, Value>,
    /// The messages as written, for a format that stores them in YAML; empty for other formats.
    pub turns: Vec<Turn>,
    /// Bytes of the parts of `turns` that are not text.
    pub(crate) media: Vec<Range<usize>>,
    /// The ranges of the variables' texts in the files.
    pub inputs: Vec<InputValue>,
    /// Variables that the front matter declares as required (dotprompt's `input.schema`, Prompty's
    /// `required`), with the bytes of the declaration.
    pub required: Vec<Spanned<String>>,
    /// The sidecar's text, if there is a sidecar.
    pub sidecar: Option<String>,
    /// The promptfoo configuration that names the prompt, if there is one.
    pub promptfoo: Option<Promptfoo>,
    /// The texts of dotprompt's partials, by name.
    pub partials: BTreeMap<String, String>,
    /// The texts of the files that a Prompty file refers to, by the path in the reference.
    pub references: BTreeMap<String, String>,
    /// The helpers and partials that the application registers in its code, as this file and its
    /// project declare them.
    pub registered: RegisteredNames,
    /// Those of `registered` that the project declares.
    pub(crate) project_names: RegisteredNames,
    /// The prompts in the fences of a Markdown file, each as a file of its own whose ranges are
    /// those of this file. Each case here names its fence.
    pub fences: Vec<PromptFile>,
    /// How the body is read.
    pub(crate) language: Language,
}

impl PromptFile {
    /// Whether hoplens may write declarations into the front matter. Otherwise they belong into the
    /// sidecar: the format has no place for them, or its tools refuse the file with them.
    pub(crate) fn keeps_declarations(&self) -> bool {
        match self.format {
            PromptFormat::Plain
            | PromptFormat::Github
            | PromptFormat::Promptfoo
            | PromptFormat::AgentMd => false,
            PromptFormat::Prompty => self.language.version == PromptyVersion::V2,
            PromptFormat::Dotprompt | PromptFormat::PromptMd | PromptFormat::Markdown => true,
        }
    }

    /// Returns the companion files, to parse an edited text again.
    pub(crate) fn companion_texts(&self) -> CompanionTexts<'_> {
        CompanionTexts {
            sidecar: self.sidecar.as_deref(),
            partials: Some(&self.partials),
            references: Some(&self.references),
            promptfoo: self.promptfoo.as_ref(),
            absent: &[],
            registered: Some(&self.project_names),
        }
    }
}

/// Returns the case that an injection's `case` or a command line's `--case` refers to: an id, or
/// `#2` for the second case if it has no id.
pub fn find_case<'file>(file: &'file PromptFile, id: &str) -> Option<&'file Case> {
    declared::find_case(&file.cases, id).and_then(|at| file.cases.get(at))
}
