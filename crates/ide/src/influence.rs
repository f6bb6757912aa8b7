//! The influence of sentences as editors and reports show it.

use std::collections::BTreeMap;

use crate::numbers::{factor, nats};
use hoplens_analysis::{FileInfluence, SegmentInfluence};
use hoplens_prompt::SegmentKind;
use hoplens_prompt::text::{LineIndex, PositionEncoding};

/// The widest bar beside a line, in characters.
const LINE_BAR: usize = 8;

/// What an editor shows beside a line.
#[derive(Debug, Clone, PartialEq)]
pub struct InfluenceLine {
    /// The line, from 0.
    pub line: usize,
    /// The largest effect of a text that begins in the line, as a share of the largest one in its
    /// case; 0 if nothing measurable changes.
    pub share: f64,
    /// A bar for the share; empty if nothing measurable changes.
    pub bar: String,
    /// The effect in words.
    pub text: String,
}

/// Returns what an editor shows beside each line in which a measured text begins. Where several
/// begin there, or several cases were measured, the largest share counts.
pub fn influence_lines(text: &str, found: &FileInfluence) -> Vec<InfluenceLine> {
    let index = LineIndex::new(text);
    let mut lines: BTreeMap<usize, InfluenceLine> = BTreeMap::new();
    for case in &found.cases {
        let sizes = found.of_case(case.case).filter_map(SegmentInfluence::size);
        let largest = sizes.fold(0.0, f64::max);
        for segment in found.of_case(case.case) {
            let Some(is_negligible) = segment.is_negligible() else {
                continue;
            };
            let size = segment.size().unwrap_or(0.0);
            let share = if is_negligible || largest <= 0.0 {
                0.0
            } else {
                size / largest
            };
            let start = segment.range.start;
            let line = index.position(text, start, PositionEncoding::Utf8).line;
            let is_larger = |before: &InfluenceLine| before.share < share;
            if lines.get(&line).is_none_or(is_larger) {
                let several = found.cases.len() > 1;
                let id = several.then_some(case.id.as_str());
                let shown = InfluenceLine {
                    line,
                    share,
                    bar: influence_bar(segment, largest, LINE_BAR),
                    text: effect(segment, is_negligible, id),
                };
                lines.insert(line, shown);
            }
        }
    }
    lines.into_values().collect()
}

/// Returns an effect in words.
fn effect(segment: &SegmentInfluence, is_negligible: bool, case: Option<&str>) -> String {
    if is_negligible {
        return "nothing measurable changes without this".into();
    }
    let case = case.map_or_else(String::new, |case| format!(" ({case})"));
    match (segment.delta_logp, segment.kl) {
        (Some(delta), _) => format!("without this, answer {}{case}", factor(delta.exp())),
        (None, kl) => format!(
            "without this, reply differs by {} nats{case}",
            nats(kl.unwrap_or(0.0))
        ),
    }
}

/// Eighths of a character, from one on.
const EIGHTHS: [char; 8] = ['▏', '▎', '▍', '▌', '▋', '▊', '▉', '█'];

/// Returns the name of a kind in JSON.
pub fn segment_kind_name(kind: SegmentKind) -> &'static str {
    match kind {
        SegmentKind::Sentence => "sentence",
        SegmentKind::ListItem => "list-item",
        SegmentKind::Example => "example",
        SegmentKind::Heading => "heading",
        SegmentKind::TableRow => "table-row",
        SegmentKind::Code => "code",
        SegmentKind::Markup => "markup",
    }
}

/// Returns a bar of at most `width` characters for an effect, in proportion to the `largest` one.
/// It is empty where the effect is negligible or unknown, and has at least an eighth of a character
/// otherwise.
pub fn influence_bar(segment: &SegmentInfluence, largest: f64, width: usize) -> String {
    if segment.is_negligible() != Some(false) || largest <= 0.0 {
        return String::new();
    }
    let share = (segment.size().unwrap_or(0.0) / largest).min(1.0);
    let eighths = ((share * 8.0 * width as f64).round() as usize).max(1);
    let mut bar: String = EIGHTHS[7..].iter().cycle().take(eighths / 8).collect();
    bar.extend((eighths % 8).checked_sub(1).map(|rest| EIGHTHS[rest]));
    bar
}

#[cfg(test)]
mod tests {
    use super::*;
    use hoplens_analysis::{CaseBaseline, InfluenceBaseline, InfluenceMethod};

    fn bar(delta_logp: Option<f64>) -> String {
        let segment = SegmentInfluence {
            case: None,
            kind: SegmentKind::Sentence,
            range: 0..1,
            delta_logp,
            kl: None,
        };
        influence_bar(&segment, 4.0, 4)
    }

    #[test]
    fn a_line_shows_its_largest_effect() {
        let text = "One. Two.\nThree.\nFour.";
        let mut found = FileInfluence::new(InfluenceMethod::Remove);
        for (case, deltas) in [[-0.5, 0.001, 0.0, -1.0], [0.0, -2.0, 0.002, -0.5]]
            .into_iter()
            .enumerate()
        {
            found.cases.push(CaseBaseline {
                case: Some(case),
                id: format!("case {case}"),
                baseline: InfluenceBaseline::Answer { logp: -1.0 },
            });
            for (word, delta) in ["One.", "Two.", "Three.", "Four."].into_iter().zip(deltas) {
                let start = text.find(word).unwrap();
                found.segments.push(SegmentInfluence {
                    case: Some(case),
                    kind: SegmentKind::Sentence,
                    range: start..start + word.len(),
                    delta_logp: Some(delta),
                    kl: None,
                });
            }
        }
        let lines = influence_lines(text, &found);
        let shown: Vec<(usize, &str, &str)> = lines
            .iter()
            .map(|line| (line.line, line.bar.as_str(), line.text.as_str()))
            .collect();
        assert_eq!(
            shown,
            [
                (0, "████████", "without this, answer ×0.14 (case 1)"),
                (1, "", "nothing measurable changes without this"),
                (2, "████████", "without this, answer ×0.37 (case 0)"),
            ]
        );
    }

    #[test]
    fn bars_are_proportional_and_empty_for_nothing() {
        assert_eq!(bar(Some(-4.0)), "████");
        assert_eq!(bar(Some(2.5)), "██▌");
        assert_eq!(bar(Some(-0.06)), "▏");
        assert_eq!(bar(Some(-0.01)), "");
        assert_eq!(bar(None), "");
    }
}
