//! The findings of prompt files: which files are read, and how the findings are printed.

pub(super) mod checked_files;
mod github;
pub(super) mod partials;
mod paths;
pub(super) mod read_files;
pub(super) mod report;
mod repository_path;
mod sarif;
pub(super) mod text;
