//! Edits of the prompt's own words, and mentions that are not in the prompt.

use std::ops::Range;

use super::{
    Case, FileEdit, Mapped, Origin, Piece, Problem, Rendered, Severity, TextEdit, Turn,
    find_mention, problem::FRONT_MATTER, prompty::role_of_line, quote::quoted,
};

/// Gives the edit that puts `replacement` in the place of some rendered bytes.
///
/// Bytes that stand in the body are replaced there; bytes that come wholly from a variable's text
/// in the front matter or the sidecar are replaced in that scalar. `None` where several tags had
/// a part in them, where the text was computed, or where the replacement would be read as a tag,
/// a reference or a role line.
pub fn replace_mention(
    mapped: &Mapped,
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

/// Gives the edit that puts `text` into the prompt at a byte of the rendered text, by the rules of
/// [`replace_mention`].
///
/// Where two pieces meet, the text goes into the body rather than into a variable's value, and
/// else behind what stands before.
pub fn insert_text(mapped: &Mapped, rendered_offset: usize, text: &str) -> Option<FileEdit> {
    let at = rendered_offset;
    if text.is_empty() || !mapped.text.is_char_boundary(at) || mapped.text.len() < at {
        return None;
    }
    let near = |piece: &&Piece| piece.rendered.start <= at && at <= piece.rendered.end;
    let near: Vec<&Piece> = mapped.pieces.iter().filter(near).collect();
    // What is between two pieces may be neither one's; a piece around the byte is.
    let inside = |piece: &&&Piece| piece.rendered.start < at && at < piece.rendered.end;
    let verbatim = || near.iter().find(|piece| piece.verbatim);
    let held = || near.iter().find(|piece| piece.value.is_some());
    let piece = near.iter().find(inside).or_else(verbatim).or_else(held)?;
    write(mapped, piece, at..at, text)
}

/// The edit of the one piece that makes the rendered bytes.
fn write(mapped: &Mapped, piece: &Piece, rendered: Range<usize>, text: &str) -> Option<FileEdit> {
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

/// What opens a tag or a reference in one format or another.
const OPENINGS: [&str; 4] = ["{{", "{%", "{#", "${"];

/// Whether a template would read more than words in `text` where it is to stand.
fn means_more(mapped: &Mapped, rendered: &Range<usize>, text: &str) -> bool {
    let before = mapped.text.get(..rendered.start).unwrap_or_default();
    let after = mapped.text.get(rendered.end..).unwrap_or_default();
    // An opening may come about where the text touches its neighbours, and a backslash may undo one.
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

/// The mentions of a case that its rendered prompt does not hold. Where the bridge stands there
/// instead, the hop has been made explicit and nothing is missing.
pub fn mention_problems(rendered: &Rendered, case: &Case) -> Vec<Problem> {
    case.hops
        .iter()
        .filter(|hop| {
            let stands = |text: &str| {
                let found = |turn: &Turn| find_mention(&turn.text, text).is_some();
                rendered.turns.iter().any(found)
            };
            let bridge = hop.bridge.as_ref();
            !stands(&hop.mention.value) && !bridge.is_some_and(|bridge| stands(&bridge.value))
        })
        .map(|hop| Problem {
            code: FRONT_MATTER,
            severity: Severity::Warning,
            message: format!(
                "The mention \"{}\" is not in the rendered prompt, so this hop is not tested. \
                 Quote the prompt's own words.",
                hop.mention.value
            ),
            range: hop.mention.range.clone(),
            origin: case.origin,
        })
        .collect()
}
