//! The identity of a document, however the client spells its URI.

use std::path::{Path, PathBuf};

use tower_lsp_server::ls_types::Uri;

use hoplens_prompt::{Origin, prompt_of_sidecar, sidecar_name};
use hoplens_workspace::PROJECT_FILE;

/// Identifies a document.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum DocumentKey {
    /// A file of this machine, by its path.
    File(PathBuf),
    /// Any other document, such as `untitled:`, by its URI.
    Other(String),
}

impl DocumentKey {
    /// Returns the key of the document at `uri`.
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

    /// Returns the path of a file; `None` for other documents.
    pub(super) fn path(&self) -> Option<&Path> {
        match self {
            Self::File(path) => Some(path),
            Self::Other(_) => None,
        }
    }

    /// Returns whether the document is a `hoplens.toml`.
    pub(super) fn is_project_file(&self) -> bool {
        let name = self.path().and_then(Path::file_name);
        name.is_some_and(|name| name == PROJECT_FILE)
    }

    /// Returns the key of a prompt's sidecar, whether or not there is one; documents that are no
    /// files have none.
    pub(super) fn sidecar(&self) -> Option<Self> {
        let path = self.path()?;
        let mut name = path.file_name()?.to_os_string();
        name.push(sidecar_name(""));
        Some(Self::File(path.with_file_name(name)))
    }

    /// Returns the prompt that a sidecar belongs to; `None` if the document is no sidecar.
    pub(super) fn prompt_of_sidecar(&self) -> Option<Self> {
        prompt_of_sidecar(self.path()?).map(Self::File)
    }

    /// Returns the prompt that the document is a file of, if it is one, and which file.
    pub(super) fn prompt_and_origin(&self) -> (Self, Origin) {
        match self.prompt_of_sidecar() {
            Some(prompt) => (prompt, Origin::Sidecar),
            None => (self.clone(), Origin::FrontMatter),
        }
    }

    /// Returns the name without its folders.
    pub(super) fn short_name(&self) -> String {
        let name = self.name();
        name.rsplit(['/', '\\']).next().unwrap_or(&name).to_owned()
    }

    /// Returns the name that decides the format and that messages show.
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

    fn key(uri: &str) -> DocumentKey {
        DocumentKey::of(&uri.parse().unwrap())
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
    fn other_documents_have_no_path() {
        assert_eq!(key("untitled:Untitled-1").path(), None);
        assert_eq!(key("untitled:Untitled-1").name(), "Untitled-1");
    }
}
