//! Values with their range in a file.

use std::ops::Range;

/// A value and the bytes of the file that contain it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spanned<T> {
    /// The value, unquoted and unescaped.
    pub value: T,
    /// Bytes of the file (see [`Origin`]) that contain it, including quotes.
    pub range: Range<usize>,
}

/// The file from which a case or an injection was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Origin {
    /// The prompt file's own front matter.
    FrontMatter,
    /// The sidecar `<file name>.hoplens.yaml` in the same folder.
    Sidecar,
}
