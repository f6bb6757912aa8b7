//! Where the layout rules of the formats' own readers differ from those of the parser.
//!
//! What such a reader accepts and the parser refuses is replaced, byte for byte, by what the parser
//! accepts too; ranges therefore stay those of the file. What only the parser accepts is found in
//! the source of each node.

use std::ops::Range;

use granit_parser::ErrorKind;

use crate::yaml::dialect::Dialect;

/// Stands for a sign that the dialect's reader takes for text.
const LETTER: char = '_';

/// Replaces what stands at `at`, where the parser stopped, if the dialect's reader goes on there.
/// Returns whether anything was replaced.
pub(crate) fn replace(text: &mut String, at: usize, kind: &ErrorKind, dialect: Dialect) -> bool {
    let rest = text.get(at..).unwrap_or_default();
    let line = rest.split(['\n', '\r']).next().unwrap_or_default().len();
    let before = text.get(..at).unwrap_or_default();
    let is_comment = match kind {
        ErrorKind::CommentNotSeparated => before.ends_with([',', '[', ']', '{', '}', '"', '\'']),
        ErrorKind::InvalidBlockScalarIndent => true,
        _ => false,
    };
    match (dialect, kind, rest.as_bytes()) {
        // A comment right behind a bracket, comma or quote; a comment below blank lines of a block
        // scalar that are indented more.
        (Dialect::PyYaml, _, [b'#', ..]) if is_comment => {
            text.replace_range(at..at + line, &" ".repeat(line));
            true
        }
        // In VS Code, a text may begin with what stands for an alias or is reserved elsewhere.
        (Dialect::PyYaml, _, [b'-', b',' | b']' | b'}', ..])
        | (Dialect::VsCode, _, [b'*' | b'@' | b'`', ..]) => {
            text.replace_range(at..=at, &LETTER.to_string());
            true
        }
        // Only the first directive counts.
        (Dialect::NpmYaml, ErrorKind::DuplicateVersionDirective, [b'%', ..]) => {
            text.replace_range(at..=at, "#");
            true
        }
        _ => false,
    }
}

/// Returns the first tab in `text` that is not in a comment: `PyYAML` takes tabs only there, in
/// quotes and in block scalars.
pub(crate) fn tab(text: &str) -> Option<usize> {
    let mut at = 0;
    for line in text.split_inclusive(['\n', '\r']) {
        let comment = line
            .match_indices('#')
            .map(|(at, _)| at)
            .find(|at| *at == 0 || line[..*at].ends_with([' ', '\t']));
        let outside = &line[..comment.unwrap_or(line.len())];
        if let Some(tab) = outside.find('\t') {
            return Some(at + tab);
        }
        at += line.len();
    }
    None
}

/// Returns the bytes of the first line in `range`, a quoted scalar or a list or map in brackets,
/// that begins left of what npm `yaml` accepts: all but blank lines and comments are indented more
/// than the block around them, whose column is `parent`, and a last closing bracket as much.
pub(crate) fn too_far_left(
    text: &str,
    range: &Range<usize>,
    parent: usize,
) -> Option<Range<usize>> {
    let source = text.get(range.clone()).unwrap_or_default();
    let in_brackets = source.starts_with(['[', '{']);
    let mut at = range.start;
    for (number, line) in source.split_inclusive('\n').enumerate() {
        let start = at;
        at += line.len();
        let content = line.trim_start_matches(' ');
        let indent = line.len() - content.len();
        let is_bracket = at == range.end && matches!(content, "]" | "}") && indent == parent;
        let ended = content.trim_end_matches(['\r', '\n']);
        // In quotes, a `#` and a tab are text.
        let is_blank =
            ended.is_empty() || in_brackets && (ended.trim().is_empty() || ended.starts_with('#'));
        if number > 0 && indent <= parent && !is_blank && !is_bracket {
            return Some(start + indent..start + indent + ended.len());
        }
    }
    None
}
