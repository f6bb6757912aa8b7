//! What identifies a document, however the client spells its URI.

use std::path::{Path, PathBuf};

use tower_lsp_server::ls_types::Uri;

/// A file, or a document that is none.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Key {
    /// A file of this machine.
    File(PathBuf),
    /// Anything else, such as `untitled:`, by its URI.
    Other(String),
}

impl Key {
    pub(super) fn of(uri: &Uri) -> Self {
        let is_file = uri
            .as_str()
            .get(..5)
            .is_some_and(|start| start.eq_ignore_ascii_case("file:"));
        match uri.to_file_path() {
            Some(path) if is_file => Self::File(path.into_owned()),
            _ => Self::Other(uri.as_str().to_owned()),
        }
    }

    pub(super) fn path(&self) -> Option<&Path> {
        match self {
            Self::File(path) => Some(path),
            Self::Other(_) => None,
        }
    }

    /// The name without its folders.
    pub(super) fn short_name(&self) -> String {
        let name = self.name();
        name.rsplit(['/', '\\']).next().unwrap_or(&name).to_owned()
    }

    /// The name that decides the format and stands in messages.
    pub(super) fn name(&self) -> String {
        match self {
            Self::File(path) => path.to_string_lossy().into_owned(),
            Self::Other(uri) => uri.rsplit(['/', ':']).next().unwrap_or(uri).to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(uri: &str) -> Key {
        Key::of(&uri.parse().unwrap())
    }

    #[test]
    fn spellings_of_one_file_are_one_key() {
        assert_eq!(
            key("file:///a%20b/c%2Eprompt"),
            key("FILE:///a%20b/c.prompt")
        );
        assert_eq!(
            key("file:///a%20b.prompt").path(),
            Some(Path::new("/a b.prompt"))
        );
    }

    #[test]
    fn what_is_no_file_has_no_path() {
        assert_eq!(key("untitled:Untitled-1").path(), None);
        assert_eq!(key("untitled:Untitled-1").name(), "Untitled-1");
    }
}
