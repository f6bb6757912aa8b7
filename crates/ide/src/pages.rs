//! The page of each diagnostic code in docs/diagnostics, and the files that the pages link to.

use std::ops::Range;
use std::path::Path;

use hoplens_prompt::Code;
use pulldown_cmark::{Event, Parser, Tag, TagEnd};

/// Matches each code to the page with its name.
macro_rules! pages {
    ($($variant:ident $name:literal),* $(,)?) => {
        /// Returns the page of a code, as it is in the repository.
        fn page(code: Code) -> &'static str {
            match code {
                $(Code::$variant => {
                    include_str!(concat!("../../../docs/diagnostics/", $name, ".md"))
                })*
            }
        }
    };
}

pages! {
    AnswerUnknown "answer-unknown",
    AnswerShortcut "answer-shortcut",
    HopUnknown "hop-unknown",
    HopLost "hop-lost",
    AnswerUnlikely "answer-unlikely",
    ReplyMissesAnswer "reply-misses-answer",
    HopInconsistent "hop-inconsistent",
    InjectionStale "injection-stale",
    InjectionHarmful "injection-harmful",
    TokenSplit "token-split",
    TrailingSpace "trailing-space",
    NoInfluence "no-influence",
    UnknownModel "unknown-model",
    AnalysisFailed "analysis-failed",
    InvalidInjection "invalid-injection",
    EmptyPrompt "empty-prompt",
    MentionMissing "mention-missing",
    TemplateError "template-error",
    UnknownPartial "unknown-partial",
    CircularPartial "circular-partial",
    UnknownHelper "unknown-helper",
    ShadowedVariable "shadowed-variable",
    UndeclaredVariable "undeclared-variable",
    UnsetVariable "unset-variable",
    UnusedVariable "unused-variable",
    SchemaMismatch "schema-mismatch",
    UnknownRole "unknown-role",
    InvalidRoleLine "invalid-role-line",
    UnsupportedContent "unsupported-content",
    InvalidYaml "invalid-yaml",
    InvalidFence "invalid-fence",
    MissingKey "missing-key",
    UnknownKey "unknown-key",
    MisplacedKey "misplaced-key",
    DuplicateKey "duplicate-key",
    InvalidValue "invalid-value",
    DuplicateValue "duplicate-value",
    DuplicateId "duplicate-id",
    UnknownCase "unknown-case",
    TooManyCases "too-many-cases",
    MissingFile "missing-file",
    InvalidIgnore "invalid-ignore",
    DeprecatedIgnore "deprecated-ignore",
    FrontMatter "front-matter",
}

/// Embeds files of the repository by their paths from its root.
macro_rules! embedded {
    ($($path:literal),* $(,)?) => {
        [$(($path, include_str!(concat!("../../../", $path)))),*]
    };
}

/// The other files that the pages link to.
const LINKED_FILES: [(&str, &str); 9] = embedded![
    "docs/candidates.md",
    "docs/diagnostics.md",
    "docs/format.md",
    "docs/influence.md",
    "docs/settings.md",
    "examples/backwards.prompt",
    "examples/louvre.prompt",
    "examples/python.prompt",
    "examples/reef.prompt",
];

/// A file of the documentation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageFile {
    /// The path from the root of the repository, with slashes; [`Code::docs_url`] for the page of a
    /// code.
    pub path: &'static str,
    /// The text. Its relative links lead to other files of [`page_files`].
    pub text: String,
}

/// Returns the page of every code, and the files that the pages link to.
pub fn page_files() -> Vec<PageFile> {
    let pages = Code::ALL.iter().map(|code| (code.docs_url(), page(*code)));
    let files: Vec<(&str, &str)> = pages.chain(LINKED_FILES).collect();
    let is_there = |path: &str| files.iter().any(|(other, _)| *other == path);
    let with_links = files.iter().map(|(path, text)| PageFile {
        path,
        text: if is_markdown(path) {
            unlinked(text, |target| is_there(&resolved(path, target)))
        } else {
            (*text).to_owned()
        },
    });
    with_links.collect()
}

fn is_markdown(path: &str) -> bool {
    let extension = Path::new(path).extension();
    extension.is_some_and(|extension| extension.eq_ignore_ascii_case("md"))
}

/// Returns the page of a code in Markdown without links to other files, for readers who do not
/// have them.
pub fn page_text(code: Code) -> String {
    unlinked(page(code), |_| false)
}

/// Replaces each link and picture by its text, except those to other sites, within the file, and to
/// the targets that `is_there` accepts.
fn unlinked(markdown: &str, is_there: impl Fn(&str) -> bool) -> String {
    let mut edits: Vec<(Range<usize>, Range<usize>)> = Vec::new();
    // The link that is being read, and its text.
    let mut open: Option<(Range<usize>, Option<Range<usize>>)> = None;
    for (event, range) in Parser::new(markdown).into_offset_iter() {
        match event {
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                let is_kept =
                    dest_url.contains(':') || dest_url.starts_with('#') || is_there(&dest_url);
                open = (!is_kept).then_some((range, None));
            }
            Event::End(TagEnd::Link | TagEnd::Image) => {
                edits.extend(open.take().map(|(link, text)| {
                    let end = link.end;
                    (link, text.unwrap_or(end..end))
                }));
            }
            _ => {
                if let Some((_, text)) = &mut open {
                    let start = text.as_ref().map_or(range.start, |text| text.start);
                    *text = Some(start..range.end);
                }
            }
        }
    }
    let mut written = markdown.to_owned();
    for (link, text) in edits.into_iter().rev() {
        written.replace_range(link, &markdown[text]);
    }
    written
}

/// Returns the path of a link's target from the root of the repository.
fn resolved(path: &str, target: &str) -> String {
    let mut parts: Vec<&str> = path.split('/').collect();
    parts.pop();
    let target = target.split('#').next().unwrap_or_default();
    for part in target.split('/') {
        match part {
            "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_its_own_page() {
        for code in Code::ALL {
            assert!(page(*code).starts_with(&format!("# {code}\n")), "{code}");
        }
    }

    /// Returns the targets of the links and pictures.
    fn targets(markdown: &str) -> Vec<String> {
        let events = Parser::new(markdown);
        let targets = events.filter_map(|event| match event {
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                Some(dest_url.into_string())
            }
            _ => None,
        });
        targets.collect()
    }

    /// Returns the anchors of the headings.
    fn anchors(markdown: &str) -> Vec<String> {
        let headings = markdown.lines().filter_map(|line| line.strip_prefix('#'));
        let anchors = headings.map(|heading| {
            let words = heading.trim_start_matches('#').trim().to_lowercase();
            let kept = words
                .chars()
                .filter(|char| char.is_alphanumeric() || " -_".contains(*char));
            kept.collect::<String>().replace(' ', "-")
        });
        anchors.collect()
    }

    #[test]
    fn every_link_leads_to_a_file_and_a_heading() {
        let files = page_files();
        let mut followed = 0;
        for file in files.iter().filter(|file| is_markdown(file.path)) {
            for target in targets(&file.text) {
                if target.contains(':') {
                    continue;
                }
                let path = if target.starts_with('#') {
                    file.path.to_owned()
                } else {
                    resolved(file.path, &target)
                };
                let other = files.iter().find(|other| other.path == path);
                let other = other.unwrap_or_else(|| panic!("{}: {target}", file.path));
                if let Some((_, anchor)) = target.split_once('#') {
                    let anchors = anchors(&other.text);
                    assert!(
                        anchors.iter().any(|one| one == anchor),
                        "{}: {target}",
                        file.path
                    );
                }
                followed += 1;
            }
        }
        assert!(followed > 50, "the links were not found");
    }

    #[test]
    fn pages_of_codes_keep_all_of_their_links() {
        for file in page_files() {
            if let Some(code) = Code::ALL.iter().find(|code| code.docs_url() == file.path) {
                assert_eq!(file.text, page(*code));
            }
        }
    }

    #[test]
    fn a_link_that_leads_nowhere_is_replaced_by_its_text() {
        let text = "See [`a`](a.md), ![a **map**](m.svg), [b](b.md#c), [](d.md) and \
                    [site](https://example.org).\n\n`[code](a.md)` [here](#x)\n";
        assert_eq!(
            unlinked(text, |target| target.starts_with("b.md")),
            "See `a`, a **map**, [b](b.md#c),  and [site](https://example.org).\n\n\
             `[code](a.md)` [here](#x)\n"
        );
    }

    #[test]
    fn the_text_of_a_page_has_no_links_to_files() {
        for code in Code::ALL {
            let targets = targets(&page_text(*code));
            assert!(
                targets.iter().all(|target| target.contains(':')),
                "{code}: {targets:?}"
            );
        }
    }
}
