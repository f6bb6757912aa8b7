//! Folding ranges: front matter, lists of declarations and their items, messages, fences.

use std::ops::Range;

use crate::snapshot::Snapshot;
use crate::spans::messages;
use hoplens_prompt::declaration_sites::{DeclarationSite, kinds};
use hoplens_prompt::outline::{Outline, OutlineNode, OutlineNodeKind};
use hoplens_prompt::{PromptFile, PromptFormat};

/// Returns the ranges that can be folded, in order: from the line that stays visible to the last one
/// that is hidden. `prompt` is the prompt if the document is one, and `None` for a sidecar.
pub fn folding_ranges(
    text: &str,
    sites: &[DeclarationSite],
    prompt: Option<&Snapshot>,
) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    for site in sites {
        let outline = Outline::read(text, site.window.clone());
        for (at, node) in outline.nodes.iter().enumerate() {
            if node.kind != OutlineNodeKind::Word && !kinds(site.keys, &outline.path(at)).is_empty()
            {
                found.push(node.range());
            }
        }
    }
    if let Some(snapshot) = prompt {
        let fences = snapshot.file.fences.iter();
        found.extend(fences.filter_map(|fence| fence_lines(text, fence)));
        found.extend(sites.iter().filter_map(|site| front_matter(text, site)));
        if snapshot.file.format == PromptFormat::Github {
            let outline = Outline::read(text, 0..text.len());
            found.extend(outline.nodes.iter().map(OutlineNode::range));
        } else {
            found.extend(messages(snapshot).into_iter().map(|message| message.range));
        }
    }
    for fold in &mut found {
        let inside = text.get(fold.clone()).unwrap_or_default();
        fold.end = fold.start + inside.trim_end().len();
    }
    let spans_lines = |fold: &Range<usize>| {
        let inside = text.get(fold.clone());
        inside.is_some_and(|inside| inside.contains(['\n', '\r']))
    };
    found.retain(spans_lines);
    found.sort_by_key(|fold| (fold.start, std::cmp::Reverse(fold.end)));
    found.dedup();
    found
}

/// Returns a front matter with its fences.
fn front_matter(text: &str, site: &DeclarationSite) -> Option<Range<usize>> {
    let before = text.get(..site.window.start)?;
    let opening = before.trim_end_matches(['\r', '\n']);
    let start = opening.rfind(['\n', '\r']).map_or(0, |at| at + 1);
    let rest = text.get(site.window.end..)?;
    let closing = rest.split(['\n', '\r']).next()?;
    Some(start..site.window.end + closing.len())
}

/// Returns a fenced prompt of a Markdown file with the lines that open and close it.
fn fence_lines(text: &str, fence: &PromptFile) -> Option<Range<usize>> {
    let first = match &fence.front_matter {
        Some(front) => {
            let before = text.get(..front.start)?.trim_end();
            before.rfind(['\n', '\r']).map_or(0, |at| at + 1)
        }
        None => fence.body.start,
    };
    let before = text.get(..first)?.trim_end();
    let start = before.rfind(['\n', '\r']).map_or(0, |at| at + 1);
    let rest = text.get(fence.body.end..)?;
    let closing = rest.len() - rest.trim_start().len();
    let line = rest[closing..].split(['\n', '\r']).next()?;
    Some(start..fence.body.end + closing + line.len())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use hoplens_prompt::declaration_sites::{declaration_sites, sidecar_site};

    /// First and last line of every fold.
    fn lines(name: &str, text: &str) -> Vec<(usize, usize)> {
        let snapshot = Snapshot::new(name, text, None);
        let found = if name.ends_with(".hoplens.yaml") {
            folding_ranges(text, &[sidecar_site(text)], None)
        } else {
            folding_ranges(
                text,
                &declaration_sites(&snapshot.file, text),
                Some(&snapshot),
            )
        };
        let line = |at: usize| {
            text[..at]
                .replace("\r\n", "\n")
                .matches(['\n', '\r'])
                .count()
        };
        found
            .into_iter()
            .map(|fold| (line(fold.start), line(fold.end)))
            .collect()
    }

    #[track_caller]
    fn check(name: &str, text: &str, expected: &[(usize, usize)]) {
        assert_eq!(lines(name, text), expected, "{text}");
        let crlf = text.replace('\n', "\r\n");
        assert_eq!(lines(name, &crlf), expected, "with CRLF: {text}");
    }

    #[test]
    fn declarations_fold_with_their_items() {
        check(
            "a.prompt",
            "---\ninput:\n  a: b\nhoplens.cases:\n  - id: x\n    hops:\n      - mention: a\n        bridge: b\n\n  - id: y\nhoplens.inject: [\n  {memory: x},\n]\n---\nText\n",
            &[(0, 13), (3, 9), (4, 7), (5, 7), (6, 7), (10, 12)],
        );
        check(
            "a.txt.hoplens.yaml",
            "version: 1\ncases:\n- id: x\n  expect: y\n",
            &[(1, 3), (2, 3)],
        );
    }

    #[test]
    fn messages_and_fences_fold() {
        check(
            "a.prompt",
            "---\na: b\n---\n{{role \"system\"}}\nBe\nbrief.\n{{role \"user\"}}\nHello\n",
            &[(0, 2), (3, 5), (6, 7)],
        );
        check(
            "a.prompty",
            "---\nname: x\n---\nsystem:\nBe\n\nuser:\nHello\n",
            &[(0, 2), (3, 4), (6, 7)],
        );
        check(
            "a.md",
            "# T\n\n```prompt\n---\na: b\n---\nOne\n\n```\n\n```prompt\nTwo\n```\n",
            &[(2, 8), (3, 5), (10, 12)],
        );
        check(
            "a.prompt.yml",
            "messages:\n  - role: user\n    content: |\n      a\n      b\nmodel: x\n",
            &[(0, 4), (1, 4), (2, 4)],
        );
    }

    proptest! {
        #[test]
        fn folding_ranges_span_several_lines(
            text in "(---\n|hoplens\\.cases:|\n|\r\n|  |- |\\{|\\}|\\[|id: x|\\{\\{role \"user\"\\}\\}|user:|é|```prompt\n|```|a){0,40}",
            name in "a\\.(prompt|prompty|prompt\\.md|md|txt\\.hoplens\\.yaml|prompt\\.yml)",
        ) {
            for (first, last) in lines(&name, &text) {
                prop_assert!(first < last);
            }
        }
    }
}
