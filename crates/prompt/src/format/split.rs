//! A file split into front matter and body.

use std::ops::Range;

/// A file split into front matter and body.
#[derive(Debug)]
pub(crate) struct Split {
    /// The template or text, trimmed as the format's own runtime trims it.
    pub body: Range<usize>,
    /// The YAML between the fences.
    pub front_matter: Option<Range<usize>>,
    /// Warnings about fences: bytes and message.
    pub problems: Vec<(Range<usize>, String)>,
}

impl Split {
    /// Returns the same split for a text that begins at byte `by` of another.
    pub(crate) fn moved(self, by: usize) -> Self {
        let moved = |range: Range<usize>| range.start + by..range.end + by;
        Self {
            body: moved(self.body),
            front_matter: self.front_matter.map(moved),
            problems: self
                .problems
                .into_iter()
                .map(|(range, message)| (moved(range), message))
                .collect(),
        }
    }
}

/// The byte order mark that some editors write before a text.
pub(crate) const BOM: char = '\u{feff}';

/// Returns the problem that a byte order mark hides the front matter from the format's own readers.
pub(crate) fn hidden_by_bom(reader: &str) -> (Range<usize>, String) {
    let message = format!(
        "A byte order mark stands before the front matter, so {reader} does not see it. Save the \
         file as UTF-8 without it."
    );
    (0..BOM.len_utf8(), message)
}
