//! Mentions: edits of the prompt's own words, and those that are not in the prompt.

use std::ops::Range;

use super::{
    Case, FileEdit, Mapped, Origin, Piece, Problem, Rendered, Severity, TextEdit, Turn,
    find_mention, problem::FRONT_MATTER, quote::quoted,
};

/// Gives the edit that puts `replacement` in the place of some rendered bytes.
///
/// Bytes that stand in the body are replaced there; bytes that come wholly from a variable's text
/// in the front matter or the sidecar are replaced in that scalar. `None` where several tags had
/// a part in them, where the text was computed, or where the template would read the
/// replacement as a tag.
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
    let from = rendered.start - piece.rendered.start;
    let to = rendered.end - piece.rendered.start;
    change(piece, from..to, replacement)
}

/// Gives the edit that puts `text` at a place of the rendered bytes.
///
/// Where the place ends or parts bytes of the body, or of a variable's text, the words go there;
/// at the beginning of what a tag made they go before the tag. `None` where the text was computed
/// or the template would read the words as a tag.
pub fn insert_text(mapped: &Mapped, rendered: usize, text: &str) -> Option<FileEdit> {
    mapped.text.get(..rendered)?;
    let into = |piece: &&Piece| piece.rendered.start < rendered && rendered <= piece.rendered.end;
    if let Some(piece) = mapped.pieces.iter().find(into)
        && piece.source.is_some()
    {
        let from = rendered - piece.rendered.start;
        return change(piece, from..from, text);
    }
    let next = mapped
        .pieces
        .iter()
        .find(|piece| piece.rendered.start == rendered)?;
    if text.contains("{{") {
        return None;
    }
    let start = next.source.as_ref()?.start;
    Some(in_body(start..start, text))
}

/// Puts `text` in the place of some bytes of one piece's text.
fn change(piece: &Piece, within: Range<usize>, text: &str) -> Option<FileEdit> {
    if piece.verbatim {
        if text.contains("{{") {
            return None;
        }
        let start = piece.source.as_ref()?.start;
        return Some(in_body(start + within.start..start + within.end, text));
    }
    let value = piece.value.as_ref()?;
    let before = value.value.get(..within.start)?;
    let after = value.value.get(within.end..)?;
    let edit = TextEdit {
        range: value.range.clone(),
        new_text: quoted(&format!("{before}{text}{after}")),
    };
    Some(FileEdit {
        target: value.origin,
        edits: vec![edit],
        creates: false,
    })
}

fn in_body(range: Range<usize>, text: &str) -> FileEdit {
    let new_text = text.to_owned();
    FileEdit {
        target: Origin::FrontMatter,
        edits: vec![TextEdit { range, new_text }],
        creates: false,
    }
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
