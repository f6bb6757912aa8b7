//! What a Handlebars template may use besides its own tags.

use std::collections::BTreeMap;

use crate::declarations::registered_names::RegisteredNames;

/// What a Handlebars template may use besides its own tags and dotprompt's helpers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TemplateParts<'a> {
    /// The texts of the partials, by the names in `{{> name}}`.
    pub partials: &'a BTreeMap<String, String>,
    /// What the application registers in its code.
    pub registered: &'a RegisteredNames,
}
