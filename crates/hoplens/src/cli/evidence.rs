//! Prints the evidence for a sweep's best cell as text.

use std::io::Write;

use hoplens_ide::documents::SweepEvidence;
use hoplens_ide::{better_than, factor, side_effects};

/// Prints a line for the random memories and one for the side effects.
pub(super) fn print_text(out: &mut dyn Write, evidence: &SweepEvidence) -> std::io::Result<()> {
    if let Some(control) = &evidence.control {
        let memories = format!("{} random memories", control.memories);
        writeln!(
            out,
            "{} (their median: {})",
            better_than(control.percentile, &memories),
            factor(control.median_gain.exp()),
        )?;
    }
    if let Some(effects) = &evidence.side_effects {
        writeln!(out, "{}", side_effects(effects, effects))?;
    }
    Ok(())
}
