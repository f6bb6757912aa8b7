//! Edits of the prompt's own words, and mentions that the prompt does not contain.

use std::ops::Range;

use crate::declarations::case::Case;
use crate::declarations::spanned::Origin;
use crate::diagnostics::code::Code;
use crate::diagnostics::problem::Problem;
use crate::diagnostics::severity::Severity;
use crate::edit::file_edit::{FileEdit, TextEdit};
use crate::format::prompty::role_of_line;
use crate::mentions::chain::{HopText, contains_mentions};
use crate::render::rendered::Rendered;
use crate::render::source_map::{MappedText, SourceSpan, find_phrase};
use crate::yaml::quote::quoted;

/// Returns the edit that replaces some rendered bytes by `replacement`.
///
/// Bytes from the body are replaced there. Bytes that come wholly from a variable's text in the
/// front matter or the sidecar are replaced in that scalar. `None` if several tags contributed to
/// the bytes, if the text was computed, or if the template would read the replacement as a tag, a
/// reference or a role line.
pub fn replace_mention(
    mapped: &MappedText,
    rendered: Range<usize>,
    replacement: &str,
) -> Option<FileEdit> {
    mapped
        .text
        .get(rendered.clone())
        .filter(|text| !text.is_empty())?;
    let [piece] = mapped.touched(&rendered) else {
        return None;
    };
    write(mapped, piece, rendered, replacement)
}

/// Returns the edits that replace several ranges of rendered bytes, each by the rules of
/// [`replace_mention`]. All changes inside one variable's text become a single edit.
///
/// `None` if one of the ranges cannot be replaced, or if they are in two files.
pub fn replace_all(mapped: &MappedText, changes: &[(Range<usize>, &str)]) -> Option<FileEdit> {
    let mut all: Option<FileEdit> = None;
    let mut scalars: Vec<(Range<usize>, String)> = Vec::new();
    for (range, text) in changes {
        let mut one = replace_mention(mapped, range.clone(), text)?;
        let piece = mapped.touched(range).first()?;
        if let Some(value) = piece.value.as_ref().filter(|_| !piece.verbatim) {
            // One edit contains all changes of this scalar.
            let words = within(mapped, piece, changes);
            let known = scalars.iter().find(|(range, _)| *range == value.range);
            if let Some((_, before)) = known {
                // Two uses of one variable cannot have different texts.
                if *before != words {
                    return None;
                }
                continue;
            }
            for edit in &mut one.edits {
                edit.new_text = quoted(&words);
            }
            scalars.push((value.range.clone(), words));
        }
        match &mut all {
            None => all = Some(one),
            Some(all) if all.target == one.target => all.edits.append(&mut one.edits),
            Some(_) => return None,
        }
    }
    let mut all = all?;
    all.edits.sort_by_key(|edit| edit.range.start);
    let apart = |pair: &[TextEdit]| pair[0].range.end <= pair[1].range.start;
    all.edits.windows(2).all(apart).then_some(all)
}

/// Returns the text of a span after all changes inside it.
fn within(mapped: &MappedText, piece: &SourceSpan, changes: &[(Range<usize>, &str)]) -> String {
    let own = piece.rendered.clone();
    let mut inside: Vec<&(Range<usize>, &str)> = changes
        .iter()
        .filter(|(range, _)| own.start <= range.start && range.end <= own.end)
        .collect();
    inside.sort_by_key(|(range, _)| std::cmp::Reverse(range.start));
    let text = mapped.text.get(own.clone()).unwrap_or_default().to_owned();
    inside.into_iter().fold(text, |mut text, (range, words)| {
        text.replace_range(range.start - own.start..range.end - own.start, words);
        text
    })
}

/// Returns the edit that inserts `text` at a byte of the rendered text, by the rules of
/// [`replace_mention`].
///
/// Between two spans, the text goes into the body rather than into a variable's value, and
/// otherwise after the first of the two.
pub fn insert_text(mapped: &MappedText, rendered_offset: usize, text: &str) -> Option<FileEdit> {
    let at = rendered_offset;
    if text.is_empty() || !mapped.text.is_char_boundary(at) || mapped.text.len() < at {
        return None;
    }
    let near = |piece: &&SourceSpan| piece.rendered.start <= at && at <= piece.rendered.end;
    let near: Vec<&SourceSpan> = mapped.pieces.iter().filter(near).collect();
    // A span around the byte comes first: the boundary between two spans may belong to neither.
    let inside = |piece: &&&SourceSpan| piece.rendered.start < at && at < piece.rendered.end;
    let verbatim = || near.iter().find(|piece| piece.verbatim);
    let held = || near.iter().find(|piece| piece.value.is_some());
    let piece = near.iter().find(inside).or_else(verbatim).or_else(held)?;
    write(mapped, piece, at..at, text)
}

/// Returns the edit of the one span that produces the rendered bytes.
fn write(
    mapped: &MappedText,
    piece: &SourceSpan,
    rendered: Range<usize>,
    text: &str,
) -> Option<FileEdit> {
    let from = rendered.start - piece.rendered.start;
    let to = rendered.end - piece.rendered.start;
    let (target, edit) = if piece.verbatim {
        if means_more(mapped, &rendered, text) {
            return None;
        }
        let start = piece.source.as_ref()?.start;
        let range = start + from..start + to;
        let new_text = text.to_owned();
        (Origin::FrontMatter, TextEdit { range, new_text })
    } else {
        let value = piece.value.as_ref()?;
        let before = value.value.get(..from)?;
        let after = value.value.get(to..)?;
        let edit = TextEdit {
            range: value.range.clone(),
            new_text: quoted(&format!("{before}{text}{after}")),
        };
        (value.origin, edit)
    };
    Some(FileEdit {
        target,
        edits: vec![edit],
        creates: false,
    })
}

/// The strings that open a tag or a reference in one of the formats.
const OPENINGS: [&str; 4] = ["{{", "{%", "{#", "${"];

/// Whether a template would read `text` as more than plain words at this position.
fn means_more(mapped: &MappedText, rendered: &Range<usize>, text: &str) -> bool {
    let before = mapped.text.get(..rendered.start).unwrap_or_default();
    let after = mapped.text.get(rendered.end..).unwrap_or_default();
    // The text may form an opening together with its neighbours, and a backslash may escape one.
    let edge = |char: Option<char>| char.map(String::from).unwrap_or_default();
    let around = format!(
        "{}{text}{}",
        edge(before.chars().next_back()),
        edge(after.chars().next())
    );
    let old = mapped.text.get(rendered.clone()).unwrap_or_default();
    let old = format!(
        "{}{old}{}",
        edge(before.chars().next_back()),
        edge(after.chars().next())
    );
    let opens = |text: &str, open: &&str| text.contains(*open);
    if OPENINGS
        .iter()
        .any(|open| opens(&around, open) && !opens(&old, open))
        || OPENINGS.iter().any(|open| text.contains(open))
        || text.ends_with(['\\', '{', '$'])
        || text.starts_with(['{', '%', '#', '}'])
    {
        return true;
    }
    let line_start = before.rfind(['\n', '\r']).map_or(0, |at| at + 1);
    let line_end = after.find(['\n', '\r']).unwrap_or(after.len());
    let lines = format!("{}{text}{}", &before[line_start..], &after[..line_end]);
    lines.lines().any(|line| role_of_line(line).is_some())
}

/// Returns a problem for each mention that the rendered prompt contains neither as it is declared
/// nor once the earlier bridges are named. If the prompt contains the bridge instead, the author
/// made the hop explicit and nothing is missing.
pub fn mention_problems(rendered: &Rendered, case: &Case) -> Vec<Problem> {
    let prompt = rendered.joined().text;
    let hop_texts: Vec<HopText<'_>> = case
        .hops
        .iter()
        .map(|hop| HopText {
            mention: &hop.mention.value,
            bridge: hop.bridge.as_ref().map(|bridge| bridge.value.as_str()),
        })
        .collect();
    let hops = case.hops.iter().zip(contains_mentions(&prompt, &hop_texts));
    hops.filter(|(hop, is_contained)| {
        let named = |text: &str| find_phrase(&prompt, text).is_some();
        !is_contained
            && !hop
                .bridge
                .as_ref()
                .is_some_and(|bridge| named(&bridge.value))
    })
    .map(|(hop, _)| {
        let message = format!(
            "The mention \"{}\" is not in the rendered prompt, so this hop is not tested. \
             Quote the prompt's own words.",
            hop.mention.value
        );
        let range = hop.mention.range.clone();
        Problem::new(Code::MentionMissing, Severity::Warning, range, message).in_file(case.origin)
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::file::parse;
    use crate::mentions::chain::find_mentions;
    use crate::render::render;

    #[test]
    fn a_later_mention_may_contain_an_earlier_bridge() {
        let missing = |hops: &str| -> Vec<String> {
            let text = format!(
                "---\nhoplens.cases:\n  - hops: [{hops}]\n---\nThe capital of the country where \
                 the largest reef is is"
            );
            let file = parse("a.prompt", &text, None);
            let rendered = render(&file, &text, Some(&file.cases[0]));
            let problems = mention_problems(&rendered, &file.cases[0]);
            let words = |one: &Problem| text[one.range.clone()].trim_matches('"').to_owned();
            problems.iter().map(words).collect()
        };
        let reef = "{mention: the largest reef, bridge: the Great Barrier Reef}";
        let country =
            "{mention: \"the country where the Great Barrier Reef is\", bridge: Australia}";
        let capital = "{mention: the capital of Australia, bridge: Canberra}";
        assert_eq!(missing(&format!("{reef}, {country}, {capital}")), [""; 0]);
        assert_eq!(
            missing(&format!("{reef}, {capital}")),
            ["the capital of Australia"]
        );
        assert_eq!(
            missing(country),
            ["the country where the Great Barrier Reef is"]
        );
        // The last hop needs no bridge.
        assert_eq!(
            missing(&format!(
                "{reef}, {{mention: the country where the Great Barrier Reef is}}"
            )),
            [""; 0]
        );
    }

    #[test]
    fn every_occurrence_is_replaced_where_it_is_written() {
        let text = "---\nhoplens.cases:\n  - input: {thing: a big reef and a big reef, name: a big \
                    reef}\n---\nA big reef: {{thing}}, {{name}}, {{name}}.";
        let file = parse("a.prompt", text, None);
        let rendered = render(&file, text, Some(&file.cases[0])).joined();
        let in_text = |words: &str| {
            let ranges = find_mentions(&rendered.text, "a big reef", None).ranges;
            let here: Vec<(Range<usize>, &str)> = ranges
                .into_iter()
                .filter(|range| rendered.text[range.clone()] == *words)
                .map(|range| (range, "Ningaloo"))
                .collect();
            replace_all(&rendered, &here)
        };
        let edit = in_text("A big reef").unwrap();
        assert_eq!(edit.apply(text), text.replace("A big reef", "Ningaloo"));
        let edit = in_text("a big reef").unwrap();
        let expected = text
            .replace("a big reef and a big reef", "\"Ningaloo and Ningaloo\"")
            .replace("name: a big reef", "name: \"Ningaloo\"");
        assert_eq!(edit.edits.len(), 2);
        assert_eq!(edit.apply(text), expected);
        // Two uses of a variable cannot receive different texts.
        let ends: Vec<usize> = rendered
            .text
            .match_indices("a big reef")
            .map(|(at, _)| at)
            .collect();
        let last = ends[3];
        let one = [(ends[2]..ends[2] + 10, "x"), (last..last + 10, "y")];
        assert_eq!(replace_all(&rendered, &one), None);
    }
}
