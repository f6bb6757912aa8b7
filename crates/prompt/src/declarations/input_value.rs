//! The value of a variable and its range in a file.

use std::ops::Range;

use crate::declarations::spanned::Origin;

/// A text that a template's variable takes from the front matter or the sidecar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InputValue {
    /// [`Case::range`](crate::Case::range) of its case; `None` for a default.
    pub case: Option<Range<usize>>,
    /// The variable.
    pub name: String,
    /// Its text.
    pub value: String,
    /// The scalar's bytes, including quotes.
    pub range: Range<usize>,
    /// The file that the ranges belong to.
    pub origin: Origin,
}
