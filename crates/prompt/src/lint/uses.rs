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
        self.partials
            .iter_mut()
            .for_each(|one| shift(&mut one.range));
        self.roles.iter_mut().for_each(|one| shift(&mut one.range));
        self
    }
}
