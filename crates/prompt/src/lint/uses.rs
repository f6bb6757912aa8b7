//! The names that a template uses: variables, helpers, partials and roles, in every branch.

use std::collections::BTreeSet;
use std::ops::Range;

use crate::declarations::spanned::Spanned;

/// A variable in a tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct VariableUse {
    /// The first name of its path.
    pub name: String,
    /// The bytes of that name.
    pub range: Range<usize>,
    /// Whether the name is certainly one of the prompt's own variables, and not a field of what a
    /// loop or another block is about.
    pub is_root: bool,
    /// Whether the name may be one of the prompt's own variables.
    pub may_be_root: bool,
}

impl VariableUse {
    /// Returns a variable that is certainly one of the prompt's own.
    pub fn root(name: &str, range: Range<usize>) -> Self {
        Self {
            name: name.to_owned(),
            range,
            is_root: true,
            may_be_root: true,
        }
    }
}

/// A name that a tag of the template defines, such as a loop's variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LocalUse {
    pub name: String,
    /// The bytes of the name.
    pub range: Range<usize>,
    /// The bytes of the name where it is defined; those of `range` at the definition itself.
    pub definition: Range<usize>,
}

/// A call of a partial.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PartialCall {
    pub name: String,
    /// The names that it passes: `x` in `{{> card x=1}}`.
    pub arguments: Vec<String>,
    /// Whether the partial is about another value than the caller: `{{> card person}}`.
    pub has_context: bool,
}

/// A block that is not closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OpenBlock {
    /// What closes it: `each` for `{{/each}}`, `endfor` for `{% endfor %}`.
    pub close: String,
    /// The names that are defined in it, with the bytes of their definitions.
    pub locals: Vec<Spanned<String>>,
    /// Whether names in it are looked up in another value than the prompt's variables.
    pub has_own_context: bool,
}

/// What a call names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CallKind {
    /// A helper of Handlebars.
    Helper,
    /// A filter of Jinja.
    Filter,
    /// A test of Jinja.
    Test,
}

/// A call of a helper.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HelperCall {
    /// What is called.
    pub kind: CallKind,
    /// The helper's name.
    pub name: String,
    /// The bytes of the name.
    pub range: Range<usize>,
    /// Whether the tag would be a variable if there were no such helper.
    pub may_be_variable: bool,
}

/// The names that a template uses.
#[derive(Debug, Default)]
pub(crate) struct TemplateUses {
    /// Variables, in text order.
    pub variables: Vec<VariableUse>,
    /// Helpers of Handlebars; filters, tests and functions of Jinja.
    pub calls: Vec<HelperCall>,
    /// Partials by name, with the bytes of the name.
    pub partials: Vec<Spanned<String>>,
    /// Partials that the template defines itself.
    pub own_partials: BTreeSet<String>,
    /// Roles that are written in the tag.
    pub roles: Vec<Spanned<String>>,
    /// Variables in tags that close their blocks, such as `{{/a}}`.
    pub closing: Vec<VariableUse>,
    /// Names that the template defines, at their definitions and uses, in text order.
    pub locals: Vec<LocalUse>,
    /// Names of the template's engine and of the application, such as `@first`.
    pub contexts: Vec<Spanned<String>>,
    /// The calls of `partials`, in the same order.
    pub partial_calls: Vec<PartialCall>,
    /// The blocks that the template does not close, outermost first.
    pub open_blocks: Vec<OpenBlock>,
    /// Whether the template may use any variable: it writes all of them, or a name is computed.
    pub uses_all: bool,
}

impl TemplateUses {
    /// Adds `base` to every range.
    pub fn moved(mut self, base: usize) -> Self {
        let shift = |range: &mut Range<usize>| *range = range.start + base..range.end + base;
        self.variables
            .iter_mut()
            .for_each(|one| shift(&mut one.range));
        self.calls.iter_mut().for_each(|one| shift(&mut one.range));
        let closing = self.closing.iter_mut();
        closing.for_each(|one| shift(&mut one.range));
        self.partials
            .iter_mut()
            .for_each(|one| shift(&mut one.range));
        self.roles.iter_mut().for_each(|one| shift(&mut one.range));
        for local in &mut self.locals {
            shift(&mut local.range);
            shift(&mut local.definition);
        }
        let contexts = self.contexts.iter_mut();
        contexts.for_each(|one| shift(&mut one.range));
        let blocks = self.open_blocks.iter_mut();
        let locals = blocks.flat_map(|block| &mut block.locals);
        locals.for_each(|one| shift(&mut one.range));
        self
    }
}
