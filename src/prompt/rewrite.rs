//! Mentions: edits of the prompt's own words, and those that are not in the prompt.

use std::ops::Range;

use super::{
    Case, FileEdit, Mapped, Origin, Problem, Rendered, Severity, TextEdit, Turn, find_mention,
    problem::FRONT_MATTER, quote::quoted,
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
    let (target, edit) = if piece.verbatim {
        if replacement.contains("{{") {
            return None;
        }
        let start = piece.source.as_ref()?.start;
        let range = start + from..start + to;
        let new_text = replacement.to_owned();
        (Origin::FrontMatter, TextEdit { range, new_text })
    } else {
        let value = piece.value.as_ref()?;
        let before = value.value.get(..from)?;
        let after = value.value.get(to..)?;
        let edit = TextEdit {
            range: value.range.clone(),
            new_text: quoted(&format!("{before}{replacement}{after}")),
        };
        (value.origin, edit)
    };
    Some(FileEdit {
        target,
        edits: vec![edit],
        creates: false,
    })
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
