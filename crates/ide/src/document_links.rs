//! Links from a prompt file or a promptfoo configuration to the files that it names.

use std::ops::Range;

use crate::snapshot::Snapshot;
use hoplens_prompt::{PromptFile, PromptFormat, partial_uses, promptfoo_links};

/// A range of a document that names a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentLink {
    /// Bytes of the document.
    pub range: Range<usize>,
    /// The file's path from the document's folder, with `/` between folders.
    pub path: String,
}

/// Returns the files that a document names, in order, whether or not they exist.
pub fn document_links(snapshot: &Snapshot) -> Vec<DocumentLink> {
    let found = match snapshot.file.format {
        PromptFormat::Promptfoo => promptfoo_links(&snapshot.text),
        _ => partial_uses(&snapshot.file, &snapshot.text),
    };
    found
        .into_iter()
        .map(|(range, path)| DocumentLink { range, path })
        .collect()
}

/// Returns the range that links a prompt to its sidecar and a sidecar to its prompt: the first line
/// of the front matter or of the YAML. `None` for a prompt without either. `prompt` is the prompt if
/// the document is one, and `None` for a sidecar.
pub fn sidecar_link_range(text: &str, prompt: Option<&PromptFile>) -> Option<Range<usize>> {
    if let Some(file) = prompt {
        let is_yaml = file.format == PromptFormat::Github;
        if !is_yaml && file.front_matter.is_none() {
            return None;
        }
    }
    let start = text.len()
        - text
            .trim_start_matches(['\u{feff}', '\n', '\r', ' ', '\t'])
            .len();
    let line = text.get(start..)?.split(['\n', '\r']).next()?.trim_end();
    (!line.is_empty()).then(|| start..start + line.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(name: &str, text: &str) -> Vec<(String, String)> {
        let links = document_links(&Snapshot::new(name, text, None));
        let links = links.into_iter();
        links
            .map(|link| (text[link.range].to_owned(), link.path))
            .collect()
    }

    #[test]
    fn partials_and_prompt_files_are_links() {
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        assert_eq!(
            shown("a.prompt", "é {{> head}} {{x}}"),
            [pair("{{> head}}", "_head.prompt")]
        );
        assert_eq!(
            shown(
                "promptfooconfig.yaml",
                "prompts: [file://a/b.txt, \"Hello {{x}}\"]\n"
            ),
            [pair("file://a/b.txt", "a/b.txt")]
        );
        assert_eq!(shown("a.txt", "{{> head}}"), []);
    }

    #[test]
    fn the_first_line_of_declarations_links_to_the_sidecar() {
        let anchor = |name: &str, text: &str| {
            let file = hoplens_prompt::parse(name, text, None);
            sidecar_link_range(text, Some(&file)).map(|range| text[range].to_owned())
        };
        assert_eq!(
            anchor("a.prompt", "---\na: b\n---\nT").as_deref(),
            Some("---")
        );
        assert_eq!(
            anchor("a.prompt.yml", "name: x\r\nmessages: []\r\n").as_deref(),
            Some("name: x")
        );
        assert_eq!(anchor("a.txt", "Rome is"), None);
        assert_eq!(anchor("a.prompt", "Rome is"), None);
        assert_eq!(sidecar_link_range("\nversion: 1\n", None), Some(1..11));
        assert_eq!(sidecar_link_range("", None), None);
    }
}
