//! The language of a template.

use crate::format::prompty::version::PromptyVersion;

/// The language of a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TemplateLanguage {
    Handlebars,
    Jinja,
    Mustache,
    /// Semantic Kernel's `{{$name}}`.
    SemanticKernel,
    /// `${input:name}` and nothing else.
    Inputs,
    /// The text is the prompt.
    Plain,
}

/// How the body is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Language {
    pub engine: TemplateLanguage,
    /// Prompty's `template.format.strict`: only the template's own lines may be role lines.
    pub strict: bool,
    /// The version of Prompty that reads the file; other formats ignore it.
    pub version: PromptyVersion,
}
