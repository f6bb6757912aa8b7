//! What speaks for and against a grid's best cell, as text.

use std::io::Write;

use hoplens_ide::documents::Weighed;
use hoplens_ide::{chance, factor, side_effects};

/// One line for each.
pub(super) fn print_text(out: &mut dyn Write, weighed: &Weighed) -> std::io::Result<()> {
    if let Some(control) = &weighed.control {
        let memories = format!("{} random memories", control.memories);
        writeln!(
            out,
            "{} (their median: {})",
            chance(control.percentile, &memories),
            factor(control.median_gain.exp()),
        )?;
    }
    if let Some(effects) = &weighed.side_effects {
        writeln!(out, "{}", side_effects(effects, effects))?;
    }
    Ok(())
}
