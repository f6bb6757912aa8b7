//! Checks on paths and file names.

use std::path::Path;

/// Whether a text from outside is safe to append to a folder: a relative path without `..`.
pub(super) fn is_relative(text: &str) -> bool {
    let strange = |c: char| c == '\\' || c.is_control() || cfg!(windows) && c == ':';
    let downwards = |part: &str| !matches!(part, "" | "." | "..");
    text.len() < 1024 && !text.contains(strange) && text.split('/').all(downwards)
}

/// Whether a file has the extension `.gguf`, in any case.
pub(super) fn is_gguf(path: &Path) -> bool {
    path.extension()
        .is_some_and(|end| end.eq_ignore_ascii_case("gguf"))
}
