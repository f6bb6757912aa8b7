//! The influence of sentences as bars by line.

use std::io::{self, Write};

use hoplens_analysis::{CaseBaseline, FileInfluence, InfluenceBaseline, SegmentInfluence};
use hoplens_ide::{Snapshot, influence_bar, nats, percent, quoted};
use hoplens_prompt::text::{LineIndex, PositionEncoding};

/// The widest bar, in characters.
const BAR: usize = 16;
/// The most characters of a sentence that are shown.
const SHOWN: usize = 60;

/// Prints each case with the prompt as written and one line for each sentence, in the order of the
/// prompt.
pub(super) fn print(
    out: &mut dyn Write,
    snapshot: &Snapshot,
    found: &FileInfluence,
) -> io::Result<()> {
    let index = LineIndex::new(&snapshot.text);
    for case in &found.cases {
        writeln!(
            out,
            "{} {}: {}",
            snapshot.name,
            case.id,
            as_written(snapshot, case)
        )?;
        let segments: Vec<&SegmentInfluence> = found.of_case(case.case).collect();
        let sizes = segments.iter().filter_map(|segment| segment.size());
        let largest = sizes.fold(0.0, f64::max);
        for segment in segments {
            let start = segment.range.start;
            let line = index
                .position(&snapshot.text, start, PositionEncoding::Utf8)
                .line
                + 1;
            let bar = influence_bar(segment, largest, BAR);
            let effect = effect(case, segment);
            let text = snapshot.text.get(segment.range.clone());
            let text = shortened(text.unwrap_or_default());
            writeln!(out, "{line:>5}  {bar:<BAR$}  {effect:>10}  {text}")?;
        }
        let negligible = found
            .of_case(case.case)
            .filter(|segment| segment.is_negligible() == Some(true))
            .count();
        if negligible > 0 {
            let count = found.of_case(case.case).count();
            writeln!(
                out,
                "       {negligible} of {count} change nothing measurable in this case"
            )?;
        }
    }
    Ok(())
}

/// Returns what a case does with the prompt as written, and what the numbers below are.
fn as_written(snapshot: &Snapshot, case: &CaseBaseline) -> String {
    match &case.baseline {
        InfluenceBaseline::Answer { logp } => {
            let declared = case.case.and_then(|index| snapshot.file.cases.get(index));
            let answer = declared.and_then(|case| case.expect.first());
            let answer = answer.map_or_else(String::new, |answer| quoted(&answer.value));
            format!("P({answer}) is {}; without …", percent(logp.exp()))
        }
        InfluenceBaseline::Reply { text } => format!(
            "the reply begins {}; how much it changes, in nats, without …",
            quoted(text)
        ),
    }
}

/// Returns the probability without the sentence, or the divergence.
fn effect(case: &CaseBaseline, segment: &SegmentInfluence) -> String {
    match (&case.baseline, segment.delta_logp, segment.kl) {
        (InfluenceBaseline::Answer { logp }, Some(delta), _) => percent((logp + delta).exp()),
        (_, _, Some(kl)) => nats(kl),
        _ => "?".into(),
    }
}

/// Returns a sentence on one line.
fn shortened(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let line = words.join(" ");
    if line.chars().count() <= SHOWN {
        return line;
    }
    let start: String = line.chars().take(SHOWN - 1).collect();
    format!("{}…", start.trim_end())
}
