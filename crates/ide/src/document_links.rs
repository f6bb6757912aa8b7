//! Files that a prompt file or a promptfoo configuration names.

use std::ops::Range;

use crate::snapshot::Snapshot;
use hoplens_prompt::{Format, PromptFile, partial_uses, promptfoo_links};

/// A piece of a document that stands for a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Bytes of the document.
    pub range: Range<usize>,
    /// The file's path from the document's folder, with `/` between folders.
    pub path: String,
}

/// The files that a document names, in order; whether they are there is not asked.
pub fn links(snapshot: &Snapshot) -> Vec<Link> {
    let found = match snapshot.file.format {
        Format::Promptfoo => promptfoo_links(&snapshot.text),
        _ => partial_uses(&snapshot.file, &snapshot.text),
    };
    found
        .into_iter()
        .map(|(range, path)| Link { range, path })
        .collect()
}

/// What stands for the file beside a document, its sidecar or its prompt: the first line of a
/// front matter or of YAML. A text that is all prompt has nothing to click on.
pub fn beside_anchor(text: &str, prompt: Option<&PromptFile>) -> Option<Range<usize>> {
    if let Some(file) = prompt {
        let is_yaml = file.format == Format::Github;
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
        let links = links(&Snapshot::new(name, text, None));
        let links = links.into_iter();
        links
            .map(|link| (text[link.range].to_owned(), link.path))
            .collect()
    }

    #[test]
    fn partials_and_prompts_are_links() {
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
    fn a_sidecar_is_reached_from_the_first_line() {
        let anchor = |name: &str, text: &str| {
            let file = hoplens_prompt::parse(name, text, None);
            beside_anchor(text, Some(&file)).map(|range| text[range].to_owned())
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
        assert_eq!(beside_anchor("\nversion: 1\n", None), Some(1..11));
        assert_eq!(beside_anchor("", None), None);
    }
}
