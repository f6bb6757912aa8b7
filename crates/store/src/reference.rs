//! Model references: what a user writes to name a model.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use crate::catalogue;
use crate::catalogue::{Alias, CATALOGUE};
use crate::error::StoreError;
use crate::options::untilde;
use crate::paths::{is_gguf, is_relative};

/// A model as the user named it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ModelRef {
    /// A short name of the catalogue.
    Alias(&'static Alias),
    /// A `.gguf` file, or a folder with `config.json`.
    Path(PathBuf),
    /// A repository of the hub.
    Hub(HubRef),
    /// A model of the local Ollama, `NAME[:TAG]` with an optional host and namespace.
    Ollama {
        /// Host, namespace and name, as far as given.
        name: String,
        /// `latest` if none was given.
        tag: String,
    },
}

/// `org/name[@revision][:file]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HubRef {
    /// `org/name`.
    pub repo: String,
    /// Branch, tag or commit; `main` when not written.
    pub revision: String,
    /// One file of the repository (a GGUF); otherwise its folder of safetensors.
    pub file: Option<String>,
}

impl ModelRef {
    /// Parses a reference with the built-in catalogue.
    ///
    /// Tries, in this order: `ollama:…`; an alias; a path (`./x`, `/x`, `~/x`, `x.gguf`, or an existing
    /// folder with `config.json`); a repository. An alias takes precedence over a folder of the same
    /// name: write `./gpt2` for the folder.
    ///
    /// # Errors
    /// [`StoreError::UnknownName`] and [`StoreError::BadReference`]. Does not check that the model
    /// exists.
    pub fn parse(text: &str) -> Result<Self, StoreError> {
        Self::parse_with(text, CATALOGUE)
    }

    /// [`ModelRef::parse`] with another catalogue.
    ///
    /// # Errors
    /// As [`ModelRef::parse`].
    pub fn parse_with(text: &str, catalogue: &'static [Alias]) -> Result<Self, StoreError> {
        let text = text.trim();
        if let Some(name) = text.strip_prefix("ollama:") {
            return ollama(text, name);
        }
        if let Some(alias) = catalogue::find(catalogue, text) {
            return Ok(Self::Alias(alias));
        }
        if is_path(text) || Path::new(text).join("config.json").is_file() && !text.is_empty() {
            let home = std::env::home_dir();
            return Ok(Self::Path(untilde(PathBuf::from(text), home.as_deref())));
        }
        if text.contains('/') {
            return hub(text).map(Self::Hub);
        }
        Err(StoreError::UnknownName {
            name: text.to_owned(),
            known: catalogue::names(catalogue),
        })
    }

    /// The default model.
    pub fn default_model() -> Self {
        // A test checks that the first entry of the catalogue is the default.
        match CATALOGUE.first() {
            Some(alias) => Self::Alias(alias),
            None => Self::Path(PathBuf::new()),
        }
    }
}

impl FromStr for ModelRef {
    type Err = StoreError;

    fn from_str(text: &str) -> Result<Self, StoreError> {
        Self::parse(text)
    }
}

impl fmt::Display for ModelRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Alias(alias) => f.write_str(alias.name),
            Self::Path(path) => write!(f, "{}", path.display()),
            Self::Hub(hub) => hub.fmt(f),
            Self::Ollama { name, tag } => write!(f, "ollama:{name}:{tag}"),
        }
    }
}

impl fmt::Display for HubRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.repo)?;
        if self.revision != "main" {
            write!(f, "@{}", self.revision)?;
        }
        match &self.file {
            Some(file) => write!(f, ":{file}"),
            None => Ok(()),
        }
    }
}

impl From<&Alias> for HubRef {
    fn from(alias: &Alias) -> Self {
        Self {
            repo: alias.repo.to_owned(),
            revision: alias.revision.to_owned(),
            file: alias.file.map(str::to_owned),
        }
    }
}

/// Whether the text is written as a path rather than as a repository.
fn is_path(text: &str) -> bool {
    let drive = text
        .get(1..3)
        .is_some_and(|rest| rest == ":\\" || rest == ":/");
    let prefixed = ["/", "./", "../", "~/", ".\\", "..\\", "\\\\"]
        .iter()
        .any(|prefix| text.starts_with(prefix));
    let gguf = is_gguf(Path::new(text));
    drive || prefixed || text == "." || text == ".." || gguf && !text.contains(':')
}

fn hub(text: &str) -> Result<HubRef, StoreError> {
    let bad = |cause: &str| StoreError::BadReference {
        reference: text.to_owned(),
        cause: cause.to_owned(),
    };
    let (rest, file) = match text.split_once(':') {
        Some((rest, file)) => (rest, Some(file)),
        None => (text, None),
    };
    let (repo, revision) = match rest.split_once('@') {
        Some((repo, revision)) => (repo, revision),
        None => (rest, "main"),
    };
    if !is_repo(repo) {
        return Err(bad(
            "a repository is written `org/name`, in letters, digits, `-`, `_` and `.`",
        ));
    }
    if !is_relative(revision) {
        return Err(bad("the revision after `@` is a branch, a tag or a commit"));
    }
    if file.is_some_and(|file| !is_relative(file) || !is_gguf(Path::new(file))) {
        return Err(bad(
            "what follows `:` is the path of a .gguf file inside the repository; for safetensors leave it away",
        ));
    }
    Ok(HubRef {
        repo: repo.to_owned(),
        revision: revision.to_owned(),
        file: file.map(str::to_owned),
    })
}

fn ollama(text: &str, name: &str) -> Result<ModelRef, StoreError> {
    let (name, tag) = match name.rsplit_once(':') {
        // A colon before a slash belongs to a host's port.
        Some((name, tag)) if !tag.contains('/') => (name, tag),
        _ => (name, "latest"),
    };
    let parts_ok = name.split('/').count() <= 3 && is_relative(name) && is_relative(tag);
    if !parts_ok || tag.contains('/') {
        return Err(StoreError::BadReference {
            reference: text.to_owned(),
            cause: "an Ollama model is written `ollama:NAME[:TAG]`, as `ollama list` shows it"
                .to_owned(),
        });
    }
    Ok(ModelRef::Ollama {
        name: name.to_owned(),
        tag: tag.to_owned(),
    })
}

/// `org/name` in the characters that the hub allows.
pub(super) fn is_repo(text: &str) -> bool {
    let word = |part: &str| {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        !part.is_empty() && part.chars().all(plain) && !part.starts_with(['.', '-'])
    };
    // `--` separates the parts in the cache's folder names.
    match text.split_once('/') {
        Some((org, name)) => word(org) && word(name) && !text.contains("--"),
        None => false,
    }
}

#[cfg(test)]
mod tests;
