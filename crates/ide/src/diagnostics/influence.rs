//! Findings about sentences that change nothing.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::diagnostics::diagnostic::Diagnostic;
use crate::snapshot::Snapshot;
use hoplens_analysis::SegmentInfluence;
use hoplens_prompt::{Code, Origin, SegmentKind};

/// The fewest cases from which a sentence is said to change nothing. With fewer, the cases rather
/// lack what the sentence is for.
const CASES: usize = 3;

/// Returns a hint for each sentence, list item, example or table row that changes nothing measurable
/// in any case. There is none where a case could not be run, or where not all cases were measured.
pub(super) fn diagnostics(snapshot: &Snapshot) -> Vec<Diagnostic> {
    let Some(influence) = &snapshot.influence else {
        return Vec::new();
    };
    let cases = influence.cases.len();
    if cases < CASES.max(snapshot.file.cases.len()) || !influence.failures.is_empty() {
        return Vec::new();
    }
    // A loop or a partial writes several segments with one range.
    let mut by_range: BTreeMap<(usize, usize), Vec<&SegmentInfluence>> = BTreeMap::new();
    for segment in &influence.segments {
        let Range { start, end } = segment.range;
        by_range.entry((start, end)).or_default().push(segment);
    }
    by_range
        .into_iter()
        .filter(|(_, segments)| changes_nothing(segments))
        .map(|((start, end), segments)| {
            let measured = segments[0].delta_logp.is_some();
            Diagnostic::new(
                Code::NoInfluence,
                message(cases, measured),
                start..end,
                Origin::FrontMatter,
            )
        })
        .collect()
}

/// Returns whether the segments of one range change nothing in at least as many cases as a finding
/// needs.
fn changes_nothing(segments: &[&SegmentInfluence]) -> bool {
    let is_instruction = |segment: &&SegmentInfluence| {
        // Headings and code order the text around them.
        !matches!(
            segment.kind,
            SegmentKind::Heading | SegmentKind::Code | SegmentKind::Markup
        )
    };
    let mut cases: Vec<Option<usize>> = segments.iter().map(|segment| segment.case).collect();
    cases.dedup();
    cases.len() >= CASES
        && segments.iter().all(is_instruction)
        && segments
            .iter()
            .all(|segment| segment.is_negligible() == Some(true))
}

fn message(cases: usize, has_answers: bool) -> String {
    let what = if has_answers {
        "the answer is as probable as before, within 5 %,"
    } else {
        "the model writes what it wrote before"
    };
    format!(
        "this changes nothing measurable: without it, {what} in all {cases} cases. Perhaps no case \
         is about it: add one before you delete it."
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use hoplens_analysis::{CaseBaseline, FileInfluence, InfluenceBaseline, InfluenceMethod};

    const TEXT: &str = "---\nhoplens.cases: [{id: a, expect: x}, {id: b, expect: x}, {id: c, expect: x}]\n---\nOne. Two. Three.";

    fn ranges(effects: &[[f64; 2]]) -> Vec<String> {
        let mut snapshot = Snapshot::new("a.prompt", TEXT, None);
        let mut influence = FileInfluence::new(InfluenceMethod::Remove);
        for (case, effects) in effects.iter().enumerate() {
            influence.cases.push(CaseBaseline {
                case: Some(case),
                id: case.to_string(),
                baseline: InfluenceBaseline::Answer { logp: -1.0 },
            });
            for (word, delta) in ["One.", "Two."].into_iter().zip(effects) {
                let start = TEXT.find(word).unwrap();
                influence.segments.push(SegmentInfluence {
                    case: Some(case),
                    kind: SegmentKind::Sentence,
                    range: start..start + word.len(),
                    delta_logp: Some(*delta),
                    kl: None,
                });
            }
        }
        snapshot.influence = Some(influence);
        let found = crate::diagnostics::diagnostics(&snapshot);
        let own = found.iter().filter(|one| one.code == Code::NoInfluence);
        own.map(|one| TEXT[one.range.clone()].to_owned()).collect()
    }

    #[test]
    fn a_sentence_without_effect_in_three_cases_is_reported() {
        let effects = [[0.001, -0.5], [-0.002, 0.001], [0.0, 0.001]];
        assert_eq!(ranges(&effects), ["One."]);
    }

    #[test]
    fn two_cases_are_too_few() {
        assert_eq!(ranges(&[[0.0, 0.0], [0.0, 0.0]]), [""; 0]);
    }

    #[test]
    fn the_message_says_what_was_measured_and_what_to_do() {
        assert_eq!(
            message(3, true),
            "this changes nothing measurable: without it, the answer is as probable as before, \
             within 5 %, in all 3 cases. Perhaps no case is about it: add one before you delete it."
        );
        assert!(message(4, false).contains("the model writes what it wrote before in all 4 cases"));
    }
}
