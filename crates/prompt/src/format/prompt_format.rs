//! Which kinds of prompt files there are.

use std::path::Path;

use crate::companion_files::is_promptfoo_config;

/// The kind of a prompt file, decided by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PromptFormat {
    /// Google's dotprompt, `.prompt`: YAML front matter and a Handlebars template.
    Dotprompt,
    /// GitHub Models, `.prompt.yml` or `.prompt.yaml`: messages and test data in YAML.
    Github,
    /// Microsoft's Prompty v2, `.prompty`: YAML front matter, role lines, and a Jinja2 or Mustache
    /// template.
    Prompty,
    /// VS Code's prompt files, `.prompt.md`: YAML front matter and Markdown with `${input:name}`.
    PromptMd,
    /// Markdown with code fences tagged `prompt`, each a dotprompt file; without any it is read as
    /// [`PromptFormat::Plain`].
    Markdown,
    /// The configuration of promptfoo: it holds no prompt that is read, but names files that do,
    /// with their tests.
    Promptfoo,
    /// Any other text: the file is the prompt.
    Plain,
}

/// How a file's name ends, and its format; the first that fits counts.
const ENDINGS: [(&str, PromptFormat); 5] = [
    (".prompt.yml", PromptFormat::Github),
    (".prompt.yaml", PromptFormat::Github),
    (".prompt.md", PromptFormat::PromptMd),
    (".prompty", PromptFormat::Prompty),
    (".prompt", PromptFormat::Dotprompt),
];

impl PromptFormat {
    /// The format of a file by its name; folders before it do not matter.
    pub fn of(file_name: &str) -> Self {
        let name = file_name.rsplit(['/', '\\']).next().unwrap_or_default();
        let name = name.to_ascii_lowercase();
        let ends = |(ending, _): &&(&str, Self)| {
            name.strip_suffix(ending)
                .is_some_and(|stem| !stem.is_empty())
        };
        let found = ENDINGS.iter().find(ends);
        match found {
            Some((_, format)) => *format,
            None if is_promptfoo_config(Path::new(&name)) => Self::Promptfoo,
            None if is_markdown(&name) => Self::Markdown,
            None => Self::Plain,
        }
    }
}

/// Whether a file's name is that of a Markdown file; `.prompt.md` is another format.
fn is_markdown(name: &str) -> bool {
    [".md", ".markdown"].iter().any(|end| name.ends_with(end))
}

const SIDECAR: &str = ".hoplens.yaml";

/// The name of a prompt file's sidecar: `capital.txt` has `capital.txt.hoplens.yaml`.
pub fn sidecar_name(file_name: &str) -> String {
    format!("{file_name}{SIDECAR}")
}

/// Whether a file is a prompt by its name alone, as `check` on a folder must decide.
///
/// A plain text is one only through its sidecar: pass the sidecar's path to
/// [`prompt_of_sidecar`] to find it. A partial (`_name.prompt`) is a part of other prompts and no
/// prompt itself.
pub fn is_prompt_file(path: &Path) -> bool {
    path.file_name()
        .and_then(|name| name.to_str())
        .is_some_and(|name| match PromptFormat::of(name) {
            PromptFormat::Plain | PromptFormat::Markdown | PromptFormat::Promptfoo => false,
            PromptFormat::Dotprompt => !name.starts_with('_'),
            PromptFormat::Prompty | PromptFormat::PromptMd | PromptFormat::Github => true,
        })
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
        for (name, format) in [
            ("a.prompt", PromptFormat::Dotprompt),
            ("dir/a.variant.PROMPT", PromptFormat::Dotprompt),
            ("a.prompty", PromptFormat::Prompty),
            ("dir/A.Prompty", PromptFormat::Prompty),
            ("a.prompt.md", PromptFormat::PromptMd),
            (".github\\a.prompt.md", PromptFormat::PromptMd),
            ("a.md", PromptFormat::Markdown),
            ("a.MARKDOWN", PromptFormat::Markdown),
            ("a.prompt.yml", PromptFormat::Github),
            ("x/a.Prompt.YAML", PromptFormat::Github),
            ("x/promptfooconfig.yaml", PromptFormat::Promptfoo),
            (".prompt", PromptFormat::Plain),
            ("", PromptFormat::Plain),
        ] {
            assert_eq!(PromptFormat::of(name), format, "{name}");
        }
        for (name, is) in [
            ("x/reef.prompt", true),
            ("x/reef.prompty", true),
            ("x/reef.prompt.md", true),
            ("x/a.prompt.yml", true),
            ("x/reef.prompt.hoplens.yaml", false),
            ("x/_header.prompt", false),
            ("x/notes.md", false),
        ] {
            assert_eq!(is_prompt_file(Path::new(name)), is, "{name}");
        }
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
