//! The formats of prompt files.

use std::path::Path;

use crate::companion_files::is_promptfoo_config;
use crate::yaml::dialect::Dialect;

/// The format of a prompt file, determined by its name.
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
    /// The files that VS Code and other agents read beside prompt files: `.agent.md`,
    /// `.instructions.md` and `SKILL.md`. Read like [`PromptFormat::PromptMd`], but hoplens writes
    /// nothing into them, because the agents check their keys.
    AgentMd,
    /// Markdown with code fences tagged `prompt`, each a dotprompt file. Without such a fence it is
    /// read as [`PromptFormat::Plain`].
    Markdown,
    /// The configuration of promptfoo. It contains no prompt that is read, but names prompt files
    /// and their tests.
    Promptfoo,
    /// Any other text: the file is the prompt.
    Plain,
}

/// File name endings and their formats; the first match counts.
const ENDINGS: [(&str, PromptFormat); 7] = [
    (".prompt.yml", PromptFormat::Github),
    (".prompt.yaml", PromptFormat::Github),
    (".prompt.md", PromptFormat::PromptMd),
    (".agent.md", PromptFormat::AgentMd),
    (".instructions.md", PromptFormat::AgentMd),
    (".prompty", PromptFormat::Prompty),
    (".prompt", PromptFormat::Dotprompt),
];

/// The file of an agent skill. Agents look for exactly this name; a `skill.md` is any Markdown.
const SKILL: &str = "SKILL.md";

impl PromptFormat {
    /// Returns the YAML reader of this format's front matter or file.
    pub(crate) fn yaml_dialect(self) -> Dialect {
        match self {
            Self::Dotprompt | Self::Markdown => Dialect::NpmYaml,
            Self::Prompty => Dialect::PyYaml,
            Self::Promptfoo => Dialect::JsYaml,
            Self::PromptMd | Self::AgentMd => Dialect::VsCode,
            Self::Github | Self::Plain => Dialect::Core,
        }
    }

    /// Returns the format of a file by its name, ignoring its folders.
    pub fn of(file_name: &str) -> Self {
        let name = file_name.rsplit(['/', '\\']).next().unwrap_or_default();
        if name == SKILL {
            return Self::AgentMd;
        }
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

/// Whether a file's name is that of a Markdown file; the caller has excluded `.prompt.md` and the like.
fn is_markdown(name: &str) -> bool {
    [".md", ".markdown"].iter().any(|end| name.ends_with(end))
}

const SIDECAR: &str = ".hoplens.yaml";

/// Returns the name of a prompt file's sidecar: `capital.txt.hoplens.yaml` for `capital.txt`.
pub fn sidecar_name(file_name: &str) -> String {
    format!("{file_name}{SIDECAR}")
}

/// Whether a file is a prompt by its name alone, as `check` on a folder must decide.
///
/// A plain text is a prompt only if it has a sidecar: pass the sidecar's path to
/// [`prompt_of_sidecar`] to find it. A partial (`_name.prompt`) is a part of other prompts and not
/// a prompt itself.
pub fn is_prompt_file(path: &Path) -> bool {
    path.file_name()
        .and_then(|name| name.to_str())
        .is_some_and(|name| match PromptFormat::of(name) {
            PromptFormat::Plain | PromptFormat::Markdown | PromptFormat::Promptfoo => false,
            PromptFormat::Dotprompt => !name.starts_with('_'),
            PromptFormat::Prompty
            | PromptFormat::PromptMd
            | PromptFormat::AgentMd
            | PromptFormat::Github => true,
        })
}

/// Whether a file is a partial of dotprompt, `_name.prompt`: a part of other prompts.
pub fn is_partial_file(path: &Path) -> bool {
    path.file_name()
        .and_then(|name| name.to_str())
        .is_some_and(|name| {
            name.starts_with('_') && PromptFormat::of(name) == PromptFormat::Dotprompt
        })
}

/// Returns the prompt file that a sidecar belongs to; `None` if the path is not a sidecar's.
pub fn prompt_of_sidecar(path: &Path) -> Option<std::path::PathBuf> {
    let name = path.file_name()?.to_str()?.strip_suffix(SIDECAR)?;
    (!name.is_empty()).then(|| path.with_file_name(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_file_determines_its_format() {
        for (name, format) in [
            ("a.prompt", PromptFormat::Dotprompt),
            ("dir/a.variant.PROMPT", PromptFormat::Dotprompt),
            ("a.prompty", PromptFormat::Prompty),
            ("dir/A.Prompty", PromptFormat::Prompty),
            ("a.prompt.md", PromptFormat::PromptMd),
            (".github\\a.prompt.md", PromptFormat::PromptMd),
            (".github/agents/a.agent.md", PromptFormat::AgentMd),
            ("a.Instructions.md", PromptFormat::AgentMd),
            (".claude/skills/release/SKILL.md", PromptFormat::AgentMd),
            ("skills\\release\\SKILL.md", PromptFormat::AgentMd),
            ("SKILL.md", PromptFormat::AgentMd),
            // These are ordinary Markdown: the first is nobody's skill, the next belong to one, and
            // agents add the last ones to every conversation, as they are.
            ("notes/skill.md", PromptFormat::Markdown),
            ("skills/release/reference.md", PromptFormat::Markdown),
            ("MYSKILL.md", PromptFormat::Markdown),
            (".agent.md", PromptFormat::Markdown),
            ("AGENTS.md", PromptFormat::Markdown),
            (".github/copilot-instructions.md", PromptFormat::Markdown),
            ("a.md", PromptFormat::Markdown),
            ("a.MARKDOWN", PromptFormat::Markdown),
            ("a.prompt.yml", PromptFormat::Github),
            ("x/a.Prompt.YAML", PromptFormat::Github),
            ("x/promptfooconfig.yaml", PromptFormat::Promptfoo),
            ("x/promptfooconfig.dev.yaml", PromptFormat::Promptfoo),
            ("x/promptfooconfig-eu.yml", PromptFormat::Promptfoo),
            ("x/promptfooconfigs.yaml", PromptFormat::Plain),
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
            ("x/review.agent.md", true),
            ("x/style.instructions.md", true),
            ("x/skills/release/SKILL.md", true),
            ("x/skills/release/reference.md", false),
            ("x/AGENTS.md", false),
            ("x/copilot-instructions.md", false),
            ("x/reef.prompt.hoplens.yaml", false),
            ("x/_header.prompt", false),
            ("x/notes.md", false),
        ] {
            assert_eq!(is_prompt_file(Path::new(name)), is, "{name}");
        }
        for (name, is) in [
            ("x/_header.prompt", true),
            ("x/header.prompt", false),
            ("x/_header.prompt.md", false),
            ("_x/header.prompt", false),
        ] {
            assert_eq!(is_partial_file(Path::new(name)), is, "{name}");
        }
    }

    #[test]
    fn the_prompt_of_a_sidecar_is_found_by_name() {
        let sidecar = sidecar_name("x/capital.txt");
        assert_eq!(sidecar, "x/capital.txt.hoplens.yaml");
        let prompt = prompt_of_sidecar(Path::new(&sidecar));
        assert_eq!(prompt.as_deref(), Some(Path::new("x/capital.txt")));
        assert_eq!(prompt_of_sidecar(Path::new("x/.hoplens.yaml")), None);
    }
}
