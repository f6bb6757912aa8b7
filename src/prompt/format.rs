//! Which kinds of prompt files there are, and what each keeps where.

use std::{ops::Range, path::Path};

use super::{dotprompt, plain};

/// The kind of a prompt file, decided by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// Google's dotprompt, `.prompt`: YAML front matter and a Handlebars template.
    Dotprompt,
    /// GitHub Models, `.prompt.yml` or `.prompt.yaml`: messages and test data in YAML.
    Github,
    /// Any other text: the file is the prompt.
    Plain,
}

/// A file cut into its parts.
#[derive(Debug)]
pub(super) struct Split {
    /// The template or text, trimmed as the format's own runtime trims it.
    pub body: Range<usize>,
    /// The YAML between the fences.
    pub front_matter: Option<Range<usize>>,
    /// Warnings about fences: bytes and message.
    pub problems: Vec<(Range<usize>, String)>,
}

impl Format {
    /// The format of a file by its name; folders before it do not matter.
    pub fn of(file_name: &str) -> Self {
        let lower = file_name.to_ascii_lowercase();
        if GITHUB.iter().any(|end| lower.ends_with(end)) {
            return Self::Github;
        }
        let extension = Path::new(file_name).extension();
        if extension.is_some_and(|extension| extension.eq_ignore_ascii_case("prompt")) {
            Self::Dotprompt
        } else {
            Self::Plain
        }
    }

    pub(super) fn split(self, text: &str) -> Split {
        match self {
            Self::Dotprompt => dotprompt::split(text),
            Self::Github => Split {
                body: 0..text.len(),
                front_matter: None,
                problems: Vec::new(),
            },
            Self::Plain => plain::split(text),
        }
    }
}

const GITHUB: [&str; 2] = [".prompt.yml", ".prompt.yaml"];
const SIDECAR: &str = ".hoplens.yaml";

/// The name of a prompt file's sidecar: `capital.txt` has `capital.txt.hoplens.yaml`.
pub fn sidecar_name(file_name: &str) -> String {
    format!("{file_name}{SIDECAR}")
}

/// Whether a file is a prompt by its name alone, as `check` on a folder must decide.
///
/// A plain text is one only through its sidecar: pass the sidecar's path to
/// [`prompt_of_sidecar`] to find it.
pub fn is_prompt_file(path: &Path) -> bool {
    path.file_name()
        .and_then(|name| name.to_str())
        .is_some_and(|name| Format::of(name) != Format::Plain)
}

/// The prompt file that a sidecar belongs to; `None` if the path is not a sidecar's.
pub fn prompt_of_sidecar(path: &Path) -> Option<std::path::PathBuf> {
    let name = path.file_name()?.to_str()?.strip_suffix(SIDECAR)?;
    (!name.is_empty()).then(|| path.with_file_name(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_decide() {
        assert_eq!(Format::of("a.prompt"), Format::Dotprompt);
        assert_eq!(Format::of("dir/a.variant.PROMPT"), Format::Dotprompt);
        assert_eq!(Format::of("a.prompt.yml"), Format::Github);
        assert_eq!(Format::of("x/a.Prompt.YAML"), Format::Github);
        assert!(is_prompt_file(Path::new("x/a.prompt.yml")));
        assert_eq!(Format::of("a.prompt.md"), Format::Plain);
        assert_eq!(Format::of(""), Format::Plain);
        assert!(is_prompt_file(Path::new("x/reef.prompt")));
        assert!(!is_prompt_file(Path::new("x/reef.prompt.hoplens.yaml")));
    }

    #[test]
    fn a_sidecar_leads_back_to_its_prompt() {
        let sidecar = sidecar_name("x/capital.txt");
        assert_eq!(sidecar, "x/capital.txt.hoplens.yaml");
        let prompt = prompt_of_sidecar(Path::new(&sidecar));
        assert_eq!(prompt.as_deref(), Some(Path::new("x/capital.txt")));
        assert_eq!(prompt_of_sidecar(Path::new("x/.hoplens.yaml")), None);
    }
}
