//! The language of a template.

/// The language of a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TemplateLanguage {
    Handlebars,
    Jinja,
    Mustache,
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
}
