//! A repair that is applied to a file.

use std::io::Write;

use serde::Serialize;

use hoplens_ide::percent;

/// A repair that is applied to the file, or would be with `--apply`.
#[derive(Debug, Serialize)]
pub(in crate::cli::repair) struct AppliedRepair {
    pub(in crate::cli::repair) case: String,
    pub(in crate::cli::repair) number: usize,
    /// Whether the file was changed; not with --diff.
    pub(in crate::cli::repair) written: bool,
    pub(in crate::cli::repair) path: String,
    /// Probability of the answer that the repair predicts.
    pub(in crate::cli::repair) promised: f64,
    /// Probability of the answer in the edited file.
    pub(in crate::cli::repair) measured: f64,
    /// Whether the case is ok with this edit.
    pub(in crate::cli::repair) is_ok: bool,
    /// The remaining problem of the case.
    pub(in crate::cli::repair) still: Option<String>,
    pub(in crate::cli::repair) diff: String,
}

impl AppliedRepair {
    /// Prints the repair and its diff.
    pub(in crate::cli::repair) fn print(&self, out: &mut dyn Write) -> std::io::Result<()> {
        let done = if self.written {
            "applied"
        } else {
            "would apply"
        };
        writeln!(out, "\n{done} {} of case {}:", self.number, self.case)?;
        write!(out, "{}", self.diff)?;
        writeln!(
            out,
            "promised {}, measured in the edited file {}",
            percent(self.promised),
            percent(self.measured)
        )?;
        match &self.still {
            Some(message) => writeln!(out, "still: {message}"),
            None => Ok(()),
        }
    }
}
