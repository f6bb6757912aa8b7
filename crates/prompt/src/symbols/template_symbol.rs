//! What a name in a template stands for.

use std::ops::Range;

use crate::declarations::spanned::Origin;

/// The language of a template, as far as its names and tags are concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TemplateSyntax {
    /// Handlebars with dotprompt's helpers.
    Handlebars,
    /// Jinja2, as Prompty uses it.
    Jinja,
    /// Nunjucks, as promptfoo uses it.
    Nunjucks,
    /// Mustache.
    Mustache,
    /// `{{name}}` and nothing else, as in GitHub Models.
    Placeholders,
    /// `{{$name}}`, as in Semantic Kernel.
    SemanticKernel,
    /// `${input:name}`, as in VS Code.
    Inputs,
    /// No template.
    Plain,
}

/// What a template calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TemplateCallKind {
    /// A helper of Handlebars, or a function.
    Helper,
    /// A filter of Jinja or Nunjucks.
    Filter,
    /// A test of Jinja or Nunjucks.
    Test,
}

/// What a name in a template stands for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum TemplateSymbol {
    /// A variable of the prompt.
    Input(String),
    /// A name that the template defines, such as a loop's variable.
    Local {
        /// The name.
        name: String,
        /// The bytes of its definition in the prompt file.
        definition: Range<usize>,
    },
    /// A name that is looked up in what a loop or block is about.
    Field(String),
    /// A helper, filter, test or function.
    Call(TemplateCallKind, String),
    /// A partial.
    Partial(String),
    /// A name of the template's engine or of the application, such as `@first`.
    Context(String),
}

impl TemplateSymbol {
    /// Returns the name.
    pub fn name(&self) -> &str {
        match self {
            Self::Input(name)
            | Self::Local { name, .. }
            | Self::Field(name)
            | Self::Call(_, name)
            | Self::Partial(name)
            | Self::Context(name) => name,
        }
    }
}

/// What a file says at the place of a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SiteRole {
    /// The template uses it.
    Use,
    /// The template defines it.
    Definition,
    /// The schema declares it.
    Schema,
    /// A default value or a sample.
    Default,
    /// A case gives it a value.
    Case,
    /// A text of a case takes its value, as in `expect: "{{capital}}"`.
    CaseText,
    /// A list of names that are required.
    Required,
}

/// A place where a name of a template stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SymbolSite {
    /// What the name stands for.
    pub symbol: TemplateSymbol,
    /// The bytes of the name.
    pub range: Range<usize>,
    /// The file that the bytes belong to.
    pub origin: Origin,
    /// What the file says there.
    pub role: SiteRole,
    /// The prompt in the file, from 0; Markdown and promptfoo's configurations may have several.
    pub prompt: usize,
}
