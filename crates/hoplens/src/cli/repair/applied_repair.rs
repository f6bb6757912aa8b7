//! A repair that was put into a file.

use std::io::Write;

use serde::Serialize;

use hoplens_ide::percent;

/// A repair that was put into the file.
#[derive(Debug, Serialize)]
pub(in crate::cli::repair) struct AppliedRepair {
    pub(in crate::cli::repair) case: String,
    pub(in crate::cli::repair) number: usize,
    /// Whether the file was changed; not with --diff.
    pub(in crate::cli::repair) written: bool,
    pub(in crate::cli::repair) path: String,
    /// Probability of the answer that the repair promised.
    pub(in crate::cli::repair) promised: f64,
    /// … and what the edited file has.
    pub(in crate::cli::repair) measured: f64,
    /// Whether the case is well with this edit.
    pub(in crate::cli::repair) is_ok: bool,
    /// What is still wrong with it.
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
