//! Values with their place in a file.

use std::ops::Range;

/// A value with the bytes of the file that hold it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spanned<T> {
    /// The value, unquoted and unescaped.
    pub value: T,
    /// Bytes of the file (see [`Origin`]) that hold it, quotes included.
    pub range: Range<usize>,
}

/// Which file a case or an injection was read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The prompt file's own front matter.
    FrontMatter,
    /// The sidecar `<file name>.hoplens.yaml` beside it.
    Sidecar,
}
